//! What makes a hardware description impossible to build.

use thiserror::Error;

/// A combination of settings for which no component model exists.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum HardwareError {
    /// The SRAM table has no such buffer.
    #[error(
        "no figures for a buffer of {size_kb} KB with a {bus_bits}-bit bus: \
         up to 2 KB the table ends at 256 bits"
    )]
    NoSuchBuffer {
        /// Wanted size, KB.
        size_kb: f64,
        /// Wanted bus width, bits.
        bus_bits: u32,
    },
    /// A converter number that the technology table lacks.
    #[error("{key} = {choice} is not in the technology table (1 to {last})")]
    NoSuchConverter {
        /// `DAC_Choice` or `ADC_Choice`.
        key: &'static str,
        /// The number asked for.
        choice: u8,
        /// The last number of the table.
        last: u8,
    },
    /// A user-defined converter without one of its figures.
    #[error("{key} must be given and positive when the converter is user defined")]
    IncompleteConverter {
        /// The key that is missing.
        key: &'static str,
    },
}

impl HardwareError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchBuffer { .. } => "set Architecture level/Buffer_Bitwidth to 256 or less",
            Self::NoSuchConverter { .. } => "choose a number of the table, or -1 to give figures",
            Self::IncompleteConverter { .. } => {
                "give area, precision, power and sample rate, or choose a converter of the table"
            }
        }
    }
}
