//! Descent by gradients over relaxed choices (Gumbel-softmax: Jang et al. and Maddison et al.,
//! ICLR 2017), as differentiable architecture search does on the weights of a super net.
//!
//! Here the loss is that of a surrogate that is fitted to the trials, not of a super net.

use serde_json::Value as Json;

use super::predictor::{join, targets, weights};
use super::select::since;
use super::{Controller, StateError, read, written};
use crate::model::{Adam, Shares, Trend, Trials};
use crate::rollout::{Assignment, Rollout, VaryError};
use crate::search::{Batch, Lineage, Proposal, TrialId, View};
use crate::streams::{Purpose, Stream};

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// Trials drawn at random first.
    pub start: usize,
    /// Last trials that the surrogate is fitted to.
    pub last: usize,
    /// Steps of a descent.
    pub steps: usize,
    /// Step of Adam.
    pub step: f64,
    /// Temperature of the relaxed choices at the start of the budget.
    pub hot: f64,
    /// The same at its end.
    pub cold: f64,
}

impl Default for Descent {
    fn default() -> Self {
        Self { start: 20, last: 200, steps: 40, step: 0.2, hot: 1.0, cold: 0.1 }
    }
}

/// For each proposal, descends from even logits of all choices: softmaxes of the logits with
/// Gumbel noise give shares of the choices, the surrogate (linear in choices and pairs of them)
/// the objectives, random weights one loss (augmented Chebyshev norm), and its gradient the next
/// logits. What is proposed is drawn from the last ones. The temperature falls with the budget.
#[derive(Clone, Copy, Debug, Default)]
pub struct Differentiable(pub Descent);

/// What a descent is on.
struct Slope<'s> {
    view: &'s View<'s>,
    trends: &'s [Trend],
    weights: Vec<f64>,
    temperature: f64,
}

impl Slope<'_> {
    /// The assignment of the largest shares, which says what is active.
    fn largest(&self, shares: &Shares) -> Assignment {
        self.view.decisions().assign(|at| {
            let own = shares[at].iter().enumerate();
            own.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(choice, _)| choice)
        })
    }

    /// Softmaxes of logits with noise.
    fn relaxed(&self, logits: &Shares, temperature: f64, stream: &mut Stream) -> Shares {
        let mut soft = |own: &Vec<f64>| -> Vec<f64> {
            let noisy = own.iter().map(|logit| (logit + gumbel(stream)) / temperature);
            let noisy: Vec<f64> = noisy.collect();
            let largest = noisy.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = noisy.iter().map(|value| (value - largest).exp()).collect();
            let total: f64 = powers.iter().sum();
            powers.into_iter().map(|power| power / total).collect()
        };
        logits.iter().map(&mut soft).collect()
    }

    /// Slopes of the loss by the logits, for one draw of the noise.
    fn slopes(&self, logits: &Shares, stream: &mut Stream) -> Shares {
        let shares = self.relaxed(logits, self.temperature, stream);
        let rollout = self.largest(&shares).rollout;
        let active: Vec<bool> = rollout.choices().iter().map(Option::is_some).collect();
        let found: Vec<(f64, Shares)> =
            self.trends.iter().map(|trend| trend.relaxed(&shares, &active)).collect();
        let parts = join_slopes(&self.weights, |objective| found[objective].0);
        let mut slopes: Shares = shares.iter().map(|own| vec![0.0; own.len()]).collect();
        for (part, (_, by_share)) in parts.iter().zip(&found) {
            for (own, by) in slopes.iter_mut().zip(by_share) {
                own.iter_mut().zip(by).for_each(|(slope, by)| *slope += part * by);
            }
        }
        // Through the softmaxes.
        for (own, shares) in slopes.iter_mut().zip(&shares) {
            let mean: f64 = own.iter().zip(shares).map(|(slope, share)| slope * share).sum();
            let pairs = own.iter_mut().zip(shares);
            pairs.for_each(|(slope, share)| *slope = share * (*slope - mean) / self.temperature);
        }
        slopes
    }

    fn descend(&self, settings: Descent, stream: &mut Stream) -> Shares {
        let decisions = self.view.decisions().list();
        let mut logits: Shares = decisions.iter().map(|d| vec![0.0; d.choices.len()]).collect();
        let mut flat: Vec<f64> = logits.concat();
        let mut adam = Adam::new(flat.len(), settings.step);
        for _ in 0..settings.steps {
            let slopes = self.slopes(&logits, stream).concat();
            adam.step(&mut flat, &slopes);
            let mut rest = flat.iter().copied();
            for own in &mut logits {
                own.iter_mut().zip(&mut rest).for_each(|(logit, value)| *logit = value);
            }
        }
        logits
    }
}

/// Slopes of [`join`] by each score.
fn join_slopes(weights: &[f64], score: impl Fn(usize) -> f64) -> Vec<f64> {
    /// A small step; the norm is linear but at its edges.
    const STEP: f64 = 1e-6;
    let base = join(weights, &score);
    let moved =
        |at: usize| join(weights, |other| score(other) + if other == at { STEP } else { 0.0 });
    (0..weights.len()).map(|at| (moved(at) - base) / STEP).collect()
}

/// A number of the standard Gumbel distribution.
fn gumbel(stream: &mut Stream) -> f64 {
    let unit = stream.unit().max(f64::MIN_POSITIVE);
    -(-unit.ln()).max(f64::MIN_POSITIVE).ln()
}

impl Differentiable {
    fn trends(&self, view: &View<'_>) -> Vec<Trend> {
        let all = since(view, 0);
        let known: &[TrialId] = &all[all.len().saturating_sub(self.0.last.max(1))..];
        let rollouts: Vec<Rollout> =
            known.iter().filter_map(|&id| view.rollout(id).cloned()).collect();
        let trials = Trials::new(view.decisions(), rollouts);
        targets(view, known).iter().map(|scores| trials.fit(scores)).collect()
    }

    fn temperature(&self, view: &View<'_>) -> f64 {
        let spent = view.history.trials().len() as f64 / view.horizon.max(1) as f64;
        self.0.hot * (self.0.cold / self.0.hot).powf(spent.min(1.0))
    }
}

impl Controller for Differentiable {
    fn name(&self) -> &'static str {
        "differentiable"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        /// By how much the noise of a draw grows where it gave what is known.
        const WIDER: f64 = 1.1;
        let mut batch = Batch::new(*view, count);
        while !batch.is_closed() && batch.next().index() < self.0.start {
            batch.draw()?;
        }
        if batch.is_closed() || view.history.trials().is_empty() {
            while !batch.is_closed() {
                batch.draw()?;
            }
            return Ok(batch.into_proposals());
        }
        let trends = self.trends(view);
        let temperature = self.temperature(view);
        while !batch.is_closed() {
            let mut stream = batch.stream(Purpose::Model);
            let weights = weights(trends.len(), &mut stream);
            let slope = Slope { view, trends: &trends, weights, temperature };
            let logits = slope.descend(self.0, &mut stream);
            // Noise in place of the temperature: the largest of logits and noise does not
            // depend on the latter.
            let mut noise = temperature;
            batch.offer(|stream| {
                let sharp = logits.iter().map(|own| own.iter().map(|l| l / noise).collect());
                let shares = slope.relaxed(&sharp.collect(), 1.0, stream);
                noise *= WIDER;
                let drawn = slope.largest(&shares);
                if drawn.is_allowed() {
                    Ok((drawn.rollout, Lineage::Model))
                } else {
                    Ok((view.decisions().sample(stream)?, Lineage::Drawn))
                }
            })?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, _view: &View<'_>, _first: usize) {}

    fn state(&self) -> Json {
        written(&())
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        read(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;

    #[test]
    fn the_norm_has_the_slope_of_its_largest_part_and_a_share_of_all() {
        let scores = [1.0, 0.5];
        let slopes = join_slopes(&[0.5, 0.5], |at| scores[at]);
        assert!((slopes[0] - 0.525).abs() < 1e-6 && (slopes[1] - 0.025).abs() < 1e-6);
    }

    #[test]
    fn gumbel_numbers_have_their_mean() {
        let mut stream = Streams::new(2).stream(0, Purpose::Model);
        let mean = (0..20_000).map(|_| gumbel(&mut stream)).sum::<f64>() / 20_000.0;
        // Euler's constant; the standard error is 0.009.
        assert!((mean - 0.5772).abs() < 0.036, "{mean}");
    }
}
