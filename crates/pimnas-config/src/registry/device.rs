//! `[Device level]`.

use super::key::{Bounds, Key};

/// Section of the memristive device.
pub(crate) const DEVICE: &str = "Device level";

/// Most levels of a cell or of a driver.
const MAX_LEVELS: f64 = 65_536.0;
const VOLTS: Bounds = Bounds::between(-1e3, 1e3);
const NANOSECONDS: Bounds = Bounds::between(0.0, 1e12);

pub(crate) static DEVICE_TECH: Key = Key::number(DEVICE, "Device_Tech")
    .unit("nm")
    .bounds(Bounds::positive(1e5))
    .default("45")
    .about("technology node of the memristive device");
pub(crate) static DEVICE_AREA: Key = Key::number(DEVICE, "Device_Area")
    .unit("µm²")
    .bounds(Bounds::positive(1e9))
    .default("1.44")
    .about("area of one cell");
pub(crate) static READ_LEVEL: Key = Key::integer(DEVICE, "Read_Level")
    .bounds(Bounds::between(1.0, MAX_LEVELS))
    .default("2")
    .about("number of read voltages");
pub(crate) static READ_VOLTAGE: Key = Key::list(DEVICE, "Read_Voltage")
    .unit("V")
    .bounds(VOLTS)
    .default("0,0.5")
    .about("read voltages, one a level, lowest first");
pub(crate) static WRITE_LEVEL: Key = Key::integer(DEVICE, "Write_Level")
    .bounds(Bounds::between(1.0, MAX_LEVELS))
    .default("2")
    .about("number of write voltages");
pub(crate) static WRITE_VOLTAGE: Key = Key::list(DEVICE, "Write_Voltage")
    .unit("V")
    .bounds(VOLTS)
    .default("0,3")
    .about("write voltages, one a level");
pub(crate) static READ_LATENCY: Key = Key::number(DEVICE, "Read_Latency")
    .unit("ns")
    .bounds(NANOSECONDS)
    .default("3.16")
    .about("time of one read of a cell");
pub(crate) static WRITE_LATENCY: Key = Key::number(DEVICE, "Write_Latency")
    .unit("ns")
    .bounds(NANOSECONDS)
    .default("10")
    .about("time of one write of a cell");
pub(crate) static DEVICE_LEVEL: Key = Key::integer(DEVICE, "Device_Level")
    .bounds(Bounds::between(2.0, MAX_LEVELS))
    .default("4")
    .about("resistance levels of a cell; it stores floor(log2(levels)) bits");
pub(crate) static DEVICE_RESISTANCE: Key = Key::list(DEVICE, "Device_Resistance")
    .unit("Ω")
    .bounds(Bounds::positive(1e18))
    .default("1e7,10000,5000,3333")
    .about("resistance of each level, from the high to the low resistance state");
pub(crate) static DEVICE_VARIATION: Key = Key::number(DEVICE, "Device_Variation")
    .unit("%")
    .bounds(Bounds::between(0.0, 1e3))
    .default("5")
    .about("standard deviation of a cell's resistance, in percent of its level");
pub(crate) static DEVICE_SAF: Key = Key::number_pair(DEVICE, "Device_SAF")
    .unit("%")
    .bounds(Bounds::between(0.0, 100.0))
    .default("9,1")
    .about("cells stuck at the high and at the low resistance state");
