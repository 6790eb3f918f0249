//! Writing the INI form.

use std::ops::Range;

use crate::document::{Entry, Origin, Section};
use crate::raw::RawConfig;

/// The text as read, with the values that were set in place of their own characters.
pub(crate) fn spliced_ini(config: &RawConfig) -> String {
    let newline = if config.text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut tail = String::new();
    for section in &config.sections {
        for entry in &section.entries {
            replacement(&config.text, entry, &mut edits);
        }
        let added: Vec<String> = section
            .entries
            .iter()
            .filter(|entry| entry.written.is_none())
            .map(|entry| format!("{} = {}", entry.key, continued(&entry.value, newline)))
            .collect();
        if section.header.is_none() && !added.is_empty() {
            tail.push_str(&format!("{newline}[{}]{newline}", section.name));
            tail.push_str(&added.join(newline));
            tail.push_str(newline);
        } else if !added.is_empty() {
            let lines = format!("{newline}{}", added.join(newline));
            edits.push((section.end..section.end, lines));
        }
    }
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut text = applied(&config.text, edits);
    if !tail.is_empty() && !text.is_empty() && !text.ends_with(['\n', '\r']) {
        text.push_str(newline);
    }
    text + &tail
}

fn replacement(text: &str, entry: &Entry, edits: &mut Vec<(Range<usize>, String)>) {
    let Some(written) = &entry.written else { return };
    if entry.origin == Origin::Written {
        return;
    }
    let mut lines = written.lines.iter();
    if let Some(first) = lines.next() {
        let touches = text.get(..first.start).is_some_and(|t| t.ends_with(['=', ':']));
        let space = if first.is_empty() && touches && !entry.value.is_empty() { " " } else { "" };
        edits.push((first.clone(), format!("{space}{}", entry.value)));
    }
    edits.extend(lines.map(|line| (line.clone(), String::new())));
}

/// `text` with each range replaced; the ranges are in order and do not overlap.
fn applied(text: &str, edits: Vec<(Range<usize>, String)>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut position = 0;
    for (range, replacement) in edits {
        result.push_str(text.get(position..range.start).unwrap_or_default());
        result.push_str(&replacement);
        position = range.end;
    }
    result.push_str(text.get(position..).unwrap_or_default());
    result
}

/// The INI form of a configuration that was read from TOML.
pub(crate) fn fresh_ini(config: &RawConfig) -> String {
    let sections: Vec<String> = config.sections.iter().map(fresh_section).collect();
    sections.join("\n")
}

fn fresh_section(section: &Section) -> String {
    let mut text = format!("[{}]\n", section.name);
    for entry in &section.entries {
        text.push_str(&format!("{} = {}\n", entry.key, continued(&entry.value, "\n")));
    }
    text
}

/// A value of several lines, those behind the first indented.
fn continued(value: &str, newline: &str) -> String {
    let lines: Vec<&str> = value.split('\n').map(str::trim).collect();
    lines.join(&format!("{newline}  "))
}
