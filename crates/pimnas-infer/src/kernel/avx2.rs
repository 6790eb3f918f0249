//! AVX2: byte products by `vpmaddubsw`, population counts by byte shuffles.

use std::arch::x86_64::*;

use super::packed::{Data, Lookup};
use super::portable::{Columns, each, plain};
use super::{Call, LANES, Sums, table256};

/// Positions whose sums are in registers together.
const SPAN: usize = 16;
/// Outputs of a block of bytes.
const BLOCK: usize = 4;
/// Numbers of 32 bits in a register.
const WIDTH: usize = 8;
/// Registers of a span.
const REGISTERS: usize = SPAN / WIDTH;

/// Adds the call's values to the sums.
#[target_feature(enable = "avx2,fma,popcnt")]
pub(super) fn accumulate(call: &Call<'_>, sums: &mut Sums<'_>) {
    match &call.packed.data {
        Data::Dot(cells) => each(call, sums, |list, panel, columns| {
            let (cells, panel) = list.slices(call, (cells, &call.digits.quads), panel);
            dot(call.packed.run, cells, panel, columns);
        }),
        Data::Bits(cells) => each(call, sums, |list, panel, columns| {
            let (cells, panel) = list.slices(call, (cells, &call.digits.words), panel);
            bits(cells, panel, columns);
        }),
        Data::Table(lookups) if call.packed.lookup() == Some(Lookup::Nibbles) => {
            table256::accumulate(call, lookups, sums);
        }
        Data::Wide(_) | Data::Table(_) => plain(call, sums),
    }
}

/// Byte products of a block of four outputs.
///
/// `run` products of quads may be added up in 16 bits: pairs of products and their sums stay within
/// them. With 0, not even a pair does, and products are formed in 32 bits.
#[target_feature(enable = "avx2")]
fn dot(run: usize, cells: &[[i8; 4]], panel: &[u32], columns: &mut Columns) {
    let (quads, cells) = (panel.as_chunks::<LANES>().0, cells.as_chunks::<BLOCK>().0);
    for first in (0..LANES).step_by(SPAN) {
        let mut sums = [[_mm256_setzero_si256(); REGISTERS]; BLOCK];
        if run == 0 {
            for (quads, cells) in quads.iter().zip(cells) {
                for (sums, &cells) in sums.iter_mut().zip(cells) {
                    wide_products(&quads[first..first + SPAN], cells, sums);
                }
            }
        } else {
            let ones = _mm256_set1_epi16(1);
            for (quads, cells) in quads.chunks(run).zip(cells.chunks(run)) {
                let mut words = [[_mm256_setzero_si256(); REGISTERS]; BLOCK];
                for (quads, cells) in quads.iter().zip(cells) {
                    for (words, &cells) in words.iter_mut().zip(cells) {
                        narrow_products(&quads[first..first + SPAN], cells, words);
                    }
                }
                for (sum, &words) in sums.as_flattened_mut().iter_mut().zip(words.as_flattened()) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(words, ones));
                }
            }
        }
        for (columns, sums) in columns.iter_mut().zip(&sums) {
            store(sums, &mut columns[first..first + SPAN]);
        }
    }
}

/// Adds products of pairs as 16-bit numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow_products(quads: &[u32], cells: [i8; 4], words: &mut [__m256i; REGISTERS]) {
    let cells = _mm256_set1_epi32(i32::from_le_bytes(cells.map(|cell| cell as u8)));
    for (words, quads) in words.iter_mut().zip(quads.as_chunks::<WIDTH>().0) {
        *words = _mm256_add_epi16(*words, _mm256_maddubs_epi16(load(quads), cells));
    }
}

/// Adds products of quads as 32-bit numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn wide_products(quads: &[u32], cells: [i8; 4], sums: &mut [__m256i; REGISTERS]) {
    let pair = |low: i8, high: i8| i32::from(i16::from(low) as u16) | i32::from(high) << 16;
    let even = _mm256_set1_epi32(pair(cells[0], cells[2]));
    let odd = _mm256_set1_epi32(pair(cells[1], cells[3]));
    let low = _mm256_set1_epi16(0xff);
    for (sum, quads) in sums.iter_mut().zip(quads.as_chunks::<WIDTH>().0) {
        let quads = load(quads);
        let evens = _mm256_madd_epi16(_mm256_and_si256(quads, low), even);
        let odds = _mm256_madd_epi16(_mm256_srli_epi16::<8>(quads), odd);
        *sum = _mm256_add_epi32(*sum, _mm256_add_epi32(evens, odds));
    }
}

/// Words whose counts of bytes, less and more than another, fit a signed byte: at most 8 a word.
const COUNTED: usize = 15;
/// 64-bit numbers in a register.
const WORDS: usize = 4;

/// AND and population count of a block of two outputs.
#[target_feature(enable = "avx2")]
fn bits(cells: &[[u64; 2]], panel: &[u64], columns: &mut Columns) {
    let words = panel.as_chunks::<LANES>().0;
    for (output, columns) in columns.iter_mut().enumerate().take(2) {
        for (place, columns) in columns.as_chunks_mut::<WORDS>().0.iter_mut().enumerate() {
            let mut sums = _mm256_setzero_si256();
            let mut units = words.iter().zip(cells.iter().skip(output).step_by(2));
            while units.len() > 0 {
                let mut bytes = _mm256_set1_epi8(i8::MIN);
                let mut biases = 0;
                for (words, planes) in units.by_ref().take(COUNTED) {
                    let words = load(&words[place * WORDS..][..WORDS]);
                    let [more, less] = planes.map(|plane| {
                        counts(_mm256_and_si256(words, _mm256_set1_epi64x(plane as i64)))
                    });
                    bytes = _mm256_add_epi8(bytes, _mm256_sub_epi8(more, less));
                    biases = 8 * 128;
                }
                let found = _mm256_sad_epu8(bytes, _mm256_setzero_si256());
                sums = _mm256_add_epi64(sums, _mm256_sub_epi64(found, _mm256_set1_epi64x(biases)));
            }
            let mut numbers = [0_i64; WORDS];
            // SAFETY: the array has the size of the register.
            unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), sums) };
            *columns = numbers.map(|number| number as i32);
        }
    }
}

/// The number of bits set in each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn counts(words: __m256i) -> __m256i {
    let of_nibble = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, //
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let mask = _mm256_set1_epi8(0xf);
    let low = _mm256_and_si256(words, mask);
    let high = _mm256_and_si256(_mm256_srli_epi16::<4>(words), mask);
    _mm256_add_epi8(_mm256_shuffle_epi8(of_nibble, low), _mm256_shuffle_epi8(of_nibble, high))
}

/// Loads a register's worth of integers.
#[inline]
#[target_feature(enable = "avx2")]
fn load<T>(values: &[T]) -> __m256i {
    assert!(size_of_val(values) >= size_of::<__m256i>());
    // SAFETY: the values have at least the size of a register.
    unsafe { _mm256_loadu_si256(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(sums: &[__m256i; REGISTERS], columns: &mut [i32]) {
    for (columns, &sum) in columns.as_chunks_mut::<WIDTH>().0.iter_mut().zip(sums) {
        // SAFETY: a chunk has the size of a register.
        unsafe { _mm256_storeu_si256(columns.as_mut_ptr().cast(), sum) };
    }
}
