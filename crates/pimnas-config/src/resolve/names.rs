//! Sections and keys that nothing knows.

use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::document::{DEFAULT_SECTION, Entry, Section, same_key};
use crate::raw::{unknown_key, unknown_section};
use crate::registry::{KEYS, SECTIONS, find_from};

/// Refuses every unknown name: it may be a slip for a key that counts, and what is written must
/// never be without effect unnoticed.
pub(super) fn check(r: &mut Reader<'_>) {
    let config = r.config;
    for problem in config.sections.iter().flat_map(problems) {
        if r.has_enough() {
            return;
        }
        r.push(problem);
    }
}

/// The unknown names of a section, found as they are asked for.
fn problems(section: &Section) -> impl Iterator<Item = Diagnostic> {
    let everywhere = section.name == DEFAULT_SECTION;
    let known_section = everywhere || SECTIONS.contains(&section.name.as_str());
    // Texts mostly have the keys in the order of the registry: the search goes on from the last.
    let mut next = 0;
    let unknown = move |entry: &&Entry| {
        if everywhere {
            return !KEYS.iter().any(|key| same_key(key.name, &entry.key));
        }
        let found = find_from(next, &section.name, &entry.key);
        next = found.map_or(next, |found| found + 1);
        found.is_none()
    };
    let entries: &[Entry] = if known_section { &section.entries } else { &[] };
    let of_keys = entries.iter().filter(unknown).map(move |entry| key_problem(section, entry));
    (!known_section).then(|| section_problem(section)).into_iter().chain(of_keys)
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
