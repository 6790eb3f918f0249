//! What the search knows of evaluation.

use std::any::Any;

use super::goals::Goals;
use super::history::History;
use super::metric::Metric;
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
    /// For a stage of successive halving, who goes on; `None` where all do.
    pub rung: Option<Rung>,
}

/// A rung of successive halving (Jamieson and Talwalkar, 2016): of the candidates of a batch that
/// came this far, the better ones go on; the others end as outclassed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// One in that many goes on, rounded up; 2 halves.
    pub one_in: usize,
    /// Metrics of this stage, by name, and the metrics of later stages that they stand for in the
    /// comparison.
    pub stands_for: Vec<(String, String)>,
}

impl Stage {
    /// A stage after which all go on.
    #[must_use]
    pub fn new(name: &str, metrics: Vec<Metric>) -> Self {
        Self { name: name.to_owned(), metrics, rung: None }
    }

    /// With a rung behind it.
    #[must_use]
    pub fn with_rung(mut self, rung: Rung) -> Self {
        self.rung = Some(rung);
        self
    }
}

/// What an evaluator keeps of a trial from one stage to the next, such as its decoded network.
/// It ends with the trial.
#[derive(Debug, Default)]
pub struct Scratch(Option<Box<dyn Any + Send>>);

impl Scratch {
    /// What was kept, if it is of that type; it is not kept any more.
    #[must_use]
    pub fn take<T: Any + Send>(&mut self) -> Option<Box<T>> {
        self.0.take().and_then(|kept| kept.downcast::<T>().ok())
    }

    /// Keeps it.
    pub fn put<T: Any + Send>(&mut self, kept: Box<T>) {
        self.0 = Some(kept);
    }
}

/// A trial's part in an evaluation.
#[derive(Debug)]
pub struct Request<'t> {
    /// Which trial.
    pub id: TrialId,
    /// What to evaluate.
    pub rollout: &'t Rollout,
    /// Figures of the stages before, in their order; `None` for what they could not say.
    pub known: &'t [Option<f64>],
    /// What the evaluator keeps between stages.
    pub scratch: &'t mut Scratch,
    streams: Streams,
}

impl<'t> Request<'t> {
    /// The part of a trial in a run with those streams.
    #[must_use]
    pub fn new(
        (id, rollout): (TrialId, &'t Rollout),
        (known, scratch): (&'t [Option<f64>], &'t mut Scratch),
        streams: Streams,
    ) -> Self {
        Self { id, rollout, known, scratch, streams }
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

    /// The best point that is predicted for a rollout with these figures, less is better; `None`
    /// where nothing is predicted. What is dominated even there is ended.
    fn predicted_best(
        &self,
        _goals: &Goals,
        _known: (&Rollout, &[Option<f64>]),
    ) -> Option<Vec<f64>> {
        None
    }

    /// Called before each batch with all trials before it, for evaluators that learn. What they
    /// learn follows from those trials alone, so that a continued search learns the same.
    fn learn(&self, _goals: &Goals, _history: &History) {}
}

/// Metrics of all stages, in order.
#[must_use]
pub fn metrics(evaluator: &dyn Evaluator) -> Vec<Metric> {
    evaluator.stages().iter().flat_map(|stage| stage.metrics.iter().cloned()).collect()
}
