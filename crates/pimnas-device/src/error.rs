//! What can be wrong with the description of a device.

use thiserror::Error;

/// Why cells cannot be computed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum DeviceError {
    /// A figure outside of its range.
    #[error("{what} is {value}, which is {why}")]
    BadFigure {
        /// Which figure.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        why: &'static str,
    },
    /// Fewer levels than the digits of a cell.
    #[error("{what} lists {found} levels; cells of {bits} bits hold {expected}")]
    TooFewLevels {
        /// Where they are listed.
        what: &'static str,
        /// Levels listed.
        found: usize,
        /// Bits of a cell.
        bits: u32,
        /// Levels needed.
        expected: usize,
    },
    /// Levels that do not rise.
    #[error("{what}: level {level} does not conduct better than the level before it")]
    LevelsDoNotRise {
        /// Where they are listed.
        what: &'static str,
        /// The level.
        level: usize,
    },
    /// An array whose network could not be solved to the tolerance.
    #[error(
        "IR drop of a {rows}×{columns} array: residual {residual:e} after {iterations} iterations"
    )]
    NotConverged {
        /// Word lines.
        rows: usize,
        /// Bit lines.
        columns: usize,
        /// Relative residual of Kirchhoff's current law.
        residual: f64,
        /// Iterations made.
        iterations: usize,
    },
}

impl DeviceError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadFigure { .. } => "give a figure of that range",
            Self::TooFewLevels { .. } => "list every level, from the high to the low resistance",
            Self::LevelsDoNotRise { .. } => {
                "list the levels from the high to the low resistance, each once"
            }
            Self::NotConverged { .. } => {
                "check for wire resistances far above the cells' resistance, or allow a larger error"
            }
        }
    }
}

/// Checks that a figure is finite and in a range.
pub(crate) fn check(
    what: &'static str,
    value: f64,
    (range, why): (std::ops::RangeInclusive<f64>, &'static str),
) -> Result<(), DeviceError> {
    if range.contains(&value) && value.is_finite() {
        Ok(())
    } else {
        Err(DeviceError::BadFigure { what, value, why })
    }
}

/// From 0 to 1.
pub(crate) const FRACTION: (std::ops::RangeInclusive<f64>, &str) = (0.0..=1.0, "not from 0 to 1");
/// Not negative.
pub(crate) const NOT_NEGATIVE: (std::ops::RangeInclusive<f64>, &str) =
    (0.0..=f64::MAX, "not a finite figure from 0 on");
/// Above 0.
pub(crate) const POSITIVE: (std::ops::RangeInclusive<f64>, &str) =
    (f64::MIN_POSITIVE..=f64::MAX, "not a finite figure above 0");
