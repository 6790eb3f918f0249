//! Layers that change shapes without weights.

use pimnas_network::{Pooling, PoolingMode, Shape};
use rayon::prelude::*;

use crate::jobs::Worth;
use crate::mean::mean;
use crate::tensor::Tensor;

/// Rows and columns.
type Sides = (usize, usize);

fn sides(shape: Shape) -> Sides {
    match shape {
        Shape::Map { height, width, .. } => (height, width),
        Shape::Vector { .. } => (1, 1),
    }
}

/// Computes each channel of a batch on its own.
fn each_channel(
    input: &Tensor,
    (from, to): (Shape, Shape),
    compute: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Tensor {
    let (from, side) = (sides(from), sides(to));
    let mut data = vec![0.0; input.data().len() / (from.0 * from.1) * (side.0 * side.1)];
    data.par_chunks_mut(side.0 * side.1)
        .zip(input.data().par_chunks(from.0 * from.1))
        .with_min_len(Worth::Values.jobs(from.0 * from.1))
        .for_each(|(output, input)| compute(input, output));
    Tensor::batch_of(input.batch(), to, data)
}

/// Max or average pooling. Padding counts as zeros of the mean, and never as the largest value.
pub(crate) fn pool(input: &Tensor, pooling: &Pooling, shapes: (Shape, Shape)) -> Tensor {
    let (from, to) = (sides(shapes.0), sides(shapes.1));
    each_channel(input, shapes, |input, output| {
        for (i, value) in output.iter_mut().enumerate() {
            let window = Window::new(pooling, from, (i / to.1, i % to.1));
            *value = match pooling.mode {
                PoolingMode::Max => window.values(input, from.1).fold(f32::NEG_INFINITY, f32::max),
                PoolingMode::Average => {
                    window.values(input, from.1).sum::<f32>() / window.size as f32
                }
            };
        }
    })
}

/// The part of a window inside the input, and its size with the padding.
struct Window {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    size: usize,
}

impl Window {
    fn new(pooling: &Pooling, from: Sides, (y, x): Sides) -> Self {
        let &Pooling { kernel_size, stride, padding, mode: _ } = pooling;
        let along = |position: usize, side: usize| {
            let start = position * stride;
            let end = (start + kernel_size).min(side + 2 * padding);
            let inside = start.saturating_sub(padding)..end.saturating_sub(padding).min(side);
            (inside, end - start)
        };
        let ((rows, height), (columns, width)) = (along(y, from.0), along(x, from.1));
        Self { rows, columns, size: height * width }
    }

    fn values<'a>(&self, input: &'a [f32], width: usize) -> impl Iterator<Item = f32> + use<'a> {
        let columns = self.columns.clone();
        self.rows
            .clone()
            .flat_map(move |y| &input[y * width + columns.start..y * width + columns.end])
            .copied()
    }
}

/// Means over windows chosen to give the output's sides: from floor(i · in / out) to
/// ceil((i + 1) · in / out).
pub(crate) fn adaptive_mean(input: &Tensor, shapes: (Shape, Shape)) -> Tensor {
    let (from, to) = (sides(shapes.0), sides(shapes.1));
    if to == (1, 1) {
        return each_channel(input, shapes, |input, output| output[0] = mean(input));
    }
    each_channel(input, shapes, |input, output| {
        for (i, value) in output.iter_mut().enumerate() {
            let (y, x) = (i / to.1, i % to.1);
            let rows = y * from.0 / to.0..((y + 1) * from.0).div_ceil(to.0);
            let columns = x * from.1 / to.1..((x + 1) * from.1).div_ceil(to.1);
            let (height, width) = (rows.len() as f32, columns.len() as f32);
            let sum: f32 = rows
                .flat_map(|y| &input[y * from.1 + columns.start..y * from.1 + columns.end])
                .sum();
            *value = sum / height / width;
        }
    })
}

/// Zero channels behind the input's.
pub(crate) fn expand(input: &Tensor, to: Shape) -> Tensor {
    let items = input.batch();
    let size = input.data().len() / items.max(1);
    let mut data = vec![0.0; items * to.elements()];
    for (place, item) in data.chunks_mut(to.elements()).zip(input.data().chunks(size.max(1))) {
        place[..size].copy_from_slice(item);
    }
    Tensor::batch_of(items, to, data)
}

/// The sum of tensors of one shape, in their order.
pub(crate) fn sum(first: &Tensor, others: &[&Tensor], shape: Shape) -> Tensor {
    let mut data = first.data().to_vec();
    for other in others {
        data.par_chunks_mut(1 << 14)
            .zip(other.data().par_chunks(1 << 14))
            .with_min_len(2)
            .for_each(|(sums, values)| {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value;
                }
            });
    }
    Tensor::batch_of(first.batch(), shape, data)
}
