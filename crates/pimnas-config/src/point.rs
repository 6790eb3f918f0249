//! [`HardwarePoint`]: the hardware decisions of a search, written into a configuration.

use crate::diagnostic::{Diagnostic, DiagnosticCode, Diagnostics};
use crate::document::Origin;
use crate::raw::RawConfig;
use crate::registry as keys;
use crate::registry::Key;
use crate::value::{Value, interpret};

/// Word lines that share a DAC.
const ROWS_A_DAC: u32 = 4;
/// Bit lines that share an ADC.
const COLUMNS_AN_ADC: u32 = 32;
/// Largest crossbar side.
const MAX_SIDE: u32 = 65_536;

/// Resistances for 1, 2, 3 and 4 bits a cell, Ω: equally spaced conductances above an off state of
/// 10 MΩ. Source: the recorded cases of the reference; two bits are its published configuration.
const RESISTANCES: [&str; 4] = [
    "1e7,5000",
    "1e7,10000,5000,3333",
    "1e7,70000,35000,23333,17500,14000,11667,10000",
    "1e7,150000,75000,50000,37500,30000,25000,21428,\
     18750,16666,15000,13636,12500,11538,10714,10000",
];

/// The hardware decisions of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HardwarePoint {
    /// Rows and columns of a crossbar; a multiple of 32.
    pub xbar_size: u32,
    /// Number of a published DAC, 1 to 6.
    pub dac_choice: u8,
    /// Number of a published ADC, 1 to 7.
    pub adc_choice: u8,
    /// Bits that a cell stores, 1 to 4.
    pub cell_bit: u8,
}

impl HardwarePoint {
    /// `base` with this point written into it: square crossbars, a DAC for every 4 rows, an ADC
    /// for every 32 columns, the converters, and 2^bits resistance levels. The resistances of
    /// `base` stay where it has that many already; so does everything else.
    ///
    /// # Errors
    /// A decision out of its range, or a size that the converters do not divide.
    pub fn apply(&self, base: &RawConfig) -> Result<RawConfig, Diagnostics> {
        let size = self.xbar_size;
        if size == 0
            || size > MAX_SIDE
            || !size.is_multiple_of(ROWS_A_DAC)
            || !size.is_multiple_of(COLUMNS_AN_ADC)
        {
            return Err(bad("xbar_size", size, "a multiple of 32, from 32 to 65536"));
        }
        if !(1..=6).contains(&self.dac_choice) {
            return Err(bad("dac_choice", self.dac_choice.into(), "1 to 6"));
        }
        if !(1..=7).contains(&self.adc_choice) {
            return Err(bad("adc_choice", self.adc_choice.into(), "1 to 7"));
        }
        let table = usize::from(self.cell_bit).checked_sub(1).and_then(|i| RESISTANCES.get(i));
        let Some(&table) = table else {
            return Err(bad("cell_bit", self.cell_bit.into(), "1 to 4"));
        };
        let levels = 1_u32 << self.cell_bit;
        let mut config = base.clone();
        let mut write =
            |key: &Key, value: &str| config.assign(&key.path(), value, Origin::HardwarePoint);
        write(&keys::XBAR_SIZE, &format!("{size},{size}"))?;
        write(&keys::DAC_NUM, &(size / ROWS_A_DAC).to_string())?;
        write(&keys::ADC_NUM, &(size / COLUMNS_AN_ADC).to_string())?;
        write(&keys::DAC_CHOICE, &self.dac_choice.to_string())?;
        write(&keys::ADC_CHOICE, &self.adc_choice.to_string())?;
        write(&keys::DEVICE_LEVEL, &levels.to_string())?;
        if !lists_levels(base, levels) {
            write(&keys::DEVICE_RESISTANCE, table)?;
        }
        Ok(config)
    }
}

/// Whether a configuration has resistances for so many levels.
fn lists_levels(base: &RawConfig, levels: u32) -> bool {
    let key = &keys::DEVICE_RESISTANCE;
    let value = base.get(key.section, key.name).map(|text| interpret(key, text));
    match value {
        Some(Ok(Value::Figures(figures))) => figures.len() == levels as usize,
        Some(Ok(Value::Unset | Value::Word(_)) | Err(_)) | None => false,
    }
}

fn bad(decision: &str, value: u32, allowed: &str) -> Diagnostics {
    let message = format!("the decision `{decision}` is {value}, which is not allowed");
    let mut problem = Diagnostic::error(DiagnosticCode::OutOfRange, message)
        .with_hint(format!("allowed: {allowed}"));
    problem.allowed = Some(allowed.to_owned());
    problem.into()
}
