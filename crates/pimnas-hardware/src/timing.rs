//! Time that a tile needs for one output position of a layer.

use pimnas_units::{Kibibytes, Nanoseconds};

use crate::buffer::Buffer;
use crate::error::HardwareError;
use crate::multiplexer;
use crate::pe::Occupancy;
use crate::tile::{Accelerator, BufferRole};

/// The buffers of a PE and a tile, sized for a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalBuffers {
    /// Input buffer of a PE.
    pub input: Buffer,
    /// Output buffer of a tile.
    pub output: Buffer,
}

impl LocalBuffers {
    /// Buffers for a network that needs this much of each.
    ///
    /// # Errors
    /// The table has no such buffer.
    pub fn new(
        accelerator: &Accelerator<'_>,
        input: Kibibytes,
        output: Kibibytes,
    ) -> Result<Self, HardwareError> {
        Ok(Self {
            input: accelerator.buffer(BufferRole::PeInput, input)?,
            output: accelerator.buffer(BufferRole::TileOutput, output)?,
        })
    }
}

/// Time of one matrix-vector product in a tile by part, but for the PE's input buffer, whose
/// share depends on the position.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TileTiming {
    /// Conversions at the inputs.
    pub dac: Nanoseconds,
    /// Reads of the crossbars.
    pub crossbar: Nanoseconds,
    /// Conversions at the outputs.
    pub adc: Nanoseconds,
    /// Input registers, written and read.
    pub input_register: Nanoseconds,
    /// Shift registers.
    pub shift_register: Nanoseconds,
    /// Row decoders.
    pub input_demux: Nanoseconds,
    /// Column multiplexers.
    pub output_mux: Nanoseconds,
    /// Adders that join groups.
    pub adder: Nanoseconds,
    /// Output registers.
    pub output_register: Nanoseconds,
    /// Joint modules.
    pub joint_module: Nanoseconds,
    /// Transfer between PEs.
    pub intra_tile: Nanoseconds,
    /// Writing the tile's output buffer.
    pub output_buffer_write: Nanoseconds,
}

impl TileTiming {
    /// Timing of a layer that occupies this much and has inputs of `input_bits` bits.
    #[must_use]
    pub fn new(
        accelerator: &Accelerator<'_>,
        buffers: &LocalBuffers,
        occupancy: Occupancy,
        input_bits: u32,
    ) -> Self {
        let pe = &accelerator.pe;
        let tile = &accelerator.hardware.tile;
        let period = digital_period(accelerator);
        let input_cycles = f64::from(input_bits.div_ceil(pe.dac.precision_bits));
        let row_turns = f64::from(occupancy.rows.div_ceil(pe.dacs_per_group));
        let column_turns = f64::from(occupancy.columns.div_ceil(pe.adcs_per_group));
        let reads = input_cycles * row_turns * column_turns;
        let rows_per_dac = pe.crossbar.rows.div_ceil(pe.dacs_per_group);
        let columns_per_adc = pe.crossbar.columns.div_ceil(pe.adcs_per_group);
        let merges = ceil_log2(occupancy.pes);
        let result_bits = f64::from(pe.adc.precision_bits) + merges;
        let columns = f64::from(occupancy.columns);
        // Bits that cross each level of the tree: results grow by one bit a merge.
        let levels = ceil_log2(tile.pes());
        let bits_moved = levels * result_bits - merges * (merges + 1.0) / 2.0;
        let result_bytes = result_bits * columns * f64::from(occupancy.pes) / 8.0;
        Self {
            dac: pe.dac.latency * reads,
            crossbar: pe.crossbar.read_latency * reads,
            adc: pe.adc.latency * reads,
            input_register: period * (row_turns * column_turns) + period * reads,
            shift_register: period * reads,
            input_demux: multiplexer::decoder_latency(rows_per_dac) * reads,
            output_mux: multiplexer::multiplexer_latency(columns_per_adc) * reads,
            adder: period * (column_turns * ceil_log2(pe.groups)),
            output_register: period * column_turns,
            joint_module: period * merges,
            intra_tile: Nanoseconds(bits_moved * columns / tile.intra_tile_gbps),
            output_buffer_write: buffers.output.transfer(result_bytes),
        }
    }

    /// Converters and crossbars.
    #[must_use]
    pub fn computing(&self) -> Nanoseconds {
        self.dac + self.crossbar + self.adc
    }

    /// Digital circuits of the PE and the joint modules.
    #[must_use]
    pub fn digital(&self) -> Nanoseconds {
        self.input_register
            + self.input_demux
            + self.output_mux
            + self.shift_register
            + self.adder
            + self.output_register
            + self.joint_module
    }

    /// Everything but the PE's input buffer.
    #[must_use]
    pub fn fixed(&self) -> Nanoseconds {
        self.computing() + self.digital() + self.intra_tile + self.output_buffer_write
    }
}

/// One cycle of the digital clock.
#[must_use]
pub fn digital_period(accelerator: &Accelerator<'_>) -> Nanoseconds {
    Nanoseconds(1e3 / accelerator.hardware.digital.frequency_mhz)
}

/// ⌈log2 n⌉, 0 for n ≤ 1.
fn ceil_log2(n: u32) -> f64 {
    f64::from(n.max(1).next_power_of_two().trailing_zeros())
}
