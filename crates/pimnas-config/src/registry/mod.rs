//! Every key of a configuration: its type, unit, range, and what 0 and -1 mean.

mod algorithm;
mod architecture;
mod crossbar;
mod device;
mod digital;
mod element;
mod interface;
mod key;
mod tile;

pub use key::{Bounds, Key, Sentinel, Unset, Usage, ValueKind};

pub(crate) use algorithm::*;
pub(crate) use architecture::*;
pub(crate) use crossbar::*;
pub(crate) use device::*;
pub(crate) use digital::*;
pub(crate) use element::*;
pub(crate) use interface::*;
pub(crate) use tile::*;

use crate::document::same_key;

/// Sections of a configuration, in their usual order.
pub const SECTIONS: [&str; 8] =
    [DEVICE, CROSSBAR, INTERFACE, ELEMENT, DIGITAL, TILE, ARCHITECTURE, ALGORITHM];

/// Every key, section by section, in the usual order.
pub static KEYS: [&Key; 84] = [
    &DEVICE_TECH,
    &DEVICE_AREA,
    &READ_LEVEL,
    &READ_VOLTAGE,
    &WRITE_LEVEL,
    &WRITE_VOLTAGE,
    &READ_LATENCY,
    &WRITE_LATENCY,
    &DEVICE_LEVEL,
    &DEVICE_RESISTANCE,
    &DEVICE_VARIATION,
    &DEVICE_SAF,
    &XBAR_SIZE,
    &CELL_TYPE,
    &TRANSISTOR_TECH,
    &WIRE_RESISTANCE,
    &WIRE_CAPACITY,
    &LOAD_RESISTANCE,
    &AREA_CALCULATION,
    &DAC_CHOICE,
    &DAC_AREA,
    &DAC_PRECISION,
    &DAC_POWER,
    &DAC_SAMPLE_RATE,
    &ADC_CHOICE,
    &ADC_AREA,
    &ADC_PRECISION,
    &ADC_POWER,
    &ADC_SAMPLE_RATE,
    &ADC_INTERVAL_THRES,
    &XBAR_POLARITY,
    &MULTIPLEX_XBAR_NUM,
    &SUB_POSITION,
    &GROUP_NUM,
    &DAC_NUM,
    &ADC_NUM,
    &PE_INBUF_SIZE,
    &PE_INBUF_AREA,
    &TILE_OUTBUF_SIZE,
    &TILE_OUTBUF_AREA,
    &DFU_BUF_SIZE,
    &DFU_BUF_AREA,
    &DIGITAL_FREQUENCY,
    &ADDER_TECH,
    &ADDER_AREA,
    &ADDER_POWER,
    &SHIFTREG_TECH,
    &SHIFTREG_AREA,
    &SHIFTREG_POWER,
    &REG_TECH,
    &REG_AREA,
    &REG_POWER,
    &JOINTMODULE_TECH,
    &JOINTMODULE_AREA,
    &JOINTMODULE_POWER,
    &PE_NUM,
    &POOLING_SHAPE,
    &POOLING_UNIT_NUM,
    &POOLING_TECH,
    &POOLING_AREA,
    &TILE_ADDER_NUM,
    &TILE_ADDER_LEVEL,
    &TILE_SHIFTREG_NUM,
    &TILE_SHIFTREG_LEVEL,
    &INTER_TILE_BANDWIDTH,
    &INTRA_TILE_BANDWIDTH,
    &TILE_LEVEL_OUTBUF_SIZE,
    &TILE_LEVEL_OUTBUF_AREA,
    &TILE_LEVEL_DFU_BUF_SIZE,
    &TILE_LEVEL_DFU_BUF_AREA,
    &BUFFER_CHOICE,
    &BUFFER_TECHNOLOGY,
    &BUFFER_READPOWER,
    &BUFFER_WRITEPOWER,
    &BUFFER_BITWIDTH,
    &LUT_CAPACITY,
    &LUT_AREA,
    &LUT_POWER,
    &LUT_BANDWIDTH,
    &TILE_CONNECTION,
    &TILE_NUM,
    &WEIGHT_POLARITY,
    &SIMULATION_LEVEL,
    &NOC_ENABLE,
];

/// The key of a section; the case of the key does not count.
#[must_use]
pub fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().copied().find(|key| key.section == section && same_key(key.name, name))
}

/// Where [`KEYS`] has a key of a section; looks from `start` on, and then before it.
pub(crate) fn find_from(start: usize, section: &str, name: &str) -> Option<usize> {
    (start..KEYS.len()).chain(0..start.min(KEYS.len())).find(|&index| {
        KEYS.get(index).is_some_and(|key| key.section == section && same_key(key.name, name))
    })
}

/// The keys of a section.
pub fn of_section(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().copied().filter(move |key| key.section == section)
}
