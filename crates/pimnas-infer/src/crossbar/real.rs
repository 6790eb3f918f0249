//! Crossbars of real-valued cells: partial sums are products of float matrices.

use pimnas_device::{AdcFault, ArrayPlace, Purpose, Stream, Streams};

use super::layer::CrossbarLayer;
use super::tile::{Tile, Work};
use crate::kernel::{Magnitude, Product, multiply};

/// Real-valued arrays of one group and row split.
#[derive(Clone, Debug, Default)]
pub(crate) struct RealArrays {
    /// Conductances in units of a digit, of each array: outputs × rows.
    pub cells: Vec<Vec<f32>>,
    /// Errors of the ADCs behind each array's outputs; no arrays where all ADCs are ideal.
    pub faults: Vec<Vec<AdcFault>>,
    /// Noise of each read.
    pub noise: Option<ArrayNoise>,
}

/// Read noise of some arrays: normal, of variance relative² · Σ (x·G)² in each column and read.
#[derive(Clone, Debug)]
pub(crate) struct ArrayNoise {
    relative: f32,
    /// Squares of the conductances, of pairs their sum: outputs × rows of each array.
    squares: Vec<Vec<f32>>,
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
        place: ArrayPlace,
        (values, partner): (&[f32], Option<&[f32]>),
    ) {
        let mut squares: Vec<f32> = values.iter().map(|value| value * value).collect();
        for (square, value) in squares.iter_mut().zip(partner.into_iter().flatten()) {
            *square += value * value;
        }
        self.squares.push(squares);
        self.streams.push(streams.stream(Purpose::ReadNoise, place));
    }
}

/// Buffers of the float path.
#[derive(Default)]
pub(crate) struct RealScratch {
    /// Input digits of a cycle: rows × lanes.
    inputs: Vec<f32>,
    /// Their squares.
    squares: Vec<f32>,
    /// Columns' sums: outputs × lanes.
    columns: Vec<f32>,
    /// Columns' variances.
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
        for (index, (array, factor)) in arrays.cells.iter().zip(layer.factors(cycle)).enumerate() {
            let cells = &array[tile.outputs.start * rows..tile.outputs.end * rows];
            let shape = Product { outputs: tile.outputs.len(), rows, lanes };
            multiply(shape, (cells, &scratch.inputs), &mut scratch.columns);
            if let Some(noise) = &arrays.noise {
                scratch.disturb((noise, index), shape, (tile, cycle));
            }
            convert(layer, (arrays, index, factor), tile, (&scratch.columns, work.sums));
        }
    }
}

/// Converts the columns' sums of an array and adds the values, times the factor, to the sums.
fn convert(
    layer: &CrossbarLayer,
    (arrays, index, factor): (&RealArrays, usize, f32),
    tile: &Tile,
    (columns, sums): (&[f32], &mut [f32]),
) {
    let transfer = &layer.real_transfer;
    let Some(faults) = arrays.faults.get(index) else {
        for (sum, &column) in sums.iter_mut().zip(columns) {
            *sum += transfer.value(column) * factor;
        }
        return;
    };
    let lanes = tile.lanes();
    let outputs = sums.chunks_exact_mut(lanes).zip(columns.chunks_exact(lanes));
    for ((sums, columns), fault) in outputs.zip(&faults[tile.outputs.clone()]) {
        for (sum, &column) in sums.iter_mut().zip(columns) {
            *sum += transfer.value_through(*fault, column) * factor;
        }
    }
}

impl RealScratch {
    /// Adds read noise to the columns' sums of an array. The number that a column gets belongs to
    /// its array, output, cycle and position, whatever the tile.
    fn disturb(
        &mut self,
        (noise, array): (&ArrayNoise, usize),
        shape: Product,
        (tile, cycle): (&Tile, usize),
    ) {
        let Product { outputs, rows, lanes } = shape;
        self.squares.clear();
        self.squares.extend(self.inputs[..rows * lanes].iter().map(|input| input * input));
        self.variances.resize(outputs * lanes, 0.0);
        let cells = &noise.squares[array][tile.outputs.start * rows..tile.outputs.end * rows];
        multiply(shape, (cells, &self.squares), &mut self.variances);
        let mut stream = noise.streams[array].clone();
        self.numbers.resize(tile.positions.len(), 0.0);
        let columns = self.columns.chunks_exact_mut(lanes);
        let columns = columns.zip(self.variances.chunks_exact(lanes));
        for (output, (columns, variances)) in tile.outputs.clone().zip(columns) {
            stream.line(((cycle as u64) << 32) | output as u64);
            stream.normals(tile.first, &mut self.numbers);
            for ((column, variance), number) in columns.iter_mut().zip(variances).zip(&self.numbers)
            {
                *column += noise.relative * variance.max(0.0).sqrt() * number;
            }
        }
    }
}
