//! What a layer keeps that does not learn by gradients.

use pimnas_network::{Network, Operation};
use serde::{Deserialize, Serialize};

use crate::kernel::conv::EvenEdge;
use crate::random::{Purpose, Stream};

/// Share of the old average that a new batch leaves, of batch normalisation.
const NORM_MOMENTUM: f32 = 0.1;
/// Share of the old full range that a new batch leaves.
const SCALE_MEMORY: f32 = 0.1;

/// The state of a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerState {
    /// Running mean of each channel (batch normalisation).
    pub mean: Vec<f32>,
    /// Running variance of each channel (batch normalisation).
    pub variance: Vec<f32>,
    /// Running full range of the quantised output; none before the first batch.
    pub scale: Option<f32>,
    /// Whether an even kernel's output loses its first row and column (or its last).
    pub drops_first: bool,
}

/// What a training batch changes of a layer's state.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Moments of the batch: mean, biased variance, number of rows.
    Moments(Vec<f32>, Vec<f32>, usize),
    /// Full range of the batch.
    Scale(f32),
}

impl LayerState {
    /// First states of the layers of a network; what even kernels lose is random by the seed.
    #[must_use]
    pub fn initial(network: &Network, seed: u64) -> Vec<Self> {
        let state = |(index, operation): (usize, &Operation)| {
            let mut stream = Stream::new(seed, Purpose::Edges, (index as u64, 0));
            match operation {
                Operation::BatchNorm { features } => Self {
                    mean: vec![0.0; *features],
                    variance: vec![1.0; *features],
                    ..Self::default()
                },
                Operation::Convolution(conv) => Self {
                    drops_first: conv.drops_even_edge() && stream.below(2) == 0,
                    ..Self::default()
                },
                Operation::FullyConnected { .. }
                | Operation::Relu
                | Operation::HardTanh
                | Operation::View
                | Operation::Flatten { .. }
                | Operation::Dropout
                | Operation::Pooling(_)
                | Operation::AdaptiveAveragePooling { .. }
                | Operation::ElementSum
                | Operation::Expand { .. }
                | Operation::Downsample => Self::default(),
            }
        };
        network.layers.iter().map(|layer| &layer.operation).enumerate().map(state).collect()
    }

    /// What an even kernel's output loses.
    #[must_use]
    pub fn edge(&self) -> EvenEdge {
        if self.drops_first { EvenEdge::First } else { EvenEdge::Last }
    }

    /// Takes a batch into the running values: 0.9 · old + 0.1 · batch of moments (the variance
    /// unbiased), 0.1 · old + 0.9 · batch of the full range, whose first batch counts alone.
    pub fn apply(&mut self, update: &Update) {
        match update {
            Update::Moments(mean, variance, rows) => {
                let unbiased = *rows as f32 / rows.saturating_sub(1).max(1) as f32;
                let mix = |old: &mut f32, new: f32| *old += NORM_MOMENTUM * (new - *old);
                self.mean.iter_mut().zip(mean).for_each(|(old, &new)| mix(old, new));
                let variances = self.variance.iter_mut().zip(variance);
                variances.for_each(|(old, &new)| mix(old, new * unbiased));
            }
            Update::Scale(new) => {
                self.scale = Some(match self.scale {
                    Some(old) => SCALE_MEMORY * old + (1.0 - SCALE_MEMORY) * new,
                    None => *new,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_range_counts_alone_and_later_ones_for_nine_tenths() {
        let mut state = LayerState::default();
        state.apply(&Update::Scale(2.0));
        assert_eq!(state.scale, Some(2.0));
        state.apply(&Update::Scale(4.0));
        assert_eq!(state.scale, Some(0.1 * 2.0 + 0.9 * 4.0));
    }

    #[test]
    fn moments_move_by_a_tenth_and_variances_are_unbiased() {
        let mut state =
            LayerState { mean: vec![1.0], variance: vec![1.0], ..LayerState::default() };
        state.apply(&Update::Moments(vec![3.0], vec![4.0], 5));
        // 4 · 5/4 = 5.
        assert!((state.mean[0] - 1.2).abs() < 1e-6 && (state.variance[0] - 1.4).abs() < 1e-6);
    }
}
