//! Stuck-at faults: cells that do not react to programming.

use crate::error::{DeviceError, FRACTION, check};

/// Shares of the cells that are stuck, each cell on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StuckAt {
    /// Share stuck at the high-resistance state, 0 to 1.
    pub high_resistance: f64,
    /// Share stuck at the low-resistance state, 0 to 1.
    pub low_resistance: f64,
}

/// A fault of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    HighResistance,
    LowResistance,
}

impl StuckAt {
    /// From percentages (`Device_SAF`).
    #[must_use]
    pub fn percent(high_resistance: f64, low_resistance: f64) -> Self {
        Self { high_resistance: high_resistance / 100.0, low_resistance: low_resistance / 100.0 }
    }

    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        check("the share of cells stuck at HRS", self.high_resistance, FRACTION)?;
        check("the share of cells stuck at LRS", self.low_resistance, FRACTION)?;
        let both = self.high_resistance + self.low_resistance;
        check("the share of stuck cells", both, FRACTION)
    }

    /// The fault, if any, of a cell with that uniform number.
    pub(crate) fn fault(&self, uniform: f64) -> Option<Fault> {
        if uniform < self.high_resistance {
            Some(Fault::HighResistance)
        } else if uniform >= 1.0 - self.low_resistance {
            Some(Fault::LowResistance)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_interval_are_stuck() {
        let stuck = StuckAt::percent(9.0, 1.0);
        assert_eq!(stuck.fault(0.0), Some(Fault::HighResistance));
        assert_eq!(stuck.fault(0.0899), Some(Fault::HighResistance));
        assert_eq!((stuck.fault(0.09), stuck.fault(0.9899)), (None, None));
        assert_eq!(stuck.fault(0.9901), Some(Fault::LowResistance));
        assert_eq!(StuckAt::percent(0.0, 0.0).fault(0.0), None);
    }

    #[test]
    fn more_than_all_cells_cannot_be_stuck() {
        assert!(StuckAt::percent(60.0, 50.0).check().is_err());
        assert!(StuckAt::percent(-1.0, 0.0).check().is_err());
        assert!(StuckAt::percent(f64::NAN, 0.0).check().is_err());
        assert!(StuckAt::percent(99.0, 1.0).check().is_ok());
    }
}
