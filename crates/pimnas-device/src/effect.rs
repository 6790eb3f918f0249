//! Which effects there are and which are on.

use pimnas_config::Hardware;

use crate::adc::AdcError;
use crate::cells::PreparedCells;
use crate::drift::Drift;
use crate::error::DeviceError;
use crate::ir_drop::IrDrop;
use crate::levels::{CellBits, OnOffRatio};
use crate::noise::ReadNoise;
use crate::quirk::{DeviceQuirk, DeviceQuirks};
use crate::stuck::StuckAt;
use crate::variation::{Variation, VariationLaw};

/// One effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Finite on/off ratio, levels that are not equidistant.
    OnOffRatio,
    /// Variation from cell to cell.
    Variation,
    /// Stuck cells.
    StuckAt,
    /// Conductance drift.
    Drift,
    /// Voltage lost along the wires.
    IrDrop,
    /// Noise of each read.
    ReadNoise,
    /// Offset and gain errors of the ADCs.
    AdcError,
}

impl Effect {
    /// Every effect, in the order in which they act.
    pub const ALL: [Self; 7] = [
        Self::OnOffRatio,
        Self::Variation,
        Self::StuckAt,
        Self::Drift,
        Self::IrDrop,
        Self::ReadNoise,
        Self::AdcError,
    ];

    /// The name of the effect in reports and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OnOffRatio => "on-off-ratio",
            Self::Variation => "variation",
            Self::StuckAt => "stuck-at",
            Self::Drift => "drift",
            Self::IrDrop => "ir-drop",
            Self::ReadNoise => "read-noise",
            Self::AdcError => "adc-error",
        }
    }

    /// Whether one draw differs from another by it.
    #[must_use]
    pub fn is_random(self) -> bool {
        match self {
            Self::OnOffRatio | Self::IrDrop => false,
            Self::Variation | Self::StuckAt | Self::Drift | Self::ReadNoise | Self::AdcError => {
                true
            }
        }
    }

    /// The effect of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.name() == name)
    }
}

/// How cells and converters depart from their ideals; `None` switches an effect off.
///
/// The default is ideal hardware.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NonIdealities {
    /// Finite on/off ratio, levels that are not equidistant.
    pub on_off: Option<OnOffRatio>,
    /// Variation from cell to cell.
    pub variation: Option<Variation>,
    /// Stuck cells.
    pub stuck: Option<StuckAt>,
    /// Conductance drift.
    pub drift: Option<Drift>,
    /// Voltage lost along the wires.
    pub ir_drop: Option<IrDrop>,
    /// Noise of each read.
    pub read_noise: Option<ReadNoise>,
    /// Offset and gain errors of the ADCs.
    pub adc: Option<AdcError>,
    /// The defects of the reference that are kept.
    pub quirks: DeviceQuirks,
}

impl NonIdealities {
    /// What a hardware description states: resistance levels, variation (of the resistance,
    /// Gaussian) and stuck cells. Effects of magnitude 0 are off. IR drop is off too: see
    /// [`IrDrop::from_hardware`]; the description knows nothing of drift, noise and ADC errors.
    ///
    /// # Errors
    /// Resistances that do not fall from level to level.
    pub fn from_hardware(hardware: &Hardware, quirks: DeviceQuirks) -> Result<Self, DeviceError> {
        let device = &hardware.device;
        let variation = (device.variation_percent > 0.0).then(|| {
            Variation::percent(VariationLaw::GaussianResistance, device.variation_percent)
        });
        let stuck = StuckAt::percent(device.stuck_at_hrs_percent, device.stuck_at_lrs_percent);
        let any_stuck = stuck.high_resistance > 0.0 || stuck.low_resistance > 0.0;
        Ok(Self {
            on_off: Some(OnOffRatio::from_resistances(&device.resistances)?),
            variation,
            stuck: any_stuck.then_some(stuck),
            quirks,
            ..Self::default()
        })
    }

    /// The effects that are on, in the order in which they act.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let on = |effect: &Effect| match effect {
            Effect::OnOffRatio => self.on_off.is_some(),
            Effect::Variation => self.variation.is_some(),
            Effect::StuckAt => self.stuck.is_some(),
            Effect::Drift => self.drift.is_some(),
            Effect::IrDrop => self.ir_drop.is_some(),
            Effect::ReadNoise => self.read_noise.is_some(),
            Effect::AdcError => self.adc.is_some(),
        };
        Effect::ALL.into_iter().filter(on).collect()
    }

    /// That effect alone, as it is here. With the quirk
    /// [`DeviceQuirk::VariationImpliesRatio`], variation keeps the on/off ratio.
    #[must_use]
    pub fn only(&self, effect: Effect) -> Self {
        let ideal = Self { quirks: self.quirks, ..Self::default() };
        match effect {
            Effect::OnOffRatio => Self { on_off: self.on_off.clone(), ..ideal },
            Effect::Variation => {
                let implied = self.quirks.keeps(DeviceQuirk::VariationImpliesRatio);
                let on_off = self.on_off.clone().filter(|_| implied);
                Self { variation: self.variation.clone(), on_off, ..ideal }
            }
            Effect::StuckAt => Self { stuck: self.stuck, ..ideal },
            Effect::Drift => Self { drift: self.drift, ..ideal },
            Effect::IrDrop => Self { ir_drop: self.ir_drop, ..ideal },
            Effect::ReadNoise => Self { read_noise: self.read_noise, ..ideal },
            Effect::AdcError => Self { adc: self.adc, ..ideal },
        }
    }

    /// Whether nothing departs from the ideal.
    #[must_use]
    pub fn is_ideal(&self) -> bool {
        self.effects().is_empty()
    }

    /// Checks all figures and lays them out for cells of so many bits.
    ///
    /// # Errors
    /// [`DeviceError`] for figures out of range and for lists without a level of the cell.
    pub fn prepare(&self, bits: CellBits) -> Result<PreparedCells, DeviceError> {
        PreparedCells::new(self, bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_effects() {
        for effect in Effect::ALL {
            assert_eq!(Effect::by_name(effect.name()), Some(effect));
        }
    }

    #[test]
    fn each_effect_can_be_taken_alone() {
        let all = crate::cells::tests::everything();
        assert_eq!(all.effects(), Effect::ALL);
        for effect in Effect::ALL {
            assert_eq!(all.only(effect).effects(), [effect]);
        }
        assert!(NonIdealities::default().is_ideal());
        let reference = NonIdealities { quirks: DeviceQuirks::reference(), ..all };
        let variation = reference.only(Effect::Variation).effects();
        assert_eq!(variation, [Effect::OnOffRatio, Effect::Variation]);
    }
}
