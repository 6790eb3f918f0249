//! Layers and networks as values.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bits of weights and activations where a layer list states none.
pub const DEFAULT_BITS: u32 = 9;
/// Exponent shift of the ADC's scaled range where a layer list states none.
pub const DEFAULT_POINT_SHIFT: f64 = -2.0;
/// Step of the network's input where a layer list states none: pixels of 0 to 255 as 0 to 1.
pub const DEFAULT_INPUT_STEP: f64 = 1.0 / 255.0;

/// Where a layer takes an input from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// The network's input.
    Input,
    /// The output of an earlier layer, by its index.
    Layer(usize),
}

/// How a window is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PoolingMode {
    /// Largest value of the window (`MAX`).
    Max,
    /// Mean of the window; padding counts as zeros (`AVE`).
    Average,
}

/// A two-dimensional convolution without bias, square kernel, stride and padding.
///
/// Even kernels that pad by at least half their size give one row and column too many; the
/// last or the first of them is dropped (a flag of the weights says which), so that stride 1
/// with padding k/2 keeps the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Convolution {
    /// Input channels, of all groups.
    pub in_channels: usize,
    /// Output channels, of all groups.
    pub out_channels: usize,
    /// Kernel side.
    pub kernel_size: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Zero padding on all four sides.
    pub padding: usize,
    /// Groups; 1 is a dense convolution.
    pub groups: usize,
}

impl Convolution {
    /// Whether one row and column of the raw output is dropped (see the type's text).
    #[must_use]
    pub fn drops_even_edge(&self) -> bool {
        self.kernel_size.is_multiple_of(2) && self.padding >= self.kernel_size / 2
    }
}

/// A pooling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pooling {
    /// Reduction.
    pub mode: PoolingMode,
    /// Window side.
    pub kernel_size: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Padding on all four sides.
    pub padding: usize,
}

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Convolution, dense or grouped (`conv`, `group_conv`); sits in crossbars.
    Convolution(Convolution),
    /// Fully connected layer without bias (`fc`); sits in crossbars.
    FullyConnected {
        /// Input features.
        in_features: usize,
        /// Output features.
        out_features: usize,
    },
    /// Batch normalisation over channels of a map or features of a vector (`bn`).
    BatchNorm {
        /// Channels or features.
        features: usize,
    },
    /// max(x, 0) (`relu`).
    Relu,
    /// min(max(x, -1), 1) (`hard_tanh`).
    HardTanh,
    /// Everything but the batch in one dimension (`view`).
    View,
    /// Dimensions `start_dim..=end_dim` (batch is 0; -1 is the last) in one (`flatten`).
    Flatten {
        /// First dimension.
        start_dim: i64,
        /// Last dimension, inclusive.
        end_dim: i64,
    },
    /// Nothing at inference (`dropout`).
    Dropout,
    /// Max or average pooling (`pooling`, and `adaptive_pooling` of candidates); has a circuit.
    Pooling(Pooling),
    /// Mean over windows chosen to give an output size (`AdaptiveAvgPool2d` of layer lists);
    /// the reference gives it no circuit.
    AdaptiveAveragePooling {
        /// (height, width) of the output.
        output_size: (usize, usize),
    },
    /// Sum of two or more inputs of equal shape (`element_sum`); the global accumulator.
    ElementSum,
    /// Zero channels behind the input's up to `max_channels` (`expand`).
    Expand {
        /// Channels of the output.
        max_channels: usize,
    },
    /// Mean over windows that halve both sides, rounding down (`downsample`): 2×2 where the
    /// sides are even, otherwise the windows of an adaptive average pooling to that size.
    Downsample,
}

impl Operation {
    /// The name in layer lists.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Convolution(conv) if conv.groups > 1 => "group_conv",
            Self::Convolution(_) => "conv",
            Self::FullyConnected { .. } => "fc",
            Self::BatchNorm { .. } => "bn",
            Self::Relu => "relu",
            Self::HardTanh => "hard_tanh",
            Self::View => "view",
            Self::Flatten { .. } => "flatten",
            Self::Dropout => "dropout",
            Self::Pooling(_) => "pooling",
            Self::AdaptiveAveragePooling { .. } => "AdaptiveAvgPool2d",
            Self::ElementSum => "element_sum",
            Self::Expand { .. } => "expand",
            Self::Downsample => "downsample",
        }
    }

    /// Weights that crossbars hold: k · k · in / groups · out of a convolution, in · out of a fully
    /// connected layer, none of others (the vectors of a batch normalisation are not counted).
    #[must_use]
    pub fn weights(&self) -> u64 {
        let count = match *self {
            Self::Convolution(conv) => {
                let inputs = conv.in_channels / conv.groups.max(1);
                conv.kernel_size * conv.kernel_size * inputs * conv.out_channels
            }
            Self::FullyConnected { in_features, out_features } => in_features * out_features,
            Self::BatchNorm { .. }
            | Self::Relu
            | Self::HardTanh
            | Self::View
            | Self::Flatten { .. }
            | Self::Dropout
            | Self::Pooling(_)
            | Self::AdaptiveAveragePooling { .. }
            | Self::ElementSum
            | Self::Expand { .. }
            | Self::Downsample => 0,
        };
        count as u64
    }
}

/// A quantised tensor's bits and full range: steps of `scale / (2^(bits-1) - 1)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantisation {
    /// Bits, sign included.
    pub bits: u32,
    /// Largest magnitude.
    pub scale: f64,
}

impl Quantisation {
    /// Largest integer code: 2^(bits-1) - 1; 0 for less than two bits.
    #[must_use]
    pub fn max_code(&self) -> f64 {
        let magnitude_bits = self.bits.saturating_sub(1).min(u64::BITS - 1);
        ((1_u64 << magnitude_bits) - 1) as f64
    }

    /// Difference of neighbouring values; infinite for less than two bits.
    #[must_use]
    pub fn step(&self) -> f64 {
        self.scale / self.max_code()
    }
}

/// Scales that a candidate of a super net carries with a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateScales {
    /// One for each input.
    pub inputs: Vec<Quantisation>,
    /// Of the weights; convolution and fully connected layers only.
    pub weight: Option<Quantisation>,
    /// Of the output.
    pub output: Quantisation,
}

/// A layer: an operation, its inputs and its precision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// What it computes.
    pub operation: Operation,
    /// Inputs; two or more for [`Operation::ElementSum`], one otherwise.
    pub inputs: Vec<Source>,
    /// Bits of a weight, sign included; `None` where a candidate's layer has no weights.
    pub weight_bits: Option<u32>,
    /// Bits of an output activation, sign included.
    pub activation_bits: u32,
    /// Bits of an input activation where the description states them (candidates do).
    pub input_bits: Option<u32>,
    /// Exponent shift of the ADC's scaled range (`point_shift`).
    pub point_shift: f64,
    /// Scales, where the network is a candidate of a super net.
    pub scales: Option<CandidateScales>,
    /// Name in the file that it came from, if it has one.
    pub name: Option<String>,
}

impl Layer {
    /// A layer with the precision that layer lists have by default: [`DEFAULT_BITS`] and
    /// [`DEFAULT_POINT_SHIFT`].
    #[must_use]
    pub fn new(operation: Operation, inputs: Vec<Source>) -> Self {
        Self {
            operation,
            inputs,
            weight_bits: Some(DEFAULT_BITS),
            activation_bits: DEFAULT_BITS,
            input_bits: None,
            point_shift: DEFAULT_POINT_SHIFT,
            scales: None,
            name: None,
        }
    }
}

/// Shape and precision of the network's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkInput {
    /// Shape of one item, without the batch: (channels, height, width) or (features,).
    pub shape: Shape,
    /// Bits, sign included.
    pub bits: u32,
    /// Quantisation step (difference of neighbouring values).
    pub step: f64,
}

/// Shape of one item of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shape {
    /// A feature map.
    Map {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// A vector.
    Vector {
        /// Features.
        features: usize,
    },
}

impl Shape {
    /// Number of elements; `usize::MAX` where it does not fit.
    #[must_use]
    pub fn elements(&self) -> usize {
        match *self {
            Self::Map { channels, height, width } => {
                channels.saturating_mul(height).saturating_mul(width)
            }
            Self::Vector { features } => features,
        }
    }
}

impl fmt::Display for Shape {
    /// `64×16×16` (channels, height, width) or `120 features`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map { channels, height, width } => write!(f, "{channels}×{height}×{width}"),
            Self::Vector { features } => write!(f, "{features} features"),
        }
    }
}

/// A network: an input and layers in an order in which each layer's inputs come before it.
/// The last layer is the output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// A name for reports.
    pub name: String,
    /// The input.
    pub input: NetworkInput,
    /// The layers.
    pub layers: Vec<Layer>,
}
