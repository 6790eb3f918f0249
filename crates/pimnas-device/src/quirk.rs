//! Named defects of the reference simulator's device model, each of which can be kept or corrected.

use pimnas_hardware::Fidelity;

/// One defect of the reference's device model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DeviceQuirk {
    /// Variation draws one number for all cells of a level in an array, shared by the groups of a
    /// layer, and applies it to the resistance; a resistance may come out negative.
    OneDrawPerLevel,
    /// Levels are replaced by conductances one after another by comparing values: what one level
    /// was replaced by is replaced again if it equals a later level.
    LevelsByValue,
    /// Variation always applies to the resistances of the levels: it brings the finite on/off
    /// ratio with it.
    VariationImpliesRatio,
    /// A cell stuck at the high-resistance state does not conduct at all.
    StuckAtZero,
}

impl DeviceQuirk {
    /// Every quirk, in the order of `docs/NONIDEALITIES.md`.
    pub const ALL: [Self; 4] = [
        Self::OneDrawPerLevel,
        Self::LevelsByValue,
        Self::VariationImpliesRatio,
        Self::StuckAtZero,
    ];

    /// The name by which the command and the documentation know this quirk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OneDrawPerLevel => "one-draw-per-level",
            Self::LevelsByValue => "levels-by-value",
            Self::VariationImpliesRatio => "variation-implies-ratio",
            Self::StuckAtZero => "stuck-at-zero",
        }
    }

    /// The quirk of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quirk| quirk.name() == name)
    }
}

/// Which of the reference's defects a device model keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DeviceQuirks(u8);

impl DeviceQuirks {
    /// All of them: the reference's definitions.
    #[must_use]
    pub fn reference() -> Self {
        DeviceQuirk::ALL.into_iter().fold(Self::corrected(), Self::with)
    }

    /// None of them.
    #[must_use]
    pub const fn corrected() -> Self {
        Self(0)
    }

    /// Whether this defect is kept.
    #[must_use]
    pub const fn keeps(self, quirk: DeviceQuirk) -> bool {
        self.0 & (1 << quirk as u8) != 0
    }

    /// These and that one.
    #[must_use]
    pub const fn with(self, quirk: DeviceQuirk) -> Self {
        Self(self.0 | (1 << quirk as u8))
    }

    /// These without that one.
    #[must_use]
    pub const fn without(self, quirk: DeviceQuirk) -> Self {
        Self(self.0 & !(1 << quirk as u8))
    }
}

impl From<Fidelity> for DeviceQuirks {
    fn from(fidelity: Fidelity) -> Self {
        match fidelity {
            Fidelity::Reference => Self::reference(),
            Fidelity::Corrected => Self::corrected(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_quirks() {
        for quirk in DeviceQuirk::ALL {
            assert_eq!(DeviceQuirk::by_name(quirk.name()), Some(quirk));
        }
    }

    #[test]
    fn the_reference_keeps_all_and_corrected_none() {
        for quirk in DeviceQuirk::ALL {
            assert!(DeviceQuirks::from(Fidelity::Reference).keeps(quirk));
            assert!(!DeviceQuirks::from(Fidelity::Corrected).keeps(quirk));
            assert!(!DeviceQuirks::reference().without(quirk).keeps(quirk));
        }
    }
}
