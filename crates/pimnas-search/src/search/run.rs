//! The run loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;

use super::budget::{Budget, StopReason};
use super::evaluator::Evaluator;
use super::goals::Goals;
use super::history::History;
use super::measure::Measure;
use super::progress::{Progress, Reference};
use super::trial::{Proposal, TrialId};
use super::view::View;
use crate::controllers::Controller;
use crate::rollout::{Rollout, VaryError};
use crate::space::Space;
use crate::streams::Streams;

/// What is called after each iteration.
type Hook<'s> = Box<dyn FnMut(&Progress<'_>) + Send + 's>;

/// A space that somebody else holds, or that searches share.
#[derive(Clone)]
pub(super) enum SpaceHandle<'s> {
    Borrowed(&'s dyn Space),
    Shared(Arc<dyn Space>),
}

impl<'s> SpaceHandle<'s> {
    pub(super) fn get(&self) -> &(dyn Space + 's) {
        match self {
            Self::Borrowed(space) => *space,
            Self::Shared(space) => space.as_ref(),
        }
    }
}

/// Why a search cannot go on.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SearchError {
    /// No rollout can be drawn.
    #[error("no rollout comes out of the space: {0}")]
    Vary(#[from] VaryError),
    /// The evaluator gives other figures than the goals are for.
    #[error("stage `{stage}` gave {given} figures and has {expected} metrics")]
    Figures {
        /// Name of the stage.
        stage: String,
        /// Figures.
        given: usize,
        /// Metrics.
        expected: usize,
    },
}

impl SearchError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Vary(error) => error.hint(),
            Self::Figures { .. } => "correct the evaluator",
        }
    }
}

/// A search: a value that is stepped, watched, stopped, written down and continued.
pub struct Search<'s> {
    pub(super) space: SpaceHandle<'s>,
    pub(super) goals: Goals,
    pub(super) controller: Box<dyn Controller + 's>,
    pub(super) budget: Budget,
    pub(super) streams: Streams,
    pub(super) seed: u64,
    pub(super) batch: usize,
    pub(super) history: History,
    pub(super) reference: Reference,
    pub(super) iteration: usize,
    pub(super) start: Vec<Rollout>,
    hooks: Vec<Hook<'s>>,
    interrupt: Option<&'s AtomicBool>,
}

impl<'s> Search<'s> {
    /// A search with seed 0 and batches of 1.
    #[must_use]
    pub fn new(
        space: &'s dyn Space,
        goals: Goals,
        controller: Box<dyn Controller + 's>,
        budget: Budget,
    ) -> Self {
        Self::of(SpaceHandle::Borrowed(space), goals, controller, budget)
    }

    /// The same over a space that the search holds itself, so that nothing has to outlive it.
    #[must_use]
    pub fn shared(
        space: Arc<dyn Space>,
        goals: Goals,
        controller: Box<dyn Controller + 's>,
        budget: Budget,
    ) -> Self {
        Self::of(SpaceHandle::Shared(space), goals, controller, budget)
    }

    fn of(
        space: SpaceHandle<'s>,
        goals: Goals,
        controller: Box<dyn Controller + 's>,
        budget: Budget,
    ) -> Self {
        Self {
            space,
            goals,
            controller,
            budget,
            streams: Streams::new(0),
            seed: 0,
            batch: 1,
            history: History::default(),
            reference: Reference::default(),
            iteration: 0,
            start: Vec::new(),
            hooks: Vec::new(),
            interrupt: None,
        }
    }

    /// With that seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.streams = Streams::new(seed);
        self
    }

    /// With batches of that many trials, which are evaluated at once; at least 1. Results depend
    /// on it, as a controller learns from whole batches, and not on the number of threads.
    #[must_use]
    pub fn with_batch(mut self, batch: usize) -> Self {
        self.batch = batch.max(1);
        self
    }

    /// Beginning with these rollouts, for instance the edges of the space: a controller that draws its
    /// first trials at random takes them first. A search that is continued is to be given the same.
    #[must_use]
    pub fn with_start(mut self, start: Vec<Rollout>) -> Self {
        self.start = start;
        self
    }

    /// With that reference point of the hypervolume, one value an objective in its own unit;
    /// without it, the worst of the first trials that keep the constraints.
    #[must_use]
    pub fn with_reference(mut self, reference: &[f64]) -> Self {
        let objectives = self.goals.objectives().zip(reference);
        let point = objectives.map(|((_, direction), value)| direction.minimised(*value)).collect();
        self.reference = Reference::fixed(point);
        self
    }

    /// Calls this after each iteration.
    #[must_use]
    pub fn with_hook(mut self, hook: impl FnMut(&Progress<'_>) + Send + 's) -> Self {
        self.hooks.push(Box::new(hook));
        self
    }

    /// Ends, after the running batch, as soon as this is true.
    #[must_use]
    pub fn with_interrupt(mut self, interrupt: &'s AtomicBool) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// What is known so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What is searched for.
    #[must_use]
    pub fn goals(&self) -> &Goals {
        &self.goals
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> &(dyn Space + 's) {
        self.space.get()
    }

    /// The controller.
    #[must_use]
    pub fn controller(&self) -> &dyn Controller {
        self.controller.as_ref()
    }

    /// How well the controller predicts trials that its models have not seen
    /// ([`Controller::agreement`]).
    #[must_use]
    pub fn agreement(&self) -> Option<Vec<f64>> {
        let view = View {
            space: self.space.get(),
            goals: &self.goals,
            history: &self.history,
            streams: self.streams,
            horizon: self.budget.evaluations,
            start: &self.start,
        };
        self.controller.agreement(&view)
    }

    /// Steps until it ends. The clock gives the time since the run began, all its parts together.
    ///
    /// # Errors
    /// A space without rollouts; an evaluator that does not fit.
    pub fn run(
        &mut self,
        evaluator: &dyn Evaluator,
        clock: &(dyn Fn() -> Duration + Sync),
    ) -> Result<StopReason, SearchError> {
        loop {
            if let Some(reason) = self.step(evaluator, clock())? {
                return Ok(reason);
            }
        }
    }

    /// One iteration: asks for a batch, evaluates it on the threads of the surrounding pool, and
    /// tells the controller; `Some` where the search had ended before it.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn step(
        &mut self,
        evaluator: &dyn Evaluator,
        elapsed: Duration,
    ) -> Result<Option<StopReason>, SearchError> {
        if let Some(reason) = self.ended(elapsed) {
            return Ok(Some(reason));
        }
        let left = self.budget.evaluations - self.history.trials().len();
        let proposals = self.propose(self.batch.min(left))?;
        if proposals.is_empty() {
            return Ok(Some(StopReason::Exhausted));
        }
        let first = self.history.trials().len();
        evaluator.learn(&self.goals, &self.history);
        let measure = Measure {
            evaluator,
            goals: &self.goals,
            history: &self.history,
            streams: self.streams,
            seed: self.seed,
        };
        let trials = measure.batch(TrialId(first as u64), proposals)?;
        for trial in trials {
            self.history.push(trial, &self.goals);
        }
        self.learn(first);
        let progress = Progress::new((self.iteration, elapsed), &self.history, &self.reference);
        self.hooks.iter_mut().for_each(|hook| hook(&progress));
        Ok(None)
    }

    /// What the controller proposes next, at most that many.
    pub(super) fn propose(&mut self, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let view = View {
            space: self.space.get(),
            goals: &self.goals,
            history: &self.history,
            streams: self.streams,
            horizon: self.budget.evaluations,
            start: &self.start,
        };
        self.controller.ask(&view, count)
    }

    /// Ends an iteration whose trials, from that position on, are in the history.
    pub(super) fn learn(&mut self, first: usize) {
        let view = View {
            space: self.space.get(),
            goals: &self.goals,
            history: &self.history,
            streams: self.streams,
            horizon: self.budget.evaluations,
            start: &self.start,
        };
        self.controller.tell(&view, first);
        self.iteration += 1;
        self.reference.update(&self.history, self.budget.stagnation);
    }

    /// State after the last iteration; the time is that which is handed in.
    #[must_use]
    pub fn progress(&self, elapsed: Duration) -> Progress<'_> {
        Progress::new((self.iteration, elapsed), &self.history, &self.reference)
    }

    fn ended(&self, elapsed: Duration) -> Option<StopReason> {
        let done = self.history.trials().len();
        let interrupted = self.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed));
        let stagnates = self.budget.stagnation.is_some_and(|stagnation| {
            self.reference.since_progress(done) >= stagnation.evaluations
        });
        if interrupted {
            Some(StopReason::Interrupted)
        } else if done >= self.budget.evaluations {
            Some(StopReason::Evaluations)
        } else if self.budget.time.is_some_and(|time| elapsed >= time) {
            Some(StopReason::WallTime)
        } else if stagnates {
            Some(StopReason::Stagnation)
        } else {
            None
        }
    }
}
