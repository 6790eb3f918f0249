//! What a controller sees, and the batch that it fills.

use std::collections::HashSet;

use super::goals::Goals;
use super::history::History;
use super::trial::{Lineage, Merit, Proposal, TrialId};
use crate::decisions::Decisions;
use crate::rollout::{Rollout, VaryError};
use crate::space::Space;
use crate::streams::{Purpose, Stream, Streams};

/// Draws of a controller for one proposal before a rollout is drawn at random instead, and of
/// each kind of random drawing before the rest of the space is listed.
const TRIES: usize = 64;
/// Largest space whose rest is listed to find what was no trial yet.
const LISTED: u32 = 4_000_000;

/// What a controller sees of a run.
#[derive(Clone, Copy)]
pub struct View<'v> {
    /// The space.
    pub space: &'v dyn Space,
    /// What is searched for.
    pub goals: &'v Goals,
    /// What is known.
    pub history: &'v History,
    /// The run's random numbers.
    pub streams: Streams,
    /// Trials of the whole budget, for schedules.
    pub horizon: usize,
    /// Rollouts to begin with.
    pub start: &'v [Rollout],
}

impl<'v> View<'v> {
    /// The decisions of the space.
    #[must_use]
    pub fn decisions(&self) -> &'v Decisions {
        self.space.decisions()
    }

    /// How good a trial is.
    #[must_use]
    pub fn merit(&self, id: TrialId) -> &'v Merit {
        self.history.merit(id)
    }

    /// The rollout of a trial.
    #[must_use]
    pub fn rollout(&self, id: TrialId) -> Option<&'v Rollout> {
        self.history.trials().get(id.index()).map(|trial| &trial.rollout)
    }
}

/// Proposals for the next trials, each new to the run.
pub struct Batch<'v> {
    view: View<'v>,
    size: usize,
    proposals: Vec<Proposal>,
    taken: HashSet<Rollout>,
    exhausted: bool,
}

impl<'v> Batch<'v> {
    /// An empty batch for that many proposals.
    #[must_use]
    pub fn new(view: View<'v>, size: usize) -> Self {
        Self { view, size, proposals: Vec::new(), taken: HashSet::new(), exhausted: false }
    }

    /// Whether nothing more can be added: it is full, or the space has nothing left.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.exhausted || self.proposals.len() >= self.size
    }

    /// Number of the trial that the next proposal becomes.
    #[must_use]
    pub fn next(&self) -> TrialId {
        TrialId((self.view.history.trials().len() + self.proposals.len()) as u64)
    }

    /// The random numbers of that trial for a purpose.
    #[must_use]
    pub fn stream(&self, purpose: Purpose) -> Stream {
        self.view.streams.stream(self.next().0, purpose)
    }

    /// Room that is left.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.exhausted { 0 } else { self.size.saturating_sub(self.proposals.len()) }
    }

    /// Adds a proposal whether it is new or not; it is evaluated again.
    pub fn repeat(&mut self, rollout: Rollout, lineage: Lineage) {
        if !self.is_closed() {
            self.proposals.push(Proposal { rollout, lineage });
        }
    }

    /// Whether a rollout is new to the run and to the batch.
    #[must_use]
    pub fn is_new(&self, rollout: &Rollout) -> bool {
        !self.view.history.contains(rollout) && !self.taken.contains(rollout)
    }

    /// Adds a proposal if it is new and there is room; gives whether it was added.
    pub fn add(&mut self, rollout: Rollout, lineage: Lineage) -> bool {
        if self.is_closed() || !self.is_new(&rollout) {
            return false;
        }
        self.taken.insert(rollout.clone());
        self.proposals.push(Proposal { rollout, lineage });
        true
    }

    /// Adds what `make` draws from the trial's stream, as soon as that is new; after some tries,
    /// a rollout drawn at random.
    ///
    /// # Errors
    /// Requirements that nothing drawn satisfies.
    pub fn offer(
        &mut self,
        mut make: impl FnMut(&mut Stream) -> Result<(Rollout, Lineage), VaryError>,
    ) -> Result<(), VaryError> {
        let mut stream = self.stream(Purpose::Propose);
        for _ in 0..TRIES {
            match make(&mut stream) {
                Ok((rollout, lineage)) => {
                    if self.is_closed() || self.add(rollout, lineage) {
                        return Ok(());
                    }
                }
                // A rollout without another choice has no neighbour; others may be left.
                Err(VaryError::NothingToChange) => break,
                Err(error) => return Err(error),
            }
        }
        self.draw()
    }

    /// Adds a rollout drawn at random; where that finds nothing new, one of the rest. The first trials
    /// are those that the search begins with, if any.
    ///
    /// # Errors
    /// Requirements that nothing drawn satisfies.
    pub fn draw(&mut self) -> Result<(), VaryError> {
        let given = self.view.start.get(self.next().index());
        if given.is_some_and(|rollout| self.add(rollout.clone(), Lineage::Given)) {
            return Ok(());
        }
        let decisions = self.view.decisions();
        let mut stream = self.stream(Purpose::Sample);
        for _ in 0..TRIES {
            match decisions.sample(&mut stream) {
                Ok(rollout) if self.is_closed() || self.add(rollout.clone(), Lineage::Drawn) => {
                    return Ok(());
                }
                Ok(_) => {}
                // Rare ones are found by counting, below.
                Err(VaryError::OutOfReach) => break,
                Err(error) => return Err(error),
            }
        }
        let Ok(size) = decisions.size() else { return Err(VaryError::OutOfReach) };
        for _ in 0..TRIES {
            match decisions.sample_distinct(&mut stream) {
                Ok(rollout) if self.add(rollout.clone(), Lineage::Drawn) => return Ok(()),
                Ok(_) => {}
                Err(VaryError::Empty) => break,
                Err(error) => return Err(error),
            }
        }
        let rest: Vec<Rollout> = if size <= LISTED.into() {
            decisions.rollouts()?.filter(|rollout| self.is_new(rollout)).collect()
        } else {
            Vec::new()
        };
        let chosen = rest.get(stream.below(rest.len())).cloned();
        let added = chosen.is_some_and(|rollout| self.add(rollout, Lineage::Drawn));
        self.exhausted = !added;
        Ok(())
    }

    /// The proposals.
    #[must_use]
    pub fn into_proposals(self) -> Vec<Proposal> {
        self.proposals
    }
}
