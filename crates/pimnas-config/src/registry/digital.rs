//! `[Digital module]`.

use super::key::{Bounds, Key, Sentinel, Unset};

/// Section of the digital circuits.
pub(crate) const DIGITAL: &str = "Digital module";

/// Technology of a digital circuit where none is given, nm.
const TECH_DEFAULT: f64 = 65.0;
const TECH: Bounds = Bounds::between(1.0, 1e5);
const AREA: Bounds = Bounds::positive(1e12);
const POWER: Bounds = Bounds::positive(1e6);
const NODE: Unset = Unset::Constant(Sentinel::ZeroOrMinusOne, TECH_DEFAULT);
const TABLE: Unset = Unset::Modelled(Sentinel::Zero, "the figure of the technology table");

pub(crate) static DIGITAL_FREQUENCY: Key = Key::number(DIGITAL, "Digital_Frequency")
    .unit("MHz")
    .bounds(Bounds::positive(1e9))
    .default("500")
    .about("clock of the digital circuits");
pub(crate) static ADDER_TECH: Key = Key::integer(DIGITAL, "Adder_Tech")
    .unit("nm")
    .bounds(Bounds::between(0.0, 1e5))
    .default("45")
    .about("technology node of the adders");
pub(crate) static ADDER_AREA: Key = Key::number(DIGITAL, "Adder_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of an adder");
pub(crate) static ADDER_POWER: Key = Key::number(DIGITAL, "Adder_Power")
    .unit("W")
    .bounds(POWER)
    .unset(TABLE)
    .default("0")
    .about("power of an adder");
pub(crate) static SHIFTREG_TECH: Key = Key::integer(DIGITAL, "ShiftReg_Tech")
    .unit("nm")
    .bounds(TECH)
    .unset(NODE)
    .default("65")
    .about("technology node of a shift register");
pub(crate) static SHIFTREG_AREA: Key = Key::number(DIGITAL, "ShiftReg_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of a shift register");
pub(crate) static SHIFTREG_POWER: Key = Key::number(DIGITAL, "ShiftReg_Power")
    .unit("W")
    .bounds(POWER)
    .unset(TABLE)
    .default("0")
    .about("power of a shift register");
pub(crate) static REG_TECH: Key = Key::integer(DIGITAL, "Reg_Tech")
    .unit("nm")
    .bounds(TECH)
    .unset(NODE)
    .default("45")
    .about("technology node of an input or output register");
pub(crate) static REG_AREA: Key = Key::number(DIGITAL, "Reg_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of an input or output register");
pub(crate) static REG_POWER: Key = Key::number(DIGITAL, "Reg_Power")
    .unit("W")
    .bounds(POWER)
    .unset(TABLE)
    .default("0")
    .about("power of an input or output register");
pub(crate) static JOINTMODULE_TECH: Key = Key::integer(DIGITAL, "JointModule_Tech")
    .unit("nm")
    .bounds(TECH)
    .unset(NODE)
    .default("45")
    .about("technology node of a joint module, which merges the PEs of a tile");
pub(crate) static JOINTMODULE_AREA: Key = Key::number(DIGITAL, "JointModule_Area")
    .unit("µm²")
    .bounds(AREA)
    .unset(TABLE)
    .default("0")
    .about("area of a joint module, which merges the PEs of a tile");
pub(crate) static JOINTMODULE_POWER: Key = Key::number(DIGITAL, "JointModule_Power")
    .unit("W")
    .bounds(POWER)
    .unset(TABLE)
    .default("0")
    .about("power of a joint module, which merges the PEs of a tile");
