//! Regularised evolution (Real et al., AAAI 2019): the oldest dies, whatever it is worth.

use serde_json::Value as Json;

use super::select::{since, tournament};
use super::{Controller, StateError, read, written};
use crate::rollout::{Mutation, VaryError};
use crate::search::{Batch, Lineage, Proposal, View};
use crate::streams::{Purpose, Stream};

/// What is done with a child that was a trial before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// Another one is made.
    #[default]
    Avoid,
    /// It is evaluated again and counts, as in the published algorithm.
    Evaluate,
}

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evolution {
    /// Youngest trials that can be parents; as many are drawn at random first.
    pub population: usize,
    /// Trials drawn from them, with replacement; the best is the parent.
    pub sample: usize,
    /// What is done with repeats.
    pub repeats: Repeats,
}

impl Default for Evolution {
    fn default() -> Self {
        Self { population: 50, sample: 10, repeats: Repeats::Avoid }
    }
}

/// Regularised evolution: the best of a sample of the youngest trials is changed in one decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegularisedEvolution(pub Evolution);

impl Controller for RegularisedEvolution {
    fn name(&self) -> &'static str {
        match self.0.repeats {
            Repeats::Avoid => "regularised-evolution",
            Repeats::Evaluate => "regularised-evolution-repeats",
        }
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
            let child = |stream: &mut Stream| {
                let parent = tournament(view, &alive, self.0.sample, stream);
                let parent = parent.and_then(|id| Some((id, view.rollout(id)?)));
                let (id, rollout) = parent.ok_or(VaryError::NothingToChange)?;
                let child = view.decisions().mutate(rollout, Mutation::default(), stream)?;
                Ok((child, Lineage::Mutated(id)))
            };
            match self.0.repeats {
                Repeats::Avoid => batch.offer(child)?,
                Repeats::Evaluate => {
                    let (rollout, lineage) = child(&mut batch.stream(Purpose::Propose))?;
                    batch.repeat(rollout, lineage);
                }
            }
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
