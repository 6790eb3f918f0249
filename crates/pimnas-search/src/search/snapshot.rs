//! A search in writing, and its continuation.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use thiserror::Error;

use super::progress::Reference;
use super::run::Search;
use super::trial::Trial;
use crate::controllers::StateError;

/// Version of the written form.
const VERSION: u32 = 1;

/// All of a search between two iterations, but for its trials and its set-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    space: String,
    seed: u64,
    batch: usize,
    controller: String,
    trials: usize,
    iteration: usize,
    reference: Reference,
    state: Json,
}

impl Snapshot {
    /// Number of trials that it stands after; those beyond are not part of it.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.trials
    }
}

/// Why a search cannot be continued.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ResumeError {
    /// The set-up differs.
    #[error("{what} was {before} and is {now}")]
    Changed {
        /// What differs.
        what: &'static str,
        /// In the snapshot.
        before: String,
        /// In this search.
        now: String,
    },
    /// The controller does not take its state.
    #[error("the controller's state: {0}")]
    State(#[from] StateError),
    /// A trial that is not of this space or out of place.
    #[error("trial {0} does not belong to this search")]
    Trial(usize),
}

impl ResumeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "continue with the set-up that it was begun with",
            Self::State(_) | Self::Trial(_) => "begin anew; the record of the run is damaged",
        }
    }
}

impl Search<'_> {
    /// The search after its last iteration.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            version: VERSION,
            space: self.space.get().name().to_owned(),
            seed: self.seed,
            batch: self.batch,
            controller: self.controller.name().to_owned(),
            trials: self.history.trials().len(),
            iteration: self.iteration,
            reference: self.reference.clone(),
            state: self.controller.state(),
        }
    }

    /// Continues where a snapshot was taken: the same set-up, the trials until then. What
    /// follows is what the uninterrupted search gives.
    ///
    /// # Errors
    /// Another set-up; trials or a state that do not belong to it.
    pub fn resume(mut self, snapshot: Snapshot, trials: Vec<Trial>) -> Result<Self, ResumeError> {
        let pairs = [
            ("the version", snapshot.version.to_string(), VERSION.to_string()),
            ("the space", snapshot.space, self.space.get().name().to_owned()),
            ("the seed", snapshot.seed.to_string(), self.seed.to_string()),
            ("the batch size", snapshot.batch.to_string(), self.batch.to_string()),
            ("the controller", snapshot.controller, self.controller.name().to_owned()),
            ("the number of trials", snapshot.trials.to_string(), trials.len().to_string()),
        ];
        for (what, before, now) in pairs {
            if before != now {
                return Err(ResumeError::Changed { what, before, now });
            }
        }
        self.take(trials)?;
        self.controller.restore(&snapshot.state)?;
        self.iteration = snapshot.iteration;
        self.reference = snapshot.reference;
        Ok(self)
    }

    /// Continues with the trials of a search whose controller, batch size, objectives, constraints
    /// or budget were others. A controller of the same name takes its state; another one begins
    /// with what the trials tell.
    ///
    /// # Errors
    /// Another space, seed or version; trials or a state that do not belong to it.
    pub fn resume_changed(
        self,
        snapshot: Snapshot,
        trials: Vec<Trial>,
    ) -> Result<Self, ResumeError> {
        let name = self.controller.name();
        let state =
            if snapshot.controller == name { snapshot.state } else { self.controller.state() };
        let controller = name.to_owned();
        let changed = Snapshot { batch: self.batch, controller, state, ..snapshot };
        self.resume(changed, trials).map(Self::without_reference)
    }

    /// The point of the hypervolume may be one of other objectives.
    fn without_reference(mut self) -> Self {
        self.reference = Reference::default();
        self.reference.update(&self.history, self.budget.stagnation);
        self
    }

    fn take(&mut self, trials: Vec<Trial>) -> Result<(), ResumeError> {
        for (index, trial) in trials.into_iter().enumerate() {
            if !self.owns(index, &trial) {
                return Err(ResumeError::Trial(index));
            }
            self.history.push(trial, &self.goals);
        }
        Ok(())
    }

    fn owns(&self, index: usize, trial: &Trial) -> bool {
        trial.id.index() == index
            && trial.seed == self.seed
            && trial.figures.len() == self.goals.metrics().len()
            && self.space.get().decisions().owns(&trial.rollout)
    }
}
