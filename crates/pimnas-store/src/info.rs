//! What is known of a run before its first trial.

use pimnas_search::search::{Budget, Constraint, Metric, Objective, Stage};
use pimnas_search::{Decisions, Space, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What is searched, for what and how. It does not change while the run lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The space.
    pub space: SpaceInfo,
    /// Decisions of the space, in the order of the trials' choices.
    pub decisions: Vec<DecisionInfo>,
    /// Stages of the evaluation, in order, with their metrics: the order of the trials' figures.
    pub stages: Vec<StageInfo>,
    /// Name of the controller.
    pub controller: String,
    /// Seed of the run.
    pub seed: u64,
    /// Trials of a batch.
    pub batch: usize,
    /// What may be spent.
    pub budget: Budget,
    /// What is improved.
    pub objectives: Vec<Objective>,
    /// Bounds that candidates must keep.
    pub constraints: Vec<Constraint>,
    /// The hardware description under the candidates' decisions, as a SimConfig.ini.
    pub hardware: String,
    /// The whole configuration, to tell whether a continued run has the same.
    pub config: Json,
}

/// A space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpaceInfo {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence or two.
    pub about: String,
    /// Number of distinct rollouts, as digits; `None` where it cannot be counted.
    pub size: Option<String>,
    /// Its text (TOML), from which it can be built; `None` for one that is made in Rust.
    pub text: Option<String>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionInfo {
    /// Path, such as `stage1.block0.kernel`.
    pub path: String,
    /// Its choices in words, in order.
    pub choices: Vec<String>,
    /// Whether the choices are numbers, in ascending order of meaning.
    pub ordered: bool,
}

/// A stage of the evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageInfo {
    /// Its name.
    pub name: String,
    /// Its metrics.
    pub metrics: Vec<Metric>,
}

/// A time in which a run was worked on: from its begin or its continuation until it ended or was
/// killed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// When it began, seconds since 1970.
    pub started_unix_s: u64,
    /// Version of the program.
    pub code_version: String,
    /// The command, for reading.
    pub command: String,
    /// The configuration; another one than the run's own where that was forced.
    pub config: Json,
    /// Trials that there were before it.
    pub trials_before: usize,
}

impl SpaceInfo {
    /// Of a space, with its text where it has one.
    #[must_use]
    pub fn new(space: &dyn Space, text: Option<&str>) -> Self {
        Self {
            name: space.name().to_owned(),
            about: space.about().to_owned(),
            size: space.decisions().size().ok().map(|size| size.to_string()),
            text: text.map(str::to_owned),
        }
    }
}

impl DecisionInfo {
    /// All decisions of a space.
    #[must_use]
    pub fn all(decisions: &Decisions) -> Vec<Self> {
        let one = |decision: &pimnas_search::Decision| Self {
            path: decision.path.clone(),
            choices: decision.choices.iter().map(Value::to_string).collect(),
            ordered: decision.is_ordered(),
        };
        decisions.list().iter().map(one).collect()
    }

    /// The value of a choice: a number, or a word.
    #[must_use]
    pub fn value(&self, choice: usize) -> Option<Json> {
        let word = self.choices.get(choice)?;
        let number = word.parse::<i64>().ok().filter(|_| self.ordered);
        Some(number.map_or_else(|| word.as_str().into(), Json::from))
    }
}

impl StageInfo {
    /// All stages of an evaluator.
    #[must_use]
    pub fn all(stages: &[Stage]) -> Vec<Self> {
        let one = |stage: &Stage| Self { name: stage.name.clone(), metrics: stage.metrics.clone() };
        stages.iter().map(one).collect()
    }
}

impl RunInfo {
    /// Metrics of all stages, in the order of the trials' figures.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        self.stages.iter().flat_map(|stage| stage.metrics.iter().cloned()).collect()
    }
}
