//! Trials.

use serde::{Deserialize, Serialize};

/// A trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number.
    pub id: u64,
    /// Position of the choice of every decision; `None` where it is inactive.
    pub choices: Vec<Option<u16>>,
    /// Value of every metric; `None` where it is not known.
    pub metrics: Vec<Option<f64>>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in words; empty for none.
    #[serde(default)]
    pub reason: String,
    /// Stages of the cascade that ran to their end.
    pub stages: usize,
}

/// What came of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every stage ran.
    Complete,
    /// A constraint is broken.
    Infeasible,
    /// Dominated, whatever later stages would have given.
    Dominated,
    /// Dominated, if a predictor is right.
    Predicted,
    /// Behind the better ones of its batch.
    Outclassed,
    /// No such network or hardware, or it cannot be evaluated.
    Rejected,
}

impl Outcome {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Infeasible => "breaks a constraint",
            Self::Dominated => "dominated even at its best",
            Self::Predicted => "predicted to be dominated",
            Self::Outclassed => "behind the better ones of its batch",
            Self::Rejected => "impossible",
        }
    }
}

impl Trial {
    /// The value of a metric, where it is known and finite.
    #[must_use]
    pub fn metric(&self, index: usize) -> Option<f64> {
        self.metrics.get(index).copied().flatten().filter(|value| value.is_finite())
    }

    /// Position of the choice of a decision; `None` where it is inactive.
    #[must_use]
    pub fn choice(&self, decision: usize) -> Option<usize> {
        self.choices.get(decision).copied().flatten().map(usize::from)
    }

    /// Position of the stage that stopped it.
    #[must_use]
    pub fn ended_at(&self) -> Option<usize> {
        match self.outcome {
            Outcome::Complete => None,
            // The stage that refused it did not run to its end.
            Outcome::Rejected => Some(self.stages),
            Outcome::Infeasible | Outcome::Dominated | Outcome::Predicted | Outcome::Outclassed => {
                self.stages.checked_sub(1)
            }
        }
    }
}
