//! `[Interface level]`.

use super::key::{Bounds, Key, Sentinel, Unset};

/// Section of the converters.
pub(crate) const INTERFACE: &str = "Interface level";

const AREA: Bounds = Bounds::positive(1e12);
const BITS: Bounds = Bounds::between(1.0, 32.0);
const POWER: Bounds = Bounds::positive(1e6);
const RATE: Bounds = Bounds::positive(1e6);
const TABLE: Unset = Unset::Modelled(Sentinel::ZeroOrMinusOne, "that of the chosen converter");

pub(crate) static DAC_CHOICE: Key = Key::with_choices(
    INTERFACE,
    "DAC_Choice",
    &[
        (-1, "user defined"),
        (1, "1 bit"),
        (2, "2 bit"),
        (3, "3 bit"),
        (4, "4 bit"),
        (5, "6 bit"),
        (6, "8 bit"),
    ],
)
.default("2")
.about("converter that drives a row");
pub(crate) static DAC_AREA: Key = Key::number(INTERFACE, "DAC_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of one user-defined DAC");
pub(crate) static DAC_PRECISION: Key = Key::integer(INTERFACE, "DAC_Precision")
    .unit("bit")
    .bounds(BITS)
    .unset(TABLE)
    .default("0")
    .about("resolution of a user-defined DAC");
pub(crate) static DAC_POWER: Key = Key::number(INTERFACE, "DAC_Power")
    .unit("W")
    .bounds(POWER)
    .unset(TABLE)
    .default("0")
    .about("power of one user-defined DAC");
pub(crate) static DAC_SAMPLE_RATE: Key = Key::number(INTERFACE, "DAC_Sample_Rate")
    .unit("GSamples/s")
    .bounds(RATE)
    .unset(TABLE)
    .default("0")
    .about("sample rate of a user-defined DAC");
pub(crate) static ADC_CHOICE: Key = Key::with_choices(
    INTERFACE,
    "ADC_Choice",
    &[
        (-1, "user defined"),
        (1, "10 bit pipelined SAR"),
        (2, "8 bit of ISAAC"),
        (3, "8 bit two-step SAR"),
        (4, "6 bit SAR"),
        (5, "8 bit"),
        (6, "6 bit"),
        (7, "4 bit"),
    ],
)
.default("3")
.about("converter that reads a column");
pub(crate) static ADC_AREA: Key = Key::number(INTERFACE, "ADC_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of one user-defined ADC");
pub(crate) static ADC_PRECISION: Key = Key::integer(INTERFACE, "ADC_Precision")
    .unit("bit")
    .bounds(BITS)
    .unset(TABLE)
    .default("0")
    .about("resolution of a user-defined ADC");
pub(crate) static ADC_POWER: Key = Key::number(INTERFACE, "ADC_Power")
    .unit("W")
    .bounds(POWER)
    .unset(TABLE)
    .default("0")
    .about("power of one user-defined ADC");
pub(crate) static ADC_SAMPLE_RATE: Key = Key::number(INTERFACE, "ADC_Sample_Rate")
    .unit("GSamples/s")
    .bounds(RATE)
    .unset(TABLE)
    .default("0")
    .about("sample rate of a user-defined ADC");
pub(crate) static ADC_INTERVAL_THRES: Key = Key::list(INTERFACE, "ADC_Interval_Thres")
    .unit("V")
    .default("-1")
    .about("thresholds between the steps of the ADC")
    .unused();
