//! All stages as one evaluator.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use pimnas_search::Rollout;
use pimnas_search::search::{Evaluator, Goals, History, Request, Stage};
use pimnas_search::space::Rejection;

use crate::accuracy::{AccuracyStages, Subject};
use crate::hardware::{Decoded, HardwareStage, hardware_metrics};
use crate::predictor::Predictor;

/// Figures of a stage, by rollout.
type Answers = HashMap<(usize, Rollout), Result<Vec<Option<f64>>, Rejection>>;

/// Answers that are remembered.
const MOST_ANSWERS: usize = 1 << 16;

/// How often the cache had an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// It had.
    pub hits: u64,
    /// It had not.
    pub misses: u64,
}

/// The evaluator of a co-search: hardware, a predictor where one is wanted, then stages of accuracy.
///
/// A rollout is canonical (inactive decisions are masked), so that equal rollouts are equal
/// candidates: what a stage said of one is not computed again where it does not depend on the
/// trial. Most controllers never repeat a rollout; the cache is for those that do.
pub struct Cascade<'c> {
    hardware: HardwareStage<'c>,
    predictor: Option<Predictor>,
    accuracy: Option<&'c dyn AccuracyStages>,
    stages: Vec<Stage>,
    answers: Option<Mutex<Answers>>,
    counts: [AtomicU64; 2],
}

impl<'c> Cascade<'c> {
    /// Costs alone.
    #[must_use]
    pub fn new(hardware: HardwareStage<'c>) -> Self {
        let stages = vec![Stage::new("hardware", hardware_metrics())];
        Self {
            hardware,
            predictor: None,
            accuracy: None,
            stages,
            answers: None,
            counts: [const { AtomicU64::new(0) }; 2],
        }
    }

    /// With stages of accuracy behind the costs.
    #[must_use]
    pub fn with_accuracy(mut self, accuracy: &'c dyn AccuracyStages) -> Self {
        self.accuracy = Some(accuracy);
        self.stages.extend(accuracy.stages().iter().cloned());
        self
    }

    /// With a predictor, which ends what is dominated even at what it predicts at best.
    #[must_use]
    pub fn with_predictor(mut self, predictor: Predictor) -> Self {
        self.predictor = Some(predictor);
        self
    }

    /// With a cache, for controllers that repeat rollouts.
    #[must_use]
    pub fn with_cache(mut self) -> Self {
        self.answers = Some(Mutex::default());
        self
    }

    /// How often the cache had an answer.
    #[must_use]
    pub fn cache(&self) -> CacheCounts {
        let [hits, misses] = self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        CacheCounts { hits, misses }
    }

    /// The stage of costs.
    #[must_use]
    pub fn hardware(&self) -> &HardwareStage<'c> {
        &self.hardware
    }

    fn is_deterministic(&self, stage: usize) -> bool {
        let behind = stage.checked_sub(1);
        behind.is_none_or(|at| self.accuracy.is_some_and(|stages| stages.is_deterministic(at)))
    }

    fn compute(&self, stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let stream = request.stream();
        let Request { rollout, known, scratch, .. } = request;
        let mut decoded: Box<Decoded> = match scratch.take() {
            Some(decoded) => decoded,
            None => Box::new(self.hardware.decode(rollout)?),
        };
        let found = match (stage.checked_sub(1), self.accuracy) {
            (Some(behind), Some(accuracy)) => {
                let costs = self.stages.first().map_or(0, |stage| stage.metrics.len());
                let subject = Subject {
                    rollout,
                    candidate: &decoded.candidate,
                    hardware: &decoded.hardware,
                    known: known.get(costs..).unwrap_or_default(),
                    stream,
                    kept: &mut decoded.kept,
                };
                accuracy.run(behind, subject)
            }
            (None, _) | (_, None) => self.hardware.figures(&decoded),
        };
        scratch.put(decoded);
        found
    }
}

impl Evaluator for Cascade<'_> {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn run(&self, stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let Some(answers) = self.answers.as_ref().filter(|_| self.is_deterministic(stage)) else {
            return self.compute(stage, request);
        };
        let key = (stage, request.rollout.clone());
        let answers = || answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers().get(&key).cloned();
        let count = &self.counts[usize::from(known.is_none())];
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(known) = known {
            return known;
        }
        let found = self.compute(stage, request);
        let mut answers = answers();
        if answers.len() >= MOST_ANSWERS {
            answers.clear();
        }
        answers.insert(key, found.clone());
        found
    }

    fn predicted_best(&self, goals: &Goals, known: (&Rollout, &[Option<f64>])) -> Option<Vec<f64>> {
        self.predictor.as_ref()?.at_best(goals, known)
    }

    fn learn(&self, goals: &Goals, history: &History) {
        if let Some(predictor) = &self.predictor {
            predictor.learn(goals, history);
        }
    }
}
