//! What can be wrong with an ONNX file.

use thiserror::Error;

use super::operators::OPERATORS;

/// Why an ONNX file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OnnxError {
    /// Not such a file, or a damaged one.
    #[error("this is not a whole ONNX file: {why}")]
    Format {
        /// What is wrong.
        why: String,
    },
    /// A version of the operators that is not known.
    #[error("the network uses operator set {version}; {first} to {last} are read")]
    Opset {
        /// Its version.
        version: i64,
        /// First version that is read.
        first: i64,
        /// Last version that is read.
        last: i64,
    },
    /// An operator that is not known here.
    #[error("node {node}: the operator {operator} is not supported{more}")]
    Operator {
        /// The operator, with its domain if that is not ONNX's own.
        operator: String,
        /// The node.
        node: String,
        /// Other operators of the network that are not supported.
        more: String,
    },
    /// A known operator, used in a way that is not known here.
    #[error("node {node}: {operator} {why}")]
    Form {
        /// The operator.
        operator: String,
        /// The node.
        node: String,
        /// What it has that is not known.
        why: String,
    },
    /// A value that no node or input gives before it is used.
    #[error("node {node}: its input {value} is given by no earlier node")]
    UnknownValue {
        /// The node, or the graph's outputs.
        node: String,
        /// The value.
        value: String,
    },
    /// A tensor that is damaged or of a type that is not taken.
    #[error("tensor {name}: {why}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// An input that is not a tensor of known rank.
    #[error("input {name}: {why}")]
    Input {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
}

impl OnnxError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Format { .. } => "check that the file was copied whole, or export it again".into(),
            Self::Opset { last, .. } => format!("export the network with opset_version={last}"),
            Self::Operator { .. } => format!(
                "replace it before exporting, or cut the network before it; supported are {}",
                OPERATORS.join(", ")
            ),
            Self::Form { .. } => "export the network for inference, with plain settings".into(),
            Self::UnknownValue { .. } => {
                "export the network again: nodes must come after those that they read".into()
            }
            Self::Tensor { .. } => {
                "store weights inside the file, as floats or integers of at most 64 bits".into()
            }
            Self::Input { .. } => "export the network with one tensor as its input".into(),
        }
    }
}
