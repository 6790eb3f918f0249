//! The pooling circuit of a tile.

use pimnas_config::hardware::PoolingUnit;
use pimnas_units::{Nanoseconds, SquareMicrometres, Watts};

use crate::fidelity::{Quirk, Quirks};
use crate::tables::digital::{
    BASE_TECH_NM, POOLING_AREA_UM2, POOLING_PASS_NS, POOLING_POWER_W, POOLING_UNITS, POOLING_WINDOW,
};

/// Figures of the pooling circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooling {
    /// Area of the whole circuit.
    pub area: SquareMicrometres,
    /// Power of the whole circuit at work.
    pub power: Watts,
    window: u32,
    units: u32,
}

impl Pooling {
    /// The circuit of that description: the 64-unit 3×3 circuit at 65 nm, its area scaled with
    /// the number of units and both with the square of the technology.
    #[must_use]
    pub fn new(unit: &PoolingUnit, quirks: Quirks) -> Self {
        let window = unit.shape.0.saturating_mul(unit.shape.1).max(1);
        let ratio = f64::from(unit.tech_nm) / BASE_TECH_NM;
        let units = f64::from(unit.units) / POOLING_UNITS;
        let at_base_tech = unit.tech_nm == BASE_TECH_NM as u32;
        let written = if quirks.keeps(Quirk::WrittenFiguresIgnored) { None } else { unit.area };
        let (area, power) = if quirks.keeps(Quirk::FreePoolingOffTable) {
            if at_base_tech && window != POOLING_WINDOW {
                (0.0, 0.0)
            } else {
                (POOLING_AREA_UM2 * ratio * ratio * units, POOLING_POWER_W * ratio * ratio)
            }
        } else {
            // A comparator or adder an element: linear in the window and in the units.
            let windows = f64::from(window) / f64::from(POOLING_WINDOW);
            let scale = ratio * ratio * units * windows;
            (POOLING_AREA_UM2 * scale, POOLING_POWER_W * scale)
        };
        Self {
            area: written.unwrap_or(SquareMicrometres(area)),
            power: Watts(power),
            window,
            units: unit.units.max(1),
        }
    }

    /// Time to reduce one window of `elements` in each of `channels`: 100 ns a pass.
    #[must_use]
    pub fn latency(&self, channels: usize, elements: usize) -> Nanoseconds {
        let passes = channels.div_ceil(self.units as usize) as f64
            * elements.div_ceil(self.window as usize) as f64;
        Nanoseconds(POOLING_PASS_NS * passes)
    }
}
