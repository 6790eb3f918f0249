//! A layer in crossbars: its weights as cell digits, its converters.

use std::ops::Range;

use super::arrays::{Array, slice_arrays};
use super::geometry::Geometry;
use crate::adc::{Transfer, TransferSettings, power_of_two};
use crate::bind::Scales;
use crate::error::InferError;
use crate::kernel::{BLOCK, Conversion, InputCodes, Isa, Layout, Packer};
use crate::options::{AdcRange, CrossbarHardware};
use crate::quantise::{digits, max_code, weight_codes};

/// Whether inputs can be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    NonNegative,
    Any,
}

/// Where positive and negative partial sums meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// Before the ADC: one conversion a slice.
    Analogue,
    /// Behind it: one conversion for each sign.
    Digital,
}

/// What a layer is made from.
pub(crate) struct LayerSettings<'a> {
    /// Index in the network.
    pub layer: usize,
    pub geometry: Geometry,
    /// Where each input channel of all groups begins to be read.
    pub starts: Vec<usize>,
    pub groups: usize,
    /// Output channels of a group.
    pub outputs: usize,
    /// Weights of all groups: output × row.
    pub weights: &'a [f32],
    pub weight_bits: u32,
    pub point_shift: f64,
    pub scales: Scales,
    pub sign: Sign,
    pub meeting: Meeting,
    pub range: AdcRange,
    pub hardware: CrossbarHardware,
    pub isa: Isa,
}

/// A layer in crossbars.
#[derive(Clone, Debug)]
pub(crate) struct CrossbarLayer {
    pub geometry: Geometry,
    /// Where each input channel of all groups begins to be read.
    pub starts: Vec<usize>,
    pub groups: usize,
    /// Output channels of a group.
    pub outputs: usize,
    /// Rows of each row split, of one group.
    pub splits: Vec<Range<usize>>,
    /// Arrays: group by group, split by split.
    pub arrays: Vec<Array>,
    /// Integer codes of the weights: output of all groups × row.
    pub codes: Vec<i32>,
    pub packer: Packer,
    pub input: InputCodes,
    /// Bits of an input, sign included.
    pub input_bits: u32,
    /// Bits of an input digit.
    pub digit_bits: u32,
    pub cycles: usize,
    pub slicing: Slicing,
    pub conversion: Conversion,
    /// The transfer function for sums that are no integers.
    pub real_transfer: Transfer,
    pub isa: Isa,
}

/// How a code becomes digits in cells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slicing {
    /// Bits of a cell.
    pub cell_bits: u32,
    /// Digits of a weight.
    pub slices: u32,
    pub meeting: Meeting,
}

impl Slicing {
    /// Arrays of a row split: one a slice, or one a slice and sign.
    pub fn arrays(&self) -> usize {
        match self.meeting {
            Meeting::Analogue => self.slices as usize,
            Meeting::Digital => 2 * self.slices as usize,
        }
    }

    /// The slice of an array, and 1 or -1: how its values count.
    pub fn slice_of(&self, array: usize) -> (u32, f32) {
        match self.meeting {
            Meeting::Analogue => (array as u32, 1.0),
            Meeting::Digital => {
                (array as u32 / 2, if array.is_multiple_of(2) { 1.0 } else { -1.0 })
            }
        }
    }

    /// The signed digit of a code in an array.
    pub fn digit(&self, code: i32, array: usize) -> i32 {
        let (slice, sign) = self.slice_of(array);
        let mask = (1_u32 << self.cell_bits) - 1;
        let digit = ((code.unsigned_abs() >> (slice * self.cell_bits)) & mask) as i32;
        match self.meeting {
            Meeting::Analogue => digit * code.signum(),
            Meeting::Digital if (sign > 0.0) == (code > 0) => digit,
            Meeting::Digital => 0,
        }
    }
}

impl CrossbarLayer {
    pub fn new(settings: &LayerSettings<'_>) -> Result<Self, InferError> {
        let LayerSettings { geometry, scales, hardware, .. } = *settings;
        let splits = row_splits(settings)?;
        let codes = weight_codes(settings.weights, scales.weight_step, settings.weight_bits);
        let slices = digits(settings.weight_bits, hardware.cell_bits);
        let slicing = Slicing { cell_bits: hardware.cell_bits, slices, meeting: settings.meeting };
        let cycles = digits(scales.input.bits, hardware.dac_bits);
        // Magnitudes shorter than a digit never use its upper bits.
        let digit_bits = hardware.dac_bits.min(scales.input.bits - 1);
        let cell_bits = hardware.cell_bits.min(settings.weight_bits - 1);
        let rows = splits.iter().map(Range::len).max().unwrap_or(0) as i64;
        let largest_sum = rows * ((1 << digit_bits) - 1) * ((1 << cell_bits) - 1);
        let transfer_settings = TransferSettings {
            range: settings.range,
            adc_bits: hardware.adc_bits,
            point_shift: settings.point_shift,
            splits: splits.len(),
            weight_step: scales.weight_step,
            input_step: scales.input.step,
            output_scale: scales.output,
            top_exponent: top_exponent(cycles, slices, &hardware),
            full_sum: full_sum(&hardware),
            largest_sum: i32::try_from(largest_sum).unwrap_or(i32::MAX),
        };
        let transfer = Transfer::new(&transfer_settings);
        let layout = Layout::choose(settings.isa, (digit_bits, cell_bits), largest_sum);
        let halves = if settings.sign == Sign::Any { 2 } else { 1 };
        let packer = Packer::new(layout, halves, (digit_bits, cell_bits));
        let mut layer = Self {
            geometry,
            starts: settings.starts.clone(),
            groups: settings.groups,
            outputs: settings.outputs,
            splits,
            arrays: Vec::new(),
            codes,
            packer,
            input: InputCodes { step: scales.input.step, limit: max_code(scales.input.bits) },
            input_bits: scales.input.bits,
            digit_bits,
            cycles: cycles as usize,
            slicing,
            conversion: Conversion::new(&transfer, (Vec::new(), 0), (0, 0)),
            real_transfer: transfer.for_real_sums(&transfer_settings),
            isa: settings.isa,
        };
        let factors = (0..layer.cycles).flat_map(|cycle| layer.factors(cycle)).collect();
        let (arrays, splits) = (layer.slicing.arrays(), layer.splits.len());
        let largest_sum = transfer_settings.largest_sum;
        layer.conversion = Conversion::new(&transfer, (factors, arrays), (largest_sum, splits));
        layer.arrays = slice_arrays(&layer);
        Ok(layer)
    }

    /// Outputs that are computed together: tiles of outputs begin at multiples of it.
    pub fn block(&self) -> usize {
        let real = self.arrays.iter().any(|array| matches!(array, Array::Conductances(_)));
        let of_digits = self.packer.layout.block();
        if real { of_digits.max(BLOCK) } else { of_digits }
    }

    /// What the values of each array are multiplied by in a cycle: the weights of their digits.
    pub fn factors(&self, cycle: usize) -> Vec<f32> {
        (0..self.slicing.arrays())
            .map(|array| {
                let (slice, sign) = self.slicing.slice_of(array);
                let down = (self.cycles - 1 - cycle) as u32 * self.digit_bits
                    + (self.slicing.slices - 1 - slice) * self.slicing.cell_bits;
                sign * power_of_two(-(down as i32))
            })
            .collect()
    }
}

/// Binary weight of the highest digits of inputs and weights together.
fn top_exponent(cycles: u32, slices: u32, hardware: &CrossbarHardware) -> i32 {
    ((cycles - 1) * hardware.dac_bits + (slices - 1) * hardware.cell_bits) as i32
}

/// The sum of a crossbar full of the largest cells with the largest inputs.
fn full_sum(hardware: &CrossbarHardware) -> f32 {
    let largest = |bits: u32| ((1_u64 << bits) - 1) as f64;
    (largest(hardware.dac_bits) * largest(hardware.cell_bits) * hardware.rows as f64) as f32
}

/// Whole input channels, as many as fit a crossbar.
fn row_splits(settings: &LayerSettings<'_>) -> Result<Vec<Range<usize>>, InferError> {
    let (geometry, rows) = (settings.geometry, settings.hardware.rows);
    let window = geometry.window();
    let channels = rows / window;
    if channels == 0 {
        let (layer, cells) = (settings.layer, window);
        return Err(InferError::KernelTooLarge { layer, cells, rows });
    }
    let all = geometry.rows();
    let step = channels * window;
    Ok((0..all).step_by(step).map(|start| start..(start + step).min(all)).collect())
}
