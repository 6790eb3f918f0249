//! The tile: PEs, joint modules, a pooling circuit and an output buffer.

use pimnas_config::hardware::Hardware;
use pimnas_units::{Kibibytes, SquareMicrometres, Watts};

use crate::buffer::{Buffer, BufferRequest, WrittenBuffer};
use crate::digital::Circuit;
use crate::error::HardwareError;
use crate::fidelity::{Quirk, Quirks};
use crate::modules::Modules;
use crate::pe::{Occupancy, ProcessingElement};
use crate::pooling::Pooling;

/// Which buffer of the architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferRole {
    /// Input buffer of a PE.
    PeInput,
    /// Output buffer of a tile.
    TileOutput,
    /// Buffer of the global accumulator, as area and power see it.
    Accumulator,
    /// Buffer of the global accumulator, as its timing sees it.
    AccumulatorTiming,
}

/// Figures of an accelerator that do not depend on the network: the components that its
/// description and the technology tables make.
#[derive(Clone, Debug, PartialEq)]
pub struct Accelerator<'h> {
    /// The description.
    pub hardware: &'h Hardware,
    /// The defects of the reference that are kept.
    pub quirks: Quirks,
    /// One PE.
    pub pe: ProcessingElement,
    /// The pooling circuit of a tile.
    pub pooling: Pooling,
    joint_module: Circuit,
    joint_modules: f64,
}

impl<'h> Accelerator<'h> {
    /// The components of this hardware.
    ///
    /// # Errors
    /// A converter that cannot be built.
    pub fn new(hardware: &'h Hardware, quirks: Quirks) -> Result<Self, HardwareError> {
        let pe = ProcessingElement::new(hardware, quirks)?;
        let joint_modules = f64::from(joins(hardware.tile.pes())) * pe.adcs();
        Ok(Self {
            hardware,
            quirks,
            pooling: Pooling::new(&hardware.tile.pooling, quirks),
            joint_module: Circuit::joint_module(&hardware.digital.joint_module),
            joint_modules,
            pe,
        })
    }

    /// The buffer of that role when the network needs `needed` of it. A written size counts
    /// instead of the need.
    ///
    /// # Errors
    /// The table has no such buffer.
    pub fn buffer(&self, role: BufferRole, needed: Kibibytes) -> Result<Buffer, HardwareError> {
        let pe = &self.hardware.pe;
        let architecture = &self.hardware.architecture;
        let takes_local = self.quirks.keeps(Quirk::AccumulatorTakesLocalBufferSize);
        let local = match role {
            BufferRole::PeInput => Some(pe.input_buffer),
            BufferRole::TileOutput => Some(pe.output_buffer),
            BufferRole::Accumulator => takes_local.then_some(pe.input_buffer),
            BufferRole::AccumulatorTiming => takes_local.then_some(pe.output_buffer),
        }
        .unwrap_or_default();
        let request = BufferRequest {
            tech_nm: architecture.buffer_tech_nm,
            bus_bits: architecture.buffer_bus_bits,
            size: local.size.unwrap_or(needed),
            written: WrittenBuffer {
                area: local.area,
                read_power: architecture.buffer_read_power,
                write_power: architecture.buffer_write_power,
            },
        };
        Buffer::new(&request, self.quirks)
    }

    /// The adder of the global accumulator.
    #[must_use]
    pub fn accumulator_adder(&self, bits: u32) -> Circuit {
        Circuit::adder(&self.hardware.digital.adder, bits)
    }

    /// Area of a tile by module, without buffers.
    #[must_use]
    pub fn tile_area(&self) -> Modules<SquareMicrometres> {
        Modules {
            joint_module: self.joint_module.area * self.joint_modules,
            pooling: self.pooling.area,
            ..self.pe.area() * f64::from(self.hardware.tile.pes())
        }
    }

    /// Power of a tile by module, without buffers, while it reads a layer of weights.
    #[must_use]
    pub fn tile_read_power(&self, occupancy: Occupancy) -> Modules<Watts> {
        let pes = f64::from(occupancy.pes);
        let joints = (pes - 1.0) * self.pe.active_adcs(occupancy);
        Modules {
            joint_module: self.joint_module.power * joints,
            ..self.pe.read_power(occupancy) * pes
        }
    }

    /// Power of a tile by module, without buffers, while it pools.
    #[must_use]
    pub fn tile_pooling_power(&self) -> Modules<Watts> {
        Modules { pooling: self.pooling.power, ..Modules::default() }
    }
}

/// Merges on the H-tree over the PEs of a tile: ⌈n/2⌉ a level, halving n (rounded down) until
/// one is left.
fn joins(pes: u32) -> u32 {
    let mut left = pes;
    let mut joins = 0;
    while left >= 2 {
        joins += left / 2 + left % 2;
        left /= 2;
    }
    joins
}

#[cfg(test)]
mod tests {
    use super::joins;

    #[test]
    fn an_h_tree_over_a_power_of_two_has_one_join_less_than_leaves() {
        for log in 0..8 {
            assert_eq!(joins(1 << log), (1 << log) - 1);
        }
        assert_eq!(joins(9), 5 + 2 + 1);
    }
}
