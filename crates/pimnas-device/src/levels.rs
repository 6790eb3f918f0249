//! Nominal conductances of the levels of a cell.

use pimnas_units::Ohms;

use crate::error::{DeviceError, POSITIVE, check};

/// Bits that a cell stores: its levels are 0 to 2^bits - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellBits(pub u32);

impl CellBits {
    /// Levels of a cell.
    #[must_use]
    pub const fn levels(self) -> usize {
        1 << self.0
    }

    /// The largest digit.
    #[must_use]
    pub fn top(self) -> f64 {
        (self.levels() - 1) as f64
    }
}

/// A finite ratio of the largest to the smallest conductance, and levels that are not equidistant.
///
/// Without it a cell of level k conducts k units: nothing at level 0, and equal steps.
#[derive(Clone, Debug, PartialEq)]
pub struct OnOffRatio {
    /// Conductance of each level, from HRS to LRS, relative to the last one listed, which reads as
    /// the largest digit.
    relative: Vec<f64>,
}

impl OnOffRatio {
    /// From the resistance of each level, HRS first (`Device_Resistance`): G_k / G_lrs.
    ///
    /// # Errors
    /// Resistances that are not positive or do not fall.
    pub fn from_resistances(resistances: &[Ohms]) -> Result<Self, DeviceError> {
        for resistance in resistances {
            check("a resistance level", resistance.0, POSITIVE)?;
        }
        let last = resistances.last().map_or(1.0, |ohms| ohms.0);
        Self::rising(resistances.iter().map(|ohms| last / ohms.0).collect())
    }

    /// From the conductance of each level, HRS first, in any unit.
    ///
    /// # Errors
    /// Conductances that do not rise, or a largest one that is not positive.
    pub fn from_conductances(conductances: &[f64]) -> Result<Self, DeviceError> {
        let last = conductances.last().copied().unwrap_or(0.0);
        check("the conductance of the last level", last, POSITIVE)?;
        Self::rising(conductances.iter().map(|conductance| conductance / last).collect())
    }

    /// Equidistant levels between G_lrs / ratio and G_lrs.
    ///
    /// # Errors
    /// A ratio that is not above 1.
    pub fn linear(ratio: f64, bits: CellBits) -> Result<Self, DeviceError> {
        let above_one = (1.0 + f64::EPSILON..=f64::MAX, "not a finite figure above 1");
        check("the on/off ratio", ratio, above_one)?;
        let off = 1.0 / ratio;
        let level = |k| off + (1.0 - off) * k as f64 / bits.top();
        Ok(Self { relative: (0..bits.levels()).map(level).collect() })
    }

    fn rising(relative: Vec<f64>) -> Result<Self, DeviceError> {
        let what = "the list of levels";
        if relative.len() < 2 {
            let (found, expected) = (relative.len(), 2);
            return Err(DeviceError::TooFewLevels { what, found, bits: 1, expected });
        }
        match relative.windows(2).position(|pair| pair[1] <= pair[0] || pair[0].is_nan()) {
            Some(before) => Err(DeviceError::LevelsDoNotRise { what, level: before + 1 }),
            None => Ok(Self { relative }),
        }
    }

    /// Conductance of each level relative to that of the last.
    #[must_use]
    pub fn relative(&self) -> &[f64] {
        &self.relative
    }

    /// Largest over smallest conductance; infinite where level 0 does not conduct.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.relative.first().map_or(f64::INFINITY, |off| 1.0 / off)
    }
}

/// Conductances of the levels in units of a digit: k, or top · G_k / G_lrs.
pub(crate) fn nominal(ratio: Option<&OnOffRatio>, bits: CellBits) -> Result<Vec<f64>, DeviceError> {
    let Some(ratio) = ratio else {
        return Ok((0..bits.levels()).map(|level| level as f64).collect());
    };
    let found = ratio.relative.len();
    if found < bits.levels() {
        let what = "the list of resistance levels";
        let (bits, expected) = (bits.0, bits.levels());
        return Err(DeviceError::TooFewLevels { what, found, bits, expected });
    }
    Ok(ratio.relative[..bits.levels()].iter().map(|relative| relative * bits.top()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_relative_to_the_low_resistance_state() {
        let ohms = [1e7, 10_000.0, 5000.0, 3333.0].map(Ohms);
        let ratio = OnOffRatio::from_resistances(&ohms).unwrap();
        let levels = nominal(Some(&ratio), CellBits(2)).unwrap();
        for (level, expected) in levels.iter().zip([0.000_999_9, 0.999_9, 1.999_8, 3.0]) {
            assert!((level - expected).abs() < 1e-12, "{level}");
        }
        assert!((ratio.ratio() - 1e7 / 3333.0).abs() < 1e-9);
    }

    #[test]
    fn linear_levels_keep_their_steps() {
        let ratio = OnOffRatio::linear(10.0, CellBits(2)).unwrap();
        let levels = nominal(Some(&ratio), CellBits(2)).unwrap();
        for (level, expected) in levels.iter().zip([0.3, 1.2, 2.1, 3.0]) {
            assert!((level - expected).abs() < 1e-12, "{level}");
        }
    }

    #[test]
    fn bad_levels_are_refused() {
        assert!(OnOffRatio::from_resistances(&[Ohms(1e4), Ohms(2e4)]).is_err());
        assert!(OnOffRatio::from_resistances(&[Ohms(1e4), Ohms(0.0)]).is_err());
        assert!(OnOffRatio::from_conductances(&[0.0, f64::NAN]).is_err());
        assert!(OnOffRatio::from_conductances(&[1.0]).is_err());
        assert!(OnOffRatio::linear(1.0, CellBits(1)).is_err());
        let two = OnOffRatio::from_conductances(&[0.1, 1.0]).unwrap();
        assert!(nominal(Some(&two), CellBits(2)).is_err());
    }
}
