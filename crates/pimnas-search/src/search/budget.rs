//! When a search ends.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// No progress for that many evaluations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stagnation {
    /// Evaluations in a row.
    pub evaluations: usize,
    /// Growth of the hypervolume, as a share of it, that counts as progress.
    pub growth: f64,
}

/// What a search may spend; the first limit that is reached ends it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Trials at most.
    pub evaluations: usize,
    /// Time by the clock that is handed in.
    pub time: Option<Duration>,
    /// Lack of progress.
    pub stagnation: Option<Stagnation>,
}

impl Budget {
    /// A number of trials, and nothing else.
    #[must_use]
    pub fn evaluations(evaluations: usize) -> Self {
        Self { evaluations, time: None, stagnation: None }
    }
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All trials of the budget are done.
    Evaluations,
    /// The time is over.
    WallTime,
    /// The hypervolume stopped growing.
    Stagnation,
    /// No rollout is left that was not a trial.
    Exhausted,
    /// Somebody asked it to.
    Interrupted,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Evaluations => "all evaluations of the budget are done",
            Self::WallTime => "the time is over",
            Self::Stagnation => "the hypervolume stopped growing",
            Self::Exhausted => "no new rollout is left in the space",
            Self::Interrupted => "interrupted",
        })
    }
}
