//! The normal distribution.

use std::f32::consts::TAU;

/// 2^-32, the distance of neighbouring uniform numbers.
const STEP: f64 = 1.0 / 4_294_967_296.0;

/// Two independent standard normal numbers from two uniform words (Box and Muller, 1958).
///
/// The functions are those of `libm`, so that the numbers are the same on every machine.
#[inline]
pub(crate) fn normal_pair(radius: u32, angle: u32) -> (f32, f32) {
    // Centres of the steps: never 0, never 1.
    let uniform = ((f64::from(radius) + 0.5) * STEP) as f32;
    let radius = (-2.0 * libm::logf(uniform.min(1.0))).sqrt();
    // 24 bits of the angle are what a float holds.
    let angle = (angle >> 8) as f32 * (TAU / 16_777_216.0);
    let (sine, cosine) = libm::sincosf(angle);
    (radius * cosine, radius * sine)
}

/// The probability that a standard normal number is at most `x`.
pub(crate) fn cumulative(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extreme_words_give_finite_numbers() {
        for radius in [0, 1, u32::MAX] {
            for angle in [0, 1 << 30, u32::MAX] {
                let (first, second) = normal_pair(radius, angle);
                assert!(first.is_finite() && second.is_finite());
                assert!(first.abs() < 6.8 && second.abs() < 6.8);
            }
        }
    }

    #[test]
    fn the_cumulative_probability_has_its_tabulated_values() {
        for (x, expected) in [(0.0, 0.5), (1.0, 0.841_344_746), (-1.959_963_985, 0.025)] {
            assert!((cumulative(x) - expected).abs() < 1e-8, "{x}");
        }
    }
}
