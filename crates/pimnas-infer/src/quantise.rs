//! Symmetric quantisation: integer codes of a sign and a magnitude, a step between neighbours.

/// 1.5·2²³: adding and subtracting it rounds a float of magnitude up to 2²² to an integer, half
/// to even, in instructions that every processor has.
const ROUNDING: f32 = 12_582_912.0;
/// Standard deviations that the scale of a tensor covers.
const COVERED_DEVIATIONS: f64 = 3.0;

/// Largest code of that many bits, sign included: 2^(bits-1) - 1.
pub(crate) fn max_code(bits: u32) -> f32 {
    ((1_u64 << (bits.clamp(1, 32) - 1)) - 1) as f32
}

/// Steps of a quantiser in a unit of its values: limit / scale, rounded as the reference does,
/// which multiplies with the rounded reciprocal of the scale.
pub(crate) fn steps_per_unit(limit: f32, scale: f32) -> f32 {
    1.0 / scale * limit
}

/// The nearest integer, half to even, for magnitudes up to 2²².
#[inline(always)]
pub(crate) fn round_even(value: f32) -> f32 {
    (value + ROUNDING) - ROUNDING
}

/// The code of a value: round(value · multiply), at most `limit` in magnitude. For an integer
/// limit it is the same to clamp before rounding, which keeps the rounding in its range.
#[inline(always)]
pub(crate) fn code(scaled: f32, limit: f32) -> f32 {
    round_even(scaled.max(-limit).min(limit))
}

/// The full range of a tensor that states none: min(max |x|, 3σ + |mean|).
pub(crate) fn dynamic_scale(values: &[f32]) -> f32 {
    let largest = values.iter().fold(0_f32, |largest, value| largest.max(value.abs()));
    if values.len() < 2 {
        return largest;
    }
    let count = values.len() as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    largest.min((COVERED_DEVIATIONS * deviation + mean.abs()) as f32)
}

/// Quantises in place with a full range: each value becomes a multiple of scale / max code.
pub(crate) fn quantise(values: &mut [f32], bits: u32, scale: f32) {
    let limit = max_code(bits);
    let factor = steps_per_unit(limit, scale);
    for value in values {
        *value = code(*value * factor, limit) / factor;
    }
}

/// Integer codes of weights: round(w / step), clamped.
pub(crate) fn weight_codes(weights: &[f32], step: f32, bits: u32) -> Vec<i32> {
    let limit = max_code(bits);
    weights.iter().map(|&weight| code(weight / step, limit) as i32).collect()
}

/// Digits of `digit_bits` bits that a magnitude of `bits - 1` bits takes.
pub(crate) fn digits(bits: u32, digit_bits: u32) -> u32 {
    bits.saturating_sub(1).div_ceil(digit_bits.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for (value, expected) in [(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, 0.0), (-2.5, -2.0)] {
            assert_eq!(round_even(value), expected);
        }
        for value in [4_194_303.5_f32, -4_194_303.5, 2.499_999_8, 126.500_01] {
            assert_eq!(round_even(value), value.round_ties_even());
        }
    }

    #[test]
    fn codes_stop_at_the_limit() {
        assert_eq!(code(1e30, 127.0), 127.0);
        assert_eq!(code(-127.6, 127.0), -127.0);
        assert_eq!(code(126.5, 127.0), 126.0);
        assert_eq!(code(127.5, 127.0), 127.0);
    }

    #[test]
    fn the_scale_is_the_largest_value_or_three_deviations() {
        // Deviation of (-1, 1) with n - 1: sqrt(2).
        assert_eq!(dynamic_scale(&[-1.0, 1.0]), 1.0);
        let mut outlier = vec![0.0; 9999];
        outlier.push(100.0);
        let expected = 3.0 * (100.0_f64.powi(2) * 0.9999 / 9999.0).sqrt() + 0.01;
        assert!((f64::from(dynamic_scale(&outlier)) - expected).abs() < 1e-5);
    }

    #[test]
    fn quantised_values_are_multiples_of_the_step() {
        let mut values = [0.3, -0.26, 2.0];
        quantise(&mut values, 3, 1.5);
        assert_eq!(values, [0.5, -0.5, 1.5]);
    }

    #[test]
    fn a_magnitude_fills_its_digits_from_the_bottom() {
        assert_eq!((digits(9, 2), digits(9, 3), digits(9, 8), digits(2, 8)), (4, 3, 1, 1));
    }
}
