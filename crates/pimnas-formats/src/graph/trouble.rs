//! What goes wrong inside a node, before the node's name is known.

/// Why a node cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Inputs that are missing or do not fit.
    Shape(String),
    /// Numbers of a type that the operator does not take here.
    Type(&'static str),
    /// A tensor beyond the limit.
    TooLarge(Vec<usize>),
    /// A form that is known and not supported.
    Unsupported(String),
}

/// An error of shapes.
pub(crate) fn shape<T>(why: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Shape(why.into()))
}

impl From<crate::tensor::TensorSizeError> for Trouble {
    fn from(error: crate::tensor::TensorSizeError) -> Self {
        Self::Shape(error.to_string())
    }
}
