//! Layers as functions of tensors, apart from who owns the parameters.
//!
//! Maps are items × rows × columns × channels (channels innermost), vectors items × features,
//! weights of convolutions output × kernel row × kernel column × input of a group, those of fully
//! connected layers output × input. On the CPU these functions run on this crate's kernels, on
//! any other device they are composed of Burn's own operations ([`composed`]). All are
//! differentiable where an input is, by [`Tensor::backward`].
//!
//! ```
//! use burn_tensor::{Device, Tensor};
//! use pimnas_train::{ConvOptions, EvenEdge, ops};
//!
//! let device = Device::flex().autodiff();
//! let input = Tensor::<4>::ones([1, 5, 5, 2], &device);
//! let weight = Tensor::<4>::ones([3, 3, 3, 2], &device).require_grad();
//! let options = ConvOptions { stride: 1, padding: 1, groups: 1, edge: EvenEdge::Last };
//! let output = ops::conv2d(input, weight.clone(), options);
//! assert_eq!(output.dims(), [1, 5, 5, 3]);
//! let gradients = output.sum().backward();
//! assert_eq!(weight.grad(&gradients).unwrap().dims(), [3, 3, 3, 2]);
//! ```

pub mod composed;

use burn_dispatch::Dispatch;
use burn_tensor::{Device, Tensor};
use pimnas_network::Pooling;

use crate::backend::TrainBackend;
use crate::backend::Use;
pub use crate::backend::{Map, Tail, Targets};
use crate::kernel::conv::ConvOptions;
use crate::kernel::element::{Activation, Quantiser, Range};

/// Whether tensors of that device run on this crate's kernels.
fn has_kernels(device: &Device) -> bool {
    // Equality of devices does not look at differentiation.
    *device == Device::flex()
}

/// A convolution of a map.
#[must_use]
pub fn conv2d(input: Tensor<4>, weight: Tensor<4>, options: ConvOptions) -> Tensor<4> {
    if !has_kernels(&input.device()) {
        return composed::conv2d(input, weight, options);
    }
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as TrainBackend>::train_conv2d(input, weight, options))
}

/// A fully connected layer: vectors times the transposed weights.
#[must_use]
pub fn linear(input: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if !has_kernels(&input.device()) {
        return composed::linear(input, weight);
    }
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as TrainBackend>::train_linear(input, weight))
}

/// An operation without parameters.
#[must_use]
pub fn map<const D: usize>(input: Tensor<D>, map: Map) -> Tensor<D> {
    if !has_kernels(&input.device()) {
        return composed::map(input, &map);
    }
    Tensor::from_dispatch(<Dispatch as TrainBackend>::train_map(input.into_dispatch(), map))
}

/// A value for each of the layers that read it. All of them must count for what is differentiated.
#[must_use]
pub fn shared<const D: usize>(input: Tensor<D>, uses: usize) -> Vec<Tensor<D>> {
    if uses < 2 || !has_kernels(&input.device()) {
        return vec![input; uses];
    }
    let places = Use::all(uses).into_iter();
    places
        .map(|place| {
            let input = input.clone().into_dispatch();
            Tensor::from_dispatch(<Dispatch as TrainBackend>::train_use(input, place))
        })
        .collect()
}

/// An activation.
#[must_use]
pub fn activation<const D: usize>(input: Tensor<D>, which: Activation) -> Tensor<D> {
    match which {
        Activation::Identity => input,
        Activation::Relu | Activation::HardTanh => map(input, Map::Activation(which)),
    }
}

/// Multiples of the quantiser's step; the gradient passes as if nothing happened.
#[must_use]
pub fn quantise<const D: usize>(input: Tensor<D>, quantiser: Quantiser) -> Tensor<D> {
    map(input, Map::Quantise(quantiser))
}

/// Max or average pooling of a map; padding counts as zeros of a mean and never as the largest.
#[must_use]
pub fn pool(input: Tensor<4>, pooling: Pooling) -> Tensor<4> {
    map(input, Map::Pool(pooling))
}

/// Mean over windows chosen to give (height, width).
#[must_use]
pub fn adaptive_mean(input: Tensor<4>, (height, width): (usize, usize)) -> Tensor<4> {
    map(input, Map::AdaptiveMean { height, width })
}

/// Mean over windows that halve both sides, rounding down.
#[must_use]
pub fn downsample(input: Tensor<4>) -> Tensor<4> {
    let [_, height, width, _] = input.dims();
    adaptive_mean(input, (height / 2, width / 2))
}

/// Zero channels behind the input's, up to that many.
#[must_use]
pub fn expand(input: Tensor<4>, channels: usize) -> Tensor<4> {
    map(input, Map::Expand { channels })
}

/// Each value kept and doubled with probability 1/2, by the seed.
#[must_use]
pub fn dropout<const D: usize>(input: Tensor<D>, seed: u64) -> Tensor<D> {
    map(input, Map::Dropout { seed })
}

/// The maps of a batch as vectors, in the order of the common file formats: channel by channel,
/// row by row.
#[must_use]
pub fn flatten(input: Tensor<4>) -> Tensor<2> {
    let [items, height, width, channels] = input.dims();
    let features = height * width * channels;
    if height * width == 1 {
        return input.reshape([items, features]);
    }
    input.permute([0, 3, 1, 2]).reshape([items, features])
}

/// activation(left + right) of two tensors of one shape.
#[must_use]
pub fn add<const D: usize>(left: Tensor<D>, right: Tensor<D>, which: Activation) -> Tensor<D> {
    if !has_kernels(&left.device()) {
        return composed::add(left, right, which);
    }
    let (left, right) = (left.into_dispatch(), right.into_dispatch());
    Tensor::from_dispatch(<Dispatch as TrainBackend>::train_add(left, right, which))
}

/// A normalised batch and what running averages are made from.
#[derive(Clone, Debug)]
pub struct Normalised<const D: usize> {
    /// The output, after what follows the normalisation.
    pub output: Tensor<D>,
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Variance of each channel, divided by the number of rows.
    pub variance: Vec<f32>,
    /// Full range of the quantiser, if one follows.
    pub scale: Option<f32>,
}

/// Batch normalisation with the moments of this batch over all but the last dimension, and what
/// follows it. To the variance 1e-5 is added.
#[must_use]
pub fn batch_norm<const D: usize>(
    input: Tensor<D>,
    (gamma, beta): (Tensor<1>, Tensor<1>),
    tail: Tail,
) -> Normalised<D> {
    if !has_kernels(&input.device()) {
        return composed::batch_norm(input, (gamma, beta), tail);
    }
    let (output, stated) = <Dispatch as TrainBackend>::train_norm(
        input.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        tail,
    );
    let stated = values(Tensor::<1>::from_dispatch(stated));
    let channels = stated.len() / 4;
    let part = |index: usize| stated[index * channels..(index + 1) * channels].to_vec();
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: part(0),
        variance: part(1),
        scale: tail.bits.and(stated.last().copied()),
    }
}

/// The mean cross-entropy of softmax over a batch, one value.
#[must_use]
pub fn cross_entropy(logits: Tensor<2>, targets: Targets) -> Tensor<1> {
    if !has_kernels(&logits.device()) {
        return composed::cross_entropy(logits, &targets);
    }
    Tensor::from_dispatch(<Dispatch as TrainBackend>::train_loss(logits.into_dispatch(), targets))
}

/// Largest magnitude, mean and standard deviation of all values.
#[must_use]
pub fn range<const D: usize>(input: Tensor<D>) -> Range {
    if !has_kernels(&input.device()) {
        return composed::range(input);
    }
    let stated = <Dispatch as TrainBackend>::train_range(input.into_dispatch());
    match *values(Tensor::<1>::from_dispatch(stated)) {
        [largest, mean, deviation] => {
            Range { largest, mean: f64::from(mean), deviation: f64::from(deviation) }
        }
        _ => Range::default(),
    }
}

/// The values of a tensor, row by row.
#[must_use]
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap_or_default()
}
