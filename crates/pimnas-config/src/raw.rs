//! [`RawConfig`]: the configuration as written.

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, DiagnosticCode, Diagnostics};
use crate::document::{DEFAULT_SECTION, Entry, Origin, Section};
use crate::registry::{self, KEYS, SECTIONS};
use crate::{ini, toml_form, write};
use pimnas_suggest::{closest, shown};

/// Largest text that is read, bytes.
const MAX_BYTES: usize = 1 << 20;
/// Longest value that can be set, bytes.
const MAX_VALUE: usize = 1 << 20;

/// Form of a configuration's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The INI dialect of Python's configparser.
    Ini,
    /// TOML with a table a section.
    Toml,
}

impl Format {
    /// The form that a file's name promises: TOML for `.toml`, otherwise INI.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        if extension.is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
            Self::Toml
        } else {
            Self::Ini
        }
    }
}

/// A configuration as written: its text, and the values that were set since.
#[derive(Clone, Debug, PartialEq)]
pub struct RawConfig {
    pub(crate) format: Format,
    pub(crate) text: String,
    pub(crate) sections: Vec<Section>,
    pub(crate) source_name: Option<String>,
}

impl RawConfig {
    /// Reads a SimConfig.ini.
    ///
    /// # Errors
    /// All that is not of the dialect, with its lines; unknown keys and bad values are found by
    /// [`crate::check`].
    pub fn from_ini(bytes: &[u8]) -> Result<Self, Diagnostics> {
        Self::from_bytes(bytes, Format::Ini)
    }

    /// Reads the TOML form: a table a section, values of their natural type.
    ///
    /// # Errors
    /// As [`Self::from_ini`].
    pub fn from_toml(bytes: &[u8]) -> Result<Self, Diagnostics> {
        Self::from_bytes(bytes, Format::Toml)
    }

    /// Reads either form.
    ///
    /// # Errors
    /// As [`Self::from_ini`].
    pub fn from_bytes(bytes: &[u8], format: Format) -> Result<Self, Diagnostics> {
        let text = text_of(bytes)?;
        let sections = match format {
            Format::Ini => ini::parse(text)?,
            Format::Toml => toml_form::parse(text)?,
        };
        Ok(Self { format, text: text.to_owned(), sections, source_name: None })
    }

    /// The configuration that the reference is published with.
    #[must_use]
    pub fn reference_default() -> Self {
        let text = include_str!("default.ini");
        // The embedded text is correct, which a test holds; a fallback avoids a panic here.
        let sections = ini::parse(text).unwrap_or_default();
        Self { format: Format::Ini, text: text.to_owned(), sections, source_name: None }
    }

    /// The same configuration with the name of its text, usually a path, for messages.
    #[must_use]
    pub fn with_source_name(mut self, name: &str) -> Self {
        self.source_name = Some(name.to_owned());
        self
    }

    /// The name of its text.
    #[must_use]
    pub fn source_name(&self) -> Option<&str> {
        self.source_name.as_deref()
    }

    /// The text as read, to which the spans of all messages belong.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Form of [`Self::text`].
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The value of a key as written or set, without continuation indents. The case of the key
    /// does not count. `None` where neither the section nor `[DEFAULT]` has it.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.entry(section, key).map(|entry| entry.value.as_str())
    }

    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    pub(crate) fn entry(&self, section: &str, key: &str) -> Option<&Entry> {
        self.section(section)
            .and_then(|section| section.entry(key))
            .or_else(|| self.section(DEFAULT_SECTION).and_then(|section| section.entry(key)))
    }

    /// Sets the value of a key, such as `set("Tile level/PE_Num", "2,2")`.
    ///
    /// # Errors
    /// A section or key that does not exist, or a value that does not fit on a line. Whether the
    /// value suits the key is for [`crate::check`] to say.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), Diagnostics> {
        self.assign(path, value, Origin::Set)
    }

    /// Sets a value from a command line, such as `"Tile level/PE_Num=2,2"`.
    ///
    /// # Errors
    /// As [`Self::set`], and where the text has no `=`.
    pub fn set_override(&mut self, assignment: &str) -> Result<(), Diagnostics> {
        match assignment.split_once('=') {
            Some((path, value)) => self.assign(path, value, Origin::Override),
            None => {
                let message = format!("the override `{}` has no `=`", shown(assignment));
                Err(Diagnostic::error(DiagnosticCode::BadOverride, message)
                    .with_hint("write `Section/Key=value`, such as `Tile level/PE_Num=2,2`")
                    .into())
            }
        }
    }

    pub(crate) fn assign(
        &mut self,
        path: &str,
        value: &str,
        origin: Origin,
    ) -> Result<(), Diagnostics> {
        let (section, key) = self.resolve_path(path)?;
        let value = value.trim();
        if value.len() > MAX_VALUE || value.contains(|c: char| c.is_control() && c != '\t') {
            let message = format!("the value of `{key}` does not fit on a line");
            return Err(Diagnostic::error(DiagnosticCode::BadOverride, message)
                .about(&section, &key)
                .with_hint("write it on one line, figures separated by commas")
                .into());
        }
        let index = match self.sections.iter().position(|s| s.name == section) {
            Some(index) => index,
            None => {
                self.sections.push(Section::added(&section));
                self.sections.len() - 1
            }
        };
        let Some(home) = self.sections.get_mut(index) else { return Ok(()) };
        match home.entry_mut(&key) {
            Some(entry) => {
                entry.value = value.to_owned();
                entry.origin = origin;
            }
            None => {
                home.entries.push(Entry { key, value: value.to_owned(), origin, written: None })
            }
        }
        Ok(())
    }

    /// Section and key that a path `Section/Key` means: of the registry, or of the text.
    fn resolve_path(&self, path: &str) -> Result<(String, String), Diagnostics> {
        let Some((section, key)) = path.rsplit_once('/') else {
            return Err(no_section(path).into());
        };
        let (section, key) = (section.trim(), key.trim());
        if let Some(known) = registry::find(section, key) {
            return Ok((known.section.to_owned(), known.name.to_owned()));
        }
        if let Some(entry) = self.section(section).and_then(|s| s.entry(key)) {
            return Ok((section.to_owned(), entry.key.clone()));
        }
        if SECTIONS.contains(&section) {
            return Err(unknown_key(section, key).into());
        }
        Err(unknown_section(section, key).into())
    }

    /// The INI form. Read from INI, it is the text as read, in which a value that was set
    /// replaces its own characters and nothing else; keys that were added follow their section.
    #[must_use]
    pub fn to_ini(&self) -> String {
        match self.format {
            Format::Ini => write::spliced_ini(self),
            Format::Toml => write::fresh_ini(self),
        }
    }

    /// The TOML form, with values of their natural type. Read from TOML, it keeps layout and
    /// comments of what was not set.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml_form::written(self)
    }
}

fn no_section(path: &str) -> Diagnostic {
    let homes: Vec<String> = KEYS
        .iter()
        .filter(|key| key.name.eq_ignore_ascii_case(path.trim()))
        .map(|key| format!("`{}`", key.path()))
        .collect();
    let hint: Cow<'_, str> = if homes.is_empty() {
        "write `Section/Key`, such as `Tile level/PE_Num`".into()
    } else {
        format!("write {}", homes.join(" or ")).into()
    };
    Diagnostic::error(DiagnosticCode::BadOverride, format!("`{}` names no section", shown(path)))
        .with_hint(hint)
}

/// A key that a known section does not have.
pub(crate) fn unknown_key(section: &str, key: &str) -> Diagnostic {
    let message = format!("[{section}] has no key `{}`", shown(key));
    Diagnostic::error(DiagnosticCode::UnknownKey, message)
        .about(section, key)
        .with_hint(hint_for_key(section, key))
}

fn hint_for_key(section: &str, key: &str) -> String {
    let elsewhere = KEYS.iter().find(|known| crate::document::same_key(known.name, key));
    let similar = closest(key, registry::of_section(section).map(|known| known.name));
    match (elsewhere, similar) {
        (Some(known), _) => format!("it belongs to [{}]", known.section),
        (None, Some(name)) => format!("did you mean `{name}`?"),
        (None, None) => match closest(key, KEYS.iter().map(|known| known.name)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "remove it; the list of keys says what there is".to_owned(),
        },
    }
}

/// A section that does not exist.
pub(crate) fn unknown_section(section: &str, key: &str) -> Diagnostic {
    let hint = match closest(section, SECTIONS) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("choose one of {}", SECTIONS.join(", ")),
    };
    let message = format!("there is no section [{}]", shown(section));
    Diagnostic::error(DiagnosticCode::UnknownSection, message).about(section, key).with_hint(hint)
}

fn text_of(bytes: &[u8]) -> Result<&str, Diagnostics> {
    if bytes.len() > MAX_BYTES {
        let message = format!("{} bytes are no configuration", bytes.len());
        return Err(Diagnostic::error(DiagnosticCode::TooLarge, message)
            .with_hint("check that the file is the right one")
            .into());
    }
    let line_at = |offset: usize| {
        let before = bytes.get(..offset).unwrap_or_default();
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        crate::Place { line, span: offset..(offset + 1).min(bytes.len()) }
    };
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(Diagnostic::error(DiagnosticCode::NotText, "the text is UTF-16")
            .at(line_at(0))
            .with_hint("save it as UTF-8")
            .into());
    }
    if let Some(offset) = bytes.iter().position(|&b| b == 0) {
        return Err(Diagnostic::error(DiagnosticCode::NotText, "a NUL byte: this is not text")
            .at(line_at(offset))
            .with_hint("check that the file is the right one")
            .into());
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("byte {} is not UTF-8", error.valid_up_to());
        Diagnostic::error(DiagnosticCode::NotText, message)
            .at(line_at(error.valid_up_to()))
            .with_hint("save it as UTF-8, or check that the file is the right one")
            .into()
    })
}
