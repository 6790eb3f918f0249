//! What trials so far say of the accuracy of the next.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use pimnas_search::model::{Codes, Forest, ForestSettings};
use pimnas_search::search::{Direction, Goals, History};
use pimnas_search::{Decisions, Purpose, Rollout, Streams};

use crate::hardware::hardware_metrics;

/// Settings of a predictor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictorSettings {
    /// Trials with a figure before it is predicted for others.
    pub start: usize,
    /// Deviations that are added to a prediction towards the better.
    pub width: f64,
    /// Growth of the number of trials after which it is fitted anew.
    pub growth: f64,
    /// The forest.
    pub forest: ForestSettings,
}

impl Default for PredictorSettings {
    fn default() -> Self {
        let forest = ForestSettings::default();
        Self { start: 50, width: 2.0, growth: 1.1, forest }
    }
}

/// A random forest for each metric of the stages of accuracy. It ends candidates early that
/// are dominated even at what it predicts with an allowance, so unlike the bound by what is
/// possible at all it may err; such trials are stored as predicted.
///
/// Forests follow from the trials and the seed alone: they are fitted to the first n trials with a
/// figure, with n the last of a fixed sequence that there are.
pub struct Predictor {
    settings: PredictorSettings,
    codes: Codes,
    seed: u64,
    /// Metrics of the hardware stage, which are not predicted.
    costs: usize,
    fitted: RwLock<HashMap<usize, Fitted>>,
}

#[derive(Clone)]
struct Fitted {
    trials: usize,
    forest: Arc<Forest>,
}

impl Predictor {
    /// For rollouts of those decisions, in a run of that seed.
    #[must_use]
    pub fn new(settings: PredictorSettings, decisions: &Decisions, seed: u64) -> Self {
        let (codes, costs) = (Codes::new(decisions), hardware_metrics().len());
        Self { settings, codes, seed, costs, fitted: RwLock::default() }
    }

    /// The number of trials that a forest is fitted to where there are `known`; 0 for none.
    fn enough(&self, known: usize) -> usize {
        let mut next = self.settings.start.max(2);
        let mut last = 0;
        while next <= known {
            last = next;
            // Each step is at least one trial.
            next = ((next as f64 * self.settings.growth) as usize).max(next + 1);
        }
        last
    }

    /// Fits what has enough new trials.
    pub fn learn(&self, goals: &Goals, history: &History) {
        for metric in self.costs..goals.metrics().len() {
            let known: Vec<(&Rollout, f64)> = history
                .trials()
                .iter()
                .filter_map(|trial| {
                    let figure = trial.figures.get(metric).copied().flatten()?;
                    figure.is_finite().then_some((&trial.rollout, figure))
                })
                .collect();
            let enough = self.enough(known.len());
            let fitted = self.fitted.read().unwrap_or_else(PoisonError::into_inner);
            let same = fitted.get(&metric).is_some_and(|fitted| fitted.trials == enough);
            drop(fitted);
            if enough == 0 || same {
                continue;
            }
            let rows: Vec<Arc<[u16]>> =
                known[..enough].iter().map(|(rollout, _)| self.codes.row(rollout).into()).collect();
            let targets: Vec<f64> = known[..enough].iter().map(|(_, figure)| *figure).collect();
            let place = (enough as u64) << 16 | metric as u64;
            let mut stream = Streams::new(self.seed).stream(place, Purpose::Model);
            let forest = Arc::new(Forest::fit(&rows, &targets, self.settings.forest, &mut stream));
            let mut fitted = self.fitted.write().unwrap_or_else(PoisonError::into_inner);
            fitted.insert(metric, Fitted { trials: enough, forest });
        }
    }

    /// The best point with predictions for figures that are not known; `None` before there are any.
    #[must_use]
    pub fn at_best(
        &self,
        goals: &Goals,
        (rollout, figures): (&Rollout, &[Option<f64>]),
    ) -> Option<Vec<f64>> {
        let fitted = self.fitted.read().unwrap_or_else(PoisonError::into_inner);
        if fitted.is_empty() {
            return None;
        }
        let row = self.codes.row(rollout);
        let mut figures = figures.to_vec();
        figures.resize(goals.metrics().len(), None);
        for ((index, figure), metric) in figures.iter_mut().enumerate().zip(goals.metrics()) {
            let Some(fitted) = fitted.get(&index).filter(|_| figure.is_none()) else { continue };
            let predicted = fitted.forest.predict(&row);
            let allowance = self.settings.width * predicted.deviation;
            *figure = Some(match metric.direction {
                Direction::Maximise => predicted.mean + allowance,
                Direction::Minimise => predicted.mean - allowance,
            });
        }
        Some(goals.at_best(&figures))
    }
}
