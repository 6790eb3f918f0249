//! Regularised evolution (Real et al., AAAI 2019): the oldest dies, whatever it is worth.

use serde_json::Value as Json;

use super::select::{since, tournament};
use super::{Controller, StateError, read, written};
use crate::rollout::{Mutation, VaryError};
use crate::search::{Batch, Lineage, Proposal, View};

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evolution {
    /// Youngest trials that can be parents; as many are drawn at random first.
    pub population: usize,
    /// Trials drawn from them, with replacement; the best is the parent.
    pub sample: usize,
}

impl Default for Evolution {
    fn default() -> Self {
        Self { population: 50, sample: 10 }
    }
}

/// Regularised evolution: the best of a sample of the youngest trials is changed in one decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegularisedEvolution(pub Evolution);

impl Controller for RegularisedEvolution {
    fn name(&self) -> &'static str {
        "regularised-evolution"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let done = view.history.trials().len();
        let alive = since(view, done.saturating_sub(self.0.population));
        let mut batch = Batch::new(*view, count);
        while !batch.is_closed() {
            if batch.next().index() < self.0.population || alive.is_empty() {
                batch.draw()?;
                continue;
            }
            batch.offer(|stream| {
                let parent = tournament(view, &alive, self.0.sample, stream);
                let parent = parent.and_then(|id| Some((id, view.rollout(id)?)));
                let (id, rollout) = parent.ok_or(VaryError::NothingToChange)?;
                let child = view.decisions().mutate(rollout, Mutation::default(), stream)?;
                Ok((child, Lineage::Mutated(id)))
            })?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, _view: &View<'_>, _first: usize) {}

    fn state(&self) -> Json {
        written(&())
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        read(state)
    }
}
