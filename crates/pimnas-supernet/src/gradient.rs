//! Gradients of slices, and steps that change nothing else.

use pimnas_train::{Optimiser, OptimiserState, ParameterStore, StepOptions, ops};

use crate::shared::{Role, Shared, SharedStore};
use crate::subnet::Slice;

/// The gradient of a shared tensor, where a step's rollouts have one.
#[derive(Clone, Debug)]
struct Part {
    gradient: Vec<f32>,
    touched: Vec<bool>,
}

/// Gradients of the rollouts of a step, summed in the shared tensors' places.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    parts: Vec<Option<Part>>,
}

impl Gradients {
    /// Adds a slice's gradient, times a factor.
    pub fn add(&mut self, store: &SharedStore, slice: &Slice, (gradient, factor): (&[f32], f32)) {
        let Some(shared) = store.at(slice.shared) else { return };
        if self.parts.len() <= slice.shared {
            self.parts.resize(slice.shared + 1, None);
        }
        let size = shared.values.len();
        let empty = || Part { gradient: vec![0.0; size], touched: vec![false; size] };
        let part = self.parts[slice.shared].get_or_insert_with(empty);
        let mut rest = gradient;
        for run in &slice.runs {
            let (values, others) = rest.split_at(run.len().min(rest.len()));
            for (sum, value) in part.gradient[run.clone()].iter_mut().zip(values) {
                *sum += value * factor;
            }
            part.touched[run.clone()].fill(true);
            rest = others;
        }
    }

    /// Takes a step with the values that have gradients: they, and what the optimiser remembers
    /// of them, change as in a training of them alone; all others keep every bit. Gives the norm
    /// of the gradient before clipping.
    pub fn step(
        self,
        store: &mut SharedStore,
        (optimiser, steps): (&Optimiser, &mut u64),
        options: StepOptions,
    ) -> f32 {
        let second = match optimiser {
            Optimiser::Adam { .. } => true,
            Optimiser::Sgd { .. } => false,
        };
        let mut parameters = ParameterStore::default();
        let mut state = OptimiserState { steps: *steps, ..OptimiserState::default() };
        let mut gradients = Vec::new();
        let mut touched: Vec<(usize, Vec<usize>)> = Vec::new();
        for (index, part) in self.parts.into_iter().enumerate() {
            let (Some(part), Some(shared)) = (part, store.at_mut(index)) else { continue };
            if second && shared.second.is_empty() {
                shared.second = vec![0.0; shared.values.len()];
            }
            let places: Vec<usize> =
                (0..part.touched.len()).filter(|&place| part.touched[place]).collect();
            let of = |values: &[f32]| places.iter().map(|&place| values[place]).collect();
            parameters.insert(index.to_string(), &dims(shared, places.len()), of(&shared.values));
            gradients.push(of(&part.gradient));
            state.first.push(of(&shared.first));
            if second {
                state.second.push(of(&shared.second));
            }
            touched.push((index, places));
        }
        let norm = state.step(optimiser, &mut parameters, (&gradients, options));
        *steps = state.steps;
        for (at, ((index, places), (_, parameter))) in
            touched.iter().zip(parameters.iter()).enumerate()
        {
            let Some(shared) = store.at_mut(*index) else { continue };
            let values = ops::values(parameter.value.clone());
            put(&mut shared.values, (places, &values));
            put(&mut shared.first, (places, &state.first[at]));
            if let Some(second) = state.second.get(at) {
                put(&mut shared.second, (places, second));
            }
        }
        norm
    }
}

/// Weights have two dimensions for the optimiser, which does not pull vectors to 0.
fn dims(shared: &Shared, count: usize) -> Vec<usize> {
    match shared.role {
        Role::Convolution | Role::Linear => vec![1, count],
        Role::Factor | Role::Offset => vec![count],
    }
}

fn put(to: &mut [f32], (places, values): (&[usize], &[f32])) {
    for (&place, &value) in places.iter().zip(values) {
        to[place] = value;
    }
}
