//! What was searched, and how.

use serde::{Deserialize, Serialize};

/// What was searched, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// Name of the run.
    pub title: String,
    /// The space.
    pub space: SpaceHead,
    /// Constraints as written, such as `area_mm2 <= 50`.
    #[serde(default)]
    pub constraints: Vec<String>,
    /// The controller.
    pub controller: String,
    /// The seed.
    pub seed: u64,
    /// The budget in words, such as "300 evaluations".
    pub budget: String,
    /// Why it ended, in words; empty where it is not known.
    #[serde(default)]
    pub stopped: String,
    /// When it began, as text in the form that readers shall see; empty where it is not known.
    #[serde(default)]
    pub started: String,
    /// How long it took, s.
    pub seconds: Option<f64>,
    /// Version of the program.
    pub version: String,
    /// The command of the run; empty for none.
    #[serde(default)]
    pub command: String,
    /// Further settings, by name.
    #[serde(default)]
    pub settings: Vec<(String, String)>,
    /// What readers must know before they use the figures, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A search space.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceHead {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Distinct rollouts, as digits (it may be larger than any number type); empty where it is
    /// not known.
    pub size: String,
}
