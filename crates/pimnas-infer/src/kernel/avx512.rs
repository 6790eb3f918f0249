//! AVX-512: byte products by `vpdpbusd`, population counts by `vpopcntq`.

use std::arch::x86_64::*;

use super::packed::Data;
use super::portable::{Columns, each, plain};
use super::{Call, LANES, Sums};

/// Numbers of 32 bits in a register.
const WIDTH: usize = 16;
/// Registers of the positions of a panel.
const REGISTERS: usize = LANES / WIDTH;
/// Numbers of 64 bits in a register.
const WORDS: usize = 8;

/// Adds the call's values to the sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq,fma")]
pub(super) fn accumulate(call: &Call<'_>, sums: &mut Sums<'_>) {
    match &call.packed.data {
        Data::Dot(cells) => each(call, sums, |list, panel, columns| {
            let (cells, panel) = list.slices(call, (cells, &call.digits.quads), panel);
            dot(cells, panel, columns);
        }),
        Data::Bits(cells) => each(call, sums, |list, panel, columns| {
            let (cells, panel) = list.slices(call, (cells, &call.digits.words), panel);
            bits(cells, panel, columns);
        }),
        Data::Wide(_) | Data::Table(_) => plain(call, sums),
    }
}

/// Byte products of a block of four outputs: 16 registers of sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn dot(cells: &[[i8; 4]], panel: &[u32], columns: &mut Columns) {
    let mut sums = [[_mm512_setzero_si512(); REGISTERS]; 4];
    for (quads, cells) in panel.as_chunks::<LANES>().0.iter().zip(cells.as_chunks::<4>().0) {
        let quads: [_; REGISTERS] = std::array::from_fn(|i| load(&quads[i * WIDTH..][..WIDTH]));
        for (sums, cells) in sums.iter_mut().zip(cells) {
            let cells = _mm512_set1_epi32(i32::from_le_bytes(cells.map(|cell| cell as u8)));
            for (sum, quads) in sums.iter_mut().zip(quads) {
                *sum = _mm512_dpbusd_epi32(*sum, quads, cells);
            }
        }
    }
    for (columns, sums) in columns.iter_mut().zip(sums) {
        for (columns, sum) in columns.as_chunks_mut::<WIDTH>().0.iter_mut().zip(sums) {
            // SAFETY: a chunk has the size of a register.
            unsafe { _mm512_storeu_si512(columns.as_mut_ptr().cast(), sum) };
        }
    }
}

/// AND and population count of a block of two outputs: 16 registers of sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
fn bits(cells: &[[u64; 2]], panel: &[u64], columns: &mut Columns) {
    let mut sums = [[_mm512_setzero_si512(); LANES / WORDS]; 2];
    for (words, cells) in panel.as_chunks::<LANES>().0.iter().zip(cells.as_chunks::<2>().0) {
        let planes = cells.map(|planes| planes.map(|plane| _mm512_set1_epi64(plane as i64)));
        for (place, words) in words.as_chunks::<WORDS>().0.iter().enumerate() {
            let words = load(words);
            for (sums, planes) in sums.iter_mut().zip(planes) {
                let [more, less] =
                    planes.map(|plane| _mm512_popcnt_epi64(_mm512_and_si512(words, plane)));
                sums[place] = _mm512_add_epi64(sums[place], _mm512_sub_epi64(more, less));
            }
        }
    }
    for (columns, sums) in columns.iter_mut().zip(sums) {
        for (columns, sum) in columns.as_chunks_mut::<WORDS>().0.iter_mut().zip(sums) {
            // SAFETY: a chunk has the size of half a register.
            unsafe {
                _mm256_storeu_si256(columns.as_mut_ptr().cast(), _mm512_cvtepi64_epi32(sum));
            }
        }
    }
}

/// Loads a register's worth of integers.
#[inline]
#[target_feature(enable = "avx512f")]
fn load<T>(values: &[T]) -> __m512i {
    assert!(size_of_val(values) >= size_of::<__m512i>());
    // SAFETY: the values have at least the size of a register.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}
