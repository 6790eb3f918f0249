//! Small digital circuits: adders, shift registers, registers, joint modules.

use pimnas_config::hardware::DigitalModule;
use pimnas_units::{SquareMicrometres, Watts};

use crate::tables::digital::{
    ADDER_BITS, BASE_TECH_NM, JOINT_MODULE_AREA_UM2, JOINT_MODULE_POWER_W, REGISTER_AREA_UM2,
    REGISTER_POWER_W, SHIFT_REGISTER_AREA_UM2, SHIFT_REGISTER_POWER_W,
};

/// Width of the adders inside a PE, bits.
pub const PE_ADDER_BITS: u32 = 8;

/// Area and power of one circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circuit {
    /// Area of one.
    pub area: SquareMicrometres,
    /// Power of one at work.
    pub power: Watts,
}

impl Circuit {
    fn described(module: &DigitalModule, table: Self) -> Self {
        Self { area: module.area.unwrap_or(table.area), power: module.power.unwrap_or(table.power) }
    }

    /// A circuit synthesised at 65 nm, scaled with the square of the technology.
    fn scaled(module: &DigitalModule, area_um2: f64, power_w: f64) -> Self {
        let ratio = f64::from(module.tech_nm) / BASE_TECH_NM;
        let scale = ratio * ratio;
        let table =
            Self { area: SquareMicrometres(area_um2 * scale), power: Watts(power_w * scale) };
        Self::described(module, table)
    }

    /// An adder of `bits` bits: bits × a full adder of the next larger technology in the table.
    /// A written area or power is that of the whole adder.
    #[must_use]
    pub fn adder(module: &DigitalModule, bits: u32) -> Self {
        let [.., last] = ADDER_BITS;
        let (_, area_um2, power_w) =
            ADDER_BITS.into_iter().find(|&(bound, ..)| module.tech_nm <= bound).unwrap_or(last);
        let table = Self {
            area: SquareMicrometres(area_um2 * f64::from(bits)),
            power: Watts(power_w * f64::from(bits)),
        };
        Self::described(module, table)
    }

    /// An output shift register.
    #[must_use]
    pub fn shift_register(module: &DigitalModule) -> Self {
        Self::scaled(module, SHIFT_REGISTER_AREA_UM2, SHIFT_REGISTER_POWER_W)
    }

    /// An input or output register.
    #[must_use]
    pub fn register(module: &DigitalModule) -> Self {
        Self::scaled(module, REGISTER_AREA_UM2, REGISTER_POWER_W)
    }

    /// A joint module, which merges the results of two PEs.
    #[must_use]
    pub fn joint_module(module: &DigitalModule) -> Self {
        Self::scaled(module, JOINT_MODULE_AREA_UM2, JOINT_MODULE_POWER_W)
    }
}
