//! How a network is to be computed: arithmetic, hardware, fidelity.

use pimnas_config::Hardware;
use pimnas_config::hardware::Subtraction;
use pimnas_hardware::{Quirks, converter};

use crate::error::InferError;
use crate::kernel::Kernels;
use crate::quirk::InferenceQuirks;

/// Most bits of a weight or an activation in quantised arithmetic, sign included.
pub const MAX_BITS: u32 = 17;
/// Most bits of a cell or a DAC: one digit.
pub const MAX_DIGIT_BITS: u32 = 8;
/// Most bits of an ADC: beyond it, codes are no longer exact in 32-bit floats.
pub const MAX_ADC_BITS: u32 = 20;

/// Which values span the range of the ADCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdcRange {
    /// Scaled to the layer's outputs, with its point shift.
    Scale,
    /// Fixed: from nothing to a crossbar with every cell and every input at its largest.
    Fix,
}

/// The arithmetic of an inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 32-bit floats, nothing quantised.
    Float,
    /// Weights and activations quantised, sums exact.
    FixedPoint,
    /// Weights in cells, inputs through DACs, partial sums through ADCs.
    Crossbar(AdcRange),
}

/// What inference needs to know of the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossbarHardware {
    /// Word lines of a crossbar.
    pub rows: usize,
    /// Bits that a cell stores.
    pub cell_bits: u32,
    /// Bits that a DAC converts in one cycle.
    pub dac_bits: u32,
    /// Bits of an ADC, sign included.
    pub adc_bits: u32,
    /// Where positive and negative partial sums are subtracted.
    pub subtraction: Subtraction,
}

impl CrossbarHardware {
    /// That of a complete description.
    ///
    /// # Errors
    /// Converters that the technology tables lack or whose figures are incomplete.
    pub fn from_hardware(hardware: &Hardware, quirks: Quirks) -> Result<Self, InferError> {
        Ok(Self {
            rows: hardware.crossbar.rows as usize,
            cell_bits: hardware.device.bits_per_cell(),
            dac_bits: converter::dac(&hardware.dac, quirks)?.precision_bits,
            adc_bits: converter::adc(&hardware.adc, quirks)?.precision_bits,
            subtraction: hardware.pe.subtraction,
        })
    }

    /// Checks that the arithmetic covers these precisions.
    pub(crate) fn check(&self) -> Result<(), InferError> {
        for (what, bits, last) in [
            ("a cell", self.cell_bits, MAX_DIGIT_BITS),
            ("a DAC", self.dac_bits, MAX_DIGIT_BITS),
            ("an ADC", self.adc_bits, MAX_ADC_BITS),
        ] {
            if !(1..=last).contains(&bits) {
                return Err(InferError::Precision { what, bits, first: 1, last });
            }
        }
        Ok(())
    }
}

/// Whether layers without weights are computed with the layer before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fusion {
    /// Element-wise layers are computed where their input is made: faster, same values.
    #[default]
    Fused,
    /// Every layer has an output of its own, so that each can be observed.
    Separate,
}

/// How a network is to be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InferenceOptions {
    /// The arithmetic.
    pub mode: Mode,
    /// The hardware; only crossbar modes look at it.
    pub hardware: CrossbarHardware,
    /// The defects of the reference that are kept.
    pub quirks: InferenceQuirks,
    /// Whether element-wise layers are fused.
    pub fusion: Fusion,
    /// The instructions of the integer kernels; all give the same values.
    pub kernels: Kernels,
}

impl InferenceOptions {
    /// That arithmetic on that hardware, with the reference's outputs, as fast as possible.
    #[must_use]
    pub fn new(mode: Mode, hardware: CrossbarHardware) -> Self {
        Self {
            mode,
            hardware,
            quirks: InferenceQuirks::reference(),
            fusion: Fusion::Fused,
            kernels: Kernels::Fastest,
        }
    }
}
