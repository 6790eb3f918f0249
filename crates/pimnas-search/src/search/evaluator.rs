//! What the search knows of evaluation.

use super::goals::Metric;
use super::trial::TrialId;
use crate::rollout::Rollout;
use crate::space::Rejection;
use crate::streams::{Purpose, Stream, Streams};

/// A stage of an evaluation, cheap ones first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its name, for reports.
    pub name: String,
    /// The metrics that it adds.
    pub metrics: Vec<Metric>,
}

/// A trial's part in an evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Request<'t> {
    /// Which trial.
    pub id: TrialId,
    /// What to evaluate.
    pub rollout: &'t Rollout,
    /// Figures of the stages before, in their order; `None` for what they could not say.
    pub known: &'t [Option<f64>],
    streams: Streams,
}

impl<'t> Request<'t> {
    /// The part of a trial in a run with those streams.
    #[must_use]
    pub fn new(
        (id, rollout): (TrialId, &'t Rollout),
        known: &'t [Option<f64>],
        streams: Streams,
    ) -> Self {
        Self { id, rollout, known, streams }
    }

    /// The trial's own random numbers, from their start: the same on every call.
    #[must_use]
    pub fn stream(&self) -> Stream {
        self.streams.stream(self.id.0, Purpose::Evaluate)
    }
}

/// Evaluates rollouts. This is all that the search knows of networks, hardware and data.
///
/// Evaluations run on many threads. A result follows from the rollout and the trial's random
/// numbers alone.
pub trait Evaluator: Sync {
    /// The stages, in order; one or more. Each has metrics.
    fn stages(&self) -> &[Stage];

    /// Runs a stage, by its position: the values of its metrics, in their order; `None` for a
    /// metric that this candidate has not.
    ///
    /// # Errors
    /// Every reason why there is no such network or hardware, or why it cannot be evaluated.
    fn run(&self, stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection>;
}

/// Metrics of all stages, in order.
#[must_use]
pub fn metrics(evaluator: &dyn Evaluator) -> Vec<Metric> {
    evaluator.stages().iter().flat_map(|stage| stage.metrics.iter().cloned()).collect()
}
