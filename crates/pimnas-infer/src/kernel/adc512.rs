//! ADC conversions in registers: AVX-512.
//!
//! Sums arrive as 16-bit numbers of the even and of the odd positions; running sums of weighted
//! codes are four vectors of every fourth position.

use std::arch::x86_64::*;

use super::LANES;
use super::convert::{Clamps, Rounding};
use super::portable::ROUNDING;

/// Sums of 64 positions as 16-bit numbers: of the even and of the odd ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub even: __m512i,
    pub odd: __m512i,
}

impl Pair {
    // SAFETY: all bits 0 are a value of a register.
    pub const ZERO: Self = unsafe { std::mem::zeroed() };

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn plus(self, number: __m512i) -> Self {
        let [even, odd] = [self.even, self.odd].map(|sums| _mm512_add_epi16(sums, number));
        Self { even, odd }
    }

    /// The numbers in the order of positions.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn numbers(&self) -> [i32; LANES] {
        let (even, odd) = (halves(self.even), halves(self.odd));
        std::array::from_fn(|place| {
            i32::from(if place % 2 == 0 { even[place / 2] } else { odd[place / 2] })
        })
    }
}

/// The 16-bit numbers of a register.
#[inline]
#[target_feature(enable = "avx512f")]
fn halves(register: __m512i) -> [i16; LANES / 2] {
    let mut numbers = [0; LANES / 2];
    // SAFETY: the array has the size of the register.
    unsafe { _mm512_storeu_si512(numbers.as_mut_ptr().cast(), register) };
    numbers
}

/// What selects the lower and the upper half of 32 bits by products.
pub(super) const SELECT: [i32; 2] = [1, 1 << 16];

/// The constants of an ADC.
pub(super) struct Adc {
    least: __m512i,
    largest: __m512i,
    factor: __m512,
    rounding: __m512,
    limit: __m512,
    clamps: Clamps,
}

impl Adc {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn new(rounding: &Rounding) -> Self {
        // Sums of this layout are 16-bit numbers.
        let largest = rounding.largest.min(i32::from(i16::MAX)) as i16;
        Self {
            least: _mm512_set1_epi16(-largest),
            largest: _mm512_set1_epi16(largest),
            factor: _mm512_set1_ps(rounding.factor),
            rounding: _mm512_set1_ps(ROUNDING),
            limit: _mm512_set1_ps(rounding.limit),
            clamps: rounding.clamps,
        }
    }

    /// The codes of 16 of the clamped sums, those of the even or the odd halves, which `select`
    /// tells, more than [`ROUNDING`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    pub fn rounded(&self, clamped: __m512i, select: __m512i) -> __m512 {
        let number = _mm512_cvtepi32_ps(_mm512_madd_epi16(clamped, select));
        let mut scaled = _mm512_mul_ps(number, self.factor);
        if self.clamps == Clamps::Codes {
            let least = _mm512_sub_ps(_mm512_setzero_ps(), self.limit);
            scaled = _mm512_min_ps(_mm512_max_ps(scaled, least), self.limit);
        }
        _mm512_add_ps(scaled, self.rounding)
    }

    /// The same as bits: the code is in the low half, the high half is any number.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn codes(&self, clamped: __m512i, select: __m512i) -> __m512i {
        _mm512_castps_si512(self.rounded(clamped, select))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn clamped(&self, sums: __m512i) -> __m512i {
        _mm512_max_epi16(_mm512_min_epi16(sums, self.largest), self.least)
    }

    /// Adds the weighted codes of 64 sums to four vectors of running sums. The upper weight is 0.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    pub fn add(&self, pair: Pair, weights: __m512i, sums: &mut [i32]) {
        let places = sums.as_chunks_mut::<{ LANES / 4 }>().0;
        for (odd, sums) in [pair.even, pair.odd].into_iter().enumerate() {
            let clamped = self.clamped(sums);
            for (half, select) in SELECT.into_iter().enumerate() {
                let codes = self.codes(clamped, _mm512_set1_epi32(select));
                add_products(&mut places[2 * half + odd], codes, weights);
            }
        }
    }

    /// The same for two sums of each position.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    pub fn add_two(&self, pairs: [Pair; 2], weights: __m512i, sums: &mut [i32]) {
        let places = sums.as_chunks_mut::<{ LANES / 4 }>().0;
        let [low, high] = pairs;
        for (odd, sums) in [[low.even, high.even], [low.odd, high.odd]].into_iter().enumerate() {
            let clamped = [self.clamped(sums[0]), self.clamped(sums[1])];
            for (half, select) in SELECT.into_iter().enumerate() {
                let low = self.codes(clamped[0], _mm512_set1_epi32(select));
                let high = self.codes(clamped[1], _mm512_set1_epi32(select));
                let upper = _mm512_slli_epi32::<16>(high);
                let both = _mm512_mask_blend_epi16(0x5555_5555, upper, low);
                add_products(&mut places[2 * half + odd], both, weights);
            }
        }
    }
}

/// Two weights, for the lower and the upper halves.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn pair_of(low: i16, high: i16) -> __m512i {
    _mm512_set1_epi32(i32::from(low as u16) | i32::from(high) << 16)
}

/// Adds the products of both halves to 16 running sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
fn add_products(place: &mut [i32; LANES / 4], codes: __m512i, weights: __m512i) {
    // SAFETY: a place has the size of a register.
    unsafe {
        let sum = _mm512_loadu_si512(place.as_ptr().cast());
        let sum = _mm512_dpwssd_epi32(sum, codes, weights);
        _mm512_storeu_si512(place.as_mut_ptr().cast(), sum);
    }
}
