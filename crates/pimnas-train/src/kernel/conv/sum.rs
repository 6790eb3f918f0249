//! Runs window sums: the inner loops of the forward pass and the gradient of the input.

use std::cell::RefCell;

use rayon::prelude::*;

use super::super::simd::{Isa, Kernel, Simd, dispatch};
use super::pack::{Packed, Strides, Tile, most_vectors};
use super::padded::{Frame, SLACK, aligned};
use super::windows::{Segment, Windows};

/// Packed weights beyond this size (floats) stay in the cache for one tile at a time only.
const LARGE_WEIGHTS: usize = 48 << 10;
/// Positions that make a task worth its overhead.
const POSITIONS: usize = 64;

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Runs a function with a buffer of that many floats of any values, kept for the next time.
pub(super) fn with_scratch<T>(length: usize, run: impl FnOnce(&mut [f32]) -> T) -> T {
    let mut buffer = SCRATCH.take();
    if buffer.len() < length + SLACK {
        buffer.resize(length + SLACK, 0.0);
    }
    let result = run(aligned(&mut buffer, length));
    SCRATCH.set(buffer);
    result
}

/// A batch as frames one after another, or as it is where no room is needed around its items.
pub(super) fn framed<T>(frame: &Frame, batch: &[f32], run: impl FnOnce(&[f32]) -> T) -> T {
    if frame.is_map() {
        return run(batch);
    }
    let length = frame.item() * frame.map.items + SLACK;
    let mut buffer = vec![0.0; length + SLACK];
    let buffer = aligned(&mut buffer, length);
    buffer
        .par_chunks_exact_mut(frame.item().max(1))
        .zip(batch.par_chunks_exact(frame.map.item().max(1)))
        .for_each(|(place, item)| frame.fill(item, place));
    run(buffer)
}

/// What a window sum reads and writes.
pub(super) struct WindowSum<'a> {
    pub windows: &'a Windows,
    pub source: &'a [f32],
    pub weights: &'a [f32],
    pub strides: Strides,
    /// Groups, source channels and target channels of a group.
    pub channels: (usize, usize, usize),
    /// Floats of an item of the target.
    pub target_item: usize,
}

/// A pointer that tasks share, each for other elements.
#[derive(Clone, Copy)]
struct Shared(*mut f32);
// SAFETY: tasks write disjoint elements (see `WindowSum::run`).
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl WindowSum<'_> {
    /// Writes the sums of every position of every item; other values of the target stay.
    pub fn run(&self, isa: Isa, target: &mut [f32]) {
        let frame = &self.windows.frame;
        let items = frame.map.items;
        if items == 0 || self.windows.bases.is_empty() {
            return;
        }
        assert!(target.len() >= items * self.target_item, "a target of all items");
        assert!(self.source.len() >= items * frame.map.item(), "a source of all items");
        let (groups, sources, targets) = self.channels;
        let shape = (groups, sources, targets);
        let (lanes, most) = tile_sizes(isa);
        let packed = Packed::new(self.weights, self.windows, shape, (self.strides, lanes, most));
        let block = POSITIONS.div_ceil(self.windows.bases.len()).min(items);
        let blocks = items.div_ceil(block);
        let target = Shared(target.as_mut_ptr());
        let run = |index: usize, tiles: &[Tile], source: &[f32]| {
            let first = index * block;
            let count = block.min(items - first);
            let task = Task { sum: self, packed: &packed, tiles, source, first, count, target };
            dispatch(isa, task);
        };
        if packed.data.len() > LARGE_WEIGHTS {
            framed(frame, self.source, |buffer| {
                (0..blocks * packed.tiles.len()).into_par_iter().for_each(|task| {
                    let (tile, index) = (task / blocks, task % blocks);
                    run(index, &packed.tiles[tile..=tile], &buffer[index * block * frame.item()..]);
                });
            });
            return;
        }
        (0..blocks).into_par_iter().for_each(|index| {
            let first = index * block;
            let count = block.min(items - first);
            let size = frame.map.item();
            let own = &self.source[first * size..(first + count) * size];
            if frame.is_map() {
                return run(index, &packed.tiles, own);
            }
            with_scratch(count * frame.item(), |buffer| {
                let places = buffer.chunks_exact_mut(frame.item());
                own.chunks_exact(size)
                    .zip(places)
                    .for_each(|(item, place)| frame.fill(item, place));
                run(index, &packed.tiles, buffer);
            });
        });
    }
}

/// Floats of a vector, and vectors of a tile at most.
fn tile_sizes(isa: Isa) -> (usize, usize) {
    const fn of<S: Simd>() -> (usize, usize) {
        (S::LANES, most_vectors(S::REGISTERS))
    }
    match isa {
        Isa::Portable => of::<super::super::simd::Portable>(),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => of::<super::super::simd::Avx2>(),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => of::<super::super::simd::Avx512>(),
    }
}

/// Some tiles of some items.
struct Task<'a> {
    sum: &'a WindowSum<'a>,
    packed: &'a Packed,
    tiles: &'a [Tile],
    /// Frames of the items.
    source: &'a [f32],
    first: usize,
    count: usize,
    target: Shared,
}

impl Kernel for Task<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for tile in self.tiles {
            // SAFETY: the caller's promise of instructions.
            unsafe {
                // With 16 registers 12 sums, the weights and a value of the window.
                match (tile.vectors, S::REGISTERS) {
                    (1, 32) => self.tile::<S, 8, 1>(tile),
                    (2, 32) => self.tile::<S, 8, 2>(tile),
                    (_, 32) => self.tile::<S, 8, 3>(tile),
                    (1, 16) => self.tile::<S, 8, 1>(tile),
                    (_, 16) => self.tile::<S, 6, 2>(tile),
                    (1, _) => self.tile::<S, 4, 1>(tile),
                    (2, _) => self.tile::<S, 4, 2>(tile),
                    (_, _) => self.tile::<S, 4, 3>(tile),
                }
            }
        }
    }
}

impl Task<'_> {
    /// All positions of a tile of `N` vectors, `M` at a time.
    #[inline(always)]
    unsafe fn tile<S: Simd, const M: usize, const N: usize>(&self, tile: &Tile) {
        let windows = self.sum.windows;
        let (_, sources, targets) = self.sum.channels;
        let positions = windows.bases.len();
        let (frame, item) = (windows.frame.item(), self.sum.target_item);
        let source = self.source[tile.group * sources..].as_ptr();
        let weights = self.packed.data[self.packed.first + tile.start..].as_ptr();
        let channel = tile.group * targets + tile.first;
        let mut bases = [source; M];
        let mut places = [0_usize; M];
        let total = self.count * positions;
        let mut start = 0;
        while start < total {
            let valid = M.min(total - start);
            for m in 0..M {
                // Positions past the last repeat it and are not stored.
                let (of, position) = divide(start + m.min(valid - 1), positions);
                // SAFETY: frames have room for every window of every position.
                bases[m] = unsafe { source.add(of * frame + windows.bases[position]) };
                places[m] = (self.first + of) * item + windows.places[position] + channel;
            }
            // SAFETY: the bases are as said; a tile's packed weights have `N` vectors for each
            // value of the segments. Its outputs at these positions are written by this task
            // alone, and lie within the target: `places` are below its length by
            // `tile.outputs` or more.
            unsafe {
                let sums = sum::<S, M, N>(&bases, &windows.segments, weights);
                for m in 0..valid {
                    put::<S, N>(&sums[m], self.target.0.add(places[m]), tile.outputs);
                }
            }
            start += M;
        }
    }
}

#[inline(always)]
fn divide(position: usize, positions: usize) -> (usize, usize) {
    if position < positions { (0, position) } else { (position / positions, position % positions) }
}

/// Sums of `N` vectors of outputs at `M` positions.
///
/// # Safety
/// Each base has every segment behind it; the weights have `N` vectors for each of their values.
#[inline(always)]
unsafe fn sum<S: Simd, const M: usize, const N: usize>(
    bases: &[*const f32; M],
    segments: &[Segment],
    mut weights: *const f32,
) -> [[S::V; N]; M] {
    // SAFETY: the caller's promises.
    unsafe {
        let mut sums = [[S::splat(0.0); N]; M];
        for segment in segments {
            let mut from = *bases;
            for place in &mut from {
                *place = place.add(segment.offset);
            }
            let mut j = 0;
            while j + UNROLL <= segment.length {
                for u in 0..UNROLL {
                    add::<S, M, N>(&mut sums, (&from, j + u), weights.add(u * N * S::LANES));
                }
                weights = weights.add(UNROLL * N * S::LANES);
                j += UNROLL;
            }
            while j < segment.length {
                add::<S, M, N>(&mut sums, (&from, j), weights);
                weights = weights.add(N * S::LANES);
                j += 1;
            }
        }
        sums
    }
}

/// Values of a segment that are taken in one turn of the loop.
const UNROLL: usize = 4;

/// Adds the products of one value of the window.
///
/// # Safety
/// As [`sum`].
#[inline(always)]
unsafe fn add<S: Simd, const M: usize, const N: usize>(
    sums: &mut [[S::V; N]; M],
    (from, j): (&[*const f32; M], usize),
    weights: *const f32,
) {
    // SAFETY: the caller's promises.
    unsafe {
        let mut factors = [S::splat(0.0); N];
        for n in 0..N {
            factors[n] = S::load(weights.add(n * S::LANES));
        }
        for m in 0..M {
            let value = S::splat(*from[m].add(j));
            for n in 0..N {
                sums[m][n] = S::fma(value, factors[n], sums[m][n]);
            }
        }
    }
}

/// Stores the first `count` floats of vectors.
///
/// # Safety
/// `count` floats at the place.
#[inline(always)]
pub(super) unsafe fn put<S: Simd, const N: usize>(vectors: &[S::V; N], to: *mut f32, count: usize) {
    // SAFETY: the caller's promise; the buffer has room for the largest vectors.
    unsafe {
        if count == N * S::LANES {
            for (n, &vector) in vectors.iter().enumerate() {
                S::store(to.add(n * S::LANES), vector);
            }
            return;
        }
        let mut buffer = [0_f32; 16 * super::pack::MOST_VECTORS];
        for (n, &vector) in vectors.iter().enumerate() {
            S::store(buffer.as_mut_ptr().add(n * S::LANES), vector);
        }
        std::ptr::copy_nonoverlapping(buffer.as_ptr(), to, count);
    }
}
