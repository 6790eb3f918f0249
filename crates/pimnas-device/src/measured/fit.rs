//! How well laws describe a measured device.

use super::MeasuredLevel;
use crate::normal::cumulative;
use crate::variation::VariationLaw;

/// A straight line through the means of the levels: the ideal cell's equal steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearFit {
    /// Step from level to level.
    pub step: f64,
    /// Conductance of level 0 on the line.
    pub offset: f64,
    /// Share of the means' variance that the line explains, at most 1.
    pub r_squared: f64,
    /// Root mean square distance of the means from the line.
    pub rms_error: f64,
}

/// A distribution with the samples' parameters, against the samples of a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleFit {
    /// Kolmogorov–Smirnov distance: the largest difference of the cumulative distributions.
    pub kolmogorov_smirnov: f64,
    /// Logarithm of the likelihood, a sample.
    pub log_likelihood: f64,
}

/// One level; conductances in the unit of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelReport {
    /// The level.
    pub level: usize,
    /// Mean conductance.
    pub mean: f64,
    /// Mean of the deviations below and above, as a share of the mean.
    pub relative_deviation: f64,
    /// Deviation above over deviation below.
    pub asymmetry: f64,
    /// Distance of the mean from the straight line, in its steps.
    pub nonlinearity: f64,
    /// Distance to the next level over the deviations between them; none for the last level.
    pub separation: Option<f64>,
    /// Measured cells; 0 if the table only has their mean and deviation.
    pub samples: usize,
    /// Normal distribution of the conductance; none without samples.
    pub normal: Option<SampleFit>,
    /// Normal distribution of its logarithm; none without samples or with samples of 0.
    pub log_normal: Option<SampleFit>,
}

/// How well laws describe a measured device.
#[derive(Clone, Debug, PartialEq)]
pub struct FitReport {
    /// Each level.
    pub levels: Vec<LevelReport>,
    /// The straight line through the means.
    pub linear: LinearFit,
    /// Largest over smallest mean conductance.
    pub on_off_ratio: f64,
    /// The law that makes the samples of all levels more likely; none without samples.
    pub better_law: Option<VariationLaw>,
}

impl FitReport {
    pub(super) fn new(levels: &[MeasuredLevel]) -> Self {
        let linear = line(levels);
        let reports: Vec<LevelReport> =
            (0..levels.len()).map(|level| report(levels, level, &linear)).collect();
        let total = |fit: fn(&LevelReport) -> Option<SampleFit>| -> Option<f64> {
            reports
                .iter()
                .map(|level| Some(fit(level)?.log_likelihood * level.samples as f64))
                .sum()
        };
        let better_law = match (total(|level| level.normal), total(|level| level.log_normal)) {
            (Some(normal), Some(log_normal)) if log_normal > normal => {
                Some(VariationLaw::LogNormal)
            }
            (Some(_), _) => Some(VariationLaw::GaussianConductance),
            (None, _) => None,
        };
        let mean = |level: Option<&MeasuredLevel>| level.map_or(f64::NAN, |level| level.mean);
        let on_off_ratio = mean(levels.last()) / mean(levels.first());
        Self { levels: reports, linear, on_off_ratio, better_law }
    }
}

fn report(levels: &[MeasuredLevel], level: usize, linear: &LinearFit) -> LevelReport {
    let MeasuredLevel { mean, deviation_low, deviation_high, ref samples } = levels[level];
    let separation = levels
        .get(level + 1)
        .map(|next| (next.mean - mean) / (deviation_high + next.deviation_low));
    let positive = samples.first().is_some_and(|&least| least > 0.0);
    let spread = deviation_low > 0.0;
    LevelReport {
        level,
        mean,
        relative_deviation: (deviation_low + deviation_high) / 2.0 / mean,
        asymmetry: deviation_high / deviation_low,
        nonlinearity: (mean - linear.offset - linear.step * level as f64) / linear.step,
        separation,
        samples: samples.len(),
        normal: (spread && !samples.is_empty()).then(|| fit(samples, 0.0)),
        log_normal: (spread && positive).then(|| {
            let logarithms: Vec<f64> = samples.iter().map(|&value| libm::log(value)).collect();
            let jacobian = logarithms.iter().sum::<f64>() / samples.len() as f64;
            fit(&logarithms, jacobian)
        }),
    }
}

/// A normal distribution against ascending samples; `jacobian` is the mean logarithm of what a
/// change of variables stretched them by.
fn fit(samples: &[f64], jacobian: f64) -> SampleFit {
    let (mean, deviation) = moments(samples);
    let count = samples.len() as f64;
    let mut distance = 0.0_f64;
    for (index, sample) in samples.iter().enumerate() {
        let expected = cumulative((sample - mean) / deviation);
        let (below, above) = (index as f64 / count, (index + 1) as f64 / count);
        distance = distance.max((expected - below).abs()).max((above - expected).abs());
    }
    // The likelihood is largest with the deviation over n, not n - 1.
    let variance = deviation * deviation * (count - 1.0) / count;
    let log_likelihood = -0.5 * (libm::log(std::f64::consts::TAU * variance) + 1.0) - jacobian;
    SampleFit { kolmogorov_smirnov: distance, log_likelihood }
}

/// Least squares of the means over the levels.
fn line(levels: &[MeasuredLevel]) -> LinearFit {
    let count = levels.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = levels.iter().map(|level| level.mean).sum::<f64>() / count;
    let (mut squares, mut products, mut variance) = (0.0, 0.0, 0.0);
    for (index, level) in levels.iter().enumerate() {
        let (x, y) = (index as f64 - middle, level.mean - mean);
        squares += x * x;
        products += x * y;
        variance += y * y;
    }
    let step = products / squares;
    let unexplained = (variance - step * products).max(0.0);
    LinearFit {
        step,
        offset: mean - step * middle,
        r_squared: 1.0 - unexplained / variance,
        rms_error: (unexplained / count).sqrt(),
    }
}

/// Mean and standard deviation (over n - 1).
pub(super) fn moments(samples: &[f64]) -> (f64, f64) {
    let count = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}
