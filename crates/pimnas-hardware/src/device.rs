//! The memristive device: power of one cell while it is read.

use pimnas_config::hardware::Device;
use pimnas_units::Watts;

/// Share of cells taken to be at the low-resistance end in the mean resistance of a cell.
/// Source: constant of the reference simulator's device model.
const LRS_SHARE: f64 = 0.67;
/// Share of cells taken to be at the high-resistance end. Source: as [`LRS_SHARE`].
const HRS_SHARE: f64 = 0.33;
/// Share of reads at the lowest voltage in the mean square. Source: as [`LRS_SHARE`].
const LOW_VOLTAGE_SHARE: f64 = 0.9;
/// Share of reads at the highest voltage. Source: as [`LRS_SHARE`].
const HIGH_VOLTAGE_SHARE: f64 = 0.1;

/// First and last of a list of figures (equal for one figure, 0 for none).
fn ends(values: impl ExactSizeIterator<Item = f64> + DoubleEndedIterator + Clone) -> (f64, f64) {
    (values.clone().next().unwrap_or(0.0), values.clone().next_back().unwrap_or(0.0))
}

/// Resistances of the highest and the lowest level, Ω.
pub(crate) fn resistance_ends(device: &Device) -> (f64, f64) {
    ends(device.resistances.iter().map(|r| r.0))
}

/// Lowest and highest read voltage, V.
pub(crate) fn voltage_ends(device: &Device) -> (f64, f64) {
    ends(device.read_voltages.iter().map(|v| v.0))
}

/// Mean square of the read voltage, V².
fn mean_square_voltage(device: &Device) -> f64 {
    let (low, high) = voltage_ends(device);
    LOW_VOLTAGE_SHARE * (low * low) + HIGH_VOLTAGE_SHARE * (high * high)
}

/// Power of a cell of mean resistance while it is read: ⟨V²⟩ / R̄ with the harmonic mean
/// R̄ = R_hrs·R_lrs / (0.67·R_lrs + 0.33·R_hrs).
#[must_use]
pub fn mean_read_power(device: &Device) -> Watts {
    let (hrs, lrs) = resistance_ends(device);
    let mean = hrs * lrs / (lrs * LRS_SHARE + hrs * HRS_SHARE);
    Watts(mean_square_voltage(device) / mean)
}

/// Power of a cell at the high-resistance state while it is read.
#[must_use]
pub fn hrs_read_power(device: &Device) -> Watts {
    let (hrs, _) = resistance_ends(device);
    Watts(mean_square_voltage(device) / hrs)
}
