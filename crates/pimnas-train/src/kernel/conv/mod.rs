//! Convolution of maps with channels innermost: forward pass, gradients of input and weights.
//!
//! Nothing is unrolled into a matrix: the inner loops read windows where they stand, in a copy of
//! one item with room around it at most. Weights are output × kernel row × kernel column × input
//! of a group. Results do not depend on the number of threads.

mod geometry;
mod pack;
mod padded;
mod sum;
mod weights;
mod windows;

pub use geometry::{ConvGeometry, ConvOptions, EvenEdge, MapShape};
pub(crate) use weights::weight_gradient;

use super::simd::Isa;
use pack::Strides;
use sum::WindowSum;
use windows::Windows;

/// The output of a convolution.
pub(crate) fn forward(
    isa: Isa,
    geometry: &ConvGeometry,
    input: &[f32],
    weights: &[f32],
    output: &mut [f32],
) {
    let (inputs, outputs) = (geometry.group_inputs(), geometry.group_outputs());
    let row = geometry.row();
    let strides = Strides { group: outputs * row, cell: inputs, source: 1, target: row };
    let windows = Windows::forward(geometry);
    let sum = WindowSum {
        windows: &windows,
        source: input,
        weights,
        strides,
        channels: (geometry.groups, inputs, outputs),
        target_item: geometry.output.item(),
    };
    sum.run(isa, output);
}

/// The gradient of a convolution's input from that of its output.
pub(crate) fn input_gradient(
    isa: Isa,
    geometry: &ConvGeometry,
    gradient: &[f32],
    weights: &[f32],
    result: &mut [f32],
) {
    let (inputs, outputs) = (geometry.group_inputs(), geometry.group_outputs());
    let row = geometry.row();
    let strides = Strides { group: outputs * row, cell: inputs, source: row, target: 1 };
    for windows in &Windows::backward(geometry) {
        let sum = WindowSum {
            windows,
            source: gradient,
            weights,
            strides,
            channels: (geometry.groups, outputs, inputs),
            target_item: geometry.input.item(),
        };
        sum.run(isa, result);
    }
}

#[cfg(test)]
mod tests;
