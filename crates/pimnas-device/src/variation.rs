//! Variation: conductances after programming spread around their levels.

use crate::error::{DeviceError, NOT_NEGATIVE, check};
use crate::normal::cumulative;

/// 1/√(2π): what a half normal distribution adds to the mean, in deviations.
const HALF_NORMAL_MEAN: f64 = 0.398_942_280_401_432_7;
/// A Gaussian resistance is at least this share of its level: it cannot be 0 or negative.
const LEAST_RESISTANCE: f64 = 0.05;

/// What is distributed how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariationLaw {
    /// The resistance: R = R_k · (1 + σ·n), at least 5 % of R_k. The published simulator's
    /// `Device_Variation` is such a σ.
    GaussianResistance,
    /// The conductance: G = G_k + s·n, at least 0.
    GaussianConductance,
    /// The logarithm of the conductance: G = G_k · exp(τ·n - τ²/2) with τ² = ln(1 + (s/G_k)²), so
    /// that mean and deviation are G_k and s.
    LogNormal,
}

/// How far the cells of each level spread.
#[derive(Clone, Debug, PartialEq)]
pub enum Deviations {
    /// Standard deviation as a share of the level's value: s = σ · G_k.
    Relative(f64),
    /// Standard deviation of each level, from HRS to LRS, as a share of the conductance of the low-
    /// resistance state.
    PerLevel(Vec<LevelDeviation>),
}

/// Deviation of a level below and above its mean, each that of the half of the distribution on its
/// side of the median. The distribution is shifted so that its mean is the level's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelDeviation {
    /// Below.
    pub low: f64,
    /// Above.
    pub high: f64,
}

impl LevelDeviation {
    /// The same on both sides.
    #[must_use]
    pub const fn symmetric(deviation: f64) -> Self {
        Self { low: deviation, high: deviation }
    }
}

/// Variation of the programmed conductance from cell to cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Variation {
    /// The distribution.
    pub law: VariationLaw,
    /// Its deviation at each level.
    pub deviations: Deviations,
}

impl Variation {
    /// That law with a deviation of so many percent of each level's value.
    #[must_use]
    pub fn percent(law: VariationLaw, percent: f64) -> Self {
        Self { law, deviations: Deviations::Relative(percent / 100.0) }
    }

    /// Law of each level with these nominal conductances, the last of which is `top`.
    pub(crate) fn levels(&self, nominal: &[f64], top: f64) -> Result<Vec<LevelLaw>, DeviceError> {
        let deviation = |level: usize| match &self.deviations {
            Deviations::Relative(share) => Ok(LevelDeviation::symmetric(share * nominal[level])),
            Deviations::PerLevel(levels) => levels
                .get(level)
                .map(|d| LevelDeviation { low: d.low * top, high: d.high * top })
                .ok_or(DeviceError::TooFewLevels {
                    what: "the list of deviations",
                    found: levels.len(),
                    bits: nominal.len().ilog2(),
                    expected: nominal.len(),
                }),
        };
        if let Deviations::Relative(share) = self.deviations {
            check("the relative deviation", share, NOT_NEGATIVE)?;
        }
        let law = |(level, &mean): (usize, &f64)| {
            let deviation = deviation(level)?;
            check("the deviation below a level", deviation.low, NOT_NEGATIVE)?;
            check("the deviation above a level", deviation.high, NOT_NEGATIVE)?;
            Ok(LevelLaw::new(self.law, mean, deviation))
        };
        nominal.iter().enumerate().map(law).collect()
    }
}

/// The distribution of one level: base + n·slope, or base·exp(n·slope), or base / (1 + n·slope).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LevelLaw {
    law: VariationLaw,
    base: f64,
    low: f64,
    high: f64,
}

impl LevelLaw {
    fn new(law: VariationLaw, mean: f64, LevelDeviation { low, high }: LevelDeviation) -> Self {
        // A level that does not conduct has no logarithm and no finite resistance.
        if mean <= 0.0 && law != VariationLaw::GaussianConductance {
            return Self {
                law: VariationLaw::GaussianConductance,
                base: mean,
                low: 0.0,
                high: 0.0,
            };
        }
        match law {
            VariationLaw::GaussianConductance => {
                let base = mean - (high - low) * HALF_NORMAL_MEAN;
                Self { law, base, low, high }
            }
            VariationLaw::LogNormal => {
                let exponent = |deviation: f64| (deviation / mean).powi(2).ln_1p().sqrt();
                let (low, high) = (exponent(low), exponent(high));
                // The mean of exp(slope·n): each half of the distribution adds its own.
                let below = libm::exp(low * low / 2.0) * cumulative(-low);
                let above = libm::exp(high * high / 2.0) * cumulative(high);
                Self { law, base: mean / (below + above), low, high }
            }
            VariationLaw::GaussianResistance => {
                // A larger resistance is a smaller conductance.
                Self { law, base: mean, low: high / mean, high: low / mean }
            }
        }
    }

    /// As [`LevelLaw::conductance`], and a Gaussian resistance may come out small or negative.
    pub fn unbounded_conductance(&self, normal: f64) -> f64 {
        match self.law {
            VariationLaw::GaussianResistance => {
                let slope = if normal < 0.0 { self.low } else { self.high };
                self.base / (1.0 + normal * slope)
            }
            VariationLaw::GaussianConductance | VariationLaw::LogNormal => self.conductance(normal),
        }
    }

    /// The conductance at a standard normal number.
    pub fn conductance(&self, normal: f64) -> f64 {
        let step = normal * if normal < 0.0 { self.low } else { self.high };
        match self.law {
            VariationLaw::GaussianConductance => (self.base + step).max(0.0),
            VariationLaw::LogNormal => self.base * libm::exp(step),
            VariationLaw::GaussianResistance => self.base / (1.0 + step).max(LEAST_RESISTANCE),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{ArrayPlace, Draw, Purpose, Seed, Streams};

    const COUNT: usize = 100_000;

    fn sample(law: &LevelLaw) -> Vec<f64> {
        let mut numbers = vec![0.0; COUNT];
        let streams = Streams::new(Seed(11), Draw(0));
        streams.stream(Purpose::Variation, ArrayPlace::default()).normals(0, &mut numbers);
        numbers.iter().map(|&n| law.conductance(f64::from(n))).collect()
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (mean, (square / (values.len() - 1) as f64).sqrt())
    }

    #[rstest]
    #[case(VariationLaw::GaussianConductance, 0.1)]
    #[case(VariationLaw::LogNormal, 0.1)]
    #[case(VariationLaw::LogNormal, 0.5)]
    fn mean_and_deviation_are_those_stated(#[case] law: VariationLaw, #[case] share: f64) {
        let variation = Variation { law, deviations: Deviations::Relative(share) };
        for (level, law) in variation.levels(&[0.0, 1.0, 2.0, 3.0], 3.0).unwrap().iter().enumerate()
        {
            let expected = level as f64;
            let (mean, deviation) = moments(&sample(law));
            let error = share * expected / (COUNT as f64).sqrt();
            assert!((mean - expected).abs() <= 4.0 * error, "{level}: {mean}");
            assert!((deviation - share * expected).abs() <= 10.0 * error, "{level}: {deviation}");
        }
    }

    #[test]
    fn a_gaussian_resistance_has_that_deviation() {
        let variation = Variation::percent(VariationLaw::GaussianResistance, 5.0);
        let law = &variation.levels(&[0.0, 2.0], 2.0).unwrap()[1];
        let resistances: Vec<f64> = sample(law).iter().map(|g| 1.0 / g).collect();
        let (mean, deviation) = moments(&resistances);
        assert!((mean - 0.5).abs() < 4.0 * 0.025 / (COUNT as f64).sqrt());
        assert!((deviation - 0.025).abs() < 4.0 * 0.025 / (2.0 * COUNT as f64).sqrt());
    }

    #[rstest]
    #[case(VariationLaw::GaussianConductance)]
    #[case(VariationLaw::LogNormal)]
    fn an_asymmetric_level_keeps_its_mean(#[case] law: VariationLaw) {
        let deviations = Deviations::PerLevel(vec![LevelDeviation { low: 0.02, high: 0.1 }; 2]);
        let laws = Variation { law, deviations }.levels(&[0.5, 1.0], 1.0).unwrap();
        let values = sample(&laws[1]);
        let (mean, _) = moments(&values);
        assert!((mean - 1.0).abs() < 4.0 * 0.1 / (COUNT as f64).sqrt(), "{mean}");
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[(share * COUNT as f64) as usize];
        let (below, above) = (at(0.5) - at(0.158_655), at(0.841_345) - at(0.5));
        assert!((above / below - 5.0).abs() < 0.5, "{below} {above}");
    }

    #[test]
    fn no_conductance_is_negative_or_infinite() {
        for law in [
            VariationLaw::GaussianConductance,
            VariationLaw::GaussianResistance,
            VariationLaw::LogNormal,
        ] {
            let variation = Variation::percent(law, 80.0);
            for law in variation.levels(&[0.0, 1.0], 1.0).unwrap() {
                let values = sample(&law);
                assert!(values.iter().all(|value| value.is_finite() && *value >= 0.0));
            }
        }
    }

    #[test]
    fn bad_deviations_are_refused() {
        let bad = Variation::percent(VariationLaw::LogNormal, -1.0);
        assert!(bad.levels(&[0.0, 1.0], 1.0).is_err());
        let short = Deviations::PerLevel(vec![LevelDeviation::symmetric(0.1)]);
        let short = Variation { law: VariationLaw::LogNormal, deviations: short };
        assert!(short.levels(&[0.0, 1.0], 1.0).is_err());
    }
}
