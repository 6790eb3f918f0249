//! Reads values by their keys and collects what is wrong.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, Place};
use crate::raw::RawConfig;
use crate::registry::{KEYS, Key, Unset};
use crate::value::{Value, interpret};

/// Reads a configuration key by key. A value that is missing or bad is noted and replaced by a
/// stand-in, so that one pass finds everything.
pub(crate) struct Reader<'c> {
    pub(crate) config: &'c RawConfig,
    problems: Diagnostics,
    /// What was read, by section and name; `None` where it was missing or bad.
    read: HashMap<(&'static str, &'static str), Option<Value>>,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(config: &'c RawConfig) -> Self {
        Self { config, problems: Diagnostics::default(), read: HashMap::with_capacity(KEYS.len()) }
    }

    pub(crate) fn finish(mut self) -> Diagnostics {
        self.problems.sort();
        match self.config.source_name() {
            Some(name) => self.problems.with_source_name(name),
            None => self.problems,
        }
    }

    /// A value that was read before and is good.
    pub(crate) fn good(&self, key: &Key) -> Option<&Value> {
        self.read.get(&(key.section, key.name)).and_then(Option::as_ref)
    }

    /// The figures of a value that was read before and is good; `None` where it stands for a
    /// default.
    pub(crate) fn good_figures(&self, key: &Key) -> Option<&[f64]> {
        match self.good(key)? {
            Value::Figures(figures) => Some(figures),
            Value::Unset | Value::Word(_) => None,
        }
    }

    /// Paths of the keys that were read.
    #[cfg(test)]
    pub(crate) fn read_paths(&self) -> impl Iterator<Item = String> {
        self.read.keys().map(|(section, name)| format!("{section}/{name}"))
    }

    /// Whether there are so many problems that more of them help nobody.
    pub(crate) fn has_enough(&self) -> bool {
        self.problems.are_enough()
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    /// Notes a problem of a key, at its value.
    pub(crate) fn blame(&mut self, key: &Key, mut diagnostic: Diagnostic) {
        if diagnostic.key.is_none() {
            diagnostic = diagnostic.about(key.section, key.name);
        }
        if diagnostic.allowed.is_none() {
            diagnostic.allowed = Some(key.allowed());
        }
        self.problems.push(match self.place(key) {
            Some(place) => diagnostic.at(place),
            None => diagnostic,
        });
    }

    /// Place of a key's value in the text; of the key where the value is empty; `None` where the
    /// value was set.
    pub(crate) fn place(&self, key: &Key) -> Option<Place> {
        let entry = self.config.entry(key.section, key.name)?;
        if entry.origin != crate::Origin::Written {
            return None;
        }
        let written = entry.written.as_ref()?;
        Some(if written.value.span.is_empty() { &written.key } else { &written.value }.clone())
    }

    fn value(&mut self, key: &Key) -> Option<&Value> {
        let value = match self.config.entry(key.section, key.name) {
            Some(entry) => match interpret(key, &entry.value) {
                Ok(value) => Some(value),
                Err(problem) => {
                    self.blame(key, *problem);
                    None
                }
            },
            None => {
                self.missing(key);
                None
            }
        };
        self.read.entry((key.section, key.name)).insert_entry(value).into_mut().as_ref()
    }

    fn missing(&mut self, key: &Key) {
        let message = format!("`{}` is missing in [{}]", key.name, key.section);
        let hint = match key.default {
            "" => format!("add it: {}", key.allowed()),
            default => format!("add `{} = {default}` or another value", key.name),
        };
        let problem = Diagnostic::error(DiagnosticCode::MissingKey, message)
            .about(key.section, key.name)
            .with_hint(hint);
        let mut problem = match self.config.section(key.section).and_then(|s| s.header.clone()) {
            Some(header) => problem.related_to(header),
            None => problem,
        };
        problem.allowed = Some(key.allowed());
        self.push(problem);
    }

    /// One figure; `None` where the file leaves it to a model.
    pub(crate) fn optional(&mut self, key: &Key) -> Option<f64> {
        match self.value(key)? {
            Value::Figures(figures) => figures.first().copied(),
            Value::Unset => constant(key),
            Value::Word(_) => None,
        }
    }

    /// One figure.
    pub(crate) fn number(&mut self, key: &Key) -> f64 {
        self.optional(key).unwrap_or(1.0)
    }

    /// One whole figure.
    pub(crate) fn integer(&mut self, key: &Key) -> u32 {
        self.number(key) as u32
    }

    /// Two figures.
    pub(crate) fn numbers(&mut self, key: &Key) -> (f64, f64) {
        match self.value(key) {
            Some(Value::Figures(figures)) => match figures.as_slice() {
                &[first, second] => (first, second),
                _ => (1.0, 1.0),
            },
            Some(Value::Unset) => {
                let side = constant(key).unwrap_or(1.0);
                (side, side)
            }
            Some(Value::Word(_)) | None => (1.0, 1.0),
        }
    }

    /// Two whole figures.
    pub(crate) fn pair(&mut self, key: &Key) -> (u32, u32) {
        let (first, second) = self.numbers(key);
        (first as u32, second as u32)
    }

    /// A list of figures.
    pub(crate) fn list(&mut self, key: &Key) -> Vec<f64> {
        match self.value(key) {
            Some(Value::Figures(figures)) => figures.clone(),
            Some(Value::Unset | Value::Word(_)) | None => vec![1.0],
        }
    }

    /// The number of a choice; `None` where it is bad.
    pub(crate) fn choice(&mut self, key: &Key) -> Option<i64> {
        match self.value(key)? {
            Value::Figures(figures) => figures.first().map(|&figure| figure as i64),
            Value::Unset | Value::Word(_) => None,
        }
    }

    /// One of the key's words; `None` where it is bad.
    pub(crate) fn word(&mut self, key: &Key) -> Option<&'static str> {
        match self.value(key)? {
            Value::Word(word) => Some(*word),
            Value::Unset | Value::Figures(_) => None,
        }
    }
}

fn constant(key: &Key) -> Option<f64> {
    match key.unset {
        Unset::Constant(_, figure) => Some(figure),
        Unset::Never | Unset::Modelled(..) => None,
    }
}
