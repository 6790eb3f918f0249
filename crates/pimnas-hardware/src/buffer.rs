//! Buffers: a class of the SRAM table by technology, size and bus width.
//!
//! `Buffer_Choice` names DRAM and RRAM too, but there are no figures for them: every kind takes
//! the SRAM table.

use pimnas_units::{Kibibytes, Nanoseconds, SquareMicrometres, Watts};

use crate::error::HardwareError;
use crate::fidelity::{Quirk, Quirks};
use crate::tables::sram;

/// Cycle time of every buffer in the reference simulator, ns.
const REFERENCE_CYCLE_NS: f64 = 20.0;

/// What a buffer is asked to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BufferRequest {
    /// Technology, nm.
    pub tech_nm: u32,
    /// Bus width, bits.
    pub bus_bits: u32,
    /// Size; 0 is no buffer.
    pub size: Kibibytes,
    /// Area and powers written in the configuration.
    pub written: WrittenBuffer,
}

/// Figures of a buffer written in the configuration; `None`: from the table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WrittenBuffer {
    /// Area.
    pub area: Option<SquareMicrometres>,
    /// Power while read.
    pub read_power: Option<Watts>,
    /// Power while written.
    pub write_power: Option<Watts>,
}

/// Figures of one buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Buffer {
    /// Area.
    pub area: SquareMicrometres,
    /// Power while read, leakage included.
    pub read_power: Watts,
    /// Power while written, leakage included.
    pub write_power: Watts,
    /// Time of one bus word.
    pub cycle: Nanoseconds,
    bus_bits: u32,
}

impl Buffer {
    /// The buffer of that request. A buffer of size 0 has no area and no power, and takes the
    /// cycle of the smallest.
    ///
    /// # Errors
    /// The table has no such buffer (2 KB with a 512-bit bus).
    pub fn new(request: &BufferRequest, quirks: Quirks) -> Result<Self, HardwareError> {
        let BufferRequest { tech_nm, bus_bits, size, written } = *request;
        let absent = size.0 == 0.0;
        let entry = match sram::lookup(tech_nm, size.0, bus_bits) {
            Some(entry) => entry,
            None if absent => return Ok(Self::none(bus_bits)),
            None => return Err(HardwareError::NoSuchBuffer { size_kb: size.0, bus_bits }),
        };
        let cycle_ns = if quirks.keeps(Quirk::ConstantBufferCycle) {
            REFERENCE_CYCLE_NS
        } else {
            entry.cycle_ns
        };
        let power = |access_nj: f64| Watts((access_nj / cycle_ns * 1e3 + entry.leakage_mw) * 1e-3);
        let table = Self {
            area: SquareMicrometres(entry.area_mm2 * 1e6),
            read_power: power(entry.read_nj),
            write_power: power(entry.write_nj),
            cycle: Nanoseconds(cycle_ns),
            bus_bits,
        };
        Ok(if absent {
            Self { cycle: table.cycle, ..Self::none(bus_bits) }
        } else if quirks.keeps(Quirk::WrittenFiguresIgnored) {
            table
        } else {
            Self {
                area: written.area.unwrap_or(table.area),
                read_power: written.read_power.unwrap_or(table.read_power),
                write_power: written.write_power.unwrap_or(table.write_power),
                ..table
            }
        })
    }

    fn none(bus_bits: u32) -> Self {
        Self {
            area: SquareMicrometres::ZERO,
            read_power: Watts::ZERO,
            write_power: Watts::ZERO,
            cycle: Nanoseconds(REFERENCE_CYCLE_NS),
            bus_bits,
        }
    }

    /// Time to move `bytes` in or out: whole bus words.
    #[must_use]
    pub fn transfer(&self, bytes: f64) -> Nanoseconds {
        self.cycle * (bytes * 8.0 / f64::from(self.bus_bits)).ceil()
    }
}
