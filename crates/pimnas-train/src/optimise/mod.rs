//! Optimisers: what gradients do to parameters.

mod schedule;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use schedule::Schedule;

use crate::kernel::element::CHUNK;
use crate::model::ParameterStore;

/// How gradients change parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Optimiser {
    /// Stochastic gradient descent: v ← momentum · v + g, w ← w − rate · v.
    Sgd {
        /// Share of the velocity that stays.
        momentum: f32,
        /// Whether the step looks ahead: w ← w − rate · (g + momentum · v).
        nesterov: Nesterov,
    },
    /// Adam with bias correction.
    Adam {
        /// Share of the first moment that stays.
        beta1: f32,
        /// Share of the second moment that stays.
        beta2: f32,
        /// What is added to the root of the second moment.
        epsilon: f32,
    },
}

/// Whether momentum looks ahead (Nesterov's rule).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nesterov {
    /// It does not.
    #[default]
    Plain,
    /// It does.
    LookAhead,
}

impl Optimiser {
    /// Descent with momentum 0.9.
    #[must_use]
    pub fn sgd() -> Self {
        Self::Sgd { momentum: 0.9, nesterov: Nesterov::Plain }
    }

    /// Adam with its usual constants.
    #[must_use]
    pub fn adam() -> Self {
        Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// What a step is taken with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOptions {
    /// Learning rate.
    pub rate: f32,
    /// Weights are pulled to 0: g ← g + decay · w. Parameters of batch normalisations are not.
    pub decay: f32,
    /// Gradients longer than that (Euclidean norm of all together) are shortened to it.
    pub clip: Option<f32>,
}

/// What an optimiser remembers: moments of each parameter, and the number of its steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimiserState {
    /// First moments, or velocities; empty before the first step.
    pub first: Vec<Vec<f32>>,
    /// Second moments; of Adam alone.
    pub second: Vec<Vec<f32>>,
    /// Steps taken.
    pub steps: u64,
}

impl OptimiserState {
    /// Takes a step: `gradients` has one for each parameter, in their order; empty ones count as
    /// zeros. Gives the norm of all gradients before clipping.
    pub fn step(
        &mut self,
        optimiser: &Optimiser,
        parameters: &mut ParameterStore,
        (gradients, options): (&[Vec<f32>], StepOptions),
    ) -> f32 {
        let norm = norm(gradients);
        let shorten = match options.clip {
            Some(clip) if norm > clip => clip / norm,
            Some(_) | None => 1.0,
        };
        let sizes: Vec<usize> = parameters.iter().map(|(_, p)| p.dims.iter().product()).collect();
        if self.first.is_empty() {
            self.first = sizes.iter().map(|&size| vec![0.0; size]).collect();
            if let Optimiser::Adam { .. } = optimiser {
                self.second.clone_from(&self.first);
            }
        }
        self.steps += 1;
        let steps = self.steps;
        parameters.update(|index, dims, values| {
            let Some(gradient) = gradients.get(index).filter(|g| g.len() == values.len()) else {
                return;
            };
            let decay = if dims.len() > 1 { options.decay } else { 0.0 };
            let rule = Rule { optimiser, steps, rate: options.rate, decay, shorten };
            let mut none = Vec::new();
            let second = self.second.get_mut(index).unwrap_or(&mut none);
            if let Some(first) = self.first.get_mut(index) {
                rule.apply(values, gradient, (first, second));
            }
        });
        norm
    }
}

/// The Euclidean norm of all gradients, summed in an order of its own.
fn norm(gradients: &[Vec<f32>]) -> f32 {
    let squares = |values: &[f32]| values.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>();
    let of = |gradient: &Vec<f32>| {
        gradient.par_chunks(CHUNK).map(squares).collect::<Vec<f64>>().into_iter().sum::<f64>()
    };
    gradients.iter().map(of).sum::<f64>().sqrt() as f32
}

/// One parameter's step.
struct Rule<'a> {
    optimiser: &'a Optimiser,
    steps: u64,
    rate: f32,
    decay: f32,
    shorten: f32,
}

impl Rule<'_> {
    fn apply(
        &self,
        values: &mut [f32],
        gradient: &[f32],
        (first, second): (&mut [f32], &mut [f32]),
    ) {
        let Self { steps, rate, decay, shorten, .. } = *self;
        let chunks = values
            .par_chunks_mut(CHUNK)
            .zip(gradient.par_chunks(CHUNK))
            .zip(first.par_chunks_mut(CHUNK));
        match *self.optimiser {
            Optimiser::Sgd { momentum, nesterov } => {
                let ahead = match nesterov {
                    Nesterov::Plain => (0.0, 1.0),
                    Nesterov::LookAhead => (1.0, momentum),
                };
                chunks.for_each(|((values, gradient), velocity)| {
                    for ((w, &g), v) in values.iter_mut().zip(gradient).zip(velocity) {
                        let g = g * shorten + decay * *w;
                        *v = momentum * *v + g;
                        *w -= rate * (ahead.0 * g + ahead.1 * *v);
                    }
                });
            }
            Optimiser::Adam { beta1, beta2, epsilon } => {
                let correction = |beta: f32| 1.0 - f64::from(beta).powf(steps as f64);
                let size = f64::from(rate) / correction(beta1);
                let root = correction(beta2).sqrt();
                chunks.zip(second.par_chunks_mut(CHUNK)).for_each(
                    |(((values, gradient), first), second)| {
                        let moments = first.iter_mut().zip(second);
                        for ((w, &g), (m, s)) in values.iter_mut().zip(gradient).zip(moments) {
                            let g = g * shorten + decay * *w;
                            *m = beta1 * *m + (1.0 - beta1) * g;
                            *s = beta2 * *s + (1.0 - beta2) * g * g;
                            *w -= size as f32 * *m / (s.sqrt() / root as f32 + epsilon);
                        }
                    },
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A parameter that starts at (1, -2) with gradients (0.5, 0.25), then (-1, 0.125).
    fn after_two(optimiser: &Optimiser, decay: f32) -> Vec<f32> {
        let mut store = ParameterStore::default();
        store.insert("0.weight", &[1, 2], vec![1.0, -2.0]);
        let mut state = OptimiserState::default();
        let options = StepOptions { rate: 0.1, decay, clip: None };
        for gradient in [[0.5, 0.25], [-1.0, 0.125]] {
            state.step(optimiser, &mut store, (&[gradient.to_vec()], options));
        }
        let (_, parameter) = store.iter().next().unwrap();
        crate::ops::values(parameter.value.clone())
    }

    fn close(found: &[f32], expected: [f64; 2]) {
        for (&found, expected) in found.iter().zip(expected) {
            assert!((f64::from(found) - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }

    // Values of torch.optim.SGD and Adam (2.15.0) for the same steps.
    #[test]
    fn steps_are_those_of_the_common_training_framework() {
        let sgd = |nesterov| Optimiser::Sgd { momentum: 0.9, nesterov };
        close(&after_two(&sgd(Nesterov::Plain), 0.01), SGD_PLAIN);
        close(&after_two(&sgd(Nesterov::LookAhead), 0.01), SGD_NESTEROV);
        close(&after_two(&Optimiser::adam(), 0.01), ADAM);
    }

    const SGD_PLAIN: [f64; 2] = [1.002151, -2.054177];
    const SGD_NESTEROV: [f64; 2] = [1.05007411, -2.08219697];
    const ADAM: [f64; 2] = [0.9355236415321513, -2.1917210988553397];

    #[test]
    fn long_gradients_are_shortened() {
        let mut store = ParameterStore::default();
        store.insert("0.weight", &[1, 2], vec![0.0, 0.0]);
        let optimiser = Optimiser::Sgd { momentum: 0.0, nesterov: Nesterov::Plain };
        let options = StepOptions { rate: 1.0, decay: 0.0, clip: Some(1.0) };
        let gradients = [vec![3.0, 4.0]];
        let norm = OptimiserState::default().step(&optimiser, &mut store, (&gradients, options));
        assert_eq!(norm, 5.0);
        let (_, parameter) = store.iter().next().unwrap();
        close(&crate::ops::values(parameter.value.clone()), [-0.6, -0.8]);
    }
}
