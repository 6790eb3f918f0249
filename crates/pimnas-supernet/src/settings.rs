//! Settings of a super net's training, written in TOML.

use pimnas_train::TrainingOptions;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::error::SupernetError;
use crate::sampler::SamplerKind;
use crate::select::Selection;

/// The settings that hold where a file gives none.
pub const DEFAULT_SETTINGS: &str = include_str!("default.toml");

/// On what candidates are calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibrationSettings {
    /// Batches.
    pub batches: usize,
    /// Images of a batch.
    pub images: usize,
}

/// Settings of a super net's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SupernetSettings {
    /// Name or file of the space.
    pub space: String,
    /// How narrow layers choose their channels.
    pub selection: Selection,
    /// Which rollouts a step trains.
    pub sampler: SamplerKind,
    /// On what candidates are calibrated.
    pub calibration: CalibrationSettings,
    /// How it is trained.
    pub training: TrainingOptions,
}

impl SupernetSettings {
    /// Reads settings; what the text leaves out is as in [`DEFAULT_SETTINGS`]. A table with a
    /// `kind` takes the place of the default one.
    ///
    /// # Errors
    /// [`SupernetError::Settings`] for a text that is no TOML, for keys that do not exist, and
    /// for values that make no sense.
    pub fn from_toml(text: &str) -> Result<Self, SupernetError> {
        let wrong = |why: String| SupernetError::Settings { why };
        let read = |text: &str| text.parse::<Table>().map_err(|error| wrong(error.to_string()));
        let mut merged = read(DEFAULT_SETTINGS)?;
        let own = read(text)?;
        merge(&mut merged, own.clone());
        let settings: Self = merged
            .try_into()
            .map_err(|error: toml::de::Error| wrong(format!("settings: {}", error.message())))?;
        let known = Table::try_from(&settings).map_err(|error| wrong(error.to_string()))?;
        let unknown = unknown("", &own, &known);
        if !unknown.is_empty() {
            return Err(wrong(format!("there is no setting `{}`", unknown.join("`, `"))));
        }
        settings.training.check()?;
        Ok(settings)
    }

    /// The settings in writing.
    ///
    /// # Errors
    /// [`SupernetError::Settings`] for numbers that TOML does not have.
    pub fn to_toml(&self) -> Result<String, SupernetError> {
        toml::to_string(self).map_err(|error| SupernetError::Settings { why: error.to_string() })
    }
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) if !new.contains_key("kind") => {
                merge(old, new);
            }
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Keys that are given and not known, by their paths.
fn unknown(at: &str, given: &Table, known: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in given {
        let path = format!("{at}{key}");
        match (value, known.get(key)) {
            (_, None) => found.push(path),
            (Value::Table(given), Some(Value::Table(known))) => {
                found.extend(unknown(&format!("{path}."), given, known));
            }
            (_, Some(_)) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_the_default() {
        let all = SupernetSettings::from_toml("").unwrap();
        let text = "[training]\nepochs = 3\n[sampler]\nkind = 'fair'\nrollouts = 0\n";
        let own = SupernetSettings::from_toml(text).unwrap();
        assert_eq!(own.sampler, SamplerKind::Fair { rollouts: 0 });
        let training = TrainingOptions { epochs: 3, ..all.training.clone() };
        assert_eq!(own, SupernetSettings { training, sampler: own.sampler, ..all });
        assert_eq!(SupernetSettings::from_toml(&own.to_toml().unwrap()).unwrap(), own);
    }

    #[test]
    fn what_does_not_exist_is_said() {
        let told = |text: &str| SupernetSettings::from_toml(text).unwrap_err().to_string();
        let message = told("spaces = 'a'\n[training]\nepoch = 3\n");
        assert!(message.contains("`spaces`") && message.contains("`training.epoch`"), "{message}");
        assert!(told("[training]\nbatch = 1\n").contains("batch"));
        assert!(told("[sampler]\nkind = 'luck'\n").contains("luck"));
        assert!(told("space = ").contains("1"));
    }
}
