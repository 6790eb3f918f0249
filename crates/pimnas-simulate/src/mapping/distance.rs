//! Distances on the mesh, in hops.
//!
//! The tiles of a layer send their partial results to one of them, which sends the sum on to the
//! layers behind. That tile is the one with the least sum of (largest distance inside the layer)
//! and (largest distance to a tile of the layers behind); of equals, the first by row and column.

use pimnas_config::hardware::Hardware;
use pimnas_hardware::{Quirk, Quirks};

use crate::graph::{HardwareGraph, LayerKind};
use crate::mapping::partition::Partition;
use crate::mapping::placement::{Position, walk};

/// Sum of distances from which on the reference does not notice that a tile is nearer, hops.
const REFERENCE_CAP: f64 = 1000.0;

/// Distances of one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// From the farthest tile of the layer to the one that sums.
    pub in_layer: f64,
    /// From there to the farthest tile of the layers behind, or to the global accumulator.
    pub transfer: f64,
}

/// A set of tiles, known by what the largest distance to it needs.
#[derive(Clone, Copy)]
struct Extent {
    /// Smallest and largest row + column.
    sum: (i64, i64),
    /// Smallest and largest row - column.
    difference: (i64, i64),
    /// First tile by row and column.
    first: Option<Position>,
}

impl Extent {
    const EMPTY: Self =
        Self { sum: (i64::MAX, i64::MIN), difference: (i64::MAX, i64::MIN), first: None };

    fn add(&mut self, position: Position) {
        let (row, column) = (i64::from(position.row), i64::from(position.column));
        self.sum = (self.sum.0.min(row + column), self.sum.1.max(row + column));
        self.difference =
            (self.difference.0.min(row - column), self.difference.1.max(row - column));
        self.first = Some(self.first.map_or(position, |first| first.min(position)));
    }

    fn join(&mut self, other: &Self) {
        self.sum = (self.sum.0.min(other.sum.0), self.sum.1.max(other.sum.1));
        self.difference =
            (self.difference.0.min(other.difference.0), self.difference.1.max(other.difference.1));
    }

    /// Manhattan distance from a tile to the farthest of the set; 0 to the empty set.
    fn farthest(&self, from: Position) -> f64 {
        if self.sum.0 > self.sum.1 {
            return 0.0;
        }
        let (row, column) = (i64::from(from.row), i64::from(from.column));
        let (sum, difference) = (row + column, row - column);
        [
            self.sum.1 - sum,
            sum - self.sum.0,
            self.difference.1 - difference,
            difference - self.difference.0,
        ]
        .into_iter()
        .max()
        .unwrap_or(0) as f64
    }
}

/// Places the layers on the mesh and measures distances.
pub(crate) fn distances(
    graph: &HardwareGraph,
    partitions: &[Partition],
    hardware: &Hardware,
    quirks: Quirks,
) -> Vec<Distance> {
    let mesh = Mesh::new(partitions, hardware);
    let count = graph.layers.len();
    if count == 1 && quirks.keeps(Quirk::SingleLayerUnplaced) {
        return vec![Distance::default()];
    }
    let cap = if quirks.keeps(Quirk::DistanceCap) { REFERENCE_CAP } else { f64::INFINITY };
    (0..count)
        .map(|layer| {
            if layer + 1 == count {
                mesh.nearest(layer, cap, |_| 0.0)
            } else if graph.layers[layer].kind == LayerKind::ElementSum {
                mesh.accumulator_to(&graph.layers[layer].consumers, quirks)
            } else if feeds_only_sums(graph, layer) {
                mesh.nearest(layer, cap, |tile| mesh.to_accumulator(tile))
            } else {
                let mut behind = Extent::EMPTY;
                for &consumer in &graph.layers[layer].consumers {
                    behind.join(&mesh.extents[consumer]);
                }
                mesh.nearest(layer, cap, |tile| behind.farthest(tile))
            }
        })
        .collect()
}

/// Whether every layer behind is a sum (also when there is none).
pub(crate) fn feeds_only_sums(graph: &HardwareGraph, layer: usize) -> bool {
    let sums = |&consumer: &usize| graph.layers[consumer].kind == LayerKind::ElementSum;
    graph.layers[layer].consumers.iter().all(sums)
}

struct Mesh {
    /// Tiles in placement order.
    tiles: Vec<Position>,
    /// Where each layer's tiles start, and the end.
    starts: Vec<usize>,
    extents: Vec<Extent>,
    half_height: f64,
}

impl Mesh {
    fn new(partitions: &[Partition], hardware: &Hardware) -> Self {
        let mut starts = Vec::with_capacity(partitions.len() + 1);
        let mut used = 0;
        for partition in partitions {
            starts.push(used);
            used += partition.tiles as usize;
        }
        starts.push(used);
        let mut tiles = Vec::with_capacity(used);
        let grid = hardware.architecture.tile_grid;
        walk(hardware.architecture.placement, grid, used as u64, |tile| tiles.push(tile));
        let extents = starts
            .windows(2)
            .map(|range| {
                let mut extent = Extent::EMPTY;
                for &tile in &tiles[range[0]..range[1]] {
                    extent.add(tile);
                }
                extent
            })
            .collect();
        Self { tiles, starts, extents, half_height: f64::from(grid.0) / 2.0 }
    }

    /// The global accumulator sits at the middle of the first column.
    fn to_accumulator(&self, tile: Position) -> f64 {
        (f64::from(tile.row) - self.half_height).abs() + f64::from(tile.column)
    }

    fn accumulator_to(&self, consumers: &[usize], quirks: Quirks) -> Distance {
        let first_only = quirks.keeps(Quirk::SumDistanceToFirstTile);
        let to_layer = |&layer: &usize| {
            if first_only {
                self.extents[layer].first.map_or(0.0, |tile| self.to_accumulator(tile))
            } else {
                let tiles = &self.tiles[self.starts[layer]..self.starts[layer + 1]];
                tiles.iter().map(|&tile| self.to_accumulator(tile)).fold(0.0, f64::max)
            }
        };
        Distance { in_layer: 0.0, transfer: consumers.iter().map(to_layer).fold(0.0, f64::max) }
    }

    /// The distances from the tile of a layer that makes their sum least, below `cap`.
    fn nearest(&self, layer: usize, cap: f64, onward: impl Fn(Position) -> f64) -> Distance {
        let tiles = &self.tiles[self.starts[layer]..self.starts[layer + 1]];
        let extent = &self.extents[layer];
        // A single tile is taken however far it is.
        let cap = if tiles.len() == 1 { f64::INFINITY } else { cap };
        let mut best: Option<(f64, Position, Distance)> = None;
        for &tile in tiles {
            let distance = Distance { in_layer: extent.farthest(tile), transfer: onward(tile) };
            let sum = distance.in_layer + distance.transfer;
            let better =
                best.is_none_or(|(least, at, _)| sum < least || (sum == least && tile < at));
            if sum < cap && better {
                best = Some((sum, tile, distance));
            }
        }
        best.map(|(_, _, distance)| distance).unwrap_or_default()
    }
}
