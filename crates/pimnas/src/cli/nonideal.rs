//! Options that say how cells and converters depart from their ideals.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Hardware;
use crate::device::{
    AdcError, CellBits, DeviceError, DeviceQuirks, Drift, IrDrop, IrDropMethod, MeasuredDevice,
    NonIdealities, OnOffRatio, ReadNoise, StuckAt, Variation, VariationLaw, Wires,
};
use crate::units::Ohms;
use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::output::read_file;

/// The word that switches an effect off.
const OFF: &str = "off";
/// Mean drift exponent and its deviation: cells of phase-change memory at their largest
/// conductance (docs/NONIDEALITIES.md).
const DRIFT: (f64, f64) = (0.049, 0.008);
/// Seconds after programming at which a cell has its programmed conductance, of the same source.
const DRIFT_START: f64 = 20.0;

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
    /// Drift: seconds since programming; mean exponent (0.049), its deviation (0.008) and the
    /// seconds at which it starts (20) may follow
    #[arg(
        long,
        value_name = "SECONDS[,EXPONENT[,DEVIATION[,START]]]|off",
        allow_hyphen_values = true
    )]
    drift: Option<String>,
    /// IR drop along the wires, solved exactly or by the fast approximation; ohms of a segment of
    /// a word line and of a bit line may follow (one for both). Without ohms Wire_Resistance
    #[arg(long, value_name = "exact|fast[,OHM[,OHM]]|off", allow_hyphen_values = true)]
    ir_drop: Option<String>,
    /// Measured devices: levels and their deviations from a CSV file (docs/NONIDEALITIES.md)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["variation", "on_off"])]
    device_levels: Option<PathBuf>,
    /// Law of the measured devices' variation; without it the likelier one, or conductance
    #[arg(long, value_enum, value_name = "LAW", requires = "device_levels")]
    device_law: Option<LawArg>,
    /// Offset of the ADCs, deviation in steps (LSB)
    #[arg(long, value_name = "LSB|off", allow_hyphen_values = true)]
    adc_offset: Option<String>,
    /// Gain error of the ADCs, deviation in %
    #[arg(long, value_name = "PERCENT|off", allow_hyphen_values = true)]
    adc_gain: Option<String>,
}

/// How cells vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LawArg {
    /// Normal distribution of the resistance
    Resistance,
    /// Normal distribution of the conductance
    Conductance,
    /// Log-normal distribution of the conductance
    Lognormal,
}

impl From<LawArg> for VariationLaw {
    fn from(law: LawArg) -> Self {
        match law {
            LawArg::Resistance => Self::GaussianResistance,
            LawArg::Conductance => Self::GaussianConductance,
            LawArg::Lognormal => Self::LogNormal,
        }
    }
}

impl NonIdealArgs {
    /// The measured device, if one is given.
    pub fn measured(&self) -> Result<Option<MeasuredDevice>, Failure> {
        let Some(path) = &self.device_levels else { return Ok(None) };
        let read = MeasuredDevice::from_csv(&read_file(path)?);
        read.map(Some).map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
    }

    /// The effects, over those that the hardware description states.
    pub fn resolve(
        &self,
        hardware: &Hardware,
        (quirks, measured): (DeviceQuirks, Option<&MeasuredDevice>),
    ) -> Result<NonIdealities, Failure> {
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
        if let Some(given) = &self.ir_drop {
            effects.ir_drop = given_or_off(given, |given| ir_drop(given, hardware))?;
        }
        effects.adc = self.adc(hardware)?;
        let bits = CellBits(hardware.device.bits_per_cell());
        if let Some(device) = measured {
            let likelier = || device.report().better_law;
            let law = self.device_law.map(VariationLaw::from).or_else(likelier);
            let law = law.unwrap_or(VariationLaw::GaussianConductance);
            let (levels, variation) =
                device.for_cells(bits, law).map_err(|error| failed(&error))?;
            (effects.on_off, effects.variation) = (Some(levels), Some(variation));
        }
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
    let ((mean, spread), start) = (DRIFT, DRIFT_START);
    let [seconds, exponent, deviation, reference_seconds] = match given.split(',').count() {
        1 => numbers("--drift", given).map(|[seconds]| [seconds, mean, spread, start])?,
        2 => numbers("--drift", given).map(|[seconds, mean]| [seconds, mean, spread, start])?,
        3 => numbers("--drift", given)
            .map(|[seconds, mean, spread]| [seconds, mean, spread, start])?,
        _ => numbers("--drift", given)?,
    };
    Ok(Drift { exponent, deviation, seconds, reference_seconds })
}

fn ir_drop(given: &str, hardware: &Hardware) -> Result<IrDrop, Failure> {
    let (method, ohms) = given.split_once(',').map_or((given, None), |(a, b)| (a, Some(b)));
    let method = match method.trim() {
        "exact" => IrDropMethod::Exact,
        "fast" => IrDropMethod::EqualInputs,
        other => {
            let message = format!("--ir-drop {given}: there is no method `{other}`");
            return Err(Failure::new(message, Some("give exact, fast or off")));
        }
    };
    let stated = hardware.crossbar.wire_resistance;
    let (word_line, bit_line) = match ohms {
        None => (stated, stated),
        Some(ohms) if ohms.contains(',') => {
            numbers("--ir-drop", ohms).map(|[word, bit]| (Ohms(word), Ohms(bit)))?
        }
        Some(ohms) => numbers("--ir-drop", ohms).map(|[both]| (Ohms(both), Ohms(both)))?,
    };
    let (Some(&low_resistance), Some(columns)) =
        (hardware.device.resistances.last(), NonZeroUsize::new(hardware.crossbar.columns as usize))
    else {
        let hint = "give Device_Resistance and Xbar_Size in the hardware description";
        return Err(Failure::new("IR drop needs the cells' resistance", Some(hint)));
    };
    if ohms.is_none() && stated.0 <= 0.0 {
        let message = format!("--ir-drop {given}: Wire_Resistance is 0");
        let hint = "give the ohms of a segment behind the method, such as fast,2.82";
        return Err(Failure::new(message, Some(hint)));
    }
    Ok(IrDrop { wires: Wires { word_line, bit_line }, low_resistance, columns, method })
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
