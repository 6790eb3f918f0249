//! What the genetic algorithms share: generations, parents and children.

use serde::{Deserialize, Serialize};

use super::select::{Standing, standings};
use crate::rollout::{Crossing, Mutation, VaryError};
use crate::search::{Batch, Lineage, TrialId, View};
use crate::streams::Stream;

/// Settings of NSGA-II and NSGA-III.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Genetic {
    /// Parents; as many children make a generation.
    pub population: usize,
    /// Probability that a child is mixed from two parents before it is changed.
    pub crossover: f64,
    /// Decisions that are changed on average; at least one in a child of one parent.
    pub changes: f64,
}

impl Default for Genetic {
    fn default() -> Self {
        Self { population: 40, crossover: 0.9, changes: 1.0 }
    }
}

/// Parents, and the children of the running generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Generation {
    pub(super) parents: Vec<TrialId>,
    pub(super) children: Vec<TrialId>,
}

impl Generation {
    /// Takes new trials; gives all of a generation as soon as it is whole.
    pub(super) fn take(&mut self, told: &[TrialId], size: usize) -> Option<Vec<TrialId>> {
        self.children.extend(told);
        if self.children.len() < size {
            return None;
        }
        let mut all = std::mem::take(&mut self.parents);
        all.append(&mut self.children);
        Some(all)
    }
}

/// Fills a batch with children of these parents, or with rollouts drawn at random where there
/// are none yet. Parents win a tournament of two by their standing.
pub(super) fn breed(
    view: &View<'_>,
    parents: &[TrialId],
    settings: Genetic,
    batch: &mut Batch<'_>,
) -> Result<(), VaryError> {
    let standings = standings(view, parents);
    while !batch.is_closed() {
        if parents.is_empty() {
            batch.draw()?;
        } else {
            batch.offer(|stream| child(view, (parents, &standings), settings, stream))?;
        }
    }
    Ok(())
}

fn child(
    view: &View<'_>,
    (parents, standings): (&[TrialId], &[Standing]),
    settings: Genetic,
    stream: &mut Stream,
) -> Result<(crate::Rollout, Lineage), VaryError> {
    let mut parent = || {
        let (one, other) = (stream.below(parents.len()), stream.below(parents.len()));
        let better = if standings[other].compare(&standings[one]).is_lt() { other } else { one };
        parents[better]
    };
    let (one, other) = (parent(), parent());
    let (Some(first), Some(second)) = (view.rollout(one), view.rollout(other)) else {
        return Err(VaryError::NothingToChange);
    };
    let decisions = view.decisions();
    let mixed = one != other && stream.unit() < settings.crossover;
    let (rollout, lineage) = if mixed {
        let rollout = decisions.cross((first, second), Crossing::Uniform, stream)?;
        (rollout, Lineage::Crossed(one, other))
    } else {
        (first.clone(), Lineage::Mutated(one))
    };
    let active = rollout.active().count().max(1);
    let share = settings.changes / active as f64;
    let changes = (0..active).filter(|_| stream.unit() < share).count();
    let changes = if mixed { changes } else { changes.max(1) };
    if changes == 0 {
        return Ok((rollout, lineage));
    }
    let changed = decisions.mutate(&rollout, Mutation { changes, weights: None }, stream)?;
    Ok((changed, lineage))
}
