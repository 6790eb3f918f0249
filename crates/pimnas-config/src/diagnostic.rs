//! What is wrong, or doubtful, in a configuration.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

/// Problems that [`Diagnostics`] prints before it only counts the rest.
const SHOWN: usize = 40;
/// Problems from which on readers stop looking: whoever has more has a file of another kind.
const ENOUGH: usize = 200;

/// A place in the text of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Bytes of the text, a byte-order mark included.
    pub span: Range<usize>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, but may not mean what it seems to.
    Warning,
}

/// Kind of a problem, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiagnosticCode {
    /// Not text: a NUL byte, or not UTF-8.
    NotText,
    /// Longer than any configuration is.
    TooLarge,
    /// A line that is neither a section, a key, a comment nor a continuation.
    Syntax,
    /// A key before the first section.
    NoSection,
    /// The same section twice.
    DuplicateSection,
    /// The same key twice in a section.
    DuplicateKey,
    /// A section that nothing reads.
    UnknownSection,
    /// A key that nothing reads.
    UnknownKey,
    /// A key that is needed and not there.
    MissingKey,
    /// Not a number, not a whole number, or not one of the words.
    WrongType,
    /// A wrong number of figures in a list.
    WrongCount,
    /// Beyond the allowed range, or beyond what a number can hold.
    OutOfRange,
    /// Fine by itself, but at odds with another key.
    Inconsistent,
    /// Something that exists elsewhere and is not modelled.
    Unsupported,
    /// Allowed, but probably not meant.
    Doubtful,
    /// An override that is not of the form `Section/Key=value`.
    BadOverride,
}

impl DiagnosticCode {
    /// A stable name, such as `config-unknown-key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotText => "config-not-text",
            Self::TooLarge => "config-too-large",
            Self::Syntax => "config-syntax",
            Self::NoSection => "config-no-section",
            Self::DuplicateSection => "config-duplicate-section",
            Self::DuplicateKey => "config-duplicate-key",
            Self::UnknownSection => "config-unknown-section",
            Self::UnknownKey => "config-unknown-key",
            Self::MissingKey => "config-missing-key",
            Self::WrongType => "config-wrong-type",
            Self::WrongCount => "config-wrong-count",
            Self::OutOfRange => "config-out-of-range",
            Self::Inconsistent => "config-inconsistent",
            Self::Unsupported => "config-unsupported",
            Self::Doubtful => "config-doubtful",
            Self::BadOverride => "config-bad-override",
        }
    }
}

/// One problem of a configuration. Displayed as `source:line: message`, as far as known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its kind.
    pub code: DiagnosticCode,
    /// What is wrong and why.
    pub message: String,
    /// Name of the text that it is in, usually a path.
    pub source_name: Option<String>,
    /// Where in the text; `None` for what is missing or was set from outside.
    pub place: Option<Place>,
    /// A second place that it has to do with, such as the first of two equal keys.
    pub related: Option<Place>,
    /// Section and key that it is about, as the registry writes them.
    pub key: Option<(String, String)>,
    /// The values that are allowed, in words.
    pub allowed: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: DiagnosticCode, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            source_name: None,
            place: None,
            related: None,
            key: None,
            allowed: None,
            hint: None,
        }
    }

    pub(crate) fn warning(code: DiagnosticCode, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn related_to(mut self, place: Place) -> Self {
        self.related = Some(place);
        self
    }

    pub(crate) fn about(mut self, section: &str, key: &str) -> Self {
        self.key = Some((section.to_owned(), key.to_owned()));
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Line that it is on, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }

    /// Bytes of the text that it is about.
    #[must_use]
    pub fn span(&self) -> Option<Range<usize>> {
        self.place.as_ref().map(|place| place.span.clone())
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source_name, self.line()) {
            (Some(name), Some(line)) => write!(f, "{name}:{line}: ")?,
            (Some(name), None) => write!(f, "{name}: ")?,
            (None, Some(line)) => write!(f, "line {line}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.message)
    }
}

/// All problems that were found, in the order of the text; what is missing comes last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Whether there are so many problems that more of them help nobody.
    pub(crate) fn are_enough(&self) -> bool {
        self.list.len() >= ENOUGH
    }

    pub(crate) fn sort(&mut self) {
        self.list.sort_by_key(|d| d.place.as_ref().map_or(usize::MAX, |p| p.span.start));
    }

    /// The list itself where it has errors, otherwise `value`; warnings are dropped then.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }

    /// The same problems with the name of the text that they are in, usually a path.
    #[must_use]
    pub fn with_source_name(mut self, name: &str) -> Self {
        for diagnostic in &mut self.list {
            diagnostic.source_name = Some(name.to_owned());
        }
        self
    }

    /// Every problem, errors and warnings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(|d| d.severity == Severity::Error)
    }

    /// The warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(|d| d.severity == Severity::Warning)
    }

    /// Whether the configuration cannot be used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number of problems.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The hint of a single problem; the hints of several are part of the displayed text.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self.list.as_slice() {
            [single] => single.hint(),
            _ => None,
        }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic] }
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list.as_slice() {
            [] => f.write_str("no problems in the configuration"),
            [single] => write!(f, "{single}"),
            several => {
                write!(f, "{} problems in the configuration:", several.len())?;
                for problem in several.iter().take(SHOWN) {
                    write!(f, "\n- {problem}")?;
                    if let Some(hint) = &problem.hint {
                        write!(f, "\n  hint: {hint}")?;
                    }
                }
                match several.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, "\n- and {more} more"),
                }
            }
        }
    }
}

impl std::error::Error for Diagnostics {}
