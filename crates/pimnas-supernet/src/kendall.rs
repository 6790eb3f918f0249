//! Agreement of two rankings.

/// Kendall's τ-b of pairs of numbers: from −1 (reversed order) to 1 (the same order), ties
/// accounted for; `None` where all numbers of a side are equal or there are fewer than two pairs.
#[must_use]
pub fn kendall_tau(pairs: &[(f64, f64)]) -> Option<f64> {
    let (mut agree, mut one_tied, mut other_tied) = (0_i64, 0_i64, 0_i64);
    let mut count = 0_i64;
    for (index, &(a, b)) in pairs.iter().enumerate() {
        for &(c, d) in &pairs[..index] {
            let (x, y) = (sign(a - c), sign(b - d));
            agree += x * y;
            one_tied += i64::from(x == 0);
            other_tied += i64::from(y == 0);
            count += 1;
        }
    }
    let scale = ((count - one_tied) as f64 * (count - other_tied) as f64).sqrt();
    (scale > 0.0).then(|| agree as f64 / scale)
}

fn sign(value: f64) -> i64 {
    i64::from(value > 0.0) - i64::from(value < 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_rankings() {
        let of = |other: &[f64]| {
            let pairs: Vec<_> = (0..).map(f64::from).zip(other.iter().copied()).collect();
            kendall_tau(&pairs)
        };
        assert_eq!(of(&[1.0, 2.0, 3.0]), Some(1.0));
        assert_eq!(of(&[3.0, 2.0, 1.0]), Some(-1.0));
        // scipy.stats.kendalltau([0, 1, 2, 3, 4], [12, 2, 1, 12, 2]) = -0.447213595…
        let found = of(&[12.0, 2.0, 1.0, 12.0, 2.0]).unwrap();
        let by_hand = -2.0 / (10.0_f64 * 8.0).sqrt();
        assert!((found - by_hand).abs() < 1e-12, "{found}");
        assert_eq!(of(&[1.0, 1.0]), None);
    }
}
