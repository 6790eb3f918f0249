//! How well trials are predicted that the models have not seen.

use super::super::select::{axes, since};
use super::{PredictorGuided, targets};
use crate::model::{Codes, kendall};
use crate::pareto::Axis;
use crate::search::{TrialId, View};
use crate::streams::{Purpose, Stream};

/// Parts of the trials; each is predicted by a model of the others.
const FOLDS: usize = 5;

impl PredictorGuided {
    /// Kendall's τ between predictions of each objective and what was found, each trial that keeps
    /// the constraints predicted by a model of other trials: five folds, by the trials' numbers.
    /// The models are those that the search uses.
    #[must_use]
    pub fn held_out_agreement(&self, view: &View<'_>) -> Vec<f64> {
        let all = since(view, 0);
        let axes = axes(view);
        let mut pairs: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); axes.len()];
        for fold in 0..FOLDS {
            let (held, known): (Vec<TrialId>, Vec<TrialId>) =
                all.iter().copied().partition(|id| id.index() % FOLDS == fold);
            let held: Vec<TrialId> =
                held.into_iter().filter(|&id| view.merit(id).point().is_some()).collect();
            let mut stream = view.streams.stream(fold as u64, Purpose::Model);
            let said = if axes.len() == 1 {
                vec![self.said_of_one(view, (&held, &known), &mut stream)]
            } else {
                self.said_of_several(view, (&held, &known, &axes), &mut stream)
            };
            for (objective, (pair, said)) in pairs.iter_mut().zip(said).enumerate() {
                let points = held.iter().filter_map(|&id| view.merit(id).point());
                pair.1.extend(points.filter_map(|point| point.get(objective)));
                pair.0.extend(said);
            }
        }
        pairs.iter().map(|(said, found)| kendall(said, found)).collect()
    }

    fn said_of_one(
        &self,
        view: &View<'_>,
        (held, known): (&[TrialId], &[TrialId]),
        stream: &mut Stream,
    ) -> Vec<f64> {
        let codes = Codes::new(view.decisions());
        let scores = targets(view, known);
        let Some(scores) = scores.first() else { return Vec::new() };
        let model = self.fit(view, (&codes, known), scores, stream);
        let rollouts = held.iter().filter_map(|&id| view.rollout(id));
        rollouts.map(|rollout| self.predict(view, (&codes, &model), rollout).mean).collect()
    }

    fn said_of_several(
        &self,
        view: &View<'_>,
        (held, known, axes): (&[TrialId], &[TrialId], &[Axis]),
        stream: &mut Stream,
    ) -> Vec<Vec<f64>> {
        let codes = Codes::new(view.decisions());
        let surrogate = self.surrogate(view, (known, axes), stream);
        let mut said = vec![Vec::new(); axes.len()];
        for rollout in held.iter().filter_map(|&id| view.rollout(id)) {
            let votes = surrogate.votes(rollout, &self.seen(view, &codes, rollout));
            for (said, votes) in said.iter_mut().zip(votes) {
                let sum: f64 = votes.iter().map(|(mean, _)| mean).sum();
                said.push(sum / votes.len().max(1) as f64);
            }
        }
        said
    }
}
