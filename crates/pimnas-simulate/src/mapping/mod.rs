//! Mapping: which layer takes which tiles, how far apart they are, how large the buffers are.

pub mod distance;
pub mod partition;
pub mod placement;

use pimnas_hardware::{Accelerator, Quirk};
use pimnas_units::Kibibytes;

use crate::error::SimulationError;
use crate::graph::{HardwareGraph, HardwareLayer, LayerKind};
use crate::options::Options;
pub use distance::Distance;
pub use partition::Partition;

/// Least width of the global accumulator's adders, bits.
const LEAST_ACCUMULATOR_BITS: u32 = 8;

/// Most tiles that a network may take: each has a place on the mesh (8 bytes), and no mesh that
/// was ever thought of comes near.
pub const MAX_TILES: u64 = 1 << 24;
/// Most copies of a layer, far beyond the columns of any map.
const MAX_COPIES: u32 = 1 << 16;

/// The global accumulator, which adds the branches of all sums of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accumulator {
    /// Adders.
    pub adders: u64,
    /// Width of an adder, bits.
    pub bits: u32,
    /// Buffer.
    pub buffer: Kibibytes,
}

/// A network mapped on the tiles of an accelerator.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The share of each hardware layer.
    pub partitions: Vec<Partition>,
    /// Distances of each hardware layer.
    pub distances: Vec<Distance>,
    /// Tiles used.
    pub used_tiles: u64,
    /// Input buffer of a PE: the largest that a layer needs.
    pub input_buffer: Kibibytes,
    /// Output buffer of a tile: the largest that a layer needs.
    pub output_buffer: Kibibytes,
    /// The global accumulator.
    pub accumulator: Accumulator,
}

impl Mapping {
    /// Maps a network.
    ///
    /// # Errors
    /// What [`Partition::new`] says of a layer; too few tiles (with the number needed).
    pub fn new(
        graph: &HardwareGraph,
        accelerator: &Accelerator<'_>,
        options: &Options,
    ) -> Result<Self, SimulationError> {
        check_replication(graph, options)?;
        let partitions = graph
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| Partition::new(layer, accelerator, options.copies(index)))
            .collect::<Result<Vec<_>, _>>()?;
        let used_tiles =
            partitions.iter().fold(0_u64, |sum, partition| sum.saturating_add(partition.tiles));
        let architecture = &accelerator.hardware.architecture;
        if used_tiles > architecture.tiles() {
            return Err(SimulationError::TooFewTiles {
                needed: used_tiles,
                available: architecture.tiles(),
                rows: architecture.tile_grid.0,
                columns: architecture.tile_grid.1,
            });
        }
        if used_tiles > MAX_TILES {
            return Err(SimulationError::TooManyTiles { needed: used_tiles });
        }
        let distances =
            distance::distances(graph, &partitions, accelerator.hardware, accelerator.quirks);
        let (input_buffer, output_buffer) = buffers(graph, &partitions, accelerator, options);
        Ok(Self {
            accumulator: accumulator(graph),
            partitions,
            distances,
            used_tiles,
            input_buffer,
            output_buffer,
        })
    }
}

fn check_replication(graph: &HardwareGraph, options: &Options) -> Result<(), SimulationError> {
    let given = options.replication.len();
    if given == 0 {
        return Ok(());
    }
    if given != graph.layers.len() {
        return Err(SimulationError::Replication(format!(
            "replication is given for {given} layers, but the network has {} hardware layers",
            graph.layers.len()
        )));
    }
    for (layer, &copies) in graph.layers.iter().zip(&options.replication) {
        if copies == 0 {
            return Err(SimulationError::Replication(format!("{}: no copy", layer.reference())));
        }
        if copies > MAX_COPIES {
            return Err(SimulationError::Replication(format!(
                "{}: {copies} copies are more than {MAX_COPIES}",
                layer.reference()
            )));
        }
        if copies > 1 && layer.kind != LayerKind::Convolution {
            return Err(SimulationError::Replication(format!(
                "{}: {copies} copies, but only convolutions can be replicated",
                layer.reference()
            )));
        }
    }
    Ok(())
}

/// The least power of two that holds so many bytes, in KB.
///
/// The exponent is ⌈ln(bytes)/ln(2)⌉ as the reference computes it: for some powers of two the
/// quotient exceeds the whole number by rounding, and the buffer is twice as large.
fn power_of_two_buffer(bytes: f64) -> Kibibytes {
    Kibibytes(2.0_f64.powf((bytes.ln() / 2.0_f64.ln()).ceil()) / 1024.0)
}

/// Buffers that the most demanding layer needs.
fn buffers(
    graph: &HardwareGraph,
    partitions: &[Partition],
    accelerator: &Accelerator<'_>,
    options: &Options,
) -> (Kibibytes, Kibibytes) {
    let mut input = Kibibytes::ZERO;
    let mut output = Kibibytes::ZERO;
    for (layer, partition) in graph.layers.iter().zip(partitions) {
        if !layer.kind.has_weights() {
            continue;
        }
        let in_bytes = input_bytes(layer, accelerator, options);
        let out_bytes = layer.out_channels as f64 * f64::from(layer.output_bits) / 8.0;
        input = input.max(power_of_two_buffer(in_bytes / partition.pes as f64));
        // Twice, to be filled and emptied in turn.
        output = output.max(power_of_two_buffer(out_bytes * 2.0 / partition.tiles as f64));
    }
    (input, output)
}

/// Bytes of a layer's input that its PEs hold together.
fn input_bytes(layer: &HardwareLayer, accelerator: &Accelerator<'_>, options: &Options) -> f64 {
    let groups = if accelerator.quirks.keeps(Quirk::GroupsMappedDense) { 1 } else { layer.groups };
    let channels = layer.in_channels as f64 * groups as f64;
    let values = if options.buffers_hold_inputs() || layer.kind == LayerKind::FullyConnected {
        layer.in_size.positions() as f64
    } else {
        layer.in_size.width as f64 * layer.kernel as f64
    };
    values * channels * f64::from(layer.input_bits) / 8.0
}

fn accumulator(graph: &HardwareGraph) -> Accumulator {
    let mut accumulator =
        Accumulator { adders: 0, bits: LEAST_ACCUMULATOR_BITS, buffer: Kibibytes::ZERO };
    for sum in graph.layers.iter().filter(|layer| layer.kind == LayerKind::ElementSum) {
        let branches = sum.inputs.len();
        let values = sum.out_channels as u64 * branches as u64;
        let bytes = values as f64 * f64::from(sum.output_bits) / 8.0;
        accumulator.adders += values / 2;
        accumulator.bits = accumulator.bits.max(sum.output_bits);
        accumulator.buffer += power_of_two_buffer(bytes);
    }
    accumulator
}
