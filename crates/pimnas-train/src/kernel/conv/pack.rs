//! Weights in the order in which the window sums read them.

use rayon::prelude::*;

use super::padded::{SLACK, aligned};
use super::windows::Windows;

/// Most vectors of outputs in a tile.
pub(super) const MOST_VECTORS: usize = 3;

/// Outputs of a group that are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// Group.
    pub group: usize,
    /// First output of the group.
    pub first: usize,
    /// Outputs.
    pub outputs: usize,
    /// Vectors that hold them.
    pub vectors: usize,
    /// Where its packed weights begin.
    pub start: usize,
}

/// Where a weight stands: cell × `cell` + source × `source` + target × `target`, plus a group's
/// share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strides {
    pub group: usize,
    pub cell: usize,
    pub source: usize,
    pub target: usize,
}

/// Packed weights: tile by tile, value of the window by value, outputs innermost.
#[derive(Debug)]
pub(super) struct Packed {
    pub tiles: Vec<Tile>,
    /// Where the first tile begins: at a cache line.
    pub first: usize,
    pub data: Vec<f32>,
}

/// Vectors of outputs that a tile has at most with so many registers. With 16 of them 4 × 3 sums
/// leave one register too few: some of them would go over memory.
pub(super) const fn most_vectors(registers: usize) -> usize {
    if registers == 16 { 2 } else { MOST_VECTORS }
}

/// Cuts that many vectors into tiles of at most `most`.
pub(super) fn cut(vectors: usize, most: usize) -> Vec<usize> {
    let mut rest = vectors;
    let mut tiles = Vec::new();
    while rest > 0 {
        let take = if rest == 4 { most.min(2) } else { most.min(rest) };
        tiles.push(take);
        rest -= take;
    }
    tiles
}

impl Packed {
    /// Packs the weights for `groups` groups of `sources` × `targets` channels into vectors of
    /// that many lanes, of which a tile has at most `most`.
    pub fn new(
        weights: &[f32],
        windows: &Windows,
        (groups, sources, targets): (usize, usize, usize),
        (strides, lanes, most): (Strides, usize, usize),
    ) -> Self {
        let depth = windows.taps.len() * sources;
        let mut tiles = Vec::new();
        let mut start = 0;
        for group in 0..groups {
            let mut first = 0;
            for vectors in cut(targets.div_ceil(lanes), most) {
                let outputs = (vectors * lanes).min(targets - first);
                tiles.push(Tile { group, first, outputs, vectors, start });
                start += depth * vectors * lanes;
                first += outputs;
            }
        }
        let mut data = vec![0.0; start + SLACK];
        let rest = aligned(&mut data, start);
        let packed = rest.as_ptr();
        let mut parts = Vec::new();
        let mut rest = rest;
        for tile in &tiles {
            let (part, others) = rest.split_at_mut(depth * tile.vectors * lanes);
            parts.push((tile, part));
            rest = others;
        }
        let fill = |(tile, part): (&Tile, &mut [f32])| {
            let width = tile.vectors * lanes;
            let base = tile.group * strides.group + tile.first * strides.target;
            for (tap, block) in windows.taps.iter().zip(part.chunks_exact_mut(sources * width)) {
                let base = base + tap.cell * strides.cell;
                for output in 0..tile.outputs {
                    let from = base + output * strides.target;
                    for (source, line) in block.chunks_exact_mut(width).enumerate() {
                        line[output] = weights[from + source * strides.source];
                    }
                }
            }
        };
        if start > 1 << 15 {
            parts.into_par_iter().for_each(fill);
        } else {
            parts.into_iter().for_each(fill);
        }
        let first = (packed.addr() - data.as_ptr().addr()) / size_of::<f32>();
        Self { tiles, first, data }
    }
}
