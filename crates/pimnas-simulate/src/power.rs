//! Power of the used tiles while they work, and of the global accumulator.

use pimnas_hardware::{Accelerator, BufferRole, HardwareError, Modules, Quirk};
use pimnas_units::Watts;

use crate::graph::{HardwareGraph, LayerKind};
use crate::mapping::Mapping;

/// Power of one layer's tiles at work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerPower {
    /// Circuits.
    pub modules: Modules<Watts>,
    /// Buffers, while read.
    pub buffer_read: Watts,
    /// Buffers, while written.
    pub buffer_write: Watts,
}

impl LayerPower {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Watts {
        self.modules.total() + self.buffer_read + self.buffer_write
    }
}

/// Power of the global accumulator at work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AccumulatorPower {
    /// One adder.
    pub adder: Watts,
    /// All adders.
    pub adders: Watts,
    /// Buffer, while read.
    pub buffer_read: Watts,
    /// Buffer, while written.
    pub buffer_write: Watts,
}

impl AccumulatorPower {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Watts {
        self.adders + self.buffer_read + self.buffer_write
    }
}

/// Power of a mapped network with all its layers at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// Each layer's tiles.
    pub layers: Vec<LayerPower>,
    /// The global accumulator.
    pub accumulator: AccumulatorPower,
    /// Tiles, and the global accumulator unless the reference's total leaves it out.
    pub total: Watts,
}

impl Power {
    /// The power of a mapped network.
    ///
    /// # Errors
    /// A buffer for which the technology table has no figures.
    pub fn new(
        graph: &HardwareGraph,
        mapping: &Mapping,
        accelerator: &Accelerator<'_>,
    ) -> Result<Self, HardwareError> {
        let input = accelerator.buffer(BufferRole::PeInput, mapping.input_buffer)?;
        let output = accelerator.buffer(BufferRole::TileOutput, mapping.output_buffer)?;
        let layers: Vec<LayerPower> = graph
            .layers
            .iter()
            .zip(&mapping.partitions)
            .map(|(layer, partition)| {
                let (modules, inputs) = match layer.kind {
                    LayerKind::Convolution | LayerKind::FullyConnected => (
                        accelerator.tile_read_power(partition.occupancy),
                        f64::from(partition.occupancy.pes),
                    ),
                    LayerKind::Pooling => (accelerator.tile_pooling_power(), 0.0),
                    LayerKind::ElementSum => return LayerPower::default(),
                };
                let tiles = partition.tiles as f64;
                LayerPower {
                    modules: modules * tiles,
                    buffer_read: (input.read_power * inputs + output.read_power) * tiles,
                    buffer_write: (input.write_power * inputs + output.write_power) * tiles,
                }
            })
            .collect();
        let global = accelerator.buffer(BufferRole::Accumulator, mapping.accumulator.buffer)?;
        let adder = accelerator.accumulator_adder(mapping.accumulator.bits).power;
        let accumulator = AccumulatorPower {
            adder,
            adders: adder * mapping.accumulator.adders as f64,
            buffer_read: global.read_power,
            buffer_write: global.write_power,
        };
        let tiles: Watts = layers.iter().map(LayerPower::total).sum();
        let total = if accelerator.quirks.keeps(Quirk::AccumulatorOutsideTotals) {
            tiles
        } else {
            tiles + accumulator.total()
        };
        Ok(Self { layers, accumulator, total })
    }

    /// The circuits of all tiles.
    #[must_use]
    pub fn modules(&self) -> Modules<Watts> {
        let mut sum = Modules::default();
        for layer in &self.layers {
            sum += layer.modules;
        }
        sum
    }
}
