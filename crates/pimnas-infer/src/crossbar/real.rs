//! Crossbars of real-valued cells: partial sums are floats.

use pimnas_device::{AdcFault, ArrayPlace, Purpose, Stream, Streams};

use super::layer::CrossbarLayer;
use super::tile::{Tile, Work};
use crate::kernel::{
    BLOCK, DigitShape, Magnitude, RealAdc, RealCells, RealInputs, add_values, sum_block,
};

/// Real-valued arrays of one group and row split.
#[derive(Clone, Debug, Default)]
pub(crate) struct RealArrays {
    /// Conductances in units of a digit, of each array.
    pub cells: Vec<RealCells>,
    /// Errors of the ADCs behind each array's outputs; no arrays where all ADCs are ideal.
    pub faults: Vec<Vec<AdcFault>>,
    /// Noise of each read.
    pub noise: Option<ArrayNoise>,
}

/// Read noise of some arrays: normal, of variance relative² · Σ (x·G)² in each column and read.
#[derive(Clone, Debug)]
pub(crate) struct ArrayNoise {
    relative: f32,
    /// Squares of the conductances, of pairs their sum, of each array.
    squares: Vec<RealCells>,
    /// Random numbers of each array.
    streams: Vec<Stream>,
}

impl ArrayNoise {
    pub fn new(relative: f32) -> Self {
        Self { relative, squares: Vec::new(), streams: Vec::new() }
    }

    /// Adds an array, or a pair of arrays that are subtracted before the ADC.
    pub fn add(
        &mut self,
        streams: &Streams,
        (place, rows): (ArrayPlace, usize),
        (values, partner): (&[f32], Option<&[f32]>),
    ) {
        let mut squares: Vec<f32> = values.iter().map(|value| value * value).collect();
        for (square, value) in squares.iter_mut().zip(partner.into_iter().flatten()) {
            *square += value * value;
        }
        self.squares.push(RealCells::new(&squares, rows));
        self.streams.push(streams.stream(Purpose::ReadNoise, place));
    }
}

/// Buffers of the float path.
#[derive(Default)]
pub(crate) struct RealScratch {
    /// Input digits of a cycle.
    inputs: RealInputs,
    /// Their squares, if there is read noise.
    squares: RealInputs,
    /// Sums of some columns: [`BLOCK`] × lanes.
    columns: Vec<f32>,
    /// Their variances.
    variances: Vec<f32>,
    /// Random numbers of a column.
    numbers: Vec<f32>,
}

/// Adds the values of one row split's arrays to the tile's sums.
pub(crate) fn accumulate<M: Magnitude>(
    layer: &CrossbarLayer,
    (arrays, rows): (&RealArrays, usize),
    (tile, any_negative): (&Tile, bool),
    work: &mut Work<'_, M>,
) {
    let (lanes, positions) = (tile.lanes(), tile.positions.len());
    let scratch = &mut *work.real;
    scratch.columns.resize(BLOCK * lanes, 0.0);
    let mask = (1_u32 << layer.digit_bits) - 1;
    let [positive, negative] = &*work.gathered;
    let halves: &[&[M]] = if any_negative { &[positive, negative] } else { &[positive] };
    // Of columns without a current; with offsets it is none that could be left out.
    let silent = arrays.faults.is_empty() && layer.real_transfer.value(0.0) == 0.0;
    for cycle in 0..layer.cycles {
        let down = cycle as u32 * layer.digit_bits;
        let shape = DigitShape { rows, lanes, positions, down, mask };
        scratch.inputs.fill(layer.isa, &shape, halves);
        if silent && scratch.inputs.is_empty() {
            continue;
        }
        if arrays.noise.is_some() {
            scratch.squares.fill_squares(&scratch.inputs);
        }
        for (index, factor) in layer.factors(cycle).into_iter().enumerate() {
            for first in tile.outputs.clone().step_by(BLOCK) {
                let block = Block { index, first, count: BLOCK.min(tile.outputs.end - first) };
                let cells = &arrays.cells[index];
                sum_block(layer.isa, (cells, first), &scratch.inputs, &mut scratch.columns);
                if let Some(noise) = &arrays.noise {
                    scratch.disturb((noise, &block), layer, (tile, cycle));
                }
                convert(layer, (arrays, &block, factor), tile, (&scratch.columns, work.sums));
            }
        }
    }
}

/// Columns that are computed together.
struct Block {
    /// Array.
    index: usize,
    /// First output of the group.
    first: usize,
    /// Outputs.
    count: usize,
}

/// Converts the columns' sums of a block and adds the values, times the factor, to the sums.
fn convert(
    layer: &CrossbarLayer,
    (arrays, block, factor): (&RealArrays, &Block, f32),
    tile: &Tile,
    (columns, sums): (&[f32], &mut [f32]),
) {
    let (lanes, positions) = (tile.lanes(), tile.positions.len());
    let faults = arrays.faults.get(block.index);
    let place = (block.first - tile.outputs.start) * lanes;
    let lines = sums[place..].chunks_exact_mut(lanes).zip(columns.chunks_exact(lanes));
    for (output, (sums, columns)) in lines.take(block.count).enumerate() {
        let fault = faults.map(|faults| faults[block.first + output]);
        let adc = RealAdc { transfer: &layer.real_transfer, fault, factor };
        add_values(layer.isa, adc, &columns[..positions], &mut sums[..positions]);
    }
}

impl RealScratch {
    /// Adds read noise to the columns' sums of a block. The number that a column gets belongs to
    /// its array, output, cycle and position, whatever the tile.
    fn disturb(
        &mut self,
        (noise, block): (&ArrayNoise, &Block),
        layer: &CrossbarLayer,
        (tile, cycle): (&Tile, usize),
    ) {
        let lanes = tile.lanes();
        self.variances.resize(BLOCK * lanes, 0.0);
        let cells = (&noise.squares[block.index], block.first);
        sum_block(layer.isa, cells, &self.squares, &mut self.variances);
        let mut stream = noise.streams[block.index].clone();
        self.numbers.resize(tile.positions.len(), 0.0);
        let columns = self.columns.chunks_exact_mut(lanes);
        let columns = columns.zip(self.variances.chunks_exact(lanes)).take(block.count);
        for (output, (columns, variances)) in (block.first..).zip(columns) {
            stream.line(((cycle as u64) << 32) | output as u64);
            stream.normals(tile.first, &mut self.numbers);
            for ((column, variance), number) in columns.iter_mut().zip(variances).zip(&self.numbers)
            {
                *column += noise.relative * variance.max(0.0).sqrt() * number;
            }
        }
    }
}
