//! Integer kernels: exact sums of digit products, with the ADC transfer while they are at hand.
//!
//! A kernel takes the input digits of one cycle and one row split for some positions (a
//! *panel*), the cell digits of all slices (*packed arrays*), and adds to the running sums of
//! each output and position what the ADCs make of each slice. Sums are exact integers and what
//! follows is the same sequence of float operations in each kernel, so all give the same bits.
//!
//! - [`Layout::Table`]: an index of two to five small digits picks the sum of their products from a
//!   table of 64 bytes; one byte permutation is 64 look-ups. Needs AVX-512 VBMI.
//! - [`Layout::Dot`]: products of bytes, four a lane. AVX-512 VNNI, AVX2 or portable.
//! - [`Layout::Bits`]: digits of one bit, 64 a word, by AND and popcount.
//! - [`Layout::Wide`]: digits of eight bits, which a signed byte cannot hold.
//!
//! All `unsafe` code of the crate is in this module.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod isa;
mod packed;
mod panel;
mod portable;
mod product;
mod stages;
#[cfg(target_arch = "x86_64")]
mod table;

pub(crate) use isa::Isa;
pub use isa::Kernels;
pub(crate) use packed::{Cells, Layout, Packed, Packer};
pub(crate) use panel::{Digits, Magnitude, Panel, PanelShape};
pub(crate) use product::{Product, multiply};
pub(crate) use stages::{InputCodes, apply_stages, magnitudes};

use crate::adc::Transfer;

/// Positions are computed in groups of this many.
pub(crate) const LANES: usize = 64;

/// One cycle of one row split.
pub(crate) struct Call<'a> {
    /// Input digits.
    pub panel: Panel<'a>,
    /// Positions, a multiple of [`LANES`].
    pub lanes: usize,
    /// Units of the panel.
    pub units: usize,
    /// Cell digits.
    pub packed: &'a Packed,
    /// Outputs to compute, whole blocks except for the last output.
    pub outputs: std::ops::Range<usize>,
    /// The ADCs.
    pub transfer: &'a Transfer,
    /// What the value of each slice is multiplied by: a signed power of two.
    pub factors: &'a [f32],
}

/// Adds the call's values to `sums` (outputs of the call × lanes).
pub(crate) fn accumulate(isa: Isa, call: &Call<'_>, sums: &mut [f32]) {
    call.check(sums);
    match isa {
        Isa::Portable => portable::accumulate(call, sums),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => match call.packed.layout {
            // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions, and
            // `check` has bounded every access.
            Layout::Dot => unsafe { avx2::dot(call, sums) },
            // SAFETY: as above.
            Layout::Bits | Layout::Wide => unsafe { avx2::plain(call, sums) },
            Layout::Table(_) => portable::accumulate(call, sums),
        },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => match call.packed.layout {
            // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions, and
            // `check` has bounded every access.
            Layout::Dot => unsafe { avx512::dot(call, sums) },
            // SAFETY: as above.
            Layout::Bits | Layout::Wide => unsafe { avx512::plain(call, sums) },
            // SAFETY: as above.
            Layout::Table(_) => unsafe { table::accumulate(call, sums) },
        },
    }
}

impl Call<'_> {
    /// Outputs of the call.
    fn count(&self) -> usize {
        self.outputs.len()
    }

    /// Checks the sizes on which the kernels rely.
    fn check(&self, sums: &[f32]) {
        let packed = self.packed;
        assert!(self.lanes.is_multiple_of(LANES) && self.units <= packed.units());
        assert!(self.outputs.start <= self.outputs.end && self.outputs.end <= packed.outputs);
        assert!(self.outputs.start.is_multiple_of(packed.layout.block()));
        assert!(self.factors.len() == packed.slices && sums.len() == self.count() * self.lanes);
        let elements = self.units * self.lanes;
        match (packed.layout, self.panel) {
            (Layout::Table(_) | Layout::Wide, Panel::Bytes(panel)) => {
                assert!(panel.len() >= elements);
            }
            (Layout::Dot, Panel::Quads(panel)) => assert!(panel.len() >= elements),
            (Layout::Bits, Panel::Words(panel)) => assert!(panel.len() >= elements),
            (
                Layout::Table(_) | Layout::Wide | Layout::Dot | Layout::Bits,
                Panel::Bytes(_) | Panel::Quads(_) | Panel::Words(_),
            ) => unreachable!("a panel is made for the layout of its arrays"),
        }
    }
}
