//! Values of ADC codes in registers: AVX-512.
//!
//! Most sums are far below what a full crossbar could have, so that most codes are near 0: a
//! permutation of two registers looks their values up. Where any code of 64 is not, values are
//! computed operation by operation.

use std::arch::x86_64::*;

use super::LANES;
use super::adc512::{Adc, Pair, SELECT};
use super::convert::{NEAR, Near};
use super::portable::ROUNDING;
use crate::adc::{Transfer, Values};

/// Numbers in a register.
const WIDTH: usize = 16;
/// Registers of the positions of a panel.
const REGISTERS: usize = LANES / WIDTH;

/// An ADC whose values are added up as floats.
pub(super) struct NearAdc<'a> {
    adc: Adc,
    /// Values of the codes near 0.
    values: [__m512; NEAR / WIDTH],
    /// Largest sum whose code is near 0.
    largest: __m512i,
    transfer: &'a Transfer,
}

impl<'a> NearAdc<'a> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn new(near: &Near, transfer: &'a Transfer) -> Self {
        let values = [load(&near.values[..WIDTH]), load(&near.values[WIDTH..])];
        // Sums of this layout are 16-bit numbers.
        let largest = near.largest.min(i32::from(i16::MAX)) as i16;
        let largest = _mm512_set1_epi16(largest);
        Self { adc: Adc::new(&near.rounding), values, largest, transfer }
    }

    /// Adds values times factors, one array after another, to the sums of 64 positions.
    ///
    /// Products with the factors are exact ([`Near`]), so that adding them in one instruction
    /// rounds as often as in two.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    pub fn add<'b>(&self, pairs: impl Iterator<Item = (&'b Pair, &'b f32)>, sums: &mut [f32]) {
        let mut turned = apart(sums);
        for (pair, &factor) in pairs {
            let factor = _mm512_set1_ps(factor);
            let pair = [pair.even, pair.odd].map(|sums| self.adc.clamped(sums));
            let magnitudes = pair.map(|sums| _mm512_abs_epi16(sums));
            let most = _mm512_max_epi16(magnitudes[0], magnitudes[1]);
            let near = _mm512_cmpgt_epi16_mask(most, self.largest) == 0;
            for (half, select) in SELECT.into_iter().enumerate() {
                for (odd, sums) in pair.into_iter().enumerate() {
                    let rounded = self.adc.rounded(sums, _mm512_set1_epi32(select));
                    let values = if near { self.look_up(rounded) } else { self.compute(rounded) };
                    let place = &mut turned[2 * half + odd];
                    *place = _mm512_fmadd_ps(values, factor, *place);
                }
            }
        }
        together(turned, sums);
    }

    /// The lowest bits are the code's.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn look_up(&self, rounded: __m512) -> __m512 {
        let [low, high] = self.values;
        _mm512_permutex2var_ps(low, _mm512_castps_si512(rounded), high)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn compute(&self, rounded: __m512) -> __m512 {
        let code = _mm512_sub_ps(rounded, _mm512_set1_ps(ROUNDING));
        match self.transfer.values {
            Values::Power(power) => _mm512_mul_ps(code, _mm512_set1_ps(power)),
            Values::Stepwise(steps) => {
                let product = [steps.full, steps.unit, steps.weight_step, steps.input_step]
                    .into_iter()
                    .fold(code, |product, step| _mm512_mul_ps(product, _mm512_set1_ps(step)));
                let quotient = _mm512_div_ps(product, _mm512_set1_ps(steps.divisor));
                _mm512_mul_ps(quotient, _mm512_set1_ps(steps.top))
            }
        }
    }
}

/// Every fourth of 64 numbers: those from 0, 1, 2 and 3 on.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn apart(sums: &[f32]) -> [__m512; REGISTERS] {
    let sums: [__m512; REGISTERS] = std::array::from_fn(|i| load(&sums[i * WIDTH..][..WIDTH]));
    let every_fourth = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0);
    std::array::from_fn(|from| {
        let index = _mm512_add_epi32(every_fourth, _mm512_set1_epi32(from as i32));
        let low = _mm512_permutex2var_ps(sums[0], index, sums[1]);
        let high = _mm512_permutex2var_ps(sums[2], index, sums[3]);
        _mm512_insertf32x8::<1>(low, _mm512_castps512_ps256(high))
    })
}

/// Undoes [`apart`].
#[inline]
#[target_feature(enable = "avx512f")]
fn together(turned: [__m512; REGISTERS], sums: &mut [f32]) {
    let [a, b, c, d] = turned;
    // Position 4·i + j is number i of register j: of a and b the places 0 and 1 of each four, of
    // c and d the places 2 and 3.
    let first = _mm512_setr_epi32(0, 16, 0, 0, 1, 17, 0, 0, 2, 18, 0, 0, 3, 19, 0, 0);
    for (register, sums) in sums.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
        let index = _mm512_add_epi32(first, _mm512_set1_epi32(4 * register as i32));
        let low = _mm512_permutex2var_ps(a, index, b);
        let high = _mm512_permutex2var_ps(c, index, d);
        // The pair of each four moves to its upper half.
        let high = _mm512_castpd_ps(_mm512_movedup_pd(_mm512_castps_pd(high)));
        let all = _mm512_mask_blend_ps(0xcccc, low, high);
        // SAFETY: a chunk has the size of a register.
        unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), all) };
    }
}

/// Loads a register's worth of numbers.
#[inline]
#[target_feature(enable = "avx512f")]
fn load(values: &[f32]) -> __m512 {
    assert!(values.len() >= WIDTH);
    // SAFETY: the values have at least the size of a register.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}
