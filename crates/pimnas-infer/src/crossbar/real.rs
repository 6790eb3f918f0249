//! Crossbars of real-valued cells: partial sums are products of float matrices.

use super::layer::CrossbarLayer;
use super::tile::{Tile, Work};
use crate::kernel::{Magnitude, Product, multiply};

/// Buffers of the float path.
#[derive(Default)]
pub(crate) struct RealScratch {
    /// Input digits of a cycle: rows × lanes.
    inputs: Vec<f32>,
    /// Columns' sums: outputs × lanes.
    columns: Vec<f32>,
}

/// Adds the values of one row split's arrays to the tile's sums.
pub(crate) fn accumulate<M: Magnitude>(
    layer: &CrossbarLayer,
    (arrays, rows): (&[Vec<f32>], usize),
    (tile, any_negative): (&Tile, bool),
    work: &mut Work<'_, M>,
) {
    let lanes = tile.lanes();
    let scratch = &mut *work.real;
    scratch.inputs.resize(rows * lanes, 0.0);
    scratch.columns.resize(tile.outputs.len() * lanes, 0.0);
    let mask = (1_u32 << layer.digit_bits) - 1;
    let [positive, negative] = &*work.gathered;
    for cycle in 0..layer.cycles {
        let down = cycle as u32 * layer.digit_bits;
        let digit = |magnitude: M| ((magnitude.into() >> down) & mask) as f32;
        for (input, &magnitude) in scratch.inputs.iter_mut().zip(positive) {
            *input = digit(magnitude);
        }
        if any_negative {
            for (input, &magnitude) in scratch.inputs.iter_mut().zip(negative) {
                *input -= digit(magnitude);
            }
        }
        for (array, factor) in arrays.iter().zip(layer.factors(cycle)) {
            let cells = &array[tile.outputs.start * rows..tile.outputs.end * rows];
            let shape = Product { outputs: tile.outputs.len(), rows, lanes };
            multiply(shape, (cells, &scratch.inputs), &mut scratch.columns);
            for (sum, &column) in work.sums.iter_mut().zip(&scratch.columns) {
                *sum += layer.real_transfer.value(column) * factor;
            }
        }
    }
}
