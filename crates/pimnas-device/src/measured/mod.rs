//! Measured devices: levels and deviations from a table instead of a law.
//!
//! The table is CSV text with a heading, one of
//! - `level,mean,deviation`, or `level,mean,deviation_low,deviation_high` for deviations that differ
//!   below and above the mean: one line a level;
//! - `level,conductance`: one line a measured cell, from which means, deviations and the fit of
//!   distributions follow.
//!
//! Levels count from 0, the high-resistance state. Conductances are in any one unit. Lines that
//! begin with `#` are skipped.

mod fit;
mod read;

pub use fit::{FitReport, LevelReport, LinearFit, SampleFit};
pub use read::{MeasuredError, MeasuredProblem};

use crate::error::DeviceError;
use crate::levels::{CellBits, OnOffRatio};
use crate::variation::{Deviations, LevelDeviation, Variation, VariationLaw};

/// What was measured of one level; conductances in the unit of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredLevel {
    /// Mean conductance.
    pub mean: f64,
    /// Standard deviation below the mean.
    pub deviation_low: f64,
    /// Standard deviation above the mean.
    pub deviation_high: f64,
    /// Conductance of each measured cell, if the table has them, ascending.
    pub samples: Vec<f64>,
}

/// A device as measured: its levels from the high- to the low-resistance state, each conducting
/// better than the one before it.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredDevice {
    levels: Vec<MeasuredLevel>,
}

impl MeasuredDevice {
    /// Reads a table.
    ///
    /// # Errors
    /// [`MeasuredError`] with all problems of the table and their lines.
    pub fn from_csv(text: &[u8]) -> Result<Self, MeasuredError> {
        read::read(text).map(|levels| Self { levels })
    }

    /// The levels.
    #[must_use]
    pub fn levels(&self) -> &[MeasuredLevel] {
        &self.levels
    }

    /// Levels and variation of cells of so many bits. Of more levels than they need, those closest
    /// to equal steps between the first and the last are taken.
    ///
    /// # Errors
    /// Too few levels, or levels so uneven that one would serve two digits.
    pub fn for_cells(
        &self,
        bits: CellBits,
        law: VariationLaw,
    ) -> Result<(OnOffRatio, Variation), DeviceError> {
        let chosen = self.choose(bits)?;
        let means: Vec<f64> = chosen.iter().map(|level| level.mean).collect();
        let top = means.last().copied().unwrap_or(1.0);
        let deviation = |level: &&MeasuredLevel| LevelDeviation {
            low: level.deviation_low / top,
            high: level.deviation_high / top,
        };
        let deviations = Deviations::PerLevel(chosen.iter().map(deviation).collect());
        Ok((OnOffRatio::from_conductances(&means)?, Variation { law, deviations }))
    }

    /// How well laws describe the device.
    #[must_use]
    pub fn report(&self) -> FitReport {
        FitReport::new(&self.levels)
    }

    fn choose(&self, bits: CellBits) -> Result<Vec<&MeasuredLevel>, DeviceError> {
        let (found, expected) = (self.levels.len(), bits.levels());
        let (Some(first), Some(last), true) =
            (self.levels.first(), self.levels.last(), found >= expected)
        else {
            let what = "the table of the measured device";
            return Err(DeviceError::TooFewLevels { what, found, bits: bits.0, expected });
        };
        if found == expected {
            return Ok(self.levels.iter().collect());
        }
        let mut chosen: Vec<usize> = Vec::new();
        for digit in 0..expected {
            let target = first.mean + (last.mean - first.mean) * digit as f64 / bits.top();
            let distance = |level: &usize| (self.levels[*level].mean - target).abs();
            let best = (0..found).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0);
            if chosen.contains(&best) {
                let what = "the table of the measured device, taken in equal steps,";
                return Err(DeviceError::LevelsDoNotRise { what, level: digit });
            }
            chosen.push(best);
        }
        Ok(chosen.into_iter().map(|level| &self.levels[level]).collect())
    }
}

#[cfg(test)]
mod tests;
