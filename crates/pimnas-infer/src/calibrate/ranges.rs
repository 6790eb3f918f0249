//! Full ranges of values.

use thiserror::Error;

/// Bins of a histogram: percentiles are exact to the largest magnitude over these.
const BINS: usize = 8192;
/// Standard deviations that the published simulator's training covers.
const DEVIATIONS: f64 = 3.0;

/// A share of the values in percent: above 0, at most 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percentile(f64);

/// A percentile outside of 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("a percentile of {0} is not above 0 and at most 100")]
pub struct BadPercentile(pub f64);

impl Percentile {
    /// That many percent.
    ///
    /// # Errors
    /// [`BadPercentile`] outside of 0 (exclusive) to 100.
    pub fn new(percent: f64) -> Result<Self, BadPercentile> {
        if percent > 0.0 && percent <= 100.0 {
            Ok(Self(percent))
        } else {
            Err(BadPercentile(percent))
        }
    }
}

/// How a full range follows from values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RangeRule {
    /// The largest magnitude.
    Max,
    /// The magnitude that this share of the values does not exceed; the rest saturates.
    Percentile(Percentile),
    /// The published simulator's rule: min(max |x|, 3σ + |mean|).
    ThreeDeviations,
}

impl RangeRule {
    /// The full range of these values.
    pub(super) fn of(self, values: &[f32]) -> f64 {
        let mut range = Range::default();
        range.add(values);
        match self {
            Self::Max => range.largest(),
            Self::ThreeDeviations => range.three_deviations(),
            Self::Percentile(percentile) => {
                let mut histogram = Histogram::new(range.largest());
                histogram.add(values);
                histogram.at(percentile)
            }
        }
    }
}

/// Moments of values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Range {
    largest: f64,
    /// Number, sum, and sum of squares.
    count: f64,
    sum: f64,
    squares: f64,
}

impl Range {
    pub fn add(&mut self, values: &[f32]) {
        for &value in values {
            let value = f64::from(value);
            // NaN must not be lost.
            if value.is_nan() {
                self.largest = f64::INFINITY;
            } else {
                self.largest = self.largest.max(value.abs());
            }
            self.sum += value;
            self.squares += value * value;
        }
        self.count += values.len() as f64;
    }

    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// min(max |x|, 3σ + |mean|), σ with n − 1.
    pub fn three_deviations(&self) -> f64 {
        if self.count < 2.0 {
            return self.largest;
        }
        let mean = self.sum / self.count;
        let variance = (self.squares - self.sum * mean).max(0.0) / (self.count - 1.0);
        self.largest.min(DEVIATIONS * variance.sqrt() + mean.abs())
    }
}

/// Magnitudes counted in bins of equal width.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    largest: f64,
    counts: Vec<u64>,
}

impl Histogram {
    /// For magnitudes up to the largest.
    pub fn new(largest: f64) -> Self {
        Self { largest, counts: vec![0; BINS] }
    }

    pub fn add(&mut self, values: &[f32]) {
        let per_bin = if self.largest > 0.0 { BINS as f64 / self.largest } else { 0.0 };
        for &value in values {
            let bin = (f64::from(value).abs() * per_bin) as usize;
            if let Some(count) = self.counts.get_mut(bin.min(BINS - 1)) {
                *count += 1;
            }
        }
    }

    /// The upper edge of the bin up to which that share of the values lies.
    pub fn at(&self, Percentile(percent): Percentile) -> f64 {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total as f64 * percent / 100.0).ceil() as u64;
        let mut counted = 0;
        for (bin, count) in (1_u32..).zip(&self.counts) {
            counted += count;
            if counted >= wanted {
                return self.largest * f64::from(bin) / BINS as f64;
            }
        }
        self.largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentile(percent: f64) -> RangeRule {
        RangeRule::Percentile(Percentile::new(percent).unwrap())
    }

    #[test]
    fn the_largest_magnitude_counts_both_signs() {
        assert_eq!(RangeRule::Max.of(&[1.0, -3.0, 2.0]), 3.0);
        assert_eq!(RangeRule::Max.of(&[]), 0.0);
        assert_eq!(RangeRule::Max.of(&[f32::NAN, 1.0]), f64::INFINITY);
    }

    #[test]
    fn a_percentile_leaves_the_largest_out() {
        let values: Vec<f32> = (1..=100).map(|value| value as f32).collect();
        for (percent, expected) in [(100.0, 100.0), (99.0, 99.0), (50.0, 50.0)] {
            let found = percentile(percent).of(&values);
            assert!((found - expected).abs() <= 100.0 / BINS as f64, "{percent}: {found}");
        }
        assert!(Percentile::new(0.0).is_err() && Percentile::new(100.1).is_err());
        assert!(Percentile::new(f64::NAN).is_err());
    }

    #[test]
    fn three_deviations_are_those_of_the_quantisers() {
        let values: Vec<f32> =
            (0..1000).map(|i| if i == 7 { 50.0 } else { (i % 5) as f32 }).collect();
        let expected = f64::from(crate::quantise::dynamic_scale(&values));
        assert!((RangeRule::ThreeDeviations.of(&values) - expected).abs() < 1e-5);
    }
}
