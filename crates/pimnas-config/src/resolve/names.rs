//! Sections and keys that nothing knows.

use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::document::{DEFAULT_SECTION, Entry, Section, same_key};
use crate::raw::{unknown_key, unknown_section};
use crate::registry::{KEYS, SECTIONS, find};

/// Refuses every unknown name: it may be a slip for a key that counts, and what is written must
/// never be without effect unnoticed.
pub(super) fn check(r: &mut Reader<'_>) {
    let config = r.config;
    for section in &config.sections {
        if section.name == DEFAULT_SECTION {
            section
                .entries
                .iter()
                .filter(|entry| !KEYS.iter().any(|key| same_key(key.name, &entry.key)))
                .for_each(|entry| r.push(key_problem(section, entry)));
        } else if SECTIONS.contains(&section.name.as_str()) {
            section
                .entries
                .iter()
                .filter(|entry| find(&section.name, &entry.key).is_none())
                .for_each(|entry| r.push(key_problem(section, entry)));
        } else {
            r.push(section_problem(section));
        }
    }
}

fn key_problem(section: &Section, entry: &Entry) -> Diagnostic {
    let mut problem = unknown_key(&section.name, &entry.key);
    problem.place = entry.written.as_ref().map(|written| written.key.clone());
    problem
}

fn section_problem(section: &Section) -> Diagnostic {
    let mut problem = unknown_section(&section.name, "");
    problem.key = None;
    problem.place = section.header.clone();
    problem
}
