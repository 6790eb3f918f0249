//! Checks of gradients: against finite differences, and against the same layer composed of Burn's
//! own operations.
//!
//! For random weights r the loss is Σ r · f(x). Along a random direction d of one input its slope
//! is measured from two evaluations, summed in double precision, and compared with the gradient
//! times d.

use burn_tensor::{Device, Tensor, TensorData};
use pimnas_network::{Pooling, PoolingMode};

use crate::kernel::conv::{ConvOptions, EvenEdge};
use crate::kernel::element::Activation;
use crate::ops::{self, Map, Tail, Targets, composed};

/// What was found for the gradients of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The layer.
    pub name: String,
    /// Largest difference from finite differences, relative to the slope.
    pub finite: f64,
    /// Largest difference from the composed layer in values and gradients, relative to the
    /// largest of them.
    pub composed: f64,
}

/// A layer as a function of flat inputs with these dimensions.
struct Layer<'a> {
    name: String,
    /// Where it is checked; away from kinks by more than the step.
    inputs: Vec<Vec<f32>>,
    /// Step of the finite difference.
    step: f64,
    own: &'a dyn Fn(&[Tensor<1>]) -> Tensor<1>,
    composed: &'a dyn Fn(&[Tensor<1>]) -> Tensor<1>,
}

/// Numbers between -1 and 1 that look random (xorshift).
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    for _ in 0..8 {
        next();
    }
    (0..count).map(|_| next()).collect()
}

/// Step of finite differences of layers with kinks.
const STEP: f64 = 3e-4;

/// All multiples of 3 / count, and a half, from -1.5 to 1.5, in an order that looks random: no
/// two are nearer than that, and none is nearer to -1, 0 or 1 than half of it.
fn spread(count: usize, seed: u64) -> Vec<f32> {
    let keys = numbers(count, seed);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    order.iter().map(|&i| ((i as f64 + 0.5) / count as f64 * 3.0 - 1.5) as f32).collect()
}

type Function<'a> = &'a dyn Fn(&[Tensor<1>]) -> Tensor<1>;

/// Output and gradients of all inputs, for the loss of these weights.
fn gradients(function: Function<'_>, inputs: &[Vec<f32>], weights: &[f32]) -> Vec<Vec<f32>> {
    let device = Device::flex().autodiff();
    let tensor = |values: &[f32]| {
        Tensor::<1>::from_data(TensorData::new(values.to_vec(), [values.len()]), &device)
    };
    let leaves: Vec<_> = inputs.iter().map(|values| tensor(values).require_grad()).collect();
    let output = function(&leaves);
    let mut found = vec![ops::values(output.clone().detach())];
    let weights = tensor(&weights[..found[0].len()]);
    let gradients = (output * weights).sum().backward();
    let of = |leaf: &Tensor<1>| leaf.grad(&gradients).map(ops::values).unwrap_or_default();
    found.extend(leaves.iter().map(of));
    found
}

/// The loss at these inputs.
fn loss(function: Function<'_>, inputs: &[Vec<f32>], weights: &[f32]) -> f64 {
    let device = Device::flex();
    let tensors: Vec<_> = inputs
        .iter()
        .map(|values| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), &device))
        .collect();
    let output = ops::values(function(&tensors));
    output.iter().zip(weights).map(|(&y, &r)| f64::from(y) * f64::from(r)).sum()
}

impl Layer<'_> {
    fn check(&self) -> Checked {
        let inputs = &self.inputs;
        let weights = numbers(1 << 16, 77);
        let own = gradients(self.own, inputs, &weights);
        let other = gradients(self.composed, inputs, &weights);
        let differences = own.iter().zip(&other).map(|(own, other)| difference(own, other));
        let composed = differences.fold(0.0, f64::max);
        let mut finite = 0_f64;
        for (index, gradient) in own[1..].iter().enumerate() {
            let direction = numbers(gradient.len(), 1000 + index as u64);
            let at = |sign: f64| {
                let mut moved = inputs.clone();
                for (value, &d) in moved[index].iter_mut().zip(&direction) {
                    *value = (f64::from(*value) + sign * self.step * f64::from(d)) as f32;
                }
                loss(self.own, &moved, &weights)
            };
            let slope = (at(1.0) - at(-1.0)) / (2.0 * self.step);
            let products = gradient.iter().zip(&direction);
            let terms = products.map(|(&g, &d)| f64::from(g) * f64::from(d));
            let (stated, size) =
                terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.powi(2)));
            // Terms may cancel: their root sum of squares is what the slope could be.
            finite = finite.max((slope - stated).abs() / f64::max(stated.abs(), size.sqrt()));
        }
        Checked { name: self.name.clone(), finite, composed }
    }
}

/// Largest difference relative to the largest value; infinite for other lengths.
fn difference(own: &[f32], other: &[f32]) -> f64 {
    if own.len() != other.len() {
        return f64::INFINITY;
    }
    let largest = other.iter().fold(1e-6_f64, |most, &value| most.max(f64::from(value).abs()));
    let pairs = own.iter().zip(other);
    pairs.fold(0_f64, |most, (&a, &b)| most.max((f64::from(a) - f64::from(b)).abs())) / largest
}

/// Checks convolutions: kernels 1 to 7, both edges of even ones, strides, groups.
#[must_use]
pub fn convolutions() -> Vec<Checked> {
    let mut found = Vec::new();
    for kernel in 1..=7 {
        for (stride, groups) in [(1, 1), (2, 1), (1, 2), (2, 4)] {
            for edge in [EvenEdge::Last, EvenEdge::First] {
                if kernel % 2 == 1 && edge == EvenEdge::First {
                    continue;
                }
                let options = ConvOptions { stride, padding: kernel / 2, groups, edge };
                found.push(convolution(kernel, options));
            }
        }
    }
    found
}

fn convolution(kernel: usize, options: ConvOptions) -> Checked {
    let (input, weight) = ([2, 9, 8, 8], [12, kernel, kernel, 8 / options.groups]);
    let shaped = |tensors: &[Tensor<1>]| {
        (tensors[0].clone().reshape(input), tensors[1].clone().reshape(weight))
    };
    let edge = match options.edge {
        EvenEdge::First if kernel.is_multiple_of(2) => ", drops first",
        EvenEdge::Last if kernel.is_multiple_of(2) => ", drops last",
        EvenEdge::First | EvenEdge::Last => "",
    };
    let ConvOptions { stride, groups, .. } = options;
    Layer {
        name: format!("convolution {kernel}x{kernel}, stride {stride}, groups {groups}{edge}"),
        inputs: vec![numbers(input.iter().product(), 1), numbers(weight.iter().product(), 2)],
        // Linear in each input, so that a large step is exact.
        step: 0.5,
        own: &|tensors| {
            let (x, w) = shaped(tensors);
            flat(ops::conv2d(x, w, options))
        },
        composed: &|tensors| {
            let (x, w) = shaped(tensors);
            flat(composed::conv2d(x, w, options))
        },
    }
    .check()
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let elements = tensor.dims().iter().product::<usize>();
    tensor.reshape([elements])
}

const MAP: [usize; 4] = [3, 6, 5, 20];
/// Offsets farther than 0.4 from -1, 0 and 1.
const OFFSETS: [f32; 4] = [0.5, -0.5, 2.0, -2.0];

fn of_map(name: &str, map: &Map) -> Checked {
    Layer {
        name: name.to_owned(),
        inputs: vec![spread(MAP.iter().product(), 1)],
        step: STEP,
        own: &|tensors| flat(ops::map(tensors[0].clone().reshape(MAP), map.clone())),
        composed: &|tensors| flat(composed::map(tensors[0].clone().reshape(MAP), map)),
    }
    .check()
}

/// Checks every layer that is no convolution.
#[must_use]
pub fn others() -> Vec<Checked> {
    let pool = |mode, kernel_size, stride, padding| {
        Map::Pool(Pooling { mode, kernel_size, stride, padding })
    };
    let affine = Map::Affine {
        factor: numbers(MAP[3], 5).iter().map(|value| value * 0.2).collect(),
        offset: OFFSETS.into_iter().cycle().take(MAP[3]).collect(),
        activation: Activation::HardTanh,
        quantiser: None,
    };
    let maps = [
        ("relu", Map::Activation(Activation::Relu)),
        ("hard-tanh", Map::Activation(Activation::HardTanh)),
        ("max pooling 2/2", pool(PoolingMode::Max, 2, 2, 0)),
        ("max pooling 3/2, padding 1", pool(PoolingMode::Max, 3, 2, 1)),
        ("mean pooling 2/2", pool(PoolingMode::Average, 2, 2, 0)),
        ("mean pooling 3/1, padding 1", pool(PoolingMode::Average, 3, 1, 1)),
        ("adaptive mean to 1x1", Map::AdaptiveMean { height: 1, width: 1 }),
        ("adaptive mean to 4x2", Map::AdaptiveMean { height: 4, width: 2 }),
        ("expand", Map::Expand { channels: 27 }),
        ("dropout", Map::Dropout { seed: 9 }),
        ("normalisation with known moments, hard-tanh", affine),
    ];
    let mut found: Vec<Checked> = maps.iter().map(|(name, map)| of_map(name, map)).collect();
    found.push(linear());
    for (name, which) in [
        ("sum", Activation::Identity),
        ("sum, relu", Activation::Relu),
        ("sum, hard-tanh", Activation::HardTanh),
    ] {
        found.push(sum(name, which));
    }
    for (name, which) in [
        ("batch normalisation", Activation::Identity),
        ("batch normalisation, relu", Activation::Relu),
        ("batch normalisation, hard-tanh", Activation::HardTanh),
    ] {
        found.push(norm(name, which));
    }
    found.push(entropy("cross-entropy", 0.0));
    found.push(entropy("cross-entropy, smoothing 0.1", 0.1));
    found
}

fn linear() -> Checked {
    let (input, weight) = ([5, 37], [11, 37]);
    let shaped = |tensors: &[Tensor<1>]| {
        (tensors[0].clone().reshape(input), tensors[1].clone().reshape(weight))
    };
    Layer {
        name: "fully connected".to_owned(),
        inputs: vec![numbers(input.iter().product(), 1), numbers(weight.iter().product(), 2)],
        step: 0.5,
        own: &|tensors| {
            let (x, w) = shaped(tensors);
            flat(ops::linear(x, w))
        },
        composed: &|tensors| {
            let (x, w) = shaped(tensors);
            flat(composed::linear(x, w))
        },
    }
    .check()
}

fn sum(name: &str, which: Activation) -> Checked {
    Layer {
        name: name.to_owned(),
        // Sums of a spread and multiples of its distance have the same distance from the kinks.
        inputs: vec![spread(600, 1), vec![0.5; 600]],
        step: STEP / 2.0,
        own: &|tensors| ops::add(tensors[0].clone(), tensors[1].clone(), which),
        composed: &|tensors| composed::add(tensors[0].clone(), tensors[1].clone(), which),
    }
    .check()
}

fn norm(name: &str, which: Activation) -> Checked {
    let tail = Tail { bits: None, activation: which };
    let channels = MAP[3];
    Layer {
        name: name.to_owned(),
        // Small factors and such offsets keep all values of a channel on one side of the kinks.
        inputs: vec![
            numbers(MAP.iter().product(), 1),
            numbers(channels, 2).iter().map(|value| value * 0.2).collect(),
            OFFSETS.into_iter().cycle().take(channels).collect(),
        ],
        step: 2e-3,
        own: &|tensors| {
            let (gamma, beta) = (tensors[1].clone(), tensors[2].clone());
            flat(ops::batch_norm(tensors[0].clone().reshape(MAP), (gamma, beta), tail).output)
        },
        composed: &|tensors| {
            let (gamma, beta) = (tensors[1].clone(), tensors[2].clone());
            let input = tensors[0].clone().reshape(MAP);
            flat(composed::batch_norm(input, (gamma, beta), tail).output)
        },
    }
    .check()
}

fn entropy(name: &str, smoothing: f32) -> Checked {
    let targets = Targets { labels: [3, 0, 9, 5].into(), smoothing };
    Layer {
        name: name.to_owned(),
        inputs: vec![numbers(40, 1)],
        step: 1e-2,
        own: &|tensors| ops::cross_entropy(tensors[0].clone().reshape([4, 10]), targets.clone()),
        composed: &|tensors| composed::cross_entropy(tensors[0].clone().reshape([4, 10]), &targets),
    }
    .check()
}
