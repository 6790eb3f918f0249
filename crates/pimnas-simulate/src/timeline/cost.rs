//! What a layer spends on one output position.

use pimnas_hardware::tables::digital::ACCUMULATOR_ADD_NS;
use pimnas_hardware::timing::digital_period;
use pimnas_hardware::{
    Accelerator, BufferRole, HardwareError, LocalBuffers, Modules, Quirk, Quirks, TileTiming,
};
use pimnas_units::Nanoseconds;

use crate::graph::{HardwareGraph, HardwareLayer, LayerKind};
use crate::mapping::Mapping;
use crate::options::{InnerPipeline, Options};
use crate::timeline::TimeBreakdown;

/// Time of one addition in the global accumulator.
const ACCUMULATION: Nanoseconds = Nanoseconds(ACCUMULATOR_ADD_NS);

/// Positions of equal cost: what the line buffer must take in anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionClass {
    /// The first position of the map: a whole window.
    First,
    /// The first of another row: the new rows of a whole window.
    RowStart,
    /// Another of the first row: the new columns of a window.
    FirstRow,
    /// Any other.
    Interior,
}

impl PositionClass {
    /// All classes, in the order of `positions`.
    pub const ALL: [Self; 4] = [Self::First, Self::RowStart, Self::FirstRow, Self::Interior];
}

/// Cost of the position classes of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LayerCost {
    /// Time of a position by class.
    pub positions: [Nanoseconds; 4],
    /// Time of a position by class, for copies of the layer that begin inside the map.
    pub inner_copies: [Nanoseconds; 4],
    /// Parts of the time that are equal in all classes.
    pub common: TimeBreakdown,
    /// Reads and writes of the input buffer by class.
    pub input: [InputAccess; 4],
    /// The same for copies that begin inside the map.
    pub inner_input: [InputAccess; 4],
}

impl LayerCost {
    /// Time spent on `counts` positions of each class.
    pub fn spent(&self, counts: [usize; 4], copy: Copy) -> TimeBreakdown {
        let input = match copy {
            Copy::First => &self.input,
            Copy::Inner => &self.inner_input,
        };
        let mut spent = self.common * counts.iter().sum::<usize>() as f64;
        for (access, count) in input.iter().zip(counts) {
            spent.buffer_read += access.read * count as f64;
            spent.buffer_write += access.write * count as f64;
        }
        spent
    }

    /// Times of a copy's positions by class.
    pub fn of_copy(&self, copy: Copy) -> &[Nanoseconds; 4] {
        match copy {
            Copy::First => &self.positions,
            Copy::Inner => &self.inner_copies,
        }
    }
}

/// Which of a layer's copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copy {
    /// The one at the left edge of the map.
    First,
    /// Another.
    Inner,
}

/// Times at the input buffer for one position.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct InputAccess {
    /// New data into the buffer.
    pub write: Nanoseconds,
    /// The window, or its new columns, to the circuits.
    pub read: Nanoseconds,
}

/// What a layer is timed as.
pub(crate) fn timed_as(graph: &HardwareGraph, layer: usize, quirks: Quirks) -> LayerKind {
    let kind = graph.layers[layer].kind;
    let windows = match kind {
        LayerKind::Convolution | LayerKind::Pooling => true,
        LayerKind::FullyConnected | LayerKind::ElementSum => false,
    };
    if layer == 0 && windows && quirks.keeps(Quirk::FirstLayerTimedAsConvolution) {
        LayerKind::Convolution
    } else {
        kind
    }
}

/// Costs of all layers of a mapped network.
pub(crate) struct CostModel<'a> {
    graph: &'a HardwareGraph,
    mapping: &'a Mapping,
    accelerator: &'a Accelerator<'a>,
    buffers: LocalBuffers,
    accumulator: pimnas_hardware::buffer::Buffer,
    inner_pipeline: InnerPipeline,
}

impl<'a> CostModel<'a> {
    /// The model for these buffers.
    pub fn new(
        graph: &'a HardwareGraph,
        mapping: &'a Mapping,
        accelerator: &'a Accelerator<'a>,
        options: &Options,
    ) -> Result<Self, HardwareError> {
        Ok(Self {
            graph,
            mapping,
            accelerator,
            buffers: LocalBuffers::new(accelerator, mapping.input_buffer, mapping.output_buffer)?,
            accumulator: accelerator
                .buffer(BufferRole::AccumulatorTiming, mapping.accumulator.buffer)?,
            inner_pipeline: options.inner_pipeline,
        })
    }

    /// Cost of a layer.
    pub fn layer(&self, index: usize) -> LayerCost {
        match timed_as(self.graph, index, self.accelerator.quirks) {
            LayerKind::Convolution => self.convolution(index),
            LayerKind::FullyConnected => self.fully_connected(index),
            LayerKind::Pooling => self.pooling(index),
            LayerKind::ElementSum => self.element_sum(index),
        }
    }

    fn convolution(&self, index: usize) -> LayerCost {
        let layer = &self.graph.layers[index];
        let occupancy = self.mapping.partitions[index].occupancy;
        let window = (layer.kernel * layer.kernel) as f64;
        let channels = f64::from(occupancy.rows) / window;
        let (common, fixed) = self.tile(index);
        let volumes = Volumes { layer, channels, pipeline: self.inner_pipeline };
        self.cost(common, fixed, &volumes)
    }

    fn fully_connected(&self, index: usize) -> LayerCost {
        let layer = &self.graph.layers[index];
        let rows = self.mapping.partitions[index].occupancy.rows;
        let (common, fixed) = self.tile(index);
        let bytes = f64::from(rows) * f64::from(layer.input_bits) / 8.0;
        let access = self.input_access(bytes, bytes);
        let time = fixed + access.write + access.read;
        LayerCost {
            positions: [time; 4],
            inner_copies: [time; 4],
            common,
            input: [access; 4],
            inner_input: [access; 4],
        }
    }

    /// Parts common to all positions of a layer in crossbars, and their time.
    fn tile(&self, index: usize) -> (TimeBreakdown, Nanoseconds) {
        let layer = &self.graph.layers[index];
        let partition = &self.mapping.partitions[index];
        let occupancy = partition.occupancy;
        let distance = self.mapping.distances[index];
        let tile = TileTiming::new(self.accelerator, &self.buffers, occupancy, layer.input_bits);
        let result_bits =
            f64::from(occupancy.columns) * f64::from(occupancy.pes) * f64::from(layer.output_bits);
        let output_read = self.buffers.output.transfer(result_bits / 8.0);
        let hop = digital_period(self.accelerator) + self.inter_tile(result_bits);
        let merge = output_read + hop * distance.in_layer;
        let transfer = self.transfer(index);
        let common = TimeBreakdown {
            buffer_read: output_read,
            merge,
            transfer,
            ..TimeBreakdown::from(&tile)
        };
        (common, tile.fixed() + merge + transfer)
    }

    fn pooling(&self, index: usize) -> LayerCost {
        let layer = &self.graph.layers[index];
        let output_bits = f64::from(layer.output_bits);
        let channels = layer.in_channels as f64;
        let circuit =
            self.accelerator.pooling.latency(layer.in_channels, layer.kernel * layer.kernel);
        let output_read =
            self.buffers.output.transfer(layer.out_channels as f64 * output_bits / 8.0);
        let output_write = self.buffers.output.transfer(channels * output_bits / 8.0);
        let transfer = self.transfer(index);
        let common = TimeBreakdown {
            modules: Modules { pooling: circuit, ..Modules::default() },
            buffer_read: output_read,
            buffer_write: output_write,
            merge: output_read,
            transfer,
            ..TimeBreakdown::default()
        };
        // The output buffer is read by the tile and once more on the way out.
        let fixed = circuit + output_read + output_write + output_read + transfer;
        let volumes = Volumes { layer, channels, pipeline: self.inner_pipeline };
        self.cost(common, fixed, &volumes)
    }

    fn element_sum(&self, index: usize) -> LayerCost {
        let layer = &self.graph.layers[index];
        let values = layer.inputs.len() as f64 * layer.out_channels as f64;
        let access = self.accumulator.transfer(values * f64::from(layer.output_bits) / 8.0);
        let transfer = self.transfer(index);
        let time = ACCUMULATION + transfer + access + access;
        LayerCost {
            positions: [time; 4],
            inner_copies: [time; 4],
            common: TimeBreakdown {
                accumulator: ACCUMULATION,
                buffer_read: access,
                buffer_write: access,
                transfer,
                ..TimeBreakdown::default()
            },
            ..LayerCost::default()
        }
    }

    fn cost(&self, common: TimeBreakdown, fixed: Nanoseconds, volumes: &Volumes<'_>) -> LayerCost {
        let accesses = |copy: Copy| {
            PositionClass::ALL.map(|class| {
                self.input_access(volumes.taken_in(class, copy), volumes.handed_on(class))
            })
        };
        let times = |input: [InputAccess; 4]| input.map(|io| fixed + io.write + io.read);
        let (input, inner_input) = (accesses(Copy::First), accesses(Copy::Inner));
        LayerCost {
            positions: times(input),
            inner_copies: times(inner_input),
            common,
            input,
            inner_input,
        }
    }

    fn input_access(&self, taken_in: f64, handed_on: f64) -> InputAccess {
        InputAccess {
            write: self.buffers.input.transfer(taken_in),
            read: self.buffers.input.transfer(handed_on),
        }
    }

    /// Time of a layer's output on its way to the next layers.
    fn transfer(&self, index: usize) -> Nanoseconds {
        let layer = &self.graph.layers[index];
        let bits = layer.out_channels as f64 * f64::from(layer.output_bits);
        self.inter_tile(bits) * self.mapping.distances[index].transfer
    }

    /// Time of one hop of so many bits. A Gbit/s is a bit a nanosecond.
    fn inter_tile(&self, bits: f64) -> Nanoseconds {
        Nanoseconds(bits / self.accelerator.hardware.tile.inter_tile_gbps)
    }
}

/// Bytes at the input buffer of a layer that works on windows.
struct Volumes<'a> {
    layer: &'a HardwareLayer,
    /// Channels that pass one input buffer.
    channels: f64,
    pipeline: InnerPipeline,
}

impl Volumes<'_> {
    /// New bytes that a position takes in.
    fn taken_in(&self, class: PositionClass, copy: Copy) -> f64 {
        let layer = self.layer;
        let (kernel, stride) = (layer.kernel as f64, layer.stride as f64);
        let inside = layer.kernel.saturating_sub(layer.padding) as f64;
        let values = match (self.pipeline, class) {
            (InnerPipeline::Enabled, PositionClass::First) => match copy {
                Copy::First => inside * inside,
                Copy::Inner => inside * kernel,
            },
            (InnerPipeline::Disabled, PositionClass::First) => {
                let above = layer.kernel.saturating_sub(layer.padding + 1) as f64;
                layer.in_size.width as f64 * above + inside
            }
            (InnerPipeline::Enabled, PositionClass::RowStart) => match copy {
                Copy::First => stride * inside,
                Copy::Inner => stride * kernel,
            },
            (InnerPipeline::Disabled, PositionClass::RowStart) => stride * inside,
            (InnerPipeline::Enabled, PositionClass::FirstRow)
                if layer.kind != LayerKind::Pooling =>
            {
                stride * kernel
            }
            (_, PositionClass::FirstRow | PositionClass::Interior) => stride * stride,
        };
        self.bytes(values)
    }

    /// Bytes that a position hands on to the circuits.
    fn handed_on(&self, class: PositionClass) -> f64 {
        let (kernel, stride) = (self.layer.kernel as f64, self.layer.stride as f64);
        self.bytes(match class {
            PositionClass::First | PositionClass::RowStart => kernel * kernel,
            PositionClass::FirstRow | PositionClass::Interior => stride * kernel,
        })
    }

    fn bytes(&self, values: f64) -> f64 {
        self.channels * values * f64::from(self.layer.input_bits) / 8.0
    }
}
