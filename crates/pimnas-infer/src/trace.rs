//! What is known of each activation before anything runs: its sign, bits and step.

use pimnas_network::{Operation, PoolingMode, ShapedNetwork, Source};

use crate::bind::{Bound, BoundLayer};
use crate::quantise::max_code;

/// Bits and step of an activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trace {
    pub bits: u32,
    pub step: f64,
}

impl Trace {
    fn of_scale(bits: u32, scale: f64) -> Self {
        Self { bits, step: scale / f64::from(max_code(bits)) }
    }

    fn scale(&self) -> f64 {
        self.step * f64::from(max_code(self.bits))
    }
}

/// What is known of every layer's output.
#[derive(Debug)]
pub(crate) struct Traces {
    input: Trace,
    layers: Vec<(Option<Trace>, bool)>,
}

impl Traces {
    pub fn new(shaped: &ShapedNetwork<'_>, bound: &[BoundLayer]) -> Self {
        let input = &shaped.network.input;
        let input = Trace { bits: input.bits, step: input.step };
        let mut traces = Self { input, layers: Vec::new() };
        for (layer, bound) in shaped.network.layers.iter().zip(bound) {
            let first = layer.inputs.first().copied().unwrap_or(Source::Input);
            let before = traces.of(first);
            let after = match (&bound.parameters, bound.requantised, layer.operation) {
                (Bound::Weights(weights), _, _) => weights
                    .scales
                    .map(|scales| Trace::of_scale(layer.activation_bits, f64::from(scales.output))),
                (_, Some(scale), _) => {
                    Some(Trace::of_scale(layer.activation_bits, f64::from(scale)))
                }
                (_, None, Operation::ElementSum) => traces.sum(&layer.inputs),
                (_, None, _) => before,
            };
            let non_negative = match layer.operation {
                Operation::Relu => true,
                Operation::Convolution(_)
                | Operation::FullyConnected { .. }
                | Operation::BatchNorm { .. } => false,
                // Padding of a max pooling is not a value.
                Operation::Pooling(pooling) => match pooling.mode {
                    PoolingMode::Max | PoolingMode::Average => traces.is_non_negative(first),
                },
                Operation::HardTanh
                | Operation::View
                | Operation::Flatten { .. }
                | Operation::Dropout
                | Operation::AdaptiveAveragePooling { .. }
                | Operation::Expand { .. }
                | Operation::Downsample => traces.is_non_negative(first),
                Operation::ElementSum => {
                    layer.inputs.iter().all(|&source| traces.is_non_negative(source))
                }
            };
            traces.layers.push((after, non_negative));
        }
        traces
    }

    /// A sum's full range is the sum of the full ranges; its bits are the most of its inputs'.
    fn sum(&self, inputs: &[Source]) -> Option<Trace> {
        let inputs: Vec<Trace> =
            inputs.iter().map(|&input| self.of(input)).collect::<Option<_>>()?;
        let scale = inputs.iter().map(Trace::scale).sum();
        let bits = inputs.iter().map(|input| input.bits).max()?;
        Some(Trace::of_scale(bits, scale))
    }

    /// Bits and step of a source, if they are known.
    pub fn of(&self, source: Source) -> Option<Trace> {
        match source {
            Source::Input => Some(self.input),
            Source::Layer(layer) => self.layers.get(layer).and_then(|&(trace, _)| trace),
        }
    }

    /// Whether a source can have no negative values.
    pub fn is_non_negative(&self, source: Source) -> bool {
        match source {
            Source::Input => false,
            Source::Layer(layer) => self.layers.get(layer).is_some_and(|&(_, known)| known),
        }
    }
}
