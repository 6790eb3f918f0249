//! Drift: conductances that fall after programming.

use crate::error::{DeviceError, NOT_NEGATIVE, POSITIVE, check};

/// Power law G(t) = G(t₀) · (t / t₀)^-ν, each cell with its own ν, normally distributed and at
/// least 0 (Ielmini et al., IEEE Trans. Electron Devices 54, 2007).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Mean of ν.
    pub exponent: f64,
    /// Standard deviation of ν from cell to cell, absolute.
    pub deviation: f64,
    /// Time since programming, s.
    pub seconds: f64,
    /// Time t₀ after programming at which cells have their programmed conductance, s.
    pub reference_seconds: f64,
}

impl Drift {
    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        check("the drift exponent", self.exponent, NOT_NEGATIVE)?;
        check("the deviation of the drift exponent", self.deviation, NOT_NEGATIVE)?;
        check("the reference time of the drift", self.reference_seconds, POSITIVE)?;
        let late = (self.reference_seconds..=f64::MAX, "before the reference time of the drift");
        check("the time since programming", self.seconds, late)
    }

    /// What the conductance of a cell with that standard normal number is multiplied by.
    pub(crate) fn factor(&self, normal: f64) -> f64 {
        let exponent = (self.exponent + self.deviation * normal).max(0.0);
        libm::exp(-exponent * libm::log(self.seconds / self.reference_seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(seconds: f64) -> Drift {
        Drift { exponent: 0.05, deviation: 0.01, seconds, reference_seconds: 20.0 }
    }

    #[test]
    fn nothing_drifts_until_the_reference_time() {
        assert_eq!(drift(20.0).factor(1.7), 1.0);
    }

    #[test]
    fn each_decade_takes_the_same_share() {
        let decade = 10_f64.powf(-0.06);
        assert!((drift(200.0).factor(1.0) - decade).abs() < 1e-12);
        assert!((drift(2000.0).factor(1.0) - decade * decade).abs() < 1e-12);
    }

    #[test]
    fn later_conducts_less_and_nothing_conducts_more_than_programmed() {
        for normal in [-9.0, -2.0, 0.0, 2.0] {
            let mut last = 1.0;
            for seconds in [20.0, 40.0, 3600.0, 1e6, 1e9] {
                let factor = drift(seconds).factor(normal);
                assert!(factor <= last && factor > 0.0);
                last = factor;
            }
        }
    }

    #[test]
    fn times_before_the_reference_are_refused() {
        assert!(drift(19.0).check().is_err());
        assert!(drift(f64::INFINITY).check().is_err());
        assert!(drift(20.0).check().is_ok());
    }
}
