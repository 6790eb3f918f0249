//! Rollouts: assignments of decisions, and what is done with them.

mod genotype;
mod vary;

pub use genotype::{Genotype, GenotypeError, GenotypeHash, GenotypeProblem};
pub use vary::{Crossing, Mutation, VaryError};

use serde::{Deserialize, Serialize};

use crate::decisions::Value;

/// A canonical assignment: the position of the choice of every active decision, nothing for the
/// others. Equal rollouts mean the same; it belongs to the decisions that it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rollout {
    choices: Box<[Option<u16>]>,
}

impl Rollout {
    pub(crate) fn new(choices: Vec<Option<u16>>) -> Self {
        Self { choices: choices.into() }
    }

    /// From positions that a rollout had, as [`Self::choices`] gives them. That they are those of
    /// a rollout of some decisions is for [`Decisions::owns`](crate::Decisions::owns) to tell.
    #[must_use]
    pub fn from_choices(choices: Vec<Option<u16>>) -> Self {
        Self::new(choices)
    }

    /// Position of the choice of a decision; `None` where it is inactive.
    #[must_use]
    pub fn choice(&self, decision: usize) -> Option<usize> {
        self.choices.get(decision).copied().flatten().map(usize::from)
    }

    /// Position of the choice of every decision; `None` where it is inactive.
    #[must_use]
    pub fn choices(&self) -> &[Option<u16>] {
        &self.choices
    }

    /// Positions of the active decisions.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        (0..).zip(&self.choices).filter(|(_, choice)| choice.is_some()).map(|(index, _)| index)
    }
}

/// A rollout with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The rollout.
    pub rollout: Rollout,
    /// Values of decisions, then of derived values.
    pub(crate) values: Vec<Value>,
    /// Positions of the requirements that it violates.
    pub(crate) unmet: Vec<usize>,
}

impl Assignment {
    /// Whether it satisfies every requirement.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.unmet.is_empty()
    }

    /// The value of a decision or, behind them, of a derived value, by its position.
    #[must_use]
    pub fn value(&self, position: usize) -> Option<&Value> {
        self.values.get(position)
    }
}
