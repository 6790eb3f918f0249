//! Digital circuits. Source of every figure: the reference simulator's module tables
//! (synthesis results at 65 nm unless a row says otherwise).

/// Technology node at which scaled circuits were synthesised, nm.
pub const BASE_TECH_NM: f64 = 65.0;

/// A one-bit full adder: upper technology bound nm, area µm², power W.
/// Area is 140 F² a bit but at 65 nm, where it is a synthesis result.
pub const ADDER_BITS: [(u32, f64, f64); 5] = [
    (28, 140.0 * 28.0 * 28.0 / 1e6, 2.5e-9),
    (45, 140.0 * 45.0 * 45.0 / 1e6, 2.5e-9),
    (55, 140.0 * 55.0 * 55.0 / 1e6, 2.5e-9),
    (65, 1.42, 3e-7),
    (u32::MAX, 140.0 * 130.0 * 130.0 / 1e6, 2.5e-9),
];

/// Area of a register at 65 nm, µm², whatever its width.
pub const REGISTER_AREA_UM2: f64 = 1.4256;
/// Power of a register at 65 nm, W.
pub const REGISTER_POWER_W: f64 = 18.8e-9;

/// Area of a shift register at 65 nm, µm².
pub const SHIFT_REGISTER_AREA_UM2: f64 = 1.42;
/// Power of a shift register at 65 nm, W.
pub const SHIFT_REGISTER_POWER_W: f64 = 8.1e-7;

/// Area of an 8-bit joint module at 65 nm, µm².
pub const JOINT_MODULE_AREA_UM2: f64 = 353.76;
/// Power of an 8-bit joint module at 65 nm, W.
pub const JOINT_MODULE_POWER_W: f64 = 2.64e-4;

/// Transistors of an n-way (de)multiplexer: largest n, transistors.
pub const MULTIPLEXER_TRANSISTORS: [(u32, f64); 6] =
    [(2, 8.0), (4, 24.0), (8, 72.0), (16, 216.0), (32, 648.0), (u32::MAX, 1944.0)];
/// Area of a transistor, F².
pub const TRANSISTOR_F2: f64 = 10.0;
/// Power of a transistor, W: 10 nA at 1.2 V.
pub const TRANSISTOR_POWER_W: f64 = 10.0 * 1.2 / 1e9;
/// Latency of one 1-to-8 decoder stage at 65 nm, ns. Source: NVSim.
pub const DECODER_STAGE_NS: f64 = 0.27933;
/// Latency of one 8-to-1 multiplexer stage at 65 nm, ns. Source: NVSim.
pub const MULTIPLEXER_STAGE_NS: f64 = 32.744 / 1000.0;

/// Area of 64 pooling units with a 3×3 window at 65 nm, µm².
pub const POOLING_AREA_UM2: f64 = 91_917.156_2;
/// Power of 64 pooling units with a 3×3 window at 65 nm, W.
pub const POOLING_POWER_W: f64 = 3.082e-3;
/// Time of one pass of a pooling unit, ns.
pub const POOLING_PASS_NS: f64 = 100.0;
/// Window of the pooling circuit in the table, elements.
pub const POOLING_WINDOW: u32 = 9;
/// Units of the pooling circuit in the table.
pub const POOLING_UNITS: f64 = 64.0;

/// Time of one addition in the global accumulator, ns.
pub const ACCUMULATOR_ADD_NS: f64 = 10.0;
