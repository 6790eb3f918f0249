//! Area of the used tiles and of the global accumulator, and how much of it works.

use pimnas_hardware::{Accelerator, BufferRole, HardwareError, Modules, Quirk};
use pimnas_units::SquareMicrometres;

use crate::graph::{HardwareGraph, HardwareLayer};
use crate::mapping::{Mapping, Partition};

/// Area of a mapped network.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Circuits of all used tiles.
    pub modules: Modules<SquareMicrometres>,
    /// Buffers of all used tiles.
    pub buffer: SquareMicrometres,
    /// Adders of the global accumulator.
    pub accumulator_adders: SquareMicrometres,
    /// Buffer of the global accumulator.
    pub accumulator_buffer: SquareMicrometres,
    /// Tiles of each layer.
    pub layers: Vec<SquareMicrometres>,
    /// Tiles of all layers, and the global accumulator unless the reference's total leaves it out.
    pub total: SquareMicrometres,
    /// Share of the circuits that hold weights.
    pub utilisation: Utilisation,
}

/// Share of crossbar cells, DACs and ADCs of the layers with weights that are used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Utilisation {
    /// Cells.
    pub crossbar: f64,
    /// Rows with a DAC.
    pub dac: f64,
    /// Columns with an ADC.
    pub adc: f64,
    /// Cells, of each layer; 0 for layers without weights.
    pub crossbar_layers: Vec<f64>,
}

impl Area {
    /// The area of a mapped network.
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
        let global = accelerator.buffer(BufferRole::Accumulator, mapping.accumulator.buffer)?;
        let adder = accelerator.accumulator_adder(mapping.accumulator.bits);
        let circuits = accelerator.tile_area();
        let buffers = input.area * f64::from(accelerator.hardware.tile.pes()) + output.area;
        let tile = circuits.total() + buffers;
        let tiles = mapping.used_tiles as f64;
        let layers: Vec<SquareMicrometres> =
            mapping.partitions.iter().map(|partition| tile * partition.tiles as f64).collect();
        let accumulator_adders = adder.area * mapping.accumulator.adders as f64;
        let accumulator_buffer = global.area;
        let in_tiles: SquareMicrometres = layers.iter().copied().sum();
        let total = if accelerator.quirks.keeps(Quirk::AccumulatorOutsideTotals) {
            in_tiles
        } else {
            in_tiles + accumulator_adders + accumulator_buffer
        };
        Ok(Self {
            modules: circuits * tiles,
            buffer: buffers * tiles,
            accumulator_adders,
            accumulator_buffer,
            layers,
            total,
            utilisation: Utilisation::new(graph, mapping, accelerator),
        })
    }
}

/// Units of a kind in use, and there.
#[derive(Clone, Copy, Default)]
struct Use {
    used: f64,
    present: f64,
}

impl Use {
    fn add(&mut self, used: f64, present: f64) -> f64 {
        self.used += used;
        self.present += present;
        used / present
    }

    fn share(self) -> f64 {
        if self.present > 0.0 { self.used / self.present } else { 0.0 }
    }
}

impl Utilisation {
    fn new(graph: &HardwareGraph, mapping: &Mapping, accelerator: &Accelerator<'_>) -> Self {
        let crossbar = &accelerator.pe.crossbar;
        let crossbars =
            f64::from(accelerator.hardware.tile.pes()) * f64::from(accelerator.pe.groups);
        let (rows, columns) = (f64::from(crossbar.rows), f64::from(crossbar.columns));
        let [mut cells, mut dacs, mut adcs] = [Use::default(); 3];
        let mut layer_share = |(layer, partition): (&HardwareLayer, &Partition)| {
            if !layer.kind.has_weights() {
                return 0.0;
            }
            let crossbars = crossbars * partition.tiles as f64;
            let (width, height) = (partition.matrix_width as f64, partition.matrix_height as f64);
            let sides = layer.out_channels.div_ceil(crossbar.columns.max(1) as usize) as f64;
            let used_dacs = height * f64::from(partition.slices) * sides;
            dacs.add(used_dacs, crossbars * rows);
            adcs.add(width * partition.down as f64, crossbars * columns);
            cells.add(width * height, crossbars * rows * columns)
        };
        let crossbar_layers =
            graph.layers.iter().zip(&mapping.partitions).map(&mut layer_share).collect();
        Self { crossbar: cells.share(), dac: dacs.share(), adc: adcs.share(), crossbar_layers }
    }
}
