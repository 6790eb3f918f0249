//! Sums of real-valued cells.
//!
//! A column's sum is a chain of fused multiply-adds from 0 over its rows in their order; of more
//! than [`CHAIN`] rows each so many have a chain of their own, and their sums are added up. A row
//! whose input digit is 0 leaves a finite sum as it is, to the bit; so each [`SPAN`] positions
//! keep a list of the rows in which any of them has a digit, and the others are not computed.

use std::ops::Range;

use super::aligned::Aligned;
use super::isa::Isa;
use super::panel::Magnitude;
use super::product::{Onto, Product, multiply_turned};
#[cfg(target_arch = "x86_64")]
use super::reals_x86;

/// Positions that share a list of rows.
pub(crate) const SPAN: usize = 16;
/// Outputs that are computed together, at most.
pub(crate) const BLOCK: usize = 16;
/// Rows of a chain, at most: as many as `gemm` adds up without a break.
const CHAIN: usize = 512;
/// Rows that `gemm` adds up in their order, at least.
const LEAST_ROWS: usize = 3;
/// Outputs that are computed together, at least; the last ones may be cells of 0.
const LEAST_WIDTH: usize = 4;

/// Finite real-valued cells of an array: blocks of outputs, row by row.
#[derive(Clone, Debug, Default)]
pub(crate) struct RealCells {
    values: Aligned<f32>,
    rows: usize,
    outputs: usize,
}

impl RealCells {
    /// Orders cells that are outputs × rows.
    pub fn new(cells: &[f32], rows: usize) -> Self {
        let outputs = cells.len().checked_div(rows).unwrap_or(0);
        let mut real = Self { values: Aligned::default(), rows, outputs };
        let last = outputs.saturating_sub(1) / BLOCK * BLOCK;
        let width = if outputs == 0 { 0 } else { real.width(last) };
        real.values.set_length((last + width) * rows);
        real.values.fill(0.0);
        for (output, cells) in cells.chunks_exact(rows.max(1)).enumerate() {
            let first = output / BLOCK * BLOCK;
            let width = real.width(first);
            let block = &mut real.values[first * rows..(first + width) * rows];
            for (place, &cell) in block[output - first..].iter_mut().step_by(width).zip(cells) {
                *place = cell;
            }
        }
        real
    }

    /// Outputs of the block that begins with this one, with those that are cells of 0.
    fn width(&self, first: usize) -> usize {
        (self.outputs - first).min(BLOCK).next_power_of_two().max(LEAST_WIDTH)
    }

    /// The cells of the block that begins with this output: rows × its width.
    fn block(&self, first: usize) -> (usize, &[f32]) {
        assert!(first.is_multiple_of(BLOCK) && first < self.outputs);
        let width = self.width(first);
        (width, &self.values[first * self.rows..(first + width) * self.rows])
    }
}

/// Which digits of the inputs are meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DigitShape {
    pub rows: usize,
    /// Places of a row.
    pub lanes: usize,
    /// Places of a row that are in use.
    pub positions: usize,
    /// Bits below the digit.
    pub down: u32,
    /// Bits of a digit, as a mask.
    pub mask: u32,
}

/// Input digits of a cycle.
#[derive(Debug, Default)]
pub(crate) struct RealInputs {
    /// Rows × lanes without any set of instructions; else of each span its rows × [`SPAN`], those
    /// without a digit left out.
    digits: Aligned<f32>,
    /// The rows of each span: spans × rows.
    list: Vec<u32>,
    /// Rows of each span that have a digit.
    counts: Vec<usize>,
    rows: usize,
    lanes: usize,
}

/// A span's rows and their digits.
pub(super) struct Span<'a> {
    pub rows: &'a [u32],
    pub digits: &'a [[f32; SPAN]],
}

impl RealInputs {
    /// Takes the digits of the positive inputs, and subtracts those of the negative ones.
    pub fn fill<M: Magnitude>(&mut self, isa: Isa, shape: &DigitShape, halves: &[&[M]]) {
        let DigitShape { rows, lanes, positions, .. } = *shape;
        let spans = positions.div_ceil(SPAN);
        assert!(spans * SPAN <= lanes && (1..=2).contains(&halves.len()));
        assert!(halves.iter().all(|half| half.len() >= rows * lanes));
        self.digits.set_length(rows * lanes);
        self.list.resize(rows * spans, 0);
        self.counts.resize(spans, 0);
        (self.rows, self.lanes) = (rows, lanes);
        match isa {
            Isa::Portable => self.fill_all(shape, halves),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions.
            Isa::Avx2 => unsafe { self.fill_avx2(shape, halves) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions.
            Isa::Avx512 => unsafe { self.fill_avx512(shape, halves) },
        }
    }

    /// Takes the squares of other digits.
    pub fn fill_squares(&mut self, of: &Self) {
        self.digits.set_length(of.digits.len());
        for (square, digit) in self.digits.iter_mut().zip(&*of.digits) {
            *square = digit * digit;
        }
        self.list.clone_from(&of.list);
        self.counts.clone_from(&of.counts);
        (self.rows, self.lanes) = (of.rows, of.lanes);
    }

    /// Whether there is no digit at all.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// The spans, one after the other, of some rows.
    pub(super) fn spans(&self, chain: &Range<usize>) -> impl Iterator<Item = Span<'_>> {
        let places = self.digits.as_chunks::<SPAN>().0.chunks_exact(self.rows.max(1));
        let lists = self.list.chunks_exact(self.rows.max(1));
        let (start, end) = (chain.start as u32, chain.end as u32);
        places.zip(lists).zip(&self.counts).map(move |((digits, rows), &count)| {
            let rows = &rows[..count];
            let [first, last] = [start, end].map(|end| rows.partition_point(|&row| row < end));
            Span { rows: &rows[first..last], digits: &digits[first..last] }
        })
    }

    /// All rows side by side. A span counts its digits, not its rows.
    fn fill_all<M: Magnitude>(&mut self, shape: &DigitShape, halves: &[&[M]]) {
        let digit = |magnitude: M| ((magnitude.into() >> shape.down) & shape.mask) as i32;
        self.counts.fill(0);
        for row in 0..shape.rows {
            for lane in 0..self.counts.len() * SPAN {
                let place = row * shape.lanes + lane;
                let [positive, negative] = [0, 1].map(|half| halves.get(half).map(|h| h[place]));
                let digit = positive.map_or(0, digit) - negative.map_or(0, digit);
                self.digits[place] = digit as f32;
                self.counts[lane / SPAN] += usize::from(digit != 0);
            }
        }
    }

    #[inline(always)]
    fn fill_spans<M: Magnitude>(&mut self, shape: &DigitShape, halves: &[&[M]]) {
        let digit = |magnitude: M| ((magnitude.into() >> shape.down) & shape.mask) as i32;
        let rows = shape.rows;
        let digits = self.digits.as_chunks_mut::<SPAN>().0.chunks_exact_mut(rows.max(1));
        let lists = self.list.chunks_exact_mut(rows.max(1));
        for (span, ((digits, list), total)) in digits.zip(lists).zip(&mut self.counts).enumerate() {
            let mut count = 0;
            for row in 0..rows {
                let place = row * shape.lanes + span * SPAN;
                let mut line = [0_i32; SPAN];
                for (line, &magnitude) in line.iter_mut().zip(&halves[0][place..place + SPAN]) {
                    *line = digit(magnitude);
                }
                if let Some(negative) = halves.get(1) {
                    for (line, &magnitude) in line.iter_mut().zip(&negative[place..place + SPAN]) {
                        *line -= digit(magnitude);
                    }
                }
                // Written in any case, kept if there is a digit.
                list[count] = row as u32;
                digits[count] = line.map(|digit| digit as f32);
                count += usize::from(line.iter().fold(0, |any, digit| any | digit) != 0);
            }
            *total = count;
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn fill_avx2<M: Magnitude>(&mut self, shape: &DigitShape, halves: &[&[M]]) {
        self.fill_spans(shape, halves);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
    fn fill_avx512<M: Magnitude>(&mut self, shape: &DigitShape, halves: &[&[M]]) {
        self.fill_spans(shape, halves);
    }
}

/// One chain of the sums of a block.
pub(super) struct Chain<'a> {
    /// Cells of the block: rows × width.
    pub cells: &'a [f32],
    /// Outputs.
    pub width: usize,
    pub inputs: &'a RealInputs,
    pub rows: Range<usize>,
    /// Distance of the outputs' sums.
    pub lanes: usize,
    pub onto: Onto,
}

/// The sums of the block of outputs that begins with `first`: outputs × lanes, of which those of
/// the positions in use are written.
pub(crate) fn sum_block(
    isa: Isa,
    (cells, first): (&RealCells, usize),
    inputs: &RealInputs,
    sums: &mut [f32],
) {
    let (width, block) = cells.block(first);
    let lanes = inputs.lanes;
    assert!(inputs.rows == cells.rows && sums.len() >= width * lanes);
    for start in (0..cells.rows).step_by(CHAIN) {
        let rows = start..(start + CHAIN).min(cells.rows);
        let onto = if start == 0 { Onto::Zero } else { Onto::Result };
        let chain = Chain { cells: block, width, inputs, rows, lanes, onto };
        match isa {
            Isa::Portable => chain.sum(sums),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions.
            Isa::Avx2 => unsafe { reals_x86::sum_avx2(&chain, sums) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions.
            Isa::Avx512 => unsafe { reals_x86::sum_avx512(&chain, sums) },
        }
    }
}

impl Chain<'_> {
    fn sum(&self, sums: &mut [f32]) {
        let Self { width, lanes, .. } = *self;
        let cells = &self.cells[self.rows.start * width..self.rows.end * width];
        let digits = &self.inputs.digits[self.rows.start * lanes..self.rows.end * lanes];
        if self.rows.len() >= LEAST_ROWS {
            let shape = Product { outputs: width, rows: self.rows.len(), lanes };
            multiply_turned(shape, (cells, digits), (sums, self.onto));
            return;
        }
        for (place, sum) in sums[..width * lanes].iter_mut().enumerate() {
            let rows = cells.chunks_exact(width).zip(digits.chunks_exact(lanes));
            let chain = rows.fold(0.0_f32, |chain, (cells, digits)| {
                cells[place / lanes].mul_add(digits[place % lanes], chain)
            });
            *sum = if self.onto == Onto::Result { *sum + chain } else { chain };
        }
    }
}
