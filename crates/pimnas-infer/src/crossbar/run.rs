//! A layer's outputs for a batch, on all threads.

use std::ops::RangeInclusive;

use pimnas_network::Shape;
use rayon::prelude::*;

use super::layer::CrossbarLayer;
use super::tile::{Codes, Scratch, TILE, Tile, Work};
use crate::compiled::ItemNumber;
use crate::jobs::Worth;
use crate::kernel::{LANES, Magnitude, apply_stages};
use crate::stage::Stage;
use crate::tensor::Tensor;

/// Bits of an input, sign included, up to which a magnitude is a byte.
const BYTE_BITS: u32 = 9;
/// Items of a job, at most, beyond what a tile takes.
const ITEMS: usize = 16;
/// Jobs a thread that keep all threads busy to the end.
const JOBS: usize = 4;

impl CrossbarLayer {
    /// The layer's outputs in the given shape, after the given stages.
    ///
    /// `first` is the number of the first item among all that are ever read.
    pub fn run(
        &self,
        (input, first): (&Tensor, ItemNumber),
        stages: &[Stage],
        shape: Shape,
    ) -> Tensor {
        let items = input.batch();
        let data = if self.input_bits <= BYTE_BITS {
            self.run_as::<u8>((input.data(), items), first, stages)
        } else {
            self.run_as::<u16>((input.data(), items), first, stages)
        };
        Tensor::batch_of(items, shape, data)
    }

    fn run_as<M: Magnitude>(
        &self,
        (values, items): (&[f32], usize),
        first: ItemNumber,
        stages: &[Stage],
    ) -> Vec<f32> {
        if items == 0 {
            return Vec::new();
        }
        let first = first.0 * self.geometry.positions() as u64;
        let batch = Batch { layer: self, stages, values, items, first };
        let fewest = TILE.div_ceil(self.geometry.positions()).min(items);
        let jobs = 2 * rayon::current_num_threads();
        if items.div_ceil(fewest) >= jobs {
            let most = (items / jobs).min(ITEMS).max(fewest);
            batch.by_items::<M>(full(self.geometry.positions(), fewest..=most))
        } else {
            batch.by_tiles::<M>()
        }
    }
}

/// How many items to compute together so that the fewest lanes are left empty.
fn full(positions: usize, items: RangeInclusive<usize>) -> usize {
    let lanes = |items: usize| (items * positions).next_multiple_of(LANES);
    let least = *items.start();
    // Of two numbers of items the one with fewer lanes an item.
    items.min_by(|&a, &b| (lanes(a) * b).cmp(&(lanes(b) * a))).unwrap_or(least)
}

struct Batch<'a> {
    layer: &'a CrossbarLayer,
    stages: &'a [Stage],
    values: &'a [f32],
    items: usize,
    /// Number of the first position among all that are ever read.
    first: u64,
}

impl Batch<'_> {
    fn input_size(&self) -> usize {
        self.values.len() / self.items
    }

    fn channels(&self) -> usize {
        self.layer.groups * self.layer.outputs
    }

    fn positions(&self) -> usize {
        self.layer.geometry.positions()
    }

    /// Products of digits that an output is the sum of.
    fn digits_of_output(&self) -> usize {
        self.layer.geometry.rows() * self.layer.cycles * self.layer.slicing.arrays()
    }

    fn output_size(&self) -> usize {
        self.channels() * self.positions()
    }

    /// Each job has some items and writes their outputs.
    fn by_items<M: Magnitude>(&self, together: usize) -> Vec<f32> {
        let mut outputs = vec![0.0; self.items * self.output_size()];
        let rows = self.digits_of_output();
        outputs
            .par_chunks_mut(together * self.output_size())
            .zip(self.values.par_chunks(together * self.input_size()))
            .with_min_len(Worth::Digits.jobs(together * self.positions() * self.channels() * rows))
            .enumerate()
            .for_each_init(Scratch::<M>::new, |scratch, (job, (outputs, values))| {
                let job = job * together * self.layer.geometry.positions();
                scratch.codes.encode(self.layer, values);
                let positions =
                    outputs.len() / self.output_size() * self.layer.geometry.positions();
                for group in 0..self.layer.groups {
                    for start in (0..positions).step_by(TILE) {
                        let positions = start..(start + TILE).min(positions);
                        let first = self.first + (job + start) as u64;
                        let outputs_of_group = 0..self.layer.outputs;
                        let tile = Tile { group, positions, first, outputs: outputs_of_group };
                        let (codes, mut work) = scratch.parts();
                        self.layer.tile(codes, &tile, &mut work);
                        self.finish(&tile, &mut work);
                        self.write(&tile, work.sums, outputs);
                    }
                }
            });
        outputs
    }

    /// Each job has some positions and some outputs: for few positions.
    fn by_tiles<M: Magnitude>(&self) -> Vec<f32> {
        let mut codes = Codes::<M>::new();
        codes.encode(self.layer, self.values);
        let tiles = self.tiles();
        let whole = self.items * self.positions() * self.channels() * self.digits_of_output();
        let sums: Vec<Vec<f32>> = tiles
            .par_iter()
            .with_min_len(Worth::Digits.jobs(whole / tiles.len().max(1)))
            .map_init(Scratch::<M>::new, |scratch, tile| {
                let (_, mut work) = scratch.parts();
                self.layer.tile(&codes, tile, &mut work);
                self.finish(tile, &mut work);
                std::mem::take(work.sums)
            })
            .collect();
        let mut outputs = vec![0.0; self.items * self.output_size()];
        for (tile, sums) in tiles.iter().zip(&sums) {
            self.write(tile, sums, &mut outputs);
        }
        outputs
    }

    fn tiles(&self) -> Vec<Tile> {
        let positions = self.items * self.layer.geometry.positions();
        let spans = positions.div_ceil(TILE) * self.layer.groups;
        let wanted = (JOBS * rayon::current_num_threads()).div_ceil(spans);
        let block = self.layer.block();
        let step = self.layer.outputs.div_ceil(wanted).next_multiple_of(block);
        let mut tiles = Vec::new();
        for group in 0..self.layer.groups {
            for start in (0..positions).step_by(TILE) {
                for first in (0..self.layer.outputs).step_by(step) {
                    tiles.push(Tile {
                        group,
                        positions: start..(start + TILE).min(positions),
                        first: self.first + start as u64,
                        outputs: first..(first + step).min(self.layer.outputs),
                    });
                }
            }
        }
        tiles
    }

    /// Applies the stages to a tile's sums.
    fn finish<M>(&self, tile: &Tile, work: &mut Work<'_, M>) {
        let first = tile.group * self.layer.outputs + tile.outputs.start;
        for (channel, sums) in (first..).zip(work.sums.chunks_exact_mut(tile.lanes())) {
            apply_stages(self.layer.isa, self.stages, channel, sums);
        }
    }

    /// Writes a tile's outputs to their places in the batch.
    fn write(&self, tile: &Tile, sums: &[f32], outputs: &mut [f32]) {
        let positions = self.layer.geometry.positions();
        let first = tile.group * self.layer.outputs + tile.outputs.start;
        for (channel, sums) in (first..).zip(sums.chunks_exact(tile.lanes())) {
            let mut position = tile.positions.start;
            while position < tile.positions.end {
                let (item, within) = (position / positions, position % positions);
                let length = (positions - within).min(tile.positions.end - position);
                let at = item * self.output_size() + channel * positions + within;
                let from = position - tile.positions.start;
                outputs[at..at + length].copy_from_slice(&sums[from..from + length]);
                position += length;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::full;

    #[test]
    fn items_fill_the_lanes() {
        // 16 · 196 = 49 · 64; 13 · 49 = 637 of 640 lanes.
        assert_eq!(full(196, 2..=16), 16);
        assert_eq!(full(49, 6..=16), 13);
        assert_eq!(full(196, 2..=2), 2);
        // Already full.
        assert_eq!(full(1024, 1..=16), 1);
    }
}
