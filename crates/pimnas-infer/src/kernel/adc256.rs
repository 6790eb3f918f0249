//! ADC conversions in registers: AVX2.
//!
//! Sums arrive as 16-bit numbers of the even and of the odd positions of 32; running sums of weighted
//! codes are four vectors of every fourth position.

use std::arch::x86_64::*;

use super::LANES;
use super::convert::{Clamps, Rounding};
use super::portable::ROUNDING;

/// Positions whose sums as bytes are a register.
pub(super) const SPAN: usize = 32;
/// 32-bit numbers in a register.
const WIDTH: usize = 8;

/// Sums of [`SPAN`] positions as 16-bit numbers: of the even and of the odd ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub even: __m256i,
    pub odd: __m256i,
}

impl Pair {
    // SAFETY: all bits 0 are a value of a register.
    pub const ZERO: Self = unsafe { std::mem::zeroed() };

    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn plus(self, number: __m256i) -> Self {
        let [even, odd] = [self.even, self.odd].map(|sums| _mm256_add_epi16(sums, number));
        Self { even, odd }
    }
}

/// The numbers of a panel in the order of positions.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn numbers(pairs: &[Pair; LANES / SPAN]) -> [i32; LANES] {
    let pairs = pairs.map(|pair| [halves(pair.even), halves(pair.odd)]);
    std::array::from_fn(|place| i32::from(pairs[place / SPAN][place % 2][place % SPAN / 2]))
}

/// The 16-bit numbers of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn halves(register: __m256i) -> [i16; SPAN / 2] {
    let mut numbers = [0; SPAN / 2];
    // SAFETY: the array has the size of the register.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), register) };
    numbers
}

/// The constants of an ADC.
pub(super) struct Adc {
    least: __m256i,
    largest: __m256i,
    factor: __m256,
    rounding: __m256,
    /// Least and largest code.
    limits: [__m256; 2],
    clamps: Clamps,
}

impl Adc {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn new(rounding: &Rounding) -> Self {
        // Sums of this layout are 16-bit numbers.
        let largest = rounding.largest.min(i32::from(i16::MAX)) as i16;
        Self {
            least: _mm256_set1_epi16(-largest),
            largest: _mm256_set1_epi16(largest),
            factor: _mm256_set1_ps(rounding.factor),
            rounding: _mm256_set1_ps(ROUNDING),
            limits: [_mm256_set1_ps(-rounding.limit), _mm256_set1_ps(rounding.limit)],
            clamps: rounding.clamps,
        }
    }

    /// Adds the codes of 32 sums times a weight ([`weight_of`]) to four vectors of running sums.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub fn add(&self, pair: Pair, weight: __m256i, sums: &mut [i32; SPAN]) {
        let places = sums.as_chunks_mut::<WIDTH>().0;
        for (odd, sums) in [pair.even, pair.odd].into_iter().enumerate() {
            let clamped = _mm256_max_epi16(_mm256_min_epi16(sums, self.largest), self.least);
            let upper = _mm256_srai_epi32::<16>(clamped);
            let lower = _mm256_srai_epi32::<16>(_mm256_slli_epi32::<16>(clamped));
            for (half, numbers) in [lower, upper].into_iter().enumerate() {
                let codes = self.codes(numbers);
                add_products(&mut places[2 * half + odd], codes, weight);
            }
        }
    }

    /// The codes of eight sums in the lower halves of the numbers.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn codes(&self, numbers: __m256i) -> __m256i {
        let mut scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(numbers), self.factor);
        if self.clamps == Clamps::Codes {
            let [least, largest] = self.limits;
            scaled = _mm256_min_ps(_mm256_max_ps(scaled, least), largest);
        }
        _mm256_castps_si256(_mm256_add_ps(scaled, self.rounding))
    }
}

/// A weight for the lower halves: the upper halves of the codes' bits are no part of them.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn weight_of(weight: i16) -> __m256i {
    _mm256_set1_epi32(i32::from(weight as u16))
}

/// Adds the products of the halves to eight running sums.
#[inline]
#[target_feature(enable = "avx2")]
fn add_products(place: &mut [i32; WIDTH], codes: __m256i, weights: __m256i) {
    // SAFETY: a place has the size of a register.
    unsafe {
        let sum = _mm256_loadu_si256(place.as_ptr().cast());
        let sum = _mm256_add_epi32(sum, _mm256_madd_epi16(codes, weights));
        _mm256_storeu_si256(place.as_mut_ptr().cast(), sum);
    }
}
