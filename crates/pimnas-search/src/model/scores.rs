//! Ranks, their normal scores, and their agreement.

/// Kendall's τ-b of two lists of figures: 1 where they order alike, −1 where they order in
/// reverse; 0 where one of them has no order.
#[must_use]
pub fn kendall(one: &[f64], other: &[f64]) -> f64 {
    let (mut agree, mut ties_one, mut ties_other, mut pairs) = (0_i64, 0_i64, 0_i64, 0_i64);
    let count = one.len().min(other.len());
    for first in 0..count {
        for second in first + 1..count {
            let a = one[first].total_cmp(&one[second]) as i64;
            let b = other[first].total_cmp(&other[second]) as i64;
            pairs += 1;
            agree += a * b;
            ties_one += i64::from(a == 0);
            ties_other += i64::from(b == 0);
        }
    }
    let scale = ((pairs - ties_one) as f64 * (pairs - ties_other) as f64).sqrt();
    if scale == 0.0 { 0.0 } else { agree as f64 / scale }
}

/// Normal scores of figures (Blom): the quantile of the standard normal distribution at each
/// one's rank; equal figures share the mean of their ranks. The scale of figures does not matter
/// then, and a long tail of bad ones does not hide differences among the good.
#[must_use]
pub fn normal_scores(figures: &[f64]) -> Vec<f64> {
    let count = figures.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| figures[a].total_cmp(&figures[b]));
    let mut scores = vec![0.0; count];
    let mut start = 0;
    while start < count {
        let alike = |&&index: &&usize| figures[index] == figures[order[start]];
        let length = order[start..].iter().take_while(alike).count().max(1);
        let rank = start as f64 + (length as f64 + 1.0) / 2.0;
        let score = normal_quantile((rank - 0.375) / (count as f64 + 0.25));
        for &index in &order[start..start + length] {
            scores[index] = score;
        }
        start += length;
    }
    scores
}

/// Probability that a standard normal variable is below a value.
pub(super) fn normal_below(value: f64) -> f64 {
    0.5 * erfc(-value / std::f64::consts::SQRT_2)
}

/// Complementary error function: the rational approximation 7.1.26 of Abramowitz and Stegun has
/// too large a relative error in the tail, where improvements are compared; this is the
/// continued fraction there, and the series near 0.
fn erfc(value: f64) -> f64 {
    const TERMS: u32 = 60;
    let size = value.abs();
    let positive = if size < 2.0 {
        // Series of the error function.
        let mut term = size;
        let mut sum = size;
        for n in 1..TERMS {
            term *= -size * size / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        1.0 - sum * 2.0 / std::f64::consts::PI.sqrt()
    } else {
        let mut fraction = 0.0;
        for n in (1..TERMS).rev() {
            fraction = f64::from(n) / 2.0 / (size + fraction);
        }
        (-size * size).exp() / ((size + fraction) * std::f64::consts::PI.sqrt())
    };
    if value < 0.0 { 2.0 - positive } else { positive }
}

/// The value below which a standard normal variable is with that probability, by bisection.
fn normal_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if normal_below(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_has_known_values() {
        assert_eq!(kendall(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 1.0);
        assert_eq!(kendall(&[1.0, 2.0, 3.0], &[6.0, 5.0, 4.0]), -1.0);
        // One of three pairs is tied in the first: 2 / sqrt(2 · 3).
        let tied = kendall(&[1.0, 1.0, 3.0], &[4.0, 5.0, 6.0]);
        assert!((tied - 2.0 / 6.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }

    #[test]
    fn the_normal_distribution_has_known_values() {
        for (value, below) in
            [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (-3.0, 0.001_349_898_031_630_09)]
        {
            assert!((normal_below(value) / below - 1.0_f64).abs() < 1e-9, "{value}");
        }
        // Where series and fraction meet.
        assert!((erfc(1.999_999_999) / erfc(2.0) - 1.0).abs() < 1e-7);
        assert!((normal_quantile(0.975) - 1.959_963_984_540_05).abs() < 1e-9);
    }

    #[test]
    fn scores_are_symmetric_and_shared_by_equals() {
        let scores = normal_scores(&[5.0, 1.0, 3.0, 3.0, -2.0]);
        assert!((scores[0] + scores[4]).abs() < 1e-12);
        assert_eq!(scores[2], scores[3]);
        assert!(scores[4] < scores[1] && scores[1] < scores[2] && scores[2] < scores[0]);
    }
}
