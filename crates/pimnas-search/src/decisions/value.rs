//! Values of decisions and of what is derived from them.

use std::fmt;
use std::sync::Arc;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// None: the decision's condition does not hold, so nothing depends on it.
    Inactive,
    /// A whole number; ordered.
    Int(i64),
    /// A word; a category.
    Word(Arc<str>),
}

/// What a value can be, beside inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Whole numbers.
    Int,
    /// Words.
    Word,
}

impl Kind {
    /// In words, for messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Int => "a number",
            Self::Word => "a word",
        }
    }
}

impl Value {
    /// What it is; `None` where it is inactive.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Inactive => None,
            Self::Int(_) => Some(Kind::Int),
            Self::Word(_) => Some(Kind::Word),
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Inactive | Self::Word(_) => None,
        }
    }

    /// Whether it stands for "yes" in a condition: a number other than 0.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::Int(number) => *number != 0,
            Self::Inactive | Self::Word(_) => false,
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(word: &str) -> Self {
        Self::Word(word.into())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inactive => f.write_str("–"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}
