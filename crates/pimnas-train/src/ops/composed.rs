//! The same layers composed of Burn's own operations, for devices without this crate's kernels.
//!
//! Shapes and meanings are those of [`crate::ops`], whose functions call these where they must.

use burn_tensor::module;
use burn_tensor::ops::{AvgPoolOptions, ConvOptions as BurnConvOptions, MaxPoolOptions};
use burn_tensor::{Int, Tensor, TensorData};
use pimnas_network::{Pooling, PoolingMode};

use super::{Map, Normalised, Tail, Targets, values};
use crate::kernel::conv::{ConvOptions, EvenEdge};
use crate::kernel::element::{Activation, Quantiser, Range};
use crate::kernel::norm::EPSILON;

/// See [`crate::ops::conv2d`].
#[must_use]
pub fn conv2d(input: Tensor<4>, weight: Tensor<4>, options: ConvOptions) -> Tensor<4> {
    let kernel = weight.dims()[1];
    let ConvOptions { stride, padding, groups, edge } = options;
    let burn = BurnConvOptions::new([stride; 2], [padding; 2], [1; 2], groups);
    let output =
        module::conv2d(input.permute([0, 3, 1, 2]), weight.permute([0, 3, 1, 2]), None, burn);
    let output = output.permute([0, 2, 3, 1]);
    if !kernel.is_multiple_of(2) || padding < kernel / 2 {
        return output;
    }
    let [items, height, width, channels] = output.dims();
    let kept = |side: usize| match edge {
        EvenEdge::First => 1..side,
        EvenEdge::Last => 0..side - 1,
    };
    output.slice([0..items, kept(height), kept(width), 0..channels])
}

/// See [`crate::ops::linear`].
#[must_use]
pub fn linear(input: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    input.matmul(weight.transpose())
}

/// See [`crate::ops::activation`].
#[must_use]
pub fn activation<const D: usize>(input: Tensor<D>, which: Activation) -> Tensor<D> {
    match which {
        Activation::Identity => input,
        Activation::Relu => burn_tensor::activation::relu(input),
        Activation::HardTanh => input.clamp(-1.0, 1.0),
    }
}

/// See [`crate::ops::quantise`].
#[must_use]
pub fn quantise<const D: usize>(input: Tensor<D>, quantiser: Quantiser) -> Tensor<D> {
    if quantiser.factor == 0.0 {
        return input;
    }
    let plain = input.clone().detach();
    let codes = plain.clone() * quantiser.factor;
    let codes = codes.clamp(-quantiser.limit, quantiser.limit).round();
    input + (codes / quantiser.factor - plain)
}

/// See [`crate::ops::map`].
#[must_use]
pub fn map<const D: usize>(input: Tensor<D>, map: &Map) -> Tensor<D> {
    match map {
        Map::Activation(which) => activation(input, *which),
        Map::Quantise(quantiser) => quantise(input, *quantiser),
        Map::Affine { factor, offset, activation: which, quantiser } => {
            let row = |values: &[f32]| {
                let mut dims = [1; D];
                if let Some(last) = dims.last_mut() {
                    *last = values.len();
                }
                Tensor::<D>::from_data(TensorData::new(values.to_vec(), dims), &input.device())
            };
            let (factor, offset) = (row(factor), row(offset));
            let mut output = input * factor + offset;
            if let Some(quantiser) = quantiser {
                output = quantise(output, *quantiser);
            }
            activation(output, *which)
        }
        Map::Dropout { seed } => {
            let ones = vec![1.0; input.dims().iter().product()];
            let mut kept = vec![0.0; ones.len()];
            let point = crate::kernel::element::Dropout(*seed);
            let isa = crate::kernel::simd::fastest();
            crate::kernel::element::pointwise(isa, point, &mut kept, [&ones, &[]]);
            let kept = TensorData::new(kept, input.dims());
            let kept = Tensor::from_data(kept, &input.device());
            input * kept
        }
        Map::Pool(pooling) => on_planes(input, |planes| pool(planes, pooling)),
        Map::AdaptiveMean { height, width } => {
            on_planes(input, |planes| module::adaptive_avg_pool2d(planes, [*height, *width]))
        }
        Map::Expand { channels } => {
            let mut dims = input.dims();
            if let Some(last) = dims.last_mut() {
                *last = channels.saturating_sub(*last);
            }
            let zeros = Tensor::<D>::zeros(dims, &input.device());
            Tensor::cat(vec![input, zeros], D - 1)
        }
    }
}

/// Runs a function on a map with channels before rows.
fn on_planes<const D: usize>(
    input: Tensor<D>,
    run: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> Tensor<D> {
    let mut dims = [1; 4];
    for (to, from) in dims.iter_mut().zip(input.dims()) {
        *to = from;
    }
    let output = run(input.reshape(dims).permute([0, 3, 1, 2])).permute([0, 2, 3, 1]);
    let found = output.dims();
    output.reshape(std::array::from_fn::<usize, D, _>(|i| found.get(i).copied().unwrap_or(1)))
}

fn pool(planes: Tensor<4>, pooling: &Pooling) -> Tensor<4> {
    let (kernel, stride) = ([pooling.kernel_size; 2], [pooling.stride; 2]);
    let padding = [(pooling.padding, pooling.padding); 2];
    match pooling.mode {
        PoolingMode::Max => {
            let options = MaxPoolOptions::new(kernel);
            module::max_pool2d(planes, MaxPoolOptions { stride, padding, ..options })
        }
        PoolingMode::Average => {
            let options = AvgPoolOptions::new(kernel);
            let options = AvgPoolOptions { stride, padding, count_include_pad: true, ..options };
            module::avg_pool2d(planes, options)
        }
    }
}

/// See [`crate::ops::add`].
#[must_use]
pub fn add<const D: usize>(left: Tensor<D>, right: Tensor<D>, which: Activation) -> Tensor<D> {
    activation(left + right, which)
}

/// See [`crate::ops::batch_norm`].
#[must_use]
pub fn batch_norm<const D: usize>(
    input: Tensor<D>,
    (gamma, beta): (Tensor<1>, Tensor<1>),
    tail: Tail,
) -> Normalised<D> {
    let dims = input.dims();
    let channels = dims.last().copied().unwrap_or(1);
    let rows = input.reshape([dims.iter().product::<usize>() / channels.max(1), channels]);
    let mean = rows.clone().mean_dim(0);
    let centred = rows - mean.clone();
    let variance = centred.clone().powi_scalar(2).mean_dim(0);
    let normalised = centred / (variance.clone() + EPSILON).sqrt();
    let output = normalised * gamma.unsqueeze::<2>() + beta.unsqueeze::<2>();
    let scale = tail.bits.map(|_| range(output.clone()).scale());
    let output = match (tail.bits, scale) {
        (Some(bits), Some(scale)) => quantise(output, Quantiser::new(bits, scale)),
        (None, _) | (_, None) => output,
    };
    let output = activation(output, tail.activation).reshape(dims);
    Normalised { output, mean: values(mean), variance: values(variance), scale }
}

/// See [`crate::ops::cross_entropy`].
#[must_use]
pub fn cross_entropy(logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
    let [items, classes] = logits.dims();
    let device = logits.device();
    let labels: Vec<i64> = targets.labels.iter().map(|&label| i64::from(label)).collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [items, 1]), &device);
    let logarithms = burn_tensor::activation::log_softmax(logits, 1);
    let stated = logarithms.clone().gather(1, labels).sum();
    let all = logarithms.sum() / classes as f32;
    let loss = stated * (1.0 - targets.smoothing) + all * targets.smoothing;
    loss / -(items as f32)
}

/// See [`crate::ops::range`].
#[must_use]
pub fn range<const D: usize>(input: Tensor<D>) -> Range {
    let isa = crate::kernel::simd::fastest();
    crate::kernel::element::range(isa, &values(input.detach()))
}
