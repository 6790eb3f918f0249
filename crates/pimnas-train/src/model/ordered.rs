//! Sums in the order in which inference adds them.
//!
//! A value at the border of two codes is rounded to either side by the last bit of a sum. So that a
//! network evaluated here gives the bits of its candidate in fixed point, evaluation adds as
//! `pimnas-infer` does: blocks of a group's input channels, in a block each cell of the kernel with
//! all its channels, the blocks' sums one after another. Training has no use for it.

use std::ops::Range;

use burn_tensor::{Tensor, TensorData};

use crate::kernel::conv::ConvOptions;
use crate::kernel::element::Activation;
use crate::kernel::linear::{Matrix, product};
use crate::ops;

/// Input channels of a block, of kernels of more than one cell.
const CHANNELS: usize = 16;
/// The same of point-wise convolutions.
const POINTWISE_CHANNELS: usize = 256;

/// A convolution with its sums in that order.
pub(super) fn conv2d(input: Tensor<4>, weight: Tensor<4>, options: ConvOptions) -> Tensor<4> {
    let [outputs, side, _, channels] = weight.dims();
    let block = if side == 1 { POINTWISE_CHANNELS } else { CHANNELS };
    if channels <= block {
        return ops::conv2d(input, weight, options);
    }
    let [items, height, width, all] = input.dims();
    let (groups, device) = (options.groups.max(1), input.device());
    let (values, weights) = (ops::values(input), ops::values(weight));
    let part = |start: usize| {
        let range = start..(start + block).min(channels);
        let count = range.len();
        // Of the input a part of each group's channels.
        let x = columns(&values, all / groups, range.clone());
        let x = TensorData::new(x, [items, height, width, groups * count]);
        let w = TensorData::new(columns(&weights, channels, range), [outputs, side, side, count]);
        ops::conv2d(Tensor::from_data(x, &device), Tensor::from_data(w, &device), options)
    };
    (block..channels)
        .step_by(block)
        .fold(part(0), |sum, start| ops::add(sum, part(start), Activation::Identity))
}

/// Some columns of all rows.
fn columns(values: &[f32], width: usize, range: Range<usize>) -> Vec<f32> {
    let rows = values.chunks_exact(width.max(1));
    let mut chosen = Vec::with_capacity(rows.len() * range.len());
    rows.for_each(|row| chosen.extend_from_slice(&row[range.clone()]));
    chosen
}

/// A fully connected layer as the product of the weights and the transposed batch: for that form
/// each sum runs from the first feature to the last, for others of small sizes in lanes.
pub(super) fn linear(input: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let ([items, features], [outputs, _]) = (input.dims(), weight.dims());
    let device = input.device();
    let (values, weights) = (ops::values(input), ops::values(weight));
    let turned = transposed(&values, (items, features));
    let sums =
        product(Matrix::new(&weights, outputs, features), Matrix::new(&turned, features, items));
    let result = transposed(&sums, (outputs, items));
    Tensor::from_data(TensorData::new(result, [items, outputs]), &device)
}

fn transposed(values: &[f32], (rows, columns): (usize, usize)) -> Vec<f32> {
    let columns_of = (0..columns).flat_map(|c| values.iter().skip(c).step_by(columns.max(1)));
    let turned: Vec<f32> = columns_of.copied().collect();
    debug_assert_eq!(turned.len(), rows * columns);
    turned
}

/// The mean of each channel of whole maps, with the interleaved sums of inference.
pub(super) fn mean(input: Tensor<4>) -> Tensor<4> {
    let [items, height, width, channels] = input.dims();
    let (device, size) = (input.device(), height * width);
    let values = ops::values(input);
    let mut plane = Vec::with_capacity(size);
    let mut means = Vec::with_capacity(items * channels);
    for item in values.chunks((size * channels).max(1)) {
        for channel in 0..channels {
            plane.clear();
            plane.extend(item.iter().skip(channel).step_by(channels.max(1)));
            means.push(pimnas_infer::mean(&plane));
        }
    }
    Tensor::from_data(TensorData::new(means, [items, 1, 1, channels]), &device)
}
