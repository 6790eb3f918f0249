//! Reading tables of a space's TOML, with every problem and its line.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value as Toml};

use crate::decisions::Value;
use crate::problem::{Place, Problem, Problems};
use pimnas_suggest as suggest;

/// Widest `{ from, to, by }`.
const MOST_STEPS: i64 = 65_535;

/// An expression or text as written, and where.
pub(super) use crate::decisions::Written;

/// The text of a space.
#[derive(Clone, Copy)]
pub(super) struct Source<'t>(pub(super) &'t str);

impl Source<'_> {
    /// Where a span of it is.
    pub(super) fn place(self, span: Option<Range<usize>>) -> Place {
        let span = span.unwrap_or(0..0);
        let before = self.0.as_bytes().get(..span.start).unwrap_or_default();
        Place { line: before.iter().filter(|&&b| b == b'\n').count() + 1, span }
    }
}

/// The keys of a table: those asked for are known, the others are reported at the end.
pub(super) struct Fields<'a, 'p> {
    pub(super) source: Source<'a>,
    pub(super) table: &'a dyn TableLike,
    /// What the table is, for messages.
    pub(super) what: String,
    pub(super) place: Place,
    pub(super) problems: &'p mut Problems,
    known: Vec<&'static str>,
}

impl<'a, 'p> Fields<'a, 'p> {
    pub(super) fn new(
        (source, table): (Source<'a>, &'a dyn TableLike),
        (what, place): (&str, Place),
        problems: &'p mut Problems,
    ) -> Self {
        Self { source, table, what: what.to_owned(), place, problems, known: Vec::new() }
    }

    pub(super) fn report(&mut self, message: &str, place: &Place, hint: &str) {
        let message = format!("{}: {message}", self.what);
        self.problems.push(Problem::new(message, Some(place)).with_hint(hint));
    }

    /// The item of a key and its place.
    pub(super) fn item(&mut self, key: &'static str) -> Option<(&'a Item, Place)> {
        self.known.push(key);
        let item = self.table.get(key).filter(|item| !item.is_none())?;
        let span =
            item.span().or_else(|| self.table.get_key_value(key).and_then(|(k, _)| k.span()));
        Some((item, self.source.place(span)))
    }

    fn wrong(&mut self, key: &str, place: &Place, wanted: &str) {
        self.report(&format!("`{key}` is not {wanted}"), place, &format!("give {wanted}"));
    }

    fn missing(&mut self, key: &str) {
        let place = self.place.clone();
        self.report(&format!("`{key}` is missing"), &place, &format!("add `{key} = …`"));
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Written> {
        let (item, place) = self.item(key)?;
        match item.as_str() {
            Some(text) => Some(Written { text: text.to_owned(), place: Some(place) }),
            None => {
                self.wrong(key, &place, "a text");
                None
            }
        }
    }

    pub(super) fn required_text(&mut self, key: &'static str) -> Option<Written> {
        if self.table.get(key).is_none() {
            self.known.push(key);
            self.missing(key);
            return None;
        }
        self.text(key)
    }

    /// A whole number or an expression.
    pub(super) fn expression(&mut self, key: &'static str) -> Option<Written> {
        let (item, place) = self.item(key)?;
        match (item.as_integer(), item.as_str()) {
            (Some(number), _) => Some(Written { text: number.to_string(), place: Some(place) }),
            (None, Some(text)) => Some(Written { text: text.to_owned(), place: Some(place) }),
            (None, None) => {
                self.wrong(key, &place, "a whole number or an expression in quotes");
                None
            }
        }
    }

    /// A whole number in a range.
    pub(super) fn number(&mut self, key: &'static str, range: Range<i64>) -> Option<i64> {
        let (item, place) = self.item(key)?;
        let number = item.as_integer().filter(|number| range.contains(number));
        if number.is_none() {
            let wanted = format!("a whole number from {} to {}", range.start, range.end - 1);
            self.wrong(key, &place, &wanted);
        }
        number
    }

    pub(super) fn required_number(&mut self, key: &'static str, range: Range<i64>) -> Option<i64> {
        if self.table.get(key).is_none() {
            self.known.push(key);
            self.missing(key);
            return None;
        }
        self.number(key, range)
    }

    /// A positive number.
    pub(super) fn step(&mut self, key: &'static str) -> Option<f64> {
        let (item, place) = self.item(key)?;
        let number = item.as_float().or_else(|| item.as_integer().map(|number| number as f64));
        let number = number.filter(|number| number.is_finite() && *number > 0.0);
        if number.is_none() {
            self.wrong(key, &place, "a number above 0");
        }
        number
    }

    /// Texts in a list, or one text.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<Written> {
        let Some((item, place)) = self.item(key) else { return Vec::new() };
        let written = |text: &str| Written { text: text.to_owned(), place: Some(place.clone()) };
        if let Some(text) = item.as_str() {
            return vec![written(text)];
        }
        let texts = item.as_array().and_then(|array| {
            array.iter().map(|value| value.as_str().map(written)).collect::<Option<Vec<_>>>()
        });
        texts.unwrap_or_else(|| {
            self.wrong(key, &place, "a list of texts");
            Vec::new()
        })
    }

    /// Choices: a list of numbers or words, or `{ from, to, by }`.
    pub(super) fn choices(&mut self, key: &'static str) -> Option<Vec<Value>> {
        if self.table.get(key).is_none() {
            self.known.push(key);
            self.missing(key);
            return None;
        }
        let (item, place) = self.item(key)?;
        let found = match item.as_value()? {
            Toml::Array(array) => array.iter().map(choice).collect::<Option<Vec<_>>>(),
            Toml::InlineTable(table) => {
                let number = |key: &str| table.get(key).and_then(Toml::as_integer);
                let by = if table.contains_key("by") { number("by") } else { Some(1) };
                let keys = ["from", "to", "by"];
                let known = table.iter().all(|(key, _)| keys.contains(&key));
                match (number("from"), number("to"), by) {
                    (Some(from), Some(to), Some(by)) if known => steps(from, to, by),
                    _ => None,
                }
            }
            Toml::String(_)
            | Toml::Integer(_)
            | Toml::Float(_)
            | Toml::Boolean(_)
            | Toml::Datetime(_) => None,
        };
        if found.is_none() {
            let wanted = "a list of whole numbers or words, or { from = 16, to = 64, by = 4 }";
            self.wrong(key, &place, wanted);
        }
        found
    }

    /// Reports the keys that nothing asked for.
    pub(super) fn finish(self) {
        for (key, item) in self.table.iter() {
            if self.known.contains(&key) {
                continue;
            }
            let span = self.table.get_key_value(key).and_then(|(k, _)| k.span());
            let place = self.source.place(span.or_else(|| item.span()));
            let message = format!("{}: unknown key `{}`", self.what, suggest::shown(key));
            let hint = suggest::hint(key, self.known.iter().copied());
            self.problems.push(Problem::new(message, Some(&place)).with_hint(hint));
        }
    }
}

fn choice(value: &Toml) -> Option<Value> {
    value.as_integer().map(Value::Int).or_else(|| value.as_str().map(Value::from))
}

fn steps(from: i64, to: i64, by: i64) -> Option<Vec<Value>> {
    let width = to.checked_sub(from)?.checked_div(by)?;
    if by <= 0 || !(0..MOST_STEPS).contains(&width) {
        return None;
    }
    Some((0..=width).map(|step| Value::Int(from + step * by)).collect())
}
