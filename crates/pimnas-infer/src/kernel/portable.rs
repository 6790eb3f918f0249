//! Kernels in plain Rust; also the text that is compiled for other instruction sets where no
//! special instruction helps.

use super::packed::{Data, Layout, Packed, TABLE_BYTES};
use super::panel::{Panel, byte_of};
use super::{Call, LANES};

/// Adds the call's values to the sums.
pub(super) fn accumulate(call: &Call<'_>, sums: &mut [f32]) {
    plain(call, sums);
}

/// The same for every layout, for the compiler to make the best of.
#[inline(always)]
pub(super) fn plain(call: &Call<'_>, sums: &mut [f32]) {
    let block = call.packed.layout.block();
    for (output, sums) in call.outputs.clone().zip(sums.chunks_exact_mut(call.lanes)) {
        for (slice, &factor) in call.factors.iter().enumerate() {
            let units = call.packed.units();
            let start = ((output / block * call.packed.slices + slice) * units) * block;
            let place = Place { start: start + output % block, step: block };
            for (group, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                let columns = columns(call, place, group * LANES);
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum += call.transfer.value(column as f32) * factor;
                }
            }
        }
    }
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
fn columns(call: &Call<'_>, place: Place, first: usize) -> [i32; LANES] {
    let Packed { layout, data, .. } = call.packed;
    let mut columns = [0_i32; LANES];
    let (lanes, units) = (call.lanes, call.units);
    match (data, call.panel) {
        (Data::Dot(cells), Panel::Quads(panel)) => {
            for (cells, panel) in place.units(cells, units).zip(panel.chunks_exact(lanes)) {
                let [a, b, c, d] = cells.map(i32::from);
                for (column, quad) in columns.iter_mut().zip(&panel[first..first + LANES]) {
                    let digit = |row: u32| ((quad >> (8 * row)) & 0xff) as i32;
                    *column += a * digit(0) + b * digit(1) + c * digit(2) + d * digit(3);
                }
            }
        }
        (Data::Bits(cells), Panel::Words(panel)) => {
            for (cells, panel) in place.units(cells, units).zip(panel.chunks_exact(lanes)) {
                for (column, word) in columns.iter_mut().zip(&panel[first..first + LANES]) {
                    let ones = |plane: u64| (plane & word).count_ones() as i32;
                    *column += ones(cells[0]) - ones(cells[1]);
                }
            }
        }
        (Data::Wide(cells), Panel::Bytes(panel)) => {
            for (&cell, panel) in place.units(cells, units).zip(panel.chunks_exact(lanes)) {
                for (column, &digit) in columns.iter_mut().zip(&panel[first..first + LANES]) {
                    *column += i32::from(cell) * i32::from(digit);
                }
            }
        }
        (Data::Table { offsets, tables }, Panel::Bytes(panel)) => {
            let Layout::Table(tuple) = *layout else { return columns };
            for (&offset, panel) in place.units(offsets, units).zip(panel.chunks_exact(lanes)) {
                let table = &tables[usize::from(offset) * 8..][..TABLE_BYTES];
                for (position, column) in columns.iter_mut().enumerate() {
                    let index = panel[first + byte_of(position)];
                    *column += i32::from(table[usize::from(index)]) - tuple.bias();
                }
            }
        }
        (
            Data::Dot(_) | Data::Bits(_) | Data::Wide(_) | Data::Table { .. },
            Panel::Bytes(_) | Panel::Quads(_) | Panel::Words(_),
        ) => {}
    }
    columns
}
