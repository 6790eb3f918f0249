//! Kernels in plain Rust; also the text that is compiled for other instruction sets where no
//! special instruction helps.

use super::convert::{Counting, Rounding};
use super::packed::{Data, Layout, Lookups, Tuple};
use super::panel::Group;
use super::{Call, LANES, Sums};

/// Adds the call's values to the sums.
pub(super) fn accumulate(call: &Call<'_>, sums: &mut Sums<'_>) {
    plain(call, sums);
}

/// The same for every layout, for the compiler to make the best of.
#[inline(always)]
pub(super) fn plain(call: &Call<'_>, sums: &mut Sums<'_>) {
    for index in 0..call.count() {
        for (place, &group) in call.digits.groups.iter().enumerate() {
            for array in 0..call.packed.slices {
                let columns = columns(call, (call.outputs.start + index, array), place);
                take(call, (index, array, group), &columns, sums);
            }
        }
    }
}

/// Sums of a block of outputs at the positions of a panel; those of fewer outputs come first.
pub(super) type Columns = [[i32; LANES]; 4];

/// The cells of a block of outputs in one array.
#[derive(Clone, Copy)]
pub(super) struct List(usize);

impl List {
    /// The cells (outputs within units) and the panel (positions within units), equally many units.
    #[inline(always)]
    pub fn slices<'a, C, E>(
        self,
        call: &Call<'_>,
        (cells, elements): (&'a [C], &'a [E]),
        panel: usize,
    ) -> (&'a [C], &'a [E]) {
        let (block, units) = (call.packed.layout.block(), call.digits.units);
        let start = self.0 * call.packed.units() * block;
        let cells = &cells[start..start + units * block];
        (cells, &elements[panel * units * LANES..(panel + 1) * units * LANES])
    }
}

/// Has the sums of each block, panel and array computed, and adds what the ADCs make of them.
#[inline(always)]
pub(super) fn each(
    call: &Call<'_>,
    sums: &mut Sums<'_>,
    compute: impl Fn(List, usize, &mut Columns),
) {
    let (block, slices) = (call.packed.layout.block(), call.packed.slices);
    let mut columns = [[0; LANES]; 4];
    for (panel, &group) in call.digits.groups.iter().enumerate() {
        for first in (0..call.count()).step_by(block) {
            for array in 0..slices {
                let list = List((call.outputs.start + first) / block * slices + array);
                compute(list, panel, &mut columns);
                for (index, columns) in (first..call.count()).zip(&columns).take(block) {
                    take(call, (index, array, group), columns, sums);
                }
            }
        }
    }
}

/// Adds what the ADC makes of the sums of a group of positions.
#[inline(always)]
pub(super) fn take(
    call: &Call<'_>,
    (index, array, group): (usize, usize, Group),
    columns: &[i32; LANES],
    sums: &mut Sums<'_>,
) {
    let conversion = call.conversion;
    let weight = group.cycle * conversion.arrays + array;
    let first = index * call.lanes + group.lane;
    match (sums, &conversion.counting) {
        (Sums::Codes(sums), Counting::Codes(codes)) => {
            let Some(sums) = sums[first..].first_chunk_mut::<LANES>() else { return };
            let weight = i32::from(codes.weights[weight]);
            let mut codes = columns.map(|column| code(&codes.rounding, column) * weight);
            if let layout @ Layout::Table(_) = call.packed.layout {
                let inorder = codes;
                for (position, code) in inorder.into_iter().enumerate() {
                    codes[layout.place(position)] = code;
                }
            }
            for (sum, code) in sums.iter_mut().zip(codes) {
                *sum += code;
            }
        }
        (Sums::Values(sums), _) => {
            let factor = conversion.factors[weight];
            for (sum, &column) in sums[first..first + LANES].iter_mut().zip(columns) {
                *sum += conversion.transfer.value(column as f32) * factor;
            }
        }
        (Sums::Codes(_), Counting::Values(_)) => {}
    }
}

/// 1.5·2²³: a float of magnitude up to 2²² added to it is rounded to an integer, half to even,
/// which then is the difference of the two floats' bits.
pub(super) const ROUNDING: f32 = 12_582_912.0;

#[inline(always)]
fn code(to_code: &Rounding, column: i32) -> i32 {
    let scaled = column.clamp(-to_code.largest, to_code.largest) as f32 * to_code.factor;
    let rounded = scaled.max(-to_code.limit).min(to_code.limit) + ROUNDING;
    rounded.to_bits() as i32 - ROUNDING.to_bits() as i32
}

/// The units of an output and slice.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    step: usize,
}

impl Place {
    fn units<T>(self, data: &[T], units: usize) -> impl Iterator<Item = &T> {
        data[self.start..].iter().step_by(self.step).take(units)
    }
}

/// The exact sums of a group of positions.
#[inline(always)]
fn columns(call: &Call<'_>, (output, array): (usize, usize), group: usize) -> [i32; LANES] {
    let (packed, digits) = (call.packed, call.digits);
    let (block, units) = (packed.layout.block(), digits.units);
    let list = output / block * packed.slices + array;
    let place = Place { start: list * packed.units() * block + output % block, step: block };
    let panel = group * units * LANES..(group + 1) * units * LANES;
    let mut columns = [0_i32; LANES];
    match &packed.data {
        Data::Dot(cells) => {
            let panel = digits.quads[panel].as_chunks::<LANES>().0;
            for (cells, panel) in place.units(cells, units).zip(panel) {
                let [a, b, c, d] = cells.map(i32::from);
                for (column, quad) in columns.iter_mut().zip(panel) {
                    let digit = |row: u32| ((quad >> (8 * row)) & 0xff) as i32;
                    *column += a * digit(0) + b * digit(1) + c * digit(2) + d * digit(3);
                }
            }
        }
        Data::Bits(cells) => {
            let panel = digits.words[panel].as_chunks::<LANES>().0;
            for (cells, panel) in place.units(cells, units).zip(panel) {
                for (column, word) in columns.iter_mut().zip(panel) {
                    let ones = |plane: u64| (plane & word).count_ones() as i32;
                    *column += ones(cells[0]) - ones(cells[1]);
                }
            }
        }
        Data::Wide(cells) => {
            let panel = digits.bytes[panel].as_chunks::<LANES>().0;
            for (&cell, panel) in place.units(cells, units).zip(panel) {
                for (column, &digit) in columns.iter_mut().zip(panel) {
                    *column += i32::from(cell) * i32::from(digit);
                }
            }
        }
        Data::Table(lookups) => {
            if let Layout::Table(tuple) = packed.layout {
                look_up(call, (tuple, lookups), (list, output % block, group), &mut columns);
            }
        }
    }
    columns
}

#[inline(always)]
fn look_up(
    call: &Call<'_>,
    (tuple, lookups): (Tuple, &Lookups),
    (list, output, group): (usize, usize, usize),
    columns: &mut [i32; LANES],
) {
    let digits = call.digits;
    let (entries, _, least) = lookups.lists[list].entries(lookups, digits.halves);
    // Panels of a chunk are interleaved.
    let (chunk, bytes) = (tuple.lookup.chunk(), tuple.lookup.table_bytes());
    let first = group / chunk * chunk;
    let together = chunk.min(digits.groups.len() - first);
    let start = first * digits.units + group - first;
    let panels = digits.bytes.as_chunks::<LANES>().0;
    *columns = [i32::from(least[output]); LANES];
    for entry in entries {
        let panel = &panels[start + usize::from(entry.unit) * together];
        let table = &lookups.tables[usize::from(entry.tables[output]) * 8..][..bytes];
        for (column, &index) in columns.iter_mut().zip(panel) {
            *column += i32::from(table[usize::from(index) % bytes]);
        }
    }
}
