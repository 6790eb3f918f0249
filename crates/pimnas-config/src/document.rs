//! Sections and keys of a text, with their places; the same for INI and TOML.

use std::ops::Range;

use crate::diagnostic::Place;

/// Section whose keys hold in every section, as Python's configparser has it.
pub(crate) const DEFAULT_SECTION: &str = "DEFAULT";

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written in the text.
    Written,
    /// Set by a program.
    Set,
    /// Overridden on the command line.
    Override,
    /// Written by a hardware point of a search.
    HardwarePoint,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The key as written.
    pub(crate) key: String,
    /// The value as text, continuation lines joined by line feeds.
    pub(crate) value: String,
    /// Where `value` comes from.
    pub(crate) origin: Origin,
    /// Where the text has it; `None` where the key was added.
    pub(crate) written: Option<Written>,
}

/// Place of an entry in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) key: Place,
    pub(crate) value: Place,
    /// Bytes of each line of the value; at least one range, which may be empty.
    pub(crate) lines: Vec<Range<usize>>,
}

/// A section with its keys in the order of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// `None` where the section was added.
    pub(crate) header: Option<Place>,
    pub(crate) entries: Vec<Entry>,
    /// Byte behind the last line of the section that is not empty.
    pub(crate) end: usize,
}

impl Section {
    pub(crate) fn added(name: &str) -> Self {
        Self { name: name.to_owned(), header: None, entries: Vec::new(), end: 0 }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| same_key(&entry.key, key))
    }

    pub(crate) fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| same_key(&entry.key, key))
    }
}

/// Keys differ only where more than their case differs.
pub(crate) fn same_key(one: &str, other: &str) -> bool {
    let plain = one.is_ascii() && other.is_ascii();
    one.eq_ignore_ascii_case(other) || (!plain && one.to_lowercase() == other.to_lowercase())
}
