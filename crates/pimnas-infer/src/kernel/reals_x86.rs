//! Sums of real-valued cells with AVX2 and AVX-512: accumulators stay in registers.

use std::arch::x86_64::*;

use super::product::Onto;
use super::reals::{BLOCK, Chain, SPAN, Span};

/// Outputs that fit the sixteen registers of AVX2.
const PART: usize = 4;

/// A chain's sums of a block.
#[target_feature(enable = "avx512f,fma")]
pub(super) fn sum_avx512(chain: &Chain<'_>, sums: &mut [f32]) {
    for (index, span) in chain.inputs.spans(&chain.rows).enumerate() {
        let (sums, cells) = (&mut sums[index * SPAN..], chain.cells);
        match chain.width {
            4 => span_avx512(chain, cells.as_chunks::<4>().0, &span, sums),
            8 => span_avx512(chain, cells.as_chunks::<8>().0, &span, sums),
            _ => span_avx512(chain, cells.as_chunks::<BLOCK>().0, &span, sums),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,fma")]
fn span_avx512<const W: usize>(
    chain: &Chain<'_>,
    cells: &[[f32; W]],
    span: &Span<'_>,
    sums: &mut [f32],
) {
    let mut chains = [_mm512_setzero_ps(); W];
    for (&row, digits) in span.rows.iter().zip(span.digits) {
        let cells = &cells[row as usize];
        // SAFETY: a span's digits have the size of a register.
        let digits = unsafe { _mm512_loadu_ps(digits.as_ptr()) };
        for (chain, &cell) in chains.iter_mut().zip(cells) {
            *chain = _mm512_fmadd_ps(_mm512_set1_ps(cell), digits, *chain);
        }
    }
    for (output, mut sum) in chains.into_iter().enumerate() {
        let place = &mut sums[output * chain.lanes..output * chain.lanes + SPAN];
        // SAFETY: the place has the size of a register.
        unsafe {
            if chain.onto == Onto::Result {
                sum = _mm512_add_ps(_mm512_loadu_ps(place.as_ptr()), sum);
            }
            _mm512_storeu_ps(place.as_mut_ptr(), sum);
        }
    }
}

/// As [`sum_avx512`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn sum_avx2(chain: &Chain<'_>, sums: &mut [f32]) {
    for (index, span) in chain.inputs.spans(&chain.rows).enumerate() {
        for first in (0..chain.width).step_by(PART) {
            let (sums, cells) = (&mut sums[first * chain.lanes + index * SPAN..], chain.cells);
            match chain.width {
                4 => part_avx2(chain, (cells.as_chunks::<4>().0, first), &span, sums),
                8 => part_avx2(chain, (cells.as_chunks::<8>().0, first), &span, sums),
                _ => part_avx2(chain, (cells.as_chunks::<BLOCK>().0, first), &span, sums),
            }
        }
    }
}

/// The sums of the part of a block that begins with its output `first`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn part_avx2<const W: usize>(
    chain: &Chain<'_>,
    (cells, first): (&[[f32; W]], usize),
    span: &Span<'_>,
    sums: &mut [f32],
) {
    let mut chains = [[_mm256_setzero_ps(); 2]; PART];
    for (&row, digits) in span.rows.iter().zip(span.digits) {
        let cells = &cells[row as usize][first..first + PART];
        // SAFETY: a span's digits have the size of two registers.
        let digits = unsafe {
            [_mm256_loadu_ps(digits.as_ptr()), _mm256_loadu_ps(digits.as_ptr().add(SPAN / 2))]
        };
        for (chains, &cell) in chains.iter_mut().zip(cells) {
            let cell = _mm256_set1_ps(cell);
            chains[0] = _mm256_fmadd_ps(cell, digits[0], chains[0]);
            chains[1] = _mm256_fmadd_ps(cell, digits[1], chains[1]);
        }
    }
    for (output, chains) in chains.into_iter().enumerate() {
        let place = &mut sums[output * chain.lanes..output * chain.lanes + SPAN];
        for (place, mut sum) in place.as_chunks_mut::<{ SPAN / 2 }>().0.iter_mut().zip(chains) {
            // SAFETY: the place has the size of a register.
            unsafe {
                if chain.onto == Onto::Result {
                    sum = _mm256_add_ps(_mm256_loadu_ps(place.as_ptr()), sum);
                }
                _mm256_storeu_ps(place.as_mut_ptr(), sum);
            }
        }
    }
}
