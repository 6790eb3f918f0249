//! An ensemble of small networks that learn which of two rollouts is better.

use serde::{Deserialize, Serialize};

use super::{Codes, Prediction};
use crate::rollout::Rollout;
use crate::streams::Stream;

/// Settings of the ensemble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankingSettings {
    /// Networks; their disagreement is the uncertainty.
    pub networks: usize,
    /// Hidden units of each.
    pub hidden: usize,
    /// Pairs that each learns from, per row.
    pub pairs: usize,
    /// Step of Adam.
    pub step: f64,
}

impl Default for RankingSettings {
    fn default() -> Self {
        Self { networks: 5, hidden: 24, pairs: 60, step: 0.01 }
    }
}

/// Networks with one hidden layer (tanh) of a rollout's columns, trained with the pairwise
/// logistic loss (Burges et al., 2005) on pairs of rows in which targets differ. Scores are
/// scaled to the targets' mean and deviation; less is better.
#[derive(Clone, Debug)]
pub struct Ranking {
    networks: Vec<Perceptron>,
}

#[derive(Clone, Debug)]
struct Perceptron {
    inputs: usize,
    hidden: usize,
    /// Hidden × (inputs + 1), then hidden weights of the output.
    weights: Vec<f64>,
    /// Score = offset + factor · output.
    offset: f64,
    factor: f64,
}

impl Ranking {
    /// Trains the ensemble on rows (columns from 0 to 1) and targets.
    #[must_use]
    pub fn fit(
        rows: &[Vec<f64>],
        targets: &[f64],
        settings: RankingSettings,
        stream: &mut Stream,
    ) -> Self {
        let train = |_| Perceptron::train(rows, targets, settings, stream);
        Self { networks: (0..settings.networks.max(1)).map(train).collect() }
    }

    /// What the ensemble says of a rollout.
    #[must_use]
    pub fn predict(&self, codes: &Codes, rollout: &Rollout) -> Prediction {
        self.predict_row(&codes.unit_row(rollout))
    }

    /// What each network says of a row.
    pub fn votes(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        self.networks.iter().map(move |network| network.score(row))
    }

    /// What the ensemble says of a row.
    #[must_use]
    pub fn predict_row(&self, row: &[f64]) -> Prediction {
        let scores: Vec<f64> = self.votes(row).collect();
        let count = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / count;
        let spread: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
        Prediction { mean, deviation: (spread / count).sqrt() }
    }
}

impl Perceptron {
    fn new(inputs: usize, hidden: usize, stream: &mut Stream) -> Self {
        let scale = 1.0 / (inputs.max(1) as f64).sqrt();
        let mut weights: Vec<f64> =
            (0..hidden * (inputs + 1)).map(|_| (stream.unit() * 2.0 - 1.0) * 2.0 * scale).collect();
        let last = 1.0 / (hidden.max(1) as f64).sqrt();
        weights.extend((0..hidden).map(|_| (stream.unit() * 2.0 - 1.0) * last));
        Self { inputs, hidden, weights, offset: 0.0, factor: 1.0 }
    }

    fn activations(&self, row: &[f64]) -> Vec<f64> {
        let wide = self.inputs + 1;
        self.weights[..self.hidden * wide]
            .chunks_exact(wide)
            .map(|unit| {
                let sum: f64 = unit.iter().zip(row).map(|(weight, value)| weight * value).sum();
                (sum + unit[self.inputs]).tanh()
            })
            .collect()
    }

    fn output(&self, active: &[f64]) -> f64 {
        let last = &self.weights[self.hidden * (self.inputs + 1)..];
        last.iter().zip(active).map(|(weight, value)| weight * value).sum()
    }

    fn score(&self, row: &[f64]) -> f64 {
        self.offset + self.factor * self.output(&self.activations(row))
    }

    fn train(
        rows: &[Vec<f64>],
        targets: &[f64],
        settings: RankingSettings,
        stream: &mut Stream,
    ) -> Self {
        let inputs = rows.first().map_or(0, Vec::len);
        let mut network = Self::new(inputs, settings.hidden, stream);
        let count = rows.len().min(targets.len());
        let mut adam = Adam::new(network.weights.len(), settings.step);
        for _ in 0..(settings.pairs * count).min(MOST_PAIRS) / PAIRS {
            let mut gradient = vec![0.0; network.weights.len()];
            for _ in 0..PAIRS {
                let (one, other) = (stream.below(count), stream.below(count));
                // The worse, whose score must be larger, and the better.
                let (worse, better) =
                    if targets[one] > targets[other] { (one, other) } else { (other, one) };
                if targets[worse] > targets[better] {
                    network.learn(&rows[worse], &rows[better], &mut gradient);
                }
            }
            adam.step(&mut network.weights, &gradient);
        }
        network.calibrate(rows, targets);
        network
    }

    /// Adds the gradient of log(1 + exp(better − worse)).
    fn learn(&self, worse: &[f64], better: &[f64], gradient: &mut [f64]) {
        let (high, low) = (self.activations(worse), self.activations(better));
        let margin = self.output(&high) - self.output(&low);
        let slope = 1.0 / (1.0 + margin.exp());
        self.back(worse, &high, -slope, gradient);
        self.back(better, &low, slope, gradient);
    }

    fn back(&self, row: &[f64], active: &[f64], slope: f64, gradient: &mut [f64]) {
        let wide = self.inputs + 1;
        let last = self.hidden * wide;
        for (unit, &value) in active.iter().enumerate() {
            gradient[last + unit] += slope * value;
            let inner = slope * self.weights[last + unit] * (1.0 - value * value);
            let own = &mut gradient[unit * wide..(unit + 1) * wide];
            own.iter_mut().zip(row).for_each(|(g, input)| *g += inner * input);
            own[self.inputs] += inner;
        }
    }

    /// Scales outputs to the targets by least squares.
    fn calibrate(&mut self, rows: &[Vec<f64>], targets: &[f64]) {
        let outputs: Vec<f64> =
            rows.iter().map(|row| self.output(&self.activations(row))).collect();
        let count = outputs.len().max(1) as f64;
        let mean_output = outputs.iter().sum::<f64>() / count;
        let mean_target = targets.iter().sum::<f64>() / count;
        let pairs = outputs.iter().zip(targets);
        let (mut shared, mut own) = (0.0, 0.0);
        for (output, target) in pairs {
            shared += (output - mean_output) * (target - mean_target);
            own += (output - mean_output).powi(2);
        }
        self.factor = if own > 0.0 { (shared / own).max(0.0) } else { 0.0 };
        self.offset = mean_target - self.factor * mean_output;
    }
}

/// Pairs of a fit, however many rows there are.
const MOST_PAIRS: usize = 12_000;
/// Pairs of a step.
const PAIRS: usize = 16;

/// Adam (Kingma and Ba, 2015) with its usual settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Adam {
    step: f64,
    steps: i32,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Adam {
    pub(crate) fn new(weights: usize, step: f64) -> Self {
        Self { step, steps: 0, first: vec![0.0; weights], second: vec![0.0; weights] }
    }

    /// Whether it is for that many weights.
    pub(crate) fn fits(&self, weights: usize) -> bool {
        self.first.len() == weights && self.second.len() == weights
    }

    pub(crate) fn step(&mut self, weights: &mut [f64], gradient: &[f64]) {
        const FIRST: f64 = 0.9;
        const SECOND: f64 = 0.999;
        self.steps += 1;
        let first_bias = 1.0 - FIRST.powi(self.steps);
        let second_bias = 1.0 - SECOND.powi(self.steps);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((weight, &slope), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
            *first = FIRST * *first + (1.0 - FIRST) * slope;
            *second = SECOND * *second + (1.0 - SECOND) * slope * slope;
            *weight -= self.step * (*first / first_bias) / ((*second / second_bias).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kendall;
    use crate::streams::{Purpose, Streams};

    #[test]
    fn it_ranks_what_it_has_not_seen() {
        let mut stream = Streams::new(2).stream(0, Purpose::Model);
        let rows: Vec<Vec<f64>> =
            (0..240).map(|_| (0..4).map(|_| stream.unit()).collect()).collect();
        let truth = |row: &Vec<f64>| (row[0] - 0.5).powi(2) * 4.0 + row[1] * row[2];
        let targets: Vec<f64> = rows.iter().map(truth).collect();
        let settings = RankingSettings::default();
        let model = Ranking::fit(&rows[..160], &targets[..160], settings, &mut stream);
        let said: Vec<f64> = rows[160..].iter().map(|row| model.predict_row(row).mean).collect();
        let tau = kendall(&said, &targets[160..]);
        assert!(tau > 0.75, "{tau}");
    }

    #[test]
    fn gradients_are_those_of_the_loss() {
        let mut stream = Streams::new(3).stream(0, Purpose::Model);
        let mut network = Perceptron::new(3, 4, &mut stream);
        let (worse, better) = (vec![0.2, 0.9, 0.4], vec![0.7, 0.1, 0.3]);
        let loss = |network: &Perceptron| {
            let output = |row: &[f64]| network.output(&network.activations(row));
            (1.0 + (output(&better) - output(&worse)).exp()).ln()
        };
        let mut gradient = vec![0.0; network.weights.len()];
        network.learn(&worse, &better, &mut gradient);
        for (index, found) in gradient.into_iter().enumerate() {
            let before = network.weights[index];
            network.weights[index] = before + 1e-6;
            let above = loss(&network);
            network.weights[index] = before - 1e-6;
            let below = loss(&network);
            network.weights[index] = before;
            assert!(((above - below) / 2e-6 - found).abs() < 1e-7);
        }
    }
}
