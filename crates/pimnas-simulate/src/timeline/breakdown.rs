//! Time by part.

use std::ops::{AddAssign, Mul};

use pimnas_hardware::{Modules, TileTiming};
use pimnas_units::Nanoseconds;

/// Time spent by part of the hardware, over some positions of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimeBreakdown {
    /// Circuits of the tile.
    pub modules: Modules<Nanoseconds>,
    /// Adders of the global accumulator.
    pub accumulator: Nanoseconds,
    /// Reads of buffers.
    pub buffer_read: Nanoseconds,
    /// Writes of buffers.
    pub buffer_write: Nanoseconds,
    /// Transfer between the PEs of a tile.
    pub intra_tile: Nanoseconds,
    /// Sum of the results of a layer's tiles, the read of their output buffers included.
    pub merge: Nanoseconds,
    /// Transfer to the next layers.
    pub transfer: Nanoseconds,
}

impl TimeBreakdown {
    /// Crossbars and converters.
    #[must_use]
    pub fn computing(&self) -> Nanoseconds {
        self.modules.analog()
    }

    /// Digital circuits but the pooling circuit, with the global accumulator.
    #[must_use]
    pub fn digital(&self) -> Nanoseconds {
        self.modules.digital() + self.accumulator
    }

    /// Buffers.
    #[must_use]
    pub fn buffer(&self) -> Nanoseconds {
        self.buffer_read + self.buffer_write
    }

    /// Between tiles.
    #[must_use]
    pub fn inter_tile(&self) -> Nanoseconds {
        self.merge + self.transfer
    }
}

impl From<&TileTiming> for TimeBreakdown {
    /// The parts of one matrix-vector product in a tile.
    fn from(tile: &TileTiming) -> Self {
        Self {
            modules: Modules {
                crossbar: tile.crossbar,
                adc: tile.adc,
                dac: tile.dac,
                adder: tile.adder,
                shift_register: tile.shift_register,
                input_register: tile.input_register,
                output_register: tile.output_register,
                input_demux: tile.input_demux,
                output_mux: tile.output_mux,
                joint_module: tile.joint_module,
                pooling: Nanoseconds::ZERO,
            },
            buffer_write: tile.output_buffer_write,
            intra_tile: tile.intra_tile,
            ..Self::default()
        }
    }
}

impl Mul<f64> for TimeBreakdown {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self {
            modules: self.modules * factor,
            accumulator: self.accumulator * factor,
            buffer_read: self.buffer_read * factor,
            buffer_write: self.buffer_write * factor,
            intra_tile: self.intra_tile * factor,
            merge: self.merge * factor,
            transfer: self.transfer * factor,
        }
    }
}

impl AddAssign for TimeBreakdown {
    fn add_assign(&mut self, other: Self) {
        self.modules += other.modules;
        self.accumulator += other.accumulator;
        self.buffer_read += other.buffer_read;
        self.buffer_write += other.buffer_write;
        self.intra_tile += other.intra_tile;
        self.merge += other.merge;
        self.transfer += other.transfer;
    }
}
