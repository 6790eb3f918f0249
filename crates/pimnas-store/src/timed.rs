//! Time that stages take.

use std::sync::Mutex;
use std::time::Duration;

use pimnas_search::search::{Evaluator, Goals, History, Request, Stage, TrialId};
use pimnas_search::{Rejection, Rollout};

/// Time that a stage took on a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The trial.
    pub trial: TrialId,
    /// Position of the stage.
    pub stage: usize,
    /// The time, on one thread.
    pub time: Duration,
}

/// An evaluator that notes how long each stage took, by a clock that is handed in.
pub struct Timed<'t> {
    inner: &'t dyn Evaluator,
    clock: &'t (dyn Fn() -> Duration + Sync),
    spent: Mutex<Vec<Spent>>,
}

impl<'t> Timed<'t> {
    /// Around an evaluator.
    #[must_use]
    pub fn new(inner: &'t dyn Evaluator, clock: &'t (dyn Fn() -> Duration + Sync)) -> Self {
        Self { inner, clock, spent: Mutex::new(Vec::new()) }
    }

    /// What was noted since the last call, in no order.
    #[must_use]
    pub fn take(&self) -> Vec<Spent> {
        std::mem::take(&mut *self.spent.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Evaluator for Timed<'_> {
    fn stages(&self) -> &[Stage] {
        self.inner.stages()
    }

    fn run(&self, stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let (trial, start) = (request.id, (self.clock)());
        let found = self.inner.run(stage, request);
        let time = (self.clock)().saturating_sub(start);
        let mut spent = self.spent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        spent.push(Spent { trial, stage, time });
        found
    }

    fn predicted_best(&self, goals: &Goals, known: (&Rollout, &[Option<f64>])) -> Option<Vec<f64>> {
        self.inner.predicted_best(goals, known)
    }

    fn learn(&self, goals: &Goals, history: &History) {
        self.inner.learn(goals, history);
    }
}
