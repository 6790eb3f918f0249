//! What the operations take beside tensors.

use std::sync::Arc;

use pimnas_network::{Pooling, PoolingMode};

use crate::kernel::conv::MapShape;
use crate::kernel::element::{Activation, Quantiser};
use crate::kernel::pool::Spans;

/// An operation with one input and no parameters that learn.
#[derive(Clone, Debug, PartialEq)]
pub enum Map {
    /// An activation.
    Activation(Activation),
    /// Quantisation; the gradient passes as if nothing happened.
    Quantise(Quantiser),
    /// Pooling of a map.
    Pool(Pooling),
    /// Mean over windows chosen to give (height, width).
    AdaptiveMean {
        /// Rows of the output.
        height: usize,
        /// Columns of the output.
        width: usize,
    },
    /// Zero channels behind the input's, up to that many.
    Expand {
        /// Channels of the output.
        channels: usize,
    },
    /// x · factor + offset a channel, then what follows: batch normalisation with known moments.
    Affine {
        /// Factor of each channel.
        factor: Arc<[f32]>,
        /// Offset of each channel.
        offset: Arc<[f32]>,
        /// The activation behind it.
        activation: Activation,
        /// Quantisation before the activation.
        quantiser: Option<Quantiser>,
    },
    /// Values are kept and doubled with probability 1/2.
    Dropout {
        /// Seed of the choice.
        seed: u64,
    },
}

impl Map {
    /// Shape of the output.
    pub(crate) fn output(&self, input: MapShape) -> MapShape {
        match *self {
            Self::Activation(_)
            | Self::Quantise(_)
            | Self::Affine { .. }
            | Self::Dropout { .. } => input,
            Self::Pool(pooling) => {
                let along = |side: usize| {
                    let room = (side + 2 * pooling.padding).checked_sub(pooling.kernel_size);
                    room.map_or(0, |room| room / pooling.stride.max(1) + 1)
                };
                MapShape { height: along(input.height), width: along(input.width), ..input }
            }
            Self::AdaptiveMean { height, width } => MapShape { height, width, ..input },
            Self::Expand { channels } => MapShape { channels, ..input },
        }
    }

    /// The windows of pooling and means.
    pub(crate) fn windows(&self, from: &MapShape, to: &MapShape) -> Option<(Spans, PoolingMode)> {
        match self {
            Self::Pool(pooling) => Some((Spans::pooling(pooling, from, to), pooling.mode)),
            Self::AdaptiveMean { .. } => Some((Spans::adaptive(from, to), PoolingMode::Average)),
            Self::Activation(_)
            | Self::Quantise(_)
            | Self::Expand { .. }
            | Self::Affine { .. }
            | Self::Dropout { .. } => None,
        }
    }
}

/// What follows a batch normalisation: quantisation with the full range of this batch, then an
/// activation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Bits of the quantisation; none without it.
    pub bits: Option<u32>,
    /// The activation.
    pub activation: Activation,
}

/// What a classifier should have answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    /// The class of each item.
    pub labels: Arc<[u32]>,
    /// Share of the target that all classes get alike.
    pub smoothing: f32,
}
