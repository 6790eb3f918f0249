//! Named defects of the reference simulator's inference, each of which can be kept or corrected.
//!
//! `docs/QUIRKS.md` says for each: what, why, and its measured effect.

use pimnas_hardware::Fidelity;

/// One defect of the reference's inference that changes an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum InferenceQuirk {
    /// The outputs of a layer on crossbars are quantised with the bits of its input.
    OutputBitsFromInput,
    /// The scale of a layer's input is the one recorded with its weights: that of whatever layer
    /// ran before it in training, also where it reads from a branch or from a sum. Corrected, the
    /// scale follows the graph; the full range of a sum is the sum of the full ranges.
    InputScaleFromLastRun,
    /// The network's input is not quantised: for candidates on crossbars, for layer lists in
    /// fixed point.
    UnquantisedInput,
    /// Positive and negative partial sums are subtracted before the ADC, also where the hardware
    /// subtracts behind it.
    AnalogueSubtraction,
    /// In fixed point an even kernel's output loses what the first part of its weights says, in
    /// floats and on crossbars each part what it says itself.
    FixedPointEdgeOfFirstPart,
}

impl InferenceQuirk {
    /// Every quirk, in the order of `docs/QUIRKS.md`.
    pub const ALL: [Self; 5] = [
        Self::OutputBitsFromInput,
        Self::InputScaleFromLastRun,
        Self::UnquantisedInput,
        Self::AnalogueSubtraction,
        Self::FixedPointEdgeOfFirstPart,
    ];

    /// The name by which the command and the documentation know this quirk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OutputBitsFromInput => "output-bits-from-input",
            Self::InputScaleFromLastRun => "input-scale-from-last-run",
            Self::UnquantisedInput => "unquantised-input",
            Self::AnalogueSubtraction => "analogue-subtraction",
            Self::FixedPointEdgeOfFirstPart => "fixed-point-edge-of-first-part",
        }
    }

    /// The quirk of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quirk| quirk.name() == name)
    }
}

/// Which of the reference's defects an inference keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InferenceQuirks(u8);

impl InferenceQuirks {
    /// All of them: the reference's outputs.
    #[must_use]
    pub fn reference() -> Self {
        InferenceQuirk::ALL.into_iter().fold(Self::corrected(), Self::with)
    }

    /// None of them.
    #[must_use]
    pub const fn corrected() -> Self {
        Self(0)
    }

    /// Whether this defect is kept.
    #[must_use]
    pub const fn keeps(self, quirk: InferenceQuirk) -> bool {
        self.0 & (1 << quirk as u8) != 0
    }

    /// These and that one.
    #[must_use]
    pub const fn with(self, quirk: InferenceQuirk) -> Self {
        Self(self.0 | (1 << quirk as u8))
    }

    /// These without that one.
    #[must_use]
    pub const fn without(self, quirk: InferenceQuirk) -> Self {
        Self(self.0 & !(1 << quirk as u8))
    }
}

impl Default for InferenceQuirks {
    fn default() -> Self {
        Self::reference()
    }
}

impl From<Fidelity> for InferenceQuirks {
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
        for quirk in InferenceQuirk::ALL {
            assert_eq!(InferenceQuirk::by_name(quirk.name()), Some(quirk));
        }
    }

    #[test]
    fn the_reference_keeps_all_and_corrected_none() {
        for quirk in InferenceQuirk::ALL {
            assert!(InferenceQuirks::from(Fidelity::Reference).keeps(quirk));
            assert!(!InferenceQuirks::from(Fidelity::Corrected).keeps(quirk));
            assert!(!InferenceQuirks::reference().without(quirk).keeps(quirk));
        }
    }
}
