//! The crossbar in the loop: what devices and converters do to a layer, in the forward pass of a
//! training, so that the net learns to live with it. Gradients pass as if nothing happened.

use burn_tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::kernel::conv::ConvOptions;
use crate::kernel::element::{Activation, Quantiser};
use crate::ops;
use crate::random::{Purpose, Stream};

/// What the hardware adds to a forward pass of training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// Standard deviation of a weight relative to the largest magnitude of its layer, drawn anew
    /// in every step; 0 for none.
    pub variation: f32,
    /// Converters behind the columns, if their resolution is felt.
    pub adc: Option<AdcNoise>,
}

/// Analogue-digital conversion of partial sums: the inputs of a layer are cut into parts of as
/// many rows as a crossbar has, and the sum of each part is rounded to the ADC's codes over the
/// range of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdcNoise {
    /// Bits of the ADC, sign included.
    pub bits: u32,
    /// Rows of a crossbar.
    pub rows: usize,
}

/// A layer in a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoisyLayer {
    pub noise: Noise,
    pub layer: usize,
    /// Seed and number of a training step; none in evaluation, which is without noise.
    pub step: Option<(u64, u64)>,
}

impl NoisyLayer {
    /// The weights with the variation of this step.
    pub fn vary(&self, weight: Tensor<1>) -> Tensor<1> {
        let Some((seed, step)) = self.step.filter(|_| self.noise.variation > 0.0) else {
            return weight;
        };
        let largest = ops::range(weight.clone()).largest;
        let sigma = f64::from(self.noise.variation * largest);
        let mut stream = Stream::new(seed, Purpose::Variation, (step, self.layer as u64));
        let count = weight.dims()[0];
        let drawn: Vec<f32> = (0..count).map(|_| (stream.normal() * sigma) as f32).collect();
        let drawn = Tensor::from_data(TensorData::new(drawn, [count]), &Device::flex());
        let drawn = drawn.to_device(&weight.device());
        ops::add(weight, drawn, Activation::Identity)
    }

    fn adc(&self) -> Option<AdcNoise> {
        self.noise.adc.filter(|_| self.step.is_some())
    }

    /// A convolution whose partial sums pass the converters. Groups are not cut: each has few
    /// enough inputs in the networks this is made for, and its sum is converted whole.
    pub fn conv2d(&self, input: Tensor<4>, weight: Tensor<4>, options: ConvOptions) -> Tensor<4> {
        let Some(adc) = self.adc() else { return ops::conv2d(input, weight, options) };
        let [outputs, side, _, channels] = weight.dims();
        let of_part = (adc.rows / (side * side).max(1)).max(1);
        if options.groups > 1 || channels <= of_part {
            return converted(ops::conv2d(input, weight, options), adc);
        }
        let [items, height, width, _] = input.dims();
        let parts = (0..channels).step_by(of_part).map(|start| {
            let range = start..(start + of_part).min(channels);
            let x = input.clone().slice([0..items, 0..height, 0..width, range.clone()]);
            let w = weight.clone().slice([0..outputs, 0..side, 0..side, range]);
            converted(ops::conv2d(x, w, options), adc)
        });
        sum(parts.collect())
    }

    /// A fully connected layer whose partial sums pass the converters.
    pub fn linear(&self, input: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
        let Some(adc) = self.adc() else { return ops::linear(input, weight) };
        let ([items, features], [outputs, _]) = (input.dims(), weight.dims());
        let parts = (0..features).step_by(adc.rows.max(1)).map(|start| {
            let range = start..(start + adc.rows.max(1)).min(features);
            let x = input.clone().slice([0..items, range.clone()]);
            let w = weight.clone().slice([0..outputs, range]);
            converted(ops::linear(x, w), adc)
        });
        sum(parts.collect())
    }
}

fn converted<const D: usize>(sum: Tensor<D>, adc: AdcNoise) -> Tensor<D> {
    let largest = ops::range(sum.clone()).largest;
    ops::quantise(sum, Quantiser::new(adc.bits, largest))
}

fn sum<const D: usize>(parts: Vec<Tensor<D>>) -> Tensor<D> {
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_else(|| Tensor::zeros([1; D], &Device::flex()));
    parts.fold(first, |total, part| ops::add(total, part, Activation::Identity))
}
