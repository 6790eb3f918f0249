//! Options that say how cells and converters depart from their ideals.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::str::FromStr;

use clap::Args;
use pimnas::device::{
    AdcError, CellBits, DeviceError, DeviceQuirks, Drift, NonIdealities, OnOffRatio, ReadNoise,
    StuckAt, Variation, VariationLaw,
};
use pimnas::{Fidelity, Hardware};

use super::failure::Failure;

/// The word that switches an effect off.
const OFF: &str = "off";
/// Mean drift exponent, its deviation, and the time of its start, s: phase-change memory (docs/ACCURACY.md).
const DRIFT: (f64, f64, f64) = (0.05, 0.01, 20.0);

/// How cells and converters depart from their ideals.
#[derive(Args, Clone, Debug)]
pub struct NonIdealArgs {
    /// Variation from cell to cell, %: of the resistance, or with `,conductance` or `,lognormal`
    /// behind it of the conductance; `off`. Without it Device_Variation
    #[arg(long, value_name = "PERCENT[,LAW]|off", allow_hyphen_values = true)]
    variation: Option<String>,
    /// Cells stuck at the high- and at the low-resistance state, %; `off`. Without it Device_SAF
    #[arg(long, value_name = "HRS,LRS|off", allow_hyphen_values = true)]
    stuck: Option<String>,
    /// Ratio of the largest to the smallest conductance, with equidistant levels between; `off`.
    /// Without it the levels of Device_Resistance
    #[arg(long, value_name = "RATIO|off", allow_hyphen_values = true)]
    on_off: Option<String>,
    /// Noise of each read, % of a cell's current
    #[arg(long, value_name = "PERCENT|off", allow_hyphen_values = true)]
    read_noise: Option<String>,
    /// Drift: seconds since programming; mean exponent (0.05) and its deviation (0.01) may follow
    #[arg(long, value_name = "SECONDS[,EXPONENT[,DEVIATION]]|off", allow_hyphen_values = true)]
    drift: Option<String>,
    /// Offset of the ADCs, deviation in steps (LSB)
    #[arg(long, value_name = "LSB|off", allow_hyphen_values = true)]
    adc_offset: Option<String>,
    /// Gain error of the ADCs, deviation in %
    #[arg(long, value_name = "PERCENT|off", allow_hyphen_values = true)]
    adc_gain: Option<String>,
}

impl NonIdealArgs {
    /// The effects, over those that the hardware description states.
    pub fn resolve(
        &self,
        hardware: &Hardware,
        fidelity: Fidelity,
    ) -> Result<NonIdealities, Failure> {
        let quirks = DeviceQuirks::from(fidelity);
        let mut effects = NonIdealities::from_hardware(hardware, quirks).map_err(|e| failed(&e))?;
        if let Some(given) = &self.variation {
            effects.variation = given_or_off(given, variation)?;
        }
        if let Some(given) = &self.stuck {
            effects.stuck = given_or_off(given, |given| {
                let [high, low] = numbers("--stuck", given)?;
                Ok(StuckAt::percent(high, low))
            })?;
        }
        if let Some(given) = &self.on_off {
            let bits = CellBits(hardware.device.bits_per_cell());
            effects.on_off = given_or_off(given, |given| {
                let [ratio] = numbers("--on-off", given)?;
                OnOffRatio::linear(ratio, bits).map_err(|error| failed(&error))
            })?;
        }
        if let Some(given) = &self.read_noise {
            effects.read_noise = given_or_off(given, |given| {
                let [percent] = numbers("--read-noise", given)?;
                Ok(ReadNoise { relative: percent / 100.0 })
            })?;
        }
        if let Some(given) = &self.drift {
            effects.drift = given_or_off(given, drift)?;
        }
        effects.adc = self.adc(hardware)?;
        let bits = CellBits(hardware.device.bits_per_cell());
        effects.prepare(bits).map_err(|error| failed(&error))?;
        Ok(effects)
    }

    fn adc(&self, hardware: &Hardware) -> Result<Option<AdcError>, Failure> {
        let one = |given: &Option<String>, option: &str| -> Result<f64, Failure> {
            match given.as_deref() {
                None | Some(OFF) => Ok(0.0),
                Some(given) => numbers(option, given).map(|[value]| value),
            }
        };
        let offset_lsb = one(&self.adc_offset, "--adc-offset")?;
        let gain = one(&self.adc_gain, "--adc-gain")? / 100.0;
        if offset_lsb == 0.0 && gain == 0.0 {
            return Ok(None);
        }
        let adcs = hardware.pe.adcs_per_group.unwrap_or(hardware.crossbar.columns).max(1);
        let columns = hardware.crossbar.columns.div_ceil(adcs) as usize;
        let columns_per_adc = NonZeroUsize::new(columns).unwrap_or(NonZeroUsize::MIN);
        Ok(Some(AdcError { offset_lsb, gain, columns_per_adc }))
    }
}

fn given_or_off<T>(
    given: &str,
    read: impl FnOnce(&str) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    if given == OFF { Ok(None) } else { read(given).map(Some) }
}

fn variation(given: &str) -> Result<Variation, Failure> {
    let (percent, law) = given.split_once(',').unwrap_or((given, "resistance"));
    let law = match law.trim() {
        "resistance" => VariationLaw::GaussianResistance,
        "conductance" => VariationLaw::GaussianConductance,
        "lognormal" => VariationLaw::LogNormal,
        other => {
            let hint = "give resistance, conductance or lognormal";
            let message = format!("--variation {given}: there is no law `{other}`");
            return Err(Failure::new(message, Some(hint)));
        }
    };
    let [percent] = numbers("--variation", percent)?;
    Ok(Variation::percent(law, percent))
}

fn drift(given: &str) -> Result<Drift, Failure> {
    let (mean, spread, reference_seconds) = DRIFT;
    let [seconds, exponent, deviation] = match given.split(',').count() {
        1 => numbers("--drift", given).map(|[seconds]| [seconds, mean, spread])?,
        2 => numbers("--drift", given).map(|[seconds, mean]| [seconds, mean, spread])?,
        _ => numbers("--drift", given)?,
    };
    Ok(Drift { exponent, deviation, seconds, reference_seconds })
}

/// So many numbers with commas between.
fn numbers<const N: usize>(option: &str, given: &str) -> Result<[f64; N], Failure> {
    let wrong = |why: &dyn Display| {
        let hint = format!("give {N} number{} or `off`", if N == 1 { "" } else { "s" });
        Failure::new(format_args!("{option} {given}: {why}"), Some(&hint))
    };
    let values: Result<Vec<f64>, _> =
        given.split(',').map(|part| f64::from_str(part.trim())).collect();
    let values = values.map_err(|error| wrong(&error))?;
    let count = values.len();
    if let Some(bad) = values.iter().find(|value| !value.is_finite()) {
        return Err(wrong(&format_args!("{bad} is not finite")));
    }
    values.try_into().map_err(|_| wrong(&format_args!("{count} numbers instead of {N}")))
}

fn failed(error: &DeviceError) -> Failure {
    Failure::new(error, Some(error.hint()))
}
