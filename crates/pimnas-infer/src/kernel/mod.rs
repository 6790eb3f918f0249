//! Integer kernels: exact sums of digit products, with the ADC transfer while they are at hand.
//!
//! A kernel takes the input digits of one row split for some positions ([`Digits`]: a *panel* for
//! each cycle and each [`LANES`] positions, empty ones left out) and the cell digits of all slices
//! ([`Packed`]), and adds to the running sums of each output and position what the ADCs make of
//! each cycle and slice ([`Conversion`]). Sums are exact integers and what follows is the same for
//! each kernel, so all give the same bits.
//!
//! - [`Layout::Table`]: an index of two to five small digits picks the sum of their products from a
//!   table of 64 bytes; one byte permutation is 64 look-ups. Needs AVX-512 VBMI. With AVX2 tables have
//!   16 bytes, and a permutation is 32 look-ups.
//! - [`Layout::Dot`]: products of bytes, four a lane. AVX-512 VNNI, AVX2 or portable.
//! - [`Layout::Bits`]: digits of one bit, 64 a word, by AND and popcount.
//! - [`Layout::Wide`]: digits of eight bits, which a signed byte cannot hold.
//!
//! Real-valued cells have kernels of their own ([`sum_block`], [`add_values`]).
//!
//! All `unsafe` code of the crate is in this module.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod adc256;
#[cfg(target_arch = "x86_64")]
mod adc512;
mod aligned;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod convert;
mod isa;
#[cfg(target_arch = "x86_64")]
mod near512;
mod packed;
mod panel;
mod portable;
mod product;
mod real_values;
mod reals;
#[cfg(test)]
mod reals_tests;
#[cfg(target_arch = "x86_64")]
mod reals_x86;
mod stages;
#[cfg(target_arch = "x86_64")]
mod table;
#[cfg(target_arch = "x86_64")]
mod table256;
#[cfg(test)]
mod tests;

pub(crate) use aligned::Aligned;
pub(crate) use convert::{Conversion, Counting};
pub(crate) use isa::Isa;
pub use isa::Kernels;
pub(crate) use packed::{Cells, Layout, Packed, Packer};
pub(crate) use panel::{Digits, Magnitude, PanelShape};
pub(crate) use product::{Product, multiply};
pub(crate) use real_values::{RealAdc, add_values};
pub(crate) use reals::{BLOCK, DigitShape, RealCells, RealInputs, sum_block};
pub(crate) use stages::{InputCodes, add_counts, apply_stages, magnitudes};

use packed::Data;
#[cfg(target_arch = "x86_64")]
use packed::Lookup;

/// Positions are computed in groups of this many.
pub(crate) const LANES: usize = 64;

/// One row split.
pub(crate) struct Call<'a> {
    /// Input digits.
    pub digits: &'a Digits,
    /// Positions, a multiple of [`LANES`].
    pub lanes: usize,
    /// Cell digits.
    pub packed: &'a Packed,
    /// Outputs to compute, whole blocks except for the last output.
    pub outputs: std::ops::Range<usize>,
    /// The ADCs and the weights of the digits.
    pub conversion: &'a Conversion,
}

/// Running sums: outputs of the call × lanes.
pub(crate) enum Sums<'a> {
    /// Weighted codes, positions in the order of the layout ([`Layout::place`]).
    Codes(&'a mut [i32]),
    /// Values.
    Values(&'a mut [f32]),
}

/// Adds the call's values to the sums.
pub(crate) fn accumulate(isa: Isa, call: &Call<'_>, sums: &mut Sums<'_>) {
    call.check(sums);
    match isa {
        Isa::Portable => portable::accumulate(call, sums),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions, and
        // `check` has bounded every access.
        Isa::Avx2 => unsafe { avx2::accumulate(call, sums) },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => match &call.packed.data {
            // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions, and
            // `check` has bounded every access.
            Data::Dot(_) | Data::Bits(_) | Data::Wide(_) => unsafe {
                avx512::accumulate(call, sums);
            },
            Data::Table(lookups) => match call.packed.lookup() {
                // SAFETY: as above.
                Some(Lookup::Sextets) => unsafe { table::accumulate(call, lookups, sums) },
                // Never chosen for these instructions.
                _ => portable::accumulate(call, sums),
            },
        },
    }
}

impl Call<'_> {
    /// Outputs of the call.
    fn count(&self) -> usize {
        self.outputs.len()
    }

    /// Checks the sizes on which the kernels rely.
    fn check(&self, sums: &Sums<'_>) {
        let (packed, digits) = (self.packed, self.digits);
        let block = packed.layout.block();
        assert!(self.lanes.is_multiple_of(LANES));
        assert!(digits.units == packed.half_units * digits.halves);
        assert!((1..=packed.halves).contains(&digits.halves));
        assert!(self.outputs.start <= self.outputs.end && self.outputs.end <= packed.outputs);
        assert!(self.outputs.start.is_multiple_of(block));
        let arrays = self.conversion.arrays;
        assert!(arrays == packed.slices);
        let cycles = self.conversion.factors.len() / arrays.max(1);
        let inside = |group: &panel::Group| {
            group.lane.is_multiple_of(LANES)
                && group.lane + LANES <= self.lanes
                && group.cycle < cycles
        };
        assert!(digits.groups.iter().all(inside));
        let sizes = self.count() * self.lanes;
        match (sums, &self.conversion.counting) {
            (Sums::Codes(sums), Counting::Codes(codes)) => {
                assert!(sums.len() == sizes && codes.weights.len() == cycles * arrays);
            }
            (Sums::Values(sums), Counting::Codes(_) | Counting::Values(_)) => {
                assert!(sums.len() == sizes);
            }
            (Sums::Codes(_), Counting::Values(_)) => {
                unreachable!("values are not counted as codes")
            }
        }
        let elements = digits.units * LANES * digits.groups.len();
        let units = packed.outputs.next_multiple_of(block) * packed.slices * packed.units();
        match &packed.data {
            Data::Table(lookups) => {
                assert!(digits.bytes.len() >= elements);
                assert!(packed.lookup().is_some());
                assert!(lookups.lists.len() >= packed.outputs.div_ceil(block) * packed.slices);
            }
            Data::Wide(cells) => assert!(digits.bytes.len() >= elements && cells.len() >= units),
            Data::Dot(cells) => assert!(digits.quads.len() >= elements && cells.len() >= units),
            Data::Bits(cells) => assert!(digits.words.len() >= elements && cells.len() >= units),
        }
    }
}
