//! Input digits in the order in which a kernel reads them.

use super::LANES;
use super::aligned::{Aligned, Number};
use super::isa::Isa;
use super::packed::Layout;

/// Magnitudes of codes, rows × lanes: bytes for up to nine bits, else 16-bit words.
pub(crate) trait Magnitude: Copy + Default + Send + Sync + Into<u32> + 'static {
    /// Of a magnitude that fits.
    fn of(magnitude: u32) -> Self;
    /// Bits of both.
    fn or(self, other: Self) -> Self;
    /// A digit: the bits of the mask (of a byte) above the lowest `down` bits.
    fn digit(self, down: u32, mask: u32) -> u8;
}

impl Magnitude for u8 {
    #[inline(always)]
    fn of(magnitude: u32) -> Self {
        magnitude as Self
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
    #[inline(always)]
    fn digit(self, down: u32, mask: u32) -> u8 {
        (self >> down) & mask as Self
    }
}

impl Magnitude for u16 {
    #[inline(always)]
    fn of(magnitude: u32) -> Self {
        magnitude as Self
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
    #[inline(always)]
    fn digit(self, down: u32, mask: u32) -> u8 {
        ((self >> down) & mask as Self) as u8
    }
}

/// Sizes of the panels of a row split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PanelShape {
    pub layout: Layout,
    /// Rows of one sign.
    pub rows: usize,
    /// Positions, a multiple of [`LANES`].
    pub lanes: usize,
    /// Bits of a digit.
    pub digit_bits: u32,
    pub cycles: usize,
}

impl PanelShape {
    fn half_units(&self) -> usize {
        self.rows.div_ceil(self.layout.rows())
    }
}

/// The digits of [`LANES`] positions in one cycle: a panel. Panels without any digit are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// First position.
    pub lane: usize,
    pub cycle: usize,
}

/// The panels of a row split: units × [`LANES`] elements each, except that panels of indices
/// which are looked up together are interleaved, unit by unit.
#[derive(Default)]
pub(crate) struct Digits {
    /// A digit or an index.
    pub bytes: Aligned<u8>,
    /// Four digits, the first in the lowest byte.
    pub quads: Aligned<u32>,
    /// 64 digits of one bit.
    pub words: Aligned<u64>,
    /// The panels' positions and cycles, in this order.
    pub groups: Vec<Group>,
    /// Units of a panel.
    pub units: usize,
    /// Signs of the inputs: 1 or 2.
    pub halves: usize,
}

impl Digits {
    /// Makes the panels from magnitudes (rows × lanes), of positive and, if there are any, of
    /// negative inputs.
    pub fn fill<M: Magnitude>(&mut self, isa: Isa, shape: &PanelShape, halves: &[&[M]]) {
        match isa {
            Isa::Portable => self.fill_here(shape, halves),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions.
            Isa::Avx2 => unsafe { self.fill_avx2(shape, halves) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions.
            Isa::Avx512 => unsafe { self.fill_avx512(shape, halves) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn fill_avx2<M: Magnitude>(&mut self, shape: &PanelShape, halves: &[&[M]]) {
        self.fill_here(shape, halves);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    fn fill_avx512<M: Magnitude>(&mut self, shape: &PanelShape, halves: &[&[M]]) {
        self.fill_here(shape, halves);
    }

    #[inline(always)]
    fn fill_here<M: Magnitude>(&mut self, shape: &PanelShape, halves: &[&[M]]) {
        debug_assert!(shape.lanes.is_multiple_of(LANES));
        self.units = shape.half_units() * halves.len();
        self.halves = halves.len();
        self.find_groups(shape, halves);
        let (units, groups) = (self.units, &self.groups);
        let apart = Places { groups, units, chunk: 1 };
        match shape.layout {
            Layout::Table(tuple) => {
                let together = Places { groups, units, chunk: tuple.lookup.chunk() };
                pack(&mut self.bytes, together, shape, halves, |row| row as u32 * shape.digit_bits);
            }
            Layout::Wide => pack(&mut self.bytes, apart, shape, halves, |_| 0),
            Layout::Dot => pack(&mut self.quads, apart, shape, halves, |row| 8 * row as u32),
            Layout::Bits => pack(&mut self.words, apart, shape, halves, |row| row as u32),
        }
    }

    /// Finds the panels with any digit.
    #[inline(always)]
    fn find_groups<M: Magnitude>(&mut self, shape: &PanelShape, halves: &[&[M]]) {
        self.groups.clear();
        let mask = (1_u32 << shape.digit_bits) - 1;
        for lane in (0..shape.lanes).step_by(LANES) {
            let mut any = [M::default(); LANES];
            for half in halves {
                for row in half[..shape.rows * shape.lanes].chunks_exact(shape.lanes) {
                    for (any, &magnitude) in any.iter_mut().zip(&row[lane..lane + LANES]) {
                        *any = any.or(magnitude);
                    }
                }
            }
            let any = any.iter().fold(0, |any, &magnitude| any | magnitude.into());
            let occupied = |cycle: &usize| (any >> (*cycle as u32 * shape.digit_bits)) & mask != 0;
            let groups = (0..shape.cycles).filter(occupied).map(|cycle| Group { lane, cycle });
            self.groups.extend(groups);
        }
    }
}

/// Where the elements of each panel are.
struct Places<'a> {
    groups: &'a [Group],
    units: usize,
    /// Panels that are interleaved.
    chunk: usize,
}

/// An element of a panel.
trait Element: Number + Default {
    /// The element with a magnitude's digit: `(magnitude >> down) & mask << up` added to it.
    fn with<M: Magnitude>(self, magnitude: M, down: u32, mask: u32, up: u32) -> Self;
}

impl Element for u8 {
    #[inline(always)]
    fn with<M: Magnitude>(self, magnitude: M, down: u32, mask: u32, up: u32) -> Self {
        self | magnitude.digit(down, mask) << up
    }
}

impl Element for u32 {
    #[inline(always)]
    fn with<M: Magnitude>(self, magnitude: M, down: u32, mask: u32, up: u32) -> Self {
        self | Self::from(magnitude.digit(down, mask)) << up
    }
}

impl Element for u64 {
    #[inline(always)]
    fn with<M: Magnitude>(self, magnitude: M, down: u32, mask: u32, up: u32) -> Self {
        self | Self::from(magnitude.digit(down, mask)) << up
    }
}

/// Digits of all panels, those of a unit's rows shifted into one element.
#[inline(always)]
fn pack<E: Element, M: Magnitude>(
    panels: &mut Aligned<E>,
    places: Places<'_>,
    shape: &PanelShape,
    halves: &[&[M]],
    shift_of: impl Fn(usize) -> u32,
) {
    let (lanes, rows) = (shape.lanes, shape.layout.rows());
    let mask = (1_u32 << shape.digit_bits) - 1;
    panels.set_length(places.groups.len() * places.units * LANES);
    let mut rest = &mut panels[..];
    for chunk in places.groups.chunks(places.chunk) {
        let (here, after) = rest.split_at_mut(chunk.len() * places.units * LANES);
        rest = after;
        let mut units = here.chunks_exact_mut(chunk.len() * LANES);
        for half in halves {
            for unit in half[..shape.rows * lanes].chunks(rows * lanes) {
                let Some(unit_panels) = units.next() else { return };
                for (panel, group) in unit_panels.as_chunks_mut::<LANES>().0.iter_mut().zip(chunk) {
                    let down = group.cycle as u32 * shape.digit_bits;
                    let mut packed = [E::default(); LANES];
                    for (row, source) in unit.chunks_exact(lanes).enumerate() {
                        let up = shift_of(row);
                        let source = &source[group.lane..group.lane + LANES];
                        for (element, &magnitude) in packed.iter_mut().zip(source) {
                            *element = element.with(magnitude, down, mask, up);
                        }
                    }
                    *panel = packed;
                }
            }
        }
    }
}
