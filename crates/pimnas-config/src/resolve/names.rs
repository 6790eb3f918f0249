//! Sections and keys that nothing knows.

use super::reader::Reader;
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{DEFAULT_SECTION, Entry, Section, same_key};
use crate::raw::{unknown_key, unknown_section};
use crate::registry::{KEYS, SECTIONS, find_from};

/// Warns of every unknown name: it may be a slip for a key that counts.
pub(super) fn check(r: &mut Reader<'_>) {
    let config = r.config;
    // Texts mostly have the keys in the order of the registry: the search goes on from the last.
    let mut next = 0;
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
                .filter(|entry| match find_from(next, &section.name, &entry.key) {
                    Some(found) => {
                        next = found + 1;
                        false
                    }
                    None => true,
                })
                .for_each(|entry| r.push(key_problem(section, entry)));
        } else {
            r.push(section_problem(section));
        }
    }
}

fn key_problem(section: &Section, entry: &Entry) -> Diagnostic {
    let mut problem = unknown_key(&section.name, &entry.key);
    problem.severity = Severity::Warning;
    problem.message.push_str("; it is ignored");
    problem.place = entry.written.as_ref().map(|written| written.key.clone());
    problem
}

fn section_problem(section: &Section) -> Diagnostic {
    let mut problem = unknown_section(&section.name, "");
    problem.severity = Severity::Warning;
    problem.message.push_str("; its keys are ignored");
    problem.key = None;
    problem.place = section.header.clone();
    problem
}
