//! What is wrong with a space.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

/// Problems that [`Problems`] prints before it only counts the rest.
const SHOWN: usize = 40;

/// A place in the text of a space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// One problem. Displayed as `line 3: message`, as far as the line is known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Problem {
    /// What is wrong, where and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the text; `None` for spaces built in Rust.
    pub place: Option<Place>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>, place: Option<&Place>) -> Self {
        Self { message: message.into(), hint: None, place: place.cloned() }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "line {}: ", place.line)?;
        }
        f.write_str(&self.message)
    }
}

/// All problems of a space, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        // An entry that is repeated by `for` would say the same for every repetition.
        let said = |known: &Problem| known.place.is_some() && *known == problem;
        if !self.list.iter().any(said) {
            self.list.push(problem);
        }
    }

    /// The list itself, sorted, where there are problems, otherwise `value`.
    pub(crate) fn or<T>(mut self, value: Option<T>) -> Result<T, Self> {
        self.list.sort_by_key(|p| p.place.as_ref().map_or(usize::MAX, |place| place.span.start));
        match value {
            Some(value) if self.list.is_empty() => Ok(value),
            Some(_) => Err(self),
            None => {
                if self.list.is_empty() {
                    self.push(Problem::new("the space cannot be built", None));
                }
                Err(self)
            }
        }
    }

    /// Every problem; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// Number of problems.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        other.list.into_iter().for_each(|problem| self.push(problem));
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [single] = self.list.as_slice() {
            return write!(f, "{single}");
        }
        write!(f, "{} problems in the space:", self.list.len())?;
        for problem in self.list.iter().take(SHOWN) {
            write!(f, "\n- {problem}")?;
            if let Some(hint) = &problem.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        match self.list.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n- and {more} more"),
        }
    }
}

impl std::error::Error for Problems {}
