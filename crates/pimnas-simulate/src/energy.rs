//! Energy of one inference: power times the time that each part works.

use pimnas_hardware::{Accelerator, Modules, Quirk, Quirks};
use pimnas_units::{Nanojoules, Nanoseconds};

use crate::graph::{HardwareGraph, LayerKind};
use crate::options::Options;
use crate::power::Power;
use crate::timeline::{TimeBreakdown, Timeline};

/// Energy of one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerEnergy {
    /// Circuits of its tiles.
    pub modules: Modules<Nanojoules>,
    /// Reads of its tiles' buffers.
    pub buffer_read: Nanojoules,
    /// Writes of its tiles' buffers.
    pub buffer_write: Nanojoules,
    /// Global accumulator, while it adds this layer's inputs.
    pub accumulator: AccumulatorEnergy,
    /// All that counts as the layer's energy.
    pub total: Nanojoules,
}

/// Energy of the global accumulator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AccumulatorEnergy {
    /// Adders.
    pub adders: Nanojoules,
    /// Reads of its buffer.
    pub buffer_read: Nanojoules,
    /// Writes of its buffer.
    pub buffer_write: Nanojoules,
}

impl AccumulatorEnergy {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Nanojoules {
        self.adders + self.buffer_read + self.buffer_write
    }
}

/// Energy of one inference.
#[derive(Clone, Debug, PartialEq)]
pub struct Energy {
    /// Each layer.
    pub layers: Vec<LayerEnergy>,
    /// The global accumulator, in all layers.
    pub accumulator: AccumulatorEnergy,
    /// All layers.
    pub total: Nanojoules,
}

impl Energy {
    /// The energy of one inference.
    #[must_use]
    pub fn new(
        graph: &HardwareGraph,
        power: &Power,
        timeline: &Timeline,
        accelerator: &Accelerator<'_>,
        options: &Options,
    ) -> Self {
        let quirks = accelerator.quirks;
        let mut layers: Vec<LayerEnergy> = Vec::with_capacity(graph.layers.len());
        for (index, layer) in graph.layers.iter().enumerate() {
            let mut energy = of_tiles(power, timeline, index, copies(index, quirks, options));
            if layer.kind == LayerKind::ElementSum && !quirks.keeps(Quirk::AccumulatorEnergyOnce) {
                let adders = layer.inputs.len() as f64 * layer.out_channels as f64 / 2.0;
                energy.accumulator = of_sum(power, &timeline.layers[index].spent, adders.floor());
            }
            energy.total = total(&energy, quirks);
            layers.push(energy);
        }
        let accumulator = if quirks.keeps(Quirk::AccumulatorEnergyOnce) {
            // Milliseconds over megahertz, taken for nanoseconds.
            let period = Nanoseconds(1.0 / accelerator.hardware.digital.frequency_mhz);
            AccumulatorEnergy {
                adders: power.accumulator.adders * period,
                ..AccumulatorEnergy::default()
            }
        } else {
            sum_of(&layers)
        };
        let in_layers: Nanojoules = layers.iter().map(|layer| layer.total).sum();
        let once = quirks.keeps(Quirk::AccumulatorEnergyOnce)
            && !quirks.keeps(Quirk::AccumulatorOutsideTotals);
        let total = if once { in_layers + accumulator.total() } else { in_layers };
        Self { layers, accumulator, total }
    }

    /// The circuits of all tiles.
    #[must_use]
    pub fn modules(&self) -> Modules<Nanojoules> {
        let mut sum = Modules::default();
        for layer in &self.layers {
            sum += layer.modules;
        }
        sum
    }
}

/// Copies of a layer that share its positions.
fn copies(index: usize, quirks: Quirks, options: &Options) -> f64 {
    let count_all = quirks.keeps(Quirk::CopiesMultiplyEnergy);
    if count_all { 1.0 } else { f64::from(options.copies(index).max(1)) }
}

fn of_tiles(power: &Power, timeline: &Timeline, index: usize, copies: f64) -> LayerEnergy {
    let (power, spent) = (&power.layers[index], &timeline.layers[index].spent);
    LayerEnergy {
        modules: power.modules.zip_with(spent.modules, |power, time| power * time / copies),
        buffer_read: power.buffer_read * spent.buffer_read / copies,
        buffer_write: power.buffer_write * spent.buffer_write / copies,
        ..LayerEnergy::default()
    }
}

fn of_sum(power: &Power, spent: &TimeBreakdown, adders: f64) -> AccumulatorEnergy {
    AccumulatorEnergy {
        adders: power.accumulator.adder * adders * spent.accumulator,
        buffer_read: power.accumulator.buffer_read * spent.buffer_read,
        buffer_write: power.accumulator.buffer_write * spent.buffer_write,
    }
}

fn total(layer: &LayerEnergy, quirks: Quirks) -> Nanojoules {
    let modules = if quirks.keeps(Quirk::AddersOutsideEnergy) {
        Modules { adder: Nanojoules::ZERO, ..layer.modules }.total()
    } else {
        layer.modules.total()
    };
    let tiles = modules + layer.buffer_read + layer.buffer_write;
    if quirks.keeps(Quirk::AccumulatorOutsideTotals) {
        tiles
    } else {
        tiles + layer.accumulator.total()
    }
}

fn sum_of(layers: &[LayerEnergy]) -> AccumulatorEnergy {
    let mut sum = AccumulatorEnergy::default();
    for layer in layers {
        sum.adders += layer.accumulator.adders;
        sum.buffer_read += layer.accumulator.buffer_read;
        sum.buffer_write += layer.accumulator.buffer_write;
    }
    sum
}
