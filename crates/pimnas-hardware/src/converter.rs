//! DACs and ADCs: a published converter of the table, or figures written in the configuration.

use pimnas_config::hardware::{Converter as Described, ConverterChoice};
use pimnas_units::{Nanoseconds, SquareMicrometres, Watts};

use crate::error::HardwareError;
use crate::fidelity::{Quirk, Quirks};
use crate::tables::converters::{ADCS, DAC_8_BIT_REFERENCE_W, DACS, PublishedConverter};

/// Cycles of a conversion beyond one a bit: sample and hold, and output.
/// Source: constant of the reference simulator.
const OVERHEAD_CYCLES: u32 = 2;

/// Figures of one converter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Converter {
    /// Area of one.
    pub area: SquareMicrometres,
    /// Resolution, bits.
    pub precision_bits: u32,
    /// Power of one.
    pub power: Watts,
    /// Time of one conversion: (bits + 2) samples.
    pub latency: Nanoseconds,
}

/// Keys and table of a family of converters.
struct Family {
    choice_key: &'static str,
    keys: [&'static str; 4],
    table: &'static [PublishedConverter],
}

const DAC_FAMILY: Family = Family {
    choice_key: "DAC_Choice",
    keys: ["DAC_Area", "DAC_Precision", "DAC_Power", "DAC_Sample_Rate"],
    table: &DACS,
};

const ADC_FAMILY: Family = Family {
    choice_key: "ADC_Choice",
    keys: ["ADC_Area", "ADC_Precision", "ADC_Power", "ADC_Sample_Rate"],
    table: &ADCS,
};

/// The DAC of a description.
///
/// # Errors
/// A number that the table lacks, or a user-defined converter without one of its figures.
pub fn dac(described: &Described, quirks: Quirks) -> Result<Converter, HardwareError> {
    let mut converter = converter(described, quirks, &DAC_FAMILY)?;
    let last = ConverterChoice::Table(DACS.len() as u8);
    if described.choice == last && quirks.keeps(Quirk::Dac8BitInWatts) {
        converter.power = Watts(DAC_8_BIT_REFERENCE_W);
    }
    Ok(converter)
}

/// The ADC of a description.
///
/// # Errors
/// As [`dac`].
pub fn adc(described: &Described, quirks: Quirks) -> Result<Converter, HardwareError> {
    converter(described, quirks, &ADC_FAMILY)
}

fn converter(
    described: &Described,
    quirks: Quirks,
    family: &Family,
) -> Result<Converter, HardwareError> {
    let figures = match described.choice {
        ConverterChoice::UserDefined => user_defined(described, family)?,
        ConverterChoice::Table(number) => {
            let published = published(number, family)?;
            if quirks.keeps(Quirk::WrittenFiguresIgnored) {
                published
            } else {
                overridden(described, published)
            }
        }
    };
    let cycles = f64::from(figures.precision_bits + OVERHEAD_CYCLES);
    Ok(Converter {
        area: SquareMicrometres(figures.area_um2),
        precision_bits: figures.precision_bits,
        power: Watts(figures.power_w),
        latency: Nanoseconds(1.0 / figures.sample_rate_gsps * cycles),
    })
}

fn published(number: u8, family: &Family) -> Result<PublishedConverter, HardwareError> {
    usize::from(number).checked_sub(1).and_then(|i| family.table.get(i)).copied().ok_or(
        HardwareError::NoSuchConverter {
            key: family.choice_key,
            choice: number,
            last: family.table.len() as u8,
        },
    )
}

fn user_defined(
    described: &Described,
    family: &Family,
) -> Result<PublishedConverter, HardwareError> {
    let [area, precision, power, rate] = family.keys;
    let missing = |key| HardwareError::IncompleteConverter { key };
    Ok(PublishedConverter {
        area_um2: described.area.ok_or(missing(area))?.0,
        precision_bits: described.precision_bits.ok_or(missing(precision))?,
        power_w: described.power.ok_or(missing(power))?.0,
        sample_rate_gsps: described.sample_rate_gsps.ok_or(missing(rate))?,
        source: "user defined",
    })
}

fn overridden(described: &Described, published: PublishedConverter) -> PublishedConverter {
    PublishedConverter {
        area_um2: described.area.map_or(published.area_um2, |area| area.0),
        precision_bits: described.precision_bits.unwrap_or(published.precision_bits),
        power_w: described.power.map_or(published.power_w, |power| power.0),
        sample_rate_gsps: described.sample_rate_gsps.unwrap_or(published.sample_rate_gsps),
        source: published.source,
    }
}
