//! The TOML form: a table a section, values of their natural type.

use std::collections::HashMap;
use std::ops::Range;

use toml_edit::{Array, Document, DocumentMut, Item, Table, TableLike, Value};

use crate::diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, Place};
use crate::document::{Entry, Origin, Section, Written};
use crate::raw::{Format, RawConfig};
use crate::registry::{self, ValueKind};
use pimnas_suggest::shown;

/// Sections of a TOML text.
///
/// # Errors
/// Text that is not TOML, keys outside a table, and values that no key can have.
pub(crate) fn parse(text: &str) -> Result<Vec<Section>, Diagnostics> {
    let offset = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let ends = text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(at, _)| at).collect();
    let source = Source { text, offset, ends };
    let body = text.get(offset..).unwrap_or_default();
    let document = Document::parse(body).map_err(|error| source.not_toml(&error))?;
    let mut problems = Diagnostics::default();
    let mut sections = Vec::new();
    for (name, item) in document.as_table().iter() {
        if problems.are_enough() {
            break;
        }
        match item.as_table_like() {
            Some(table) => {
                let header = source.place(item.span());
                sections.push(source.section(name, (table, header), &mut problems));
            }
            None => problems.push(source.homeless(name, item)),
        }
    }
    problems.or(sections)
}

/// A text with a byte-order mark that the TOML reader does not see.
struct Source<'t> {
    text: &'t str,
    offset: usize,
    /// Where lines end.
    ends: Vec<usize>,
}

impl Source<'_> {
    fn place(&self, span: Option<Range<usize>>) -> Place {
        let span = span.map_or(0..0, |s| s.start + self.offset..s.end + self.offset);
        Place { line: self.ends.partition_point(|&end| end < span.start) + 1, span }
    }

    fn not_toml(&self, error: &toml_edit::TomlError) -> Diagnostic {
        let code = if error.message().contains("duplicate key") {
            DiagnosticCode::DuplicateKey
        } else {
            DiagnosticCode::Syntax
        };
        let message = format!("the text is not TOML: {}", shown(error.message()));
        let hint = if code == DiagnosticCode::DuplicateKey {
            "keep one of the two"
        } else if error.message().contains("recur") {
            "write a table a section, and in it numbers, strings and arrays of numbers"
        } else {
            "write `[\"Tile level\"]` (quoted, as it has a space) and under it `PE_Num = [2, 2]`"
        };
        Diagnostic::error(code, message).at(self.place(error.span())).with_hint(hint)
    }

    fn homeless(&self, name: &str, item: &Item) -> Diagnostic {
        let message = format!("`{}` stands outside of any section", shown(name));
        Diagnostic::error(DiagnosticCode::NoSection, message)
            .at(self.place(item.span()))
            .with_hint("put it under a table such as `[\"Device level\"]`")
    }

    fn section(
        &self,
        name: &str,
        (table, header): (&dyn TableLike, Place),
        problems: &mut Diagnostics,
    ) -> Section {
        let mut entries: Vec<Entry> = Vec::new();
        let mut positions: HashMap<String, usize> = HashMap::new();
        for (key, item) in table.iter() {
            if problems.are_enough() {
                break;
            }
            let key_span = table.get_key_value(key).and_then(|(key, _)| key.span());
            let key_place = self.place(key_span.or_else(|| item.span()));
            let before = positions.get(&key.to_lowercase()).and_then(|&index| entries.get(index));
            if let Some(before) = before {
                problems.push(duplicate(name, key, (before, key_place)));
                continue;
            }
            match item.as_value().and_then(|value| self.value_text(value)) {
                Some(value) => {
                    let place = self.place(item.span());
                    positions.insert(key.to_lowercase(), entries.len());
                    entries.push(Entry {
                        key: key.to_owned(),
                        value,
                        origin: Origin::Written,
                        written: Some(Written {
                            key: key_place,
                            lines: vec![place.span.clone()],
                            value: place,
                        }),
                    });
                }
                None => problems.push(unusable(name, key, item).at(key_place)),
            }
        }
        Section { name: name.to_owned(), end: header.span.end, header: Some(header), entries }
    }

    /// A value as INI writes it; `None` for dates and tables.
    fn value_text(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.value().trim().to_owned()),
            Value::Integer(number) => Some(number.value().to_string()),
            Value::Float(number) => Some(self.float_text(number)),
            Value::Boolean(truth) => Some(truth.value().to_string()),
            Value::Array(array) => {
                let parts: Option<Vec<String>> =
                    array.iter().map(|part| self.scalar_text(part)).collect();
                parts.map(|parts| parts.join(","))
            }
            Value::Datetime(_) | Value::InlineTable(_) => None,
        }
    }

    fn scalar_text(&self, value: &Value) -> Option<String> {
        if value.is_array() { None } else { self.value_text(value) }
    }

    /// A float as it is written, so that no digit changes.
    fn float_text(&self, number: &toml_edit::Formatted<f64>) -> String {
        let written = number
            .span()
            .and_then(|s| self.text.get(s.start + self.offset..s.end + self.offset))
            .map(str::to_owned);
        written.unwrap_or_else(|| number.value().to_string())
    }
}

fn duplicate(section: &str, key: &str, (before, place): (&Entry, Place)) -> Diagnostic {
    let first = before.written.as_ref().map(|w| w.key.clone()).unwrap_or_default();
    let message = format!(
        "`{}` is there twice in [{}]: on lines {} and {}",
        shown(key),
        shown(section),
        first.line,
        place.line
    );
    Diagnostic::error(DiagnosticCode::DuplicateKey, message)
        .at(place)
        .related_to(first)
        .about(section, key)
        .with_hint("keep one of the two")
}

fn unusable(section: &str, key: &str, item: &Item) -> Diagnostic {
    let message = format!("`{}` in [{}] is a {}", shown(key), shown(section), item.type_name());
    Diagnostic::error(DiagnosticCode::WrongType, message)
        .about(section, key)
        .with_hint("write a number, a string, or an array of numbers")
}

/// The TOML form of a configuration.
pub(crate) fn written(config: &RawConfig) -> String {
    let mut document = match config.format {
        Format::Toml => {
            config.text.trim_start_matches('\u{FEFF}').parse::<DocumentMut>().unwrap_or_default()
        }
        Format::Ini => DocumentMut::new(),
    };
    for section in &config.sections {
        let table = document.entry(&section.name).or_insert_with(|| Item::Table(Table::new()));
        let Some(table) = table.as_table_like_mut() else { continue };
        for entry in &section.entries {
            if entry.origin == Origin::Written && config.format == Format::Toml {
                continue;
            }
            let mut value = natural(&section.name, entry);
            if let Some(before) = table.get(&entry.key).and_then(Item::as_value) {
                *value.decor_mut() = before.decor().clone();
            }
            match table.get_mut(&entry.key) {
                Some(item) => *item = Item::Value(value),
                None => {
                    table.insert(&entry.key, Item::Value(value));
                }
            }
        }
    }
    document.to_string()
}

/// A value of the type that its text suggests: a number, an array of numbers, else a string.
fn natural(section: &str, entry: &Entry) -> Value {
    let list = registry::find(section, &entry.key).is_some_and(|key| match key.kind {
        ValueKind::IntegerPair | ValueKind::NumberPair | ValueKind::NumberList => true,
        ValueKind::Integer | ValueKind::Number | ValueKind::Choice(_) | ValueKind::Word(_) => false,
    });
    let numbers: Option<Vec<Value>> = entry.value.split(',').map(natural_number).collect();
    match numbers {
        Some(numbers) if list || numbers.len() > 1 => {
            Value::Array(numbers.into_iter().collect::<Array>())
        }
        Some(numbers) => numbers.into_iter().next().unwrap_or_else(|| entry.value.clone().into()),
        None => entry.value.clone().into(),
    }
}

/// A number as TOML writes it, digits kept where TOML takes them as they are.
fn natural_number(text: &str) -> Option<Value> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    if text.is_empty() || !text.chars().all(plain) {
        return None;
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    if !text.contains(['.', 'e', 'E']) {
        return None;
    }
    match text.parse::<Value>() {
        Ok(value) if value.is_float() => Some(value),
        Ok(_) | Err(_) => Some(number.into()),
    }
}
