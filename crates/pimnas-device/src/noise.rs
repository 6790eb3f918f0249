//! Read noise: currents that differ from read to read.

use crate::error::{DeviceError, NOT_NEGATIVE, check};

/// Fluctuation of each cell's current at each read, independent from read to read and normally
/// distributed, in proportion to the current.
///
/// The sum of a column then has normal noise of variance σ² · Σ (x·G)² over its cells, which is
/// what is drawn: the distribution is exact, and one number a column does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadNoise {
    /// Standard deviation σ as a share of the cell's current.
    pub relative: f64,
}

impl ReadNoise {
    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        check("the relative read noise", self.relative, NOT_NEGATIVE)
    }
}
