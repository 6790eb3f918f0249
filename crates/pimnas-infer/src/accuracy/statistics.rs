//! What a few draws say of all hardware, and a few images of all images.

/// Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom (Abramowitz and Stegun,
/// Handbook of Mathematical Functions, table 26.10).
const STUDENT: [f64; 30] = [
    12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004,
    2.262_157, 2.228_139, 2.200_985, 2.178_813, 2.160_369, 2.144_787, 2.131_450, 2.119_905,
    2.109_816, 2.100_922, 2.093_024, 2.085_963, 2.079_614, 2.073_873, 2.068_658, 2.063_899,
    2.059_539, 2.055_529, 2.051_831, 2.048_407, 2.045_230, 2.042_272,
];
/// The same of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// An interval of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Mean, spread and worst of the accuracies of independent draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Number of draws.
    pub draws: usize,
    /// Mean accuracy, 0 to 1.
    pub mean: f64,
    /// Standard deviation over draws (with n − 1); 0 of a single draw.
    pub deviation: f64,
    /// The lowest accuracy of a draw.
    pub worst: f64,
    /// 95 % confidence interval of the mean over draws (Student's t), cut to 0 to 1; none of a
    /// single draw.
    pub interval: Option<Interval>,
}

impl Summary {
    /// The summary of these accuracies; `None` without any.
    #[must_use]
    pub fn of(accuracies: &[f64]) -> Option<Self> {
        let draws = accuracies.len();
        let worst = accuracies.iter().copied().reduce(f64::min)?;
        let mean = accuracies.iter().sum::<f64>() / draws as f64;
        let squares: f64 = accuracies.iter().map(|value| (value - mean).powi(2)).sum();
        let freedom = draws - 1;
        let deviation = if freedom == 0 { 0.0 } else { (squares / freedom as f64).sqrt() };
        let interval = student(freedom).map(|t| {
            let half = t * deviation / (draws as f64).sqrt();
            Interval { low: (mean - half).max(0.0), high: (mean + half).min(1.0) }
        });
        Some(Self { draws, mean, deviation, worst, interval })
    }
}

/// The two-sided 95 % point of Student's t; `None` for no degree of freedom. Beyond the table the
/// expansion in 1/ν of Abramowitz and Stegun, 26.7.5, whose error there is below 1e-6.
fn student(freedom: usize) -> Option<f64> {
    if let Some(&point) = STUDENT.get(freedom.checked_sub(1)?) {
        return Some(point);
    }
    let (x, v) = (NORMAL, freedom as f64);
    let first = (x.powi(3) + x) / 4.0;
    let second = (5.0 * x.powi(5) + 16.0 * x.powi(3) + 3.0 * x) / 96.0;
    let third = (3.0 * x.powi(7) + 19.0 * x.powi(5) + 17.0 * x.powi(3) - 15.0 * x) / 384.0;
    Some(x + first / v + second / v.powi(2) + third / v.powi(3))
}

/// Wilson's 95 % interval of a share that was found among so many images: what the choice of the
/// images leaves open. (Wilson, Journal of the American Statistical Association 22, 1927.)
#[must_use]
pub fn wilson(share: f64, images: usize) -> Interval {
    if images == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, z) = (images as f64, NORMAL);
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let spread = (share * (1.0 - share) / n + z * z / (4.0 * n * n)).max(0.0).sqrt();
    let half = z * spread / (1.0 + z * z / n);
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_by_hand() {
        // Mean 0.8, deviation sqrt(0.02 / 2) = 0.1; t(2) = 4.3027.
        let summary = Summary::of(&[0.7, 0.8, 0.9]).unwrap();
        let interval = summary.interval.unwrap();
        assert!((summary.mean - 0.8).abs() < 1e-12);
        assert!((summary.deviation - 0.1).abs() < 1e-12);
        assert!((interval.low - (0.8 - 4.302_653 * 0.1 / 3_f64.sqrt())).abs() < 1e-9);
        assert_eq!((summary.worst, interval.high), (0.7, 1.0));
    }

    #[test]
    fn one_draw_has_no_interval_and_none_no_summary() {
        let one = Summary::of(&[0.9]).unwrap();
        assert_eq!((one.deviation, one.interval), (0.0, None));
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn beyond_the_table_students_t_goes_on_smoothly() {
        // Published points: t(31) = 2.039513, t(60) = 2.000298, t(120) = 1.979930.
        for (freedom, point) in [(31, 2.039_513), (60, 2.000_298), (120, 1.979_930)] {
            assert!((student(freedom).unwrap() - point).abs() < 2e-6, "{freedom}");
        }
        assert!((student(1_000_000).unwrap() - NORMAL).abs() < 1e-5);
    }

    #[test]
    fn wilsons_interval_by_hand_and_at_the_ends() {
        // 81 of 263: 0.2553 to 0.3662 (Newcombe, Statistics in Medicine 17, 1998).
        let interval = wilson(81.0 / 263.0, 263);
        assert!((interval.low - 0.2553).abs() < 1e-4 && (interval.high - 0.3662).abs() < 1e-4);
        assert_eq!(wilson(0.0, 20).low, 0.0);
        assert!(wilson(0.0, 20).high > 0.1);
        assert_eq!(wilson(1.0, 20).high, 1.0);
        assert_eq!(wilson(0.5, 0), Interval { low: 0.0, high: 1.0 });
    }
}
