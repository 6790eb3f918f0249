//! Input digits in the order in which a kernel reads them.

use super::LANES;
use super::isa::Isa;
use super::packed::Layout;

/// Input digits of one cycle: units × lanes.
#[derive(Clone, Copy)]
pub(crate) enum Panel<'a> {
    /// A digit or an index.
    Bytes(&'a [u8]),
    /// Four digits, the first in the lowest byte.
    Quads(&'a [u32]),
    /// 64 digits of one bit.
    Words(&'a [u64]),
}

/// Magnitudes of codes, rows × lanes: bytes for up to nine bits, else 16-bit words.
pub(crate) trait Magnitude: Copy + Default + Send + Sync + Into<u32> + 'static {
    /// Of a magnitude that fits.
    fn of(magnitude: u32) -> Self;
}

impl Magnitude for u8 {
    #[inline(always)]
    fn of(magnitude: u32) -> Self {
        magnitude as Self
    }
}

impl Magnitude for u16 {
    #[inline(always)]
    fn of(magnitude: u32) -> Self {
        magnitude as Self
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

/// The panels of all cycles of a row split.
#[derive(Default)]
pub(crate) struct Digits {
    bytes: Vec<u8>,
    quads: Vec<u32>,
    words: Vec<u64>,
    stride: usize,
    units: usize,
    occupied: Vec<bool>,
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
        self.stride = self.units * shape.lanes;
        let elements = self.stride * shape.cycles;
        match shape.layout {
            Layout::Table(_) => {
                pack(&mut self.bytes, elements, shape, halves, |row| row as u32 * shape.digit_bits);
                for panel in self.bytes.as_chunks_mut::<LANES>().0 {
                    interleave(panel);
                }
            }
            Layout::Wide => pack(&mut self.bytes, elements, shape, halves, |_| 0),
            Layout::Dot => pack(&mut self.quads, elements, shape, halves, |row| 8 * row as u32),
            Layout::Bits => pack(&mut self.words, elements, shape, halves, |row| row as u32),
        }
        self.mark_occupied(shape);
    }

    #[inline(always)]
    fn mark_occupied(&mut self, shape: &PanelShape) {
        let stride = self.stride;
        let (bytes, quads, words) = (&self.bytes, &self.quads, &self.words);
        self.occupied.clear();
        self.occupied.extend((0..shape.cycles).map(|cycle| {
            let range = cycle * stride..(cycle + 1) * stride;
            match shape.layout {
                Layout::Table(_) | Layout::Wide => bytes[range].iter().fold(0, |a, b| a | b) != 0,
                Layout::Dot => quads[range].iter().fold(0, |a, b| a | b) != 0,
                Layout::Bits => words[range].iter().fold(0, |a, b| a | b) != 0,
            }
        }));
    }

    /// The panel of a cycle and its units; `None` if no digit of it is set, which adds nothing.
    pub fn cycle(&self, layout: Layout, cycle: usize) -> Option<(Panel<'_>, usize)> {
        if self.occupied.get(cycle) != Some(&true) {
            return None;
        }
        let range = cycle * self.stride..(cycle + 1) * self.stride;
        let panel = match layout {
            Layout::Table(_) | Layout::Wide => Panel::Bytes(&self.bytes[range]),
            Layout::Dot => Panel::Quads(&self.quads[range]),
            Layout::Bits => Panel::Words(&self.words[range]),
        };
        Some((panel, self.units))
    }
}

/// An element of a panel.
trait Element: Copy + Default + std::ops::BitOrAssign {
    fn digit(digit: u32, shift: u32) -> Self;
}

impl Element for u8 {
    #[inline(always)]
    fn digit(digit: u32, shift: u32) -> Self {
        (digit << shift) as Self
    }
}

impl Element for u32 {
    #[inline(always)]
    fn digit(digit: u32, shift: u32) -> Self {
        digit << shift
    }
}

impl Element for u64 {
    #[inline(always)]
    fn digit(digit: u32, shift: u32) -> Self {
        Self::from(digit) << shift
    }
}

/// Digits of all cycles, those of a unit's rows shifted into one element.
#[inline(always)]
fn pack<E: Element, M: Magnitude>(
    panels: &mut Vec<E>,
    elements: usize,
    shape: &PanelShape,
    halves: &[&[M]],
    shift_of: impl Fn(usize) -> u32,
) {
    panels.clear();
    panels.resize(elements, E::default());
    let (lanes, rows) = (shape.lanes, shape.layout.rows());
    let mask = (1_u32 << shape.digit_bits) - 1;
    let mut places = panels.chunks_exact_mut(lanes);
    for cycle in 0..shape.cycles {
        let down = cycle as u32 * shape.digit_bits;
        for half in halves {
            for unit in half[..shape.rows * lanes].chunks(rows * lanes) {
                let Some(place) = places.next() else { return };
                for (row, source) in unit.chunks_exact(lanes).enumerate() {
                    let up = shift_of(row);
                    for (element, &magnitude) in place.iter_mut().zip(source) {
                        let magnitude: u32 = magnitude.into();
                        *element |= E::digit((magnitude >> down) & mask, up);
                    }
                }
            }
        }
    }
}

/// Where the index of position 16·v + d is: byte 4·d + PLACE[v]. Sums of even and of odd bytes,
/// split into halves of 32-bit lanes, then come out in the order of the positions.
const PLACE: [usize; 4] = [0, 2, 1, 3];

#[inline(always)]
fn interleave(panel: &mut [u8; LANES]) {
    let mut placed = [0; LANES];
    for (v, place) in PLACE.iter().enumerate() {
        for d in 0..LANES / 4 {
            placed[4 * d + place] = panel[16 * v + d];
        }
    }
    *panel = placed;
}

/// The byte of a position in a group of [`LANES`].
pub(super) fn byte_of(position: usize) -> usize {
    4 * (position % 16) + PLACE[position / 16]
}
