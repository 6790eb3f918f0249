//! The INI dialect of Python's configparser, with the place of everything.
//!
//! Sections are `[name]`, case-sensitive; keys end at the first `=` or `:`, their case does not
//! count; `#` and `;` begin a comment only as the first character of a line, however far that is
//! indented; a line that is indented further than its key continues the value; empty lines are
//! part of a value that goes on behind them.

use std::collections::HashMap;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, Place};
use crate::document::{DEFAULT_SECTION, Entry, Origin, Section, Written};
use pimnas_suggest::shown;

/// What a line is.
enum Line<'t> {
    Empty,
    Comment,
    Header(&'t str),
    UnclosedHeader,
    KeyValue { key: &'t str, value: Range<usize> },
    NoDelimiter,
}

/// The text of a configuration, split at its lines.
struct Reader<'t> {
    text: &'t str,
    sections: Vec<Section>,
    /// Index of the section of a name, and of the entry of a lower-case key in it.
    names: HashMap<String, usize>,
    keys: HashMap<(usize, String), usize>,
    section: Option<usize>,
    /// The entry that an indented line would continue.
    open: Option<Open>,
    indent: usize,
    homeless: bool,
    problems: Diagnostics,
}

/// An entry that may go on.
#[derive(Clone, Copy)]
enum Open {
    Entry(usize, usize),
    /// A key that was refused: its continuation lines are no problems of their own.
    Refused,
}

/// Sections of an INI text.
///
/// # Errors
/// Every line that is not of the dialect, and everything that is there twice.
pub(crate) fn parse(text: &str) -> Result<Vec<Section>, Diagnostics> {
    let mut reader = Reader {
        text,
        sections: Vec::new(),
        names: HashMap::new(),
        keys: HashMap::new(),
        section: None,
        open: None,
        indent: 0,
        homeless: false,
        problems: Diagnostics::default(),
    };
    for (index, range) in lines(text).enumerate() {
        reader.line(index + 1, range);
        if reader.problems.are_enough() {
            break;
        }
    }
    reader.problems.or(reader.sections)
}

impl<'t> Reader<'t> {
    fn line(&mut self, number: usize, range: Range<usize>) {
        let line = &self.text[range.clone()];
        let content = trimmed(self.text, range.clone());
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        let kind = classify(self.text, content.clone());
        let place = Place { line: number, span: content.clone() };
        match kind {
            Line::Empty => return,
            // A comment at the margin may speak of the next section.
            Line::Comment if indent == 0 => return,
            Line::Comment => {}
            Line::Header(_) | Line::UnclosedHeader | Line::KeyValue { .. } | Line::NoDelimiter => {
                match self.open {
                    Some(open) if indent > self.indent => self.continuation(open, content.clone()),
                    Some(_) | None => {
                        self.indent = indent;
                        self.statement(kind, place);
                    }
                }
            }
        }
        if let Some(section) = self.section.and_then(|s| self.sections.get_mut(s)) {
            section.end = range.end;
        }
    }

    fn continuation(&mut self, open: Open, content: Range<usize>) {
        let Open::Entry(section, entry) = open else { return };
        let Some(entry) = self.sections.get_mut(section).and_then(|s| s.entries.get_mut(entry))
        else {
            return;
        };
        if !entry.value.is_empty() {
            entry.value.push('\n');
        }
        entry.value.push_str(&self.text[content.clone()]);
        if let Some(written) = &mut entry.written {
            written.value.span.end = content.end;
            written.lines.push(content);
        }
    }

    fn statement(&mut self, kind: Line<'t>, place: Place) {
        match kind {
            Line::Empty | Line::Comment => {}
            Line::Header(name) => self.header(name, place),
            Line::UnclosedHeader => {
                self.open = None;
                let message = format!(
                    "the section header `{}` has no closing bracket",
                    shown(&self.text[place.span.clone()])
                );
                self.problems.push(
                    Diagnostic::error(DiagnosticCode::Syntax, message)
                        .at(place)
                        .with_hint("end it with `]`"),
                );
            }
            Line::NoDelimiter => {
                self.open = None;
                let message = format!(
                    "`{}` is no section, no `key = value` and no comment",
                    shown(&self.text[place.span.clone()])
                );
                self.problems.push(
                    Diagnostic::error(DiagnosticCode::Syntax, message).at(place).with_hint(
                        "write `key = value`, or begin the line with `#` to make it a comment",
                    ),
                );
            }
            Line::KeyValue { key, value } => self.key_value(key, value, place),
        }
    }

    fn header(&mut self, name: &str, place: Place) {
        self.open = None;
        if let Some(&first) = self.names.get(name) {
            // The file means one section all the same: its keys are checked against the first.
            self.section = Some(first);
            if name == DEFAULT_SECTION {
                return;
            }
            let before = self.sections.get(first).and_then(|s| s.header.clone());
            let line = before.as_ref().map_or(0, |p| p.line);
            let message = format!(
                "the section [{}] is there twice: on lines {line} and {}",
                shown(name),
                place.line
            );
            let problem = Diagnostic::error(DiagnosticCode::DuplicateSection, message)
                .with_hint("put the keys of both under one header")
                .at(place);
            self.problems.push(match before {
                Some(before) => problem.related_to(before),
                None => problem,
            });
            return;
        }
        let index = self.sections.len();
        self.names.insert(name.to_owned(), index);
        self.section = Some(index);
        self.sections.push(Section {
            name: name.to_owned(),
            end: place.span.end,
            header: Some(place),
            entries: Vec::new(),
        });
    }

    fn key_value(&mut self, key: &str, value: Range<usize>, place: Place) {
        self.open = Some(Open::Refused);
        let key_span = place.span.start..place.span.start + key.len();
        let key_place = Place { line: place.line, span: key_span };
        if key.is_empty() {
            self.problems.push(
                Diagnostic::error(DiagnosticCode::Syntax, "a value without a key")
                    .at(place)
                    .with_hint("write `key = value`"),
            );
            return;
        }
        let Some(index) = self.section else {
            if !self.homeless {
                self.homeless = true;
                let message = format!("`{}` stands before the first section", shown(key));
                self.problems.push(
                    Diagnostic::error(DiagnosticCode::NoSection, message)
                        .at(key_place)
                        .with_hint("put a section header such as `[Device level]` above it"),
                );
            }
            return;
        };
        let Some(section) = self.sections.get_mut(index) else { return };
        let position = section.entries.len();
        if let Some(&first) = self.keys.get(&(index, key.to_lowercase())) {
            let before = section.entries.get(first).and_then(|e| e.written.as_ref());
            let before = before.map(|w| w.key.clone()).unwrap_or_default();
            let message = format!(
                "`{}` is there twice in [{}]: on lines {} and {}",
                shown(key),
                shown(&section.name),
                before.line,
                place.line
            );
            self.problems.push(
                Diagnostic::error(DiagnosticCode::DuplicateKey, message)
                    .at(key_place)
                    .related_to(before)
                    .about(&section.name, key)
                    .with_hint("keep one of the two"),
            );
            return;
        }
        self.keys.insert((index, key.to_lowercase()), position);
        section.entries.push(Entry {
            key: key.to_owned(),
            value: self.text[value.clone()].to_owned(),
            origin: Origin::Written,
            written: Some(Written {
                key: key_place,
                value: Place { line: place.line, span: value.clone() },
                lines: vec![value],
            }),
        });
        self.open = Some(Open::Entry(index, position));
    }
}

/// Byte ranges of the lines, without their ends (`\n`, `\r\n` or `\r`).
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= bytes.len() {
            return None;
        }
        let rest = bytes.get(start..)?;
        let length = rest.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(rest.len());
        let line = start..start + length;
        let crlf = rest.get(length..length + 2) == Some(b"\r\n");
        start = line.end + if crlf { 2 } else { 1 };
        Some(line)
    })
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let line = &text[range.clone()];
    let start = range.start + (line.len() - line.trim_start().len());
    start..start + line.trim().len()
}

fn classify(text: &str, content: Range<usize>) -> Line<'_> {
    let line = &text[content.clone()];
    match line.as_bytes().first() {
        None => return Line::Empty,
        Some(b'#' | b';') => return Line::Comment,
        Some(b'[') => match line.rfind(']') {
            Some(close) if close > 1 => return Line::Header(&line[1..close]),
            Some(_) | None => {}
        },
        Some(_) => {}
    }
    match line.find(['=', ':']) {
        Some(delimiter) => {
            let value = trimmed(text, content.start + delimiter + 1..content.end);
            Line::KeyValue { key: line[..delimiter].trim_end(), value }
        }
        None if line.starts_with('[') => Line::UnclosedHeader,
        None => Line::NoDelimiter,
    }
}
