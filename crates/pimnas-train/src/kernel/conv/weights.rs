//! The gradient of the weights.
//!
//! For every output channel and every value of a window: the sum over all positions of all items
//! of the output's gradient times the input. Vectors run along the window, whose values are
//! neighbours in memory; a block of output channels shares them.

use rayon::prelude::*;

use super::super::simd::{Isa, Kernel, Simd, dispatch};
use super::geometry::ConvGeometry;
use super::pack::{MOST_VECTORS, cut as cut_of, most_vectors};
use super::padded::SLACK;
use super::sum::{framed, put, with_scratch};
use super::windows::{Segment, Windows};

/// Weights up to this number have a gradient of their own for each chunk of items.
const SMALL_WEIGHTS: usize = 48 << 10;
/// Chunks of items, whatever the number of threads, so that sums do not depend on it.
const CHUNKS: usize = 8;
/// Floats of input and gradient that the output channels go over together.
const BLOCK: usize = 128 << 10;
/// Tasks of large weights.
const TASKS: usize = 16;

/// The gradient of the weights, output × kernel row × kernel column × input of a group, from the
/// input and the gradient of the output.
pub(crate) fn weight_gradient(
    isa: Isa,
    geometry: &ConvGeometry,
    input: &[f32],
    gradient: &[f32],
) -> Vec<f32> {
    let windows = Windows::forward(geometry);
    let mut result = vec![0.0; geometry.weights()];
    if result.is_empty() || windows.bases.is_empty() {
        return result;
    }
    if result.len() <= SMALL_WEIGHTS {
        by_items(isa, (geometry, &windows), (input, gradient), &mut result);
    } else {
        by_outputs(isa, (geometry, &windows), (input, gradient), &mut result);
    }
    result
}

/// Each chunk of items on its own, summed up in their order.
fn by_items(
    isa: Isa,
    (geometry, windows): (&ConvGeometry, &Windows),
    (input, gradient): (&[f32], &[f32]),
    result: &mut [f32],
) {
    let (size, out) = (geometry.input.item(), geometry.output.item());
    let chunk = geometry.input.items.div_ceil(CHUNKS);
    let parts: Vec<Vec<f32>> = input
        .par_chunks(chunk * size)
        .zip(gradient.par_chunks(chunk * out))
        .map(|(input, gradient)| {
            let mut part = vec![0.0; result.len()];
            let mut item = |source: &[f32], gradient: &[f32]| {
                let rows = 0..geometry.output.channels;
                let task = Task { geometry, windows, source, gradient, rows, into: &mut part };
                dispatch(isa, task);
            };
            let frame = &windows.frame;
            with_scratch(frame.item() + SLACK, |buffer| {
                for (input, gradient) in input.chunks_exact(size).zip(gradient.chunks_exact(out)) {
                    frame.fill(input, &mut buffer[..frame.item()]);
                    item(buffer, gradient);
                }
            });
            part
        })
        .collect();
    for part in &parts {
        for (sum, value) in result.iter_mut().zip(part) {
            *sum += value;
        }
    }
}

/// Each range of output channels on its own, over all items.
fn by_outputs(
    isa: Isa,
    (geometry, windows): (&ConvGeometry, &Windows),
    (input, gradient): (&[f32], &[f32]),
    result: &mut [f32],
) {
    let (frame, out) = (&windows.frame, geometry.output.item());
    let channels = geometry.output.channels;
    // Whole blocks of rows that a task computes together.
    let rows = channels.div_ceil(TASKS).next_multiple_of(MOST_ROWS);
    let block = (BLOCK / (frame.item() + out).max(1)).clamp(1, geometry.input.items);
    let mut run = |source: &[f32]| {
        result.par_chunks_mut(rows * geometry.row()).enumerate().for_each(|(index, into)| {
            let range = index * rows..channels.min((index + 1) * rows);
            for (at, gradient) in gradient.chunks(block * out).enumerate() {
                let source = &source[at * block * frame.item()..];
                let rows = range.clone();
                dispatch(isa, Task { geometry, windows, source, gradient, rows, into: &mut *into });
            }
        });
    };
    if frame.is_map() {
        // Vectors may read behind the last item.
        let mut copy = vec![0.0; input.len() + SLACK];
        copy[..input.len()].copy_from_slice(input);
        run(&copy);
    } else {
        framed(frame, input, run);
    }
}

/// Most output channels that share vectors of the window.
const MOST_ROWS: usize = 8;

/// Adds the gradient of some items to that of some output channels.
struct Task<'a> {
    geometry: &'a ConvGeometry,
    windows: &'a Windows,
    /// Frames of the items, and some slack.
    source: &'a [f32],
    /// Gradient of the output of the items.
    gradient: &'a [f32],
    /// Output channels.
    rows: std::ops::Range<usize>,
    /// Their gradient.
    into: &'a mut [f32],
}

/// A block of the gradient: some output channels × some vectors of a segment.
struct Block<'a> {
    windows: &'a Windows,
    source: *const f32,
    gradient: *const f32,
    /// Items, floats of their frames, positions of an item, output channels.
    items: usize,
    frame: usize,
    channels: usize,
    into: *mut f32,
    row: usize,
    /// Values of the window that count.
    count: usize,
}

impl Kernel for Task<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let mut start = self.rows.start;
        let of_group = self.geometry.group_outputs();
        while start < self.rows.end {
            let group = start / of_group;
            let left = (self.rows.end - start).min((group + 1) * of_group - start);
            // SAFETY: the caller's promise of instructions.
            let done = unsafe {
                match (left, S::REGISTERS) {
                    (8.., 32) => self.rows_of::<S, 8>(start, group),
                    // With 16 registers 12 sums, 2 vectors of the window and a gradient.
                    (6 | 7 | 9.., 16) => self.rows_of::<S, 6>(start, group),
                    (4.., _) => self.rows_of::<S, 4>(start, group),
                    (2 | 3, 16) => self.rows_of::<S, 2>(start, group),
                    _ => self.rows_of::<S, 1>(start, group),
                }
            };
            start += done;
        }
    }
}

impl Task<'_> {
    /// The whole window of `M` output channels.
    #[inline(always)]
    unsafe fn rows_of<S: Simd, const M: usize>(&mut self, start: usize, group: usize) -> usize {
        let geometry = self.geometry;
        let row = geometry.row();
        let out = geometry.output.item();
        let items = self.gradient.len() / out.max(1);
        let mut place = (start - self.rows.start) * row;
        let corner = group * geometry.group_inputs();
        assert!(self.into.len() >= place + M * row, "a gradient of these channels");
        assert!(self.source.len() >= items * self.windows.frame.item() + SLACK, "frames of all");
        for &Segment { offset, length } in &self.windows.segments {
            let mut first = 0;
            for vectors in cut_of(length.div_ceil(S::LANES), most_vectors(S::REGISTERS)) {
                let count = (vectors * S::LANES).min(length - first);
                let block = Block {
                    windows: self.windows,
                    source: self.source[corner + offset + first..].as_ptr(),
                    gradient: self.gradient[start..].as_ptr(),
                    items,
                    frame: self.windows.frame.item(),
                    channels: geometry.output.channels,
                    into: self.into[place..].as_mut_ptr(),
                    row,
                    count,
                };
                // SAFETY: instructions by the caller's promise. Every window of every item lies
                // in its frame, and a vector's end at most `SLACK` behind the last; gradients
                // have `M` channels from `start`; `into` has `M` rows from `place`, borrowed
                // mutably by this task alone.
                unsafe {
                    match vectors {
                        1 => block.run::<S, M, 1>(),
                        2 => block.run::<S, M, 2>(),
                        _ => block.run::<S, M, 3>(),
                    }
                }
                first += count;
                place += count;
            }
        }
        M
    }
}

impl Block<'_> {
    /// # Safety
    /// See [`Task::rows_of`].
    #[inline(always)]
    unsafe fn run<S: Simd, const M: usize, const N: usize>(&self) {
        // SAFETY: the caller's promises.
        unsafe {
            let mut sums = [[S::splat(0.0); N]; M];
            let mut gradient = self.gradient;
            for item in 0..self.items {
                let source = self.source.add(item * self.frame);
                for &base in &self.windows.bases {
                    let from = source.add(base);
                    let mut values = [S::splat(0.0); N];
                    for n in 0..N {
                        values[n] = S::load(from.add(n * S::LANES));
                    }
                    for m in 0..M {
                        let factor = S::splat(*gradient.add(m));
                        for n in 0..N {
                            sums[m][n] = S::fma(factor, values[n], sums[m][n]);
                        }
                    }
                    gradient = gradient.wrapping_add(self.channels);
                }
            }
            for (m, sums) in sums.iter().enumerate() {
                let into = self.into.add(m * self.row);
                if self.count == N * S::LANES {
                    for (n, &sum) in sums.iter().enumerate() {
                        let place = into.add(n * S::LANES);
                        S::store(place, S::fma(sum, S::splat(1.0), S::load(place)));
                    }
                    continue;
                }
                let mut buffer = [0_f32; 16 * MOST_VECTORS];
                put::<S, N>(sums, buffer.as_mut_ptr(), N * S::LANES);
                for (i, value) in buffer[..self.count].iter().enumerate() {
                    *into.add(i) += value;
                }
            }
        }
    }
}
