//! Search guided by a model of the trials so far.

mod agreement;
mod several;
mod surrogate;

use std::sync::Arc;

use serde_json::Value as Json;

pub use several::Several;

use super::select::{ordered, since};
use super::{Controller, StateError, read, written};
use crate::model::{
    Codes, Encoder, Forest, ForestSettings, Prediction, Ranking, RankingSettings, normal_scores,
};
use crate::rollout::{Rollout, VaryError};
use crate::search::{Batch, Lineage, Merit, Proposal, TrialId, View};
use crate::streams::{Purpose, Stream};

/// The model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ModelKind {
    /// A random forest.
    Forest(ForestSettings),
    /// Networks trained on pairs.
    Ranking(RankingSettings),
}

/// How uncertainty is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Acquisition {
    /// The largest expected improvement.
    ExpectedImprovement,
    /// The least mean minus that many deviations.
    ConfidenceBound(f64),
    /// The least of what is drawn from the predictions.
    Thompson,
}

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guidance {
    /// The model.
    pub model: ModelKind,
    /// How uncertainty is used.
    pub acquisition: Acquisition,
    /// Trials drawn at random first.
    pub start: usize,
    /// Best trials whose neighbours are candidates.
    pub elite: usize,
    /// Candidates drawn at random.
    pub drawn: usize,
    /// What is done where there are several objectives.
    pub several: Several,
}

impl Default for Guidance {
    fn default() -> Self {
        Self {
            model: ModelKind::Forest(ForestSettings::default()),
            acquisition: Acquisition::ConfidenceBound(0.5),
            start: 20,
            elite: 20,
            drawn: 600,
            several: Several::default(),
        }
    }
}

/// Fits a model to normal scores of each objective, predicts candidates (neighbours of the best
/// trials, and random ones), and proposes those that its acquisition prefers. With several
/// objectives, each proposal has weights of its own, drawn at random, with which predictions are
/// joined (Chebyshev's norm; Knowles, 2006).
#[derive(Clone, Debug)]
pub struct PredictorGuided {
    guidance: Guidance,
    encoder: Arc<Encoder>,
}

impl PredictorGuided {
    /// With those settings, and what trees see of a rollout.
    #[must_use]
    pub fn new(guidance: Guidance, encoder: Arc<Encoder>) -> Self {
        Self { guidance, encoder }
    }

    fn fit(
        &self,
        view: &View<'_>,
        (codes, known): (&Codes, &[TrialId]),
        targets: &[f64],
        stream: &mut Stream,
    ) -> Model {
        let rollouts = known.iter().filter_map(|&id| view.rollout(id));
        match self.guidance.model {
            ModelKind::Forest(settings) => {
                let row = |rollout| self.encoder.row(view.space, codes, rollout);
                let rows: Vec<Arc<[u16]>> = rollouts.map(row).collect();
                Model::Forest(Forest::fit(&rows, targets, settings, stream))
            }
            ModelKind::Ranking(settings) => {
                let rows: Vec<Vec<f64>> = rollouts.map(|rollout| codes.unit_row(rollout)).collect();
                Model::Ranking(Ranking::fit(&rows, targets, settings, stream))
            }
        }
    }

    fn predict(
        &self,
        view: &View<'_>,
        (codes, model): (&Codes, &Model),
        rollout: &Rollout,
    ) -> Prediction {
        match model {
            Model::Forest(forest) => forest.predict(&self.encoder.row(view.space, codes, rollout)),
            Model::Ranking(ranking) => ranking.predict(codes, rollout),
        }
    }

    fn candidates(&self, view: &View<'_>, batch: &Batch<'_>, stream: &mut Stream) -> Vec<Rollout> {
        let decisions = view.decisions();
        let best = ordered(view, &since(view, 0));
        let elite = best.iter().take(self.guidance.elite).filter_map(|&id| view.rollout(id));
        let mut found: Vec<Rollout> = elite.flat_map(|r| decisions.neighbours(r)).collect();
        found.extend((0..self.guidance.drawn).filter_map(|_| decisions.sample(stream).ok()));
        found.sort();
        found.dedup();
        found.retain(|rollout| batch.is_new(rollout));
        found
    }

    /// Adds the best candidates by the acquisition.
    fn choose(&self, view: &View<'_>, batch: &mut Batch<'_>, room: usize) {
        let mut stream = batch.stream(Purpose::Model);
        let known = since(view, 0);
        let codes = Codes::new(view.decisions());
        let targets = targets(view, &known);
        let candidates = self.candidates(view, batch, &mut stream);
        let predicted: Vec<Vec<Prediction>> = targets
            .iter()
            .map(|scores| {
                let model = self.fit(view, (&codes, &known), scores, &mut stream);
                candidates.iter().map(|r| self.predict(view, (&codes, &model), r)).collect()
            })
            .collect();
        let mut left: Vec<usize> = (0..candidates.len()).collect();
        for _ in 0..room {
            let weights = weights(targets.len(), &mut stream);
            let joined: Vec<f64> = (0..known.len())
                .map(|trial| join(&weights, |objective| targets[objective][trial]))
                .collect();
            let best = joined.iter().copied().fold(f64::INFINITY, f64::min);
            let mut value = |candidate: usize| {
                let mean = join(&weights, |objective| predicted[objective][candidate].mean);
                let deviation =
                    spread(&weights, |objective| predicted[objective][candidate].deviation);
                let joined = Prediction { mean, deviation };
                match self.guidance.acquisition {
                    Acquisition::ExpectedImprovement => -joined.expected_improvement(best),
                    Acquisition::ConfidenceBound(width) => mean - width * deviation,
                    Acquisition::Thompson => mean + deviation * normal(&mut stream),
                }
            };
            let values: Vec<f64> = left.iter().map(|&candidate| value(candidate)).collect();
            let order = (0..left.len()).min_by(|&a, &b| values[a].total_cmp(&values[b]));
            let Some(place) = order else { return };
            let chosen = left.swap_remove(place);
            batch.add(candidates[chosen].clone(), Lineage::Model);
        }
    }
}

enum Model {
    Forest(Forest),
    Ranking(Ranking),
}

/// Normal scores of trials for each objective; those that keep no constraint come behind all
/// others, in the order of what they break.
pub(super) fn targets(view: &View<'_>, known: &[TrialId]) -> Vec<Vec<f64>> {
    /// Behind every figure that occurs.
    const BEHIND: f64 = 1e300;
    let figure = |id: TrialId, objective: usize| match view.merit(id) {
        Merit::Feasible(point) => point.get(objective).copied().unwrap_or(BEHIND).min(BEHIND),
        Merit::Unknown => BEHIND,
        // Ordered among themselves as far as numbers of that size allow.
        Merit::Infeasible(violation) => BEHIND * (1.0 + violation.min(1e6)),
        Merit::Impossible => f64::MAX,
    };
    (0..view.goals.count())
        .map(|objective| {
            let figures: Vec<f64> = known.iter().map(|&id| figure(id, objective)).collect();
            normal_scores(&figures)
        })
        .collect()
}

/// Weights that sum to 1, uniform over the simplex.
pub(super) fn weights(count: usize, stream: &mut Stream) -> Vec<f64> {
    if count == 1 {
        return vec![1.0];
    }
    let drawn: Vec<f64> = (0..count).map(|_| -(1.0 - stream.unit()).ln()).collect();
    let total: f64 = drawn.iter().sum();
    drawn.into_iter().map(|value| value / total).collect()
}

/// The augmented Chebyshev norm from a point better than all normal scores; the score itself
/// where there is but one.
pub(super) fn join(weights: &[f64], score: impl Fn(usize) -> f64) -> f64 {
    const IDEAL: f64 = -4.0;
    if weights.len() == 1 {
        return score(0);
    }
    let parts = weights.iter().enumerate().map(|(at, weight)| weight * (score(at) - IDEAL));
    let (largest, sum) = parts.fold((f64::MIN, 0.0), |(l, s), part| (l.max(part), s + part));
    largest + 0.05 * sum
}

/// Deviation of a weighted sum of independent predictions.
fn spread(weights: &[f64], deviation: impl Fn(usize) -> f64) -> f64 {
    let parts = weights.iter().enumerate().map(|(at, weight)| (weight * deviation(at)).powi(2));
    parts.sum::<f64>().sqrt()
}

/// A standard normal number (Box and Muller).
fn normal(stream: &mut Stream) -> f64 {
    let radius = (-2.0 * (1.0 - stream.unit()).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * stream.unit()).cos()
}

impl Controller for PredictorGuided {
    fn name(&self) -> &'static str {
        match self.guidance.model {
            ModelKind::Forest(_) => "predictor-forest",
            ModelKind::Ranking(_) => "predictor-ranking",
        }
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let mut batch = Batch::new(*view, count);
        while !batch.is_closed() && batch.next().index() < self.guidance.start {
            batch.draw()?;
        }
        if !batch.is_closed() && !view.history.trials().is_empty() {
            if view.goals.count() > 1 && !view.history.archive().members().is_empty() {
                self.choose_several(view, &mut batch, count);
            } else {
                self.choose(view, &mut batch, count);
            }
        }
        while !batch.is_closed() {
            batch.draw()?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, _view: &View<'_>, _first: usize) {}

    fn agreement(&self, view: &View<'_>) -> Option<Vec<f64>> {
        Some(self.held_out_agreement(view))
    }

    fn state(&self) -> Json {
        written(&())
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        read(state)
    }
}
