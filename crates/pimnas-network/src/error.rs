//! What is wrong with a network.

use std::fmt;

use thiserror::Error;

/// Problems that [`NetworkErrors`] prints before it only counts the rest.
const SHOWN: usize = 20;

/// Kind of a problem, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkErrorCode {
    /// The text is not JSON.
    Syntax,
    /// JSON, but not of the wanted form.
    Structure,
    /// A key is missing.
    MissingKey,
    /// A key that nothing reads.
    UnknownKey,
    /// A layer type that does not exist.
    UnknownType,
    /// A value of the wrong type or out of its range.
    BadValue,
    /// Something that exists elsewhere and is deliberately not taken.
    Unsupported,
    /// An input that is not the network's input or an earlier layer.
    Source,
    /// A wrong number of inputs.
    InputCount,
    /// Shapes that do not fit.
    Shape,
    /// Bits, scales or steps out of range.
    Precision,
    /// Larger than the limits.
    Limit,
    /// No layers.
    Empty,
    /// A name that the zoo does not have.
    UnknownNetwork,
}

impl NetworkErrorCode {
    /// A stable name, such as `network-unknown-key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "network-syntax",
            Self::Structure => "network-structure",
            Self::MissingKey => "network-missing-key",
            Self::UnknownKey => "network-unknown-key",
            Self::UnknownType => "network-unknown-type",
            Self::BadValue => "network-bad-value",
            Self::Unsupported => "network-unsupported",
            Self::Source => "network-source",
            Self::InputCount => "network-input-count",
            Self::Shape => "network-shape",
            Self::Precision => "network-precision",
            Self::Limit => "network-limit",
            Self::Empty => "network-empty",
            Self::UnknownNetwork => "network-unknown-network",
        }
    }
}

/// One problem of a network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct NetworkError {
    /// Its kind.
    pub code: NetworkErrorCode,
    /// Index of the layer that it is in, if it is in one.
    pub layer: Option<usize>,
    /// What is wrong, where and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl NetworkError {
    /// A problem of the network as a whole.
    pub(crate) fn new(code: NetworkErrorCode, message: impl Into<String>) -> Self {
        Self { code, layer: None, message: message.into(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn in_layer(mut self, layer: usize) -> Self {
        self.layer = Some(layer);
        self
    }
}

/// All problems that were found in a network: one or more, in the order of the layers.
///
/// A single problem is displayed as its message, its hint is [`Self::hint`]; several are
/// displayed as a list that has the hints in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct NetworkErrors {
    first: NetworkError,
    rest: Vec<NetworkError>,
}

impl NetworkErrors {
    /// The list, or `None` where there are no problems.
    pub(crate) fn from_list(problems: Vec<NetworkError>) -> Option<Self> {
        let mut problems = problems.into_iter();
        let first = problems.next()?;
        Some(Self { first, rest: problems.collect() })
    }

    /// The problems of both lists, those of earlier layers first.
    pub(crate) fn merged(mut self, other: Self) -> Self {
        self.rest.push(other.first);
        self.rest.extend(other.rest);
        self.rest.sort_by_key(|problem| problem.layer);
        if let Some(earliest) = self.rest.first_mut()
            && earliest.layer < self.first.layer
        {
            std::mem::swap(&mut self.first, earliest);
            self.rest.sort_by_key(|problem| problem.layer);
        }
        self
    }

    /// The first problem.
    #[must_use]
    pub fn first(&self) -> &NetworkError {
        &self.first
    }

    /// Every problem.
    pub fn iter(&self) -> impl Iterator<Item = &NetworkError> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// Number of problems, at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rest.len().saturating_add(1)
    }

    /// The hint of a single problem; the hints of several are part of the displayed text.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        if self.rest.is_empty() { self.first.hint.as_deref() } else { None }
    }
}

impl From<NetworkError> for NetworkErrors {
    fn from(first: NetworkError) -> Self {
        Self { first, rest: Vec::new() }
    }
}

impl fmt::Display for NetworkErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rest.is_empty() {
            return write!(f, "{}", self.first);
        }
        let count = self.count();
        write!(f, "{count} problems in the network:")?;
        for problem in self.iter().take(SHOWN) {
            write!(f, "\n- {problem}")?;
            if let Some(hint) = &problem.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        match count.checked_sub(SHOWN) {
            Some(more) if more > 0 => write!(f, "\n- and {more} more"),
            Some(_) | None => Ok(()),
        }
    }
}
