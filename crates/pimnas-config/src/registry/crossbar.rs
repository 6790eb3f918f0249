//! `[Crossbar level]`.

use super::key::{Bounds, Key, Sentinel, Unset};

/// Section of the crossbar.
pub(crate) const CROSSBAR: &str = "Crossbar level";

/// Resistance of a wire segment where none is given, Ω.
const WIRE_RESISTANCE_DEFAULT: f64 = 2.82;
/// Capacitance of a wire segment where none is given, fF.
const WIRE_CAPACITY_DEFAULT: f64 = 1.0;

pub(crate) static XBAR_SIZE: Key = Key::pair(CROSSBAR, "Xbar_Size")
    .bounds(Bounds::between(1.0, 65_536.0))
    .default("256,256")
    .about("word lines and bit lines (rows, columns) of a crossbar");
pub(crate) static CELL_TYPE: Key = Key::with_words(CROSSBAR, "Cell_Type", &["1T1R", "0T1R"])
    .default("1T1R")
    .about("cells with one access transistor, or with none");
pub(crate) static TRANSISTOR_TECH: Key = Key::number(CROSSBAR, "Transistor_Tech")
    .unit("nm")
    .bounds(Bounds::positive(1e5))
    .default("65")
    .about("technology node of the access transistors and the multiplexers");
pub(crate) static WIRE_RESISTANCE: Key = Key::number(CROSSBAR, "Wire_Resistance")
    .unit("Ω")
    .bounds(Bounds::between(0.0, 1e12))
    .unset(Unset::Constant(Sentinel::MinusOne, WIRE_RESISTANCE_DEFAULT))
    .default("-1")
    .about("resistance of a wire segment between two cells");
pub(crate) static WIRE_CAPACITY: Key = Key::number(CROSSBAR, "Wire_Capacity")
    .unit("fF")
    .bounds(Bounds::between(0.0, 1e12))
    .unset(Unset::Constant(Sentinel::MinusOne, WIRE_CAPACITY_DEFAULT))
    .default("-1")
    .about("capacitance of a wire segment between two cells");
pub(crate) static LOAD_RESISTANCE: Key = Key::number(CROSSBAR, "Load_Resistance")
    .unit("Ω")
    .bounds(Bounds::positive(1e18))
    .unset(Unset::Modelled(
        Sentinel::MinusOne,
        "the geometric mean of the high and the low resistance state",
    ))
    .default("-1")
    .about("resistance that turns a bit line's current into a voltage");
pub(crate) static AREA_CALCULATION: Key = Key::with_choices(
    CROSSBAR,
    "Area_Calculation",
    &[(0, "from Device_Area"), (1, "from Device_Tech")],
)
.default("0")
.about("how the area of a crossbar is computed");
