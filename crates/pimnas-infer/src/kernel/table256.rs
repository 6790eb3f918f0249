//! Look-ups of digit products by byte permutation: AVX2.
//!
//! As `table.rs`, with indices of four bits and tables of 16 bytes, which both halves of a register
//! look into. The sums of four outputs at 64 positions are in registers.

use std::arch::x86_64::*;

use super::adc256::{Adc, Pair, SPAN, numbers, weight_of};
use super::convert::{Codes, Counting};
use super::packed::{Entry, Lookups, TOGETHER};
use super::panel::Group;
use super::portable::take;
use super::{Call, LANES, Sums};

/// Registers of the positions of a panel.
const REGISTERS: usize = LANES / SPAN;
/// Bytes of a table.
const TABLE: usize = 16;

/// Adds the call's values to the sums.
#[target_feature(enable = "avx2,fma,popcnt")]
pub(super) fn accumulate(call: &Call<'_>, lookups: &Lookups, sums: &mut Sums<'_>) {
    match (sums, &call.conversion.counting) {
        (Sums::Codes(sums), Counting::Codes(codes)) => count(call, lookups, codes, sums),
        (sums, _) => each(call, lookups, |_, (index, array, group), pairs| {
            take(call, (index, array, group), &numbers(&pairs), sums);
        }),
    }
}

/// Adds weighted codes.
#[inline]
#[target_feature(enable = "avx2,fma,popcnt")]
fn count(call: &Call<'_>, lookups: &Lookups, codes: &Codes, sums: &mut [i32]) {
    let adc = Adc::new(&codes.rounding);
    each(call, lookups, |empty, (index, array, group), pairs| {
        // The code of 0 is 0.
        if empty {
            return;
        }
        let weight = weight_of(codes.weights[group.cycle * call.packed.slices + array]);
        let sums = &mut sums[index * call.lanes + group.lane..][..LANES];
        for (sums, pair) in sums.as_chunks_mut().0.iter_mut().zip(pairs) {
            adc.add(pair, weight, sums);
        }
    });
}

/// Hands on the sums of each output, array and panel, and whether all are 0 for want of cells.
#[inline]
#[target_feature(enable = "avx2,fma,popcnt")]
fn each(
    call: &Call<'_>,
    lookups: &Lookups,
    mut add: impl FnMut(bool, (usize, usize, Group), [Pair; REGISTERS]),
) {
    let (arrays, size) = (call.packed.slices, call.digits.units * LANES);
    for (panel, &group) in call.digits.groups.iter().enumerate() {
        let panel = &call.digits.bytes[panel * size..(panel + 1) * size];
        for first in (0..call.count()).step_by(TOGETHER) {
            let block = (call.outputs.start + first) / TOGETHER;
            for array in 0..arrays {
                let list = lookups.lists[block * arrays + array];
                let (entries, run, least) = list.entries(lookups, call.digits.halves);
                let found = look_up(&lookups.tables, panel, entries.chunks(run));
                for ((index, pairs), least) in (first..call.count()).zip(&found).zip(least) {
                    let empty = entries.is_empty() && least == 0;
                    let least = _mm256_set1_epi16(least);
                    add(empty, (index, array, group), pairs.map(|pair| pair.plus(least)));
                }
            }
        }
    }
}

/// The sums of entries over a panel: 16-bit numbers that wrap.
///
/// No table's sums within one of the runs exceed a byte.
#[inline]
#[target_feature(enable = "avx2")]
fn look_up<'a>(
    tables: &[u8],
    panel: &[u8],
    runs: impl Iterator<Item = &'a [Entry]>,
) -> [[Pair; REGISTERS]; TOGETHER] {
    let zero = _mm256_setzero_si256();
    let mut words = [[zero; REGISTERS]; TOGETHER];
    let mut odds = [[zero; REGISTERS]; TOGETHER];
    for run in runs {
        let mut bytes = [[zero; REGISTERS]; TOGETHER];
        for entry in run {
            let unit = usize::from(entry.unit) * LANES;
            debug_assert!(unit + LANES <= panel.len());
            // SAFETY: units of entries of the halves in use are below the units of the panel.
            let index: [__m256i; REGISTERS] = std::array::from_fn(|i| unsafe {
                _mm256_loadu_si256(panel.as_ptr().add(unit + i * SPAN).cast())
            });
            for (bytes, table) in bytes.iter_mut().zip(entry.tables) {
                debug_assert!(usize::from(table) * 8 + TABLE <= tables.len());
                // SAFETY: a table number of the packer lies in its tables, which it has made for
                // all numbers.
                let table =
                    unsafe { _mm_loadu_si128(tables.as_ptr().add(usize::from(table) * 8).cast()) };
                let table = _mm256_broadcastsi128_si256(table);
                for (bytes, index) in bytes.iter_mut().zip(index) {
                    *bytes = _mm256_add_epi8(*bytes, _mm256_shuffle_epi8(table, index));
                }
            }
        }
        for output in 0..TOGETHER {
            for register in 0..REGISTERS {
                let sums = bytes[output][register];
                let (word, odd) = (&mut words[output][register], &mut odds[output][register]);
                *word = _mm256_add_epi16(*word, sums);
                *odd = _mm256_add_epi16(*odd, _mm256_srli_epi16::<8>(sums));
            }
        }
    }
    let mut pairs = [[Pair::ZERO; REGISTERS]; TOGETHER];
    for output in 0..TOGETHER {
        for register in 0..REGISTERS {
            let (words, odd) = (words[output][register], odds[output][register]);
            let even = _mm256_sub_epi16(words, _mm256_slli_epi16::<8>(odd));
            pairs[output][register] = Pair { even, odd };
        }
    }
    pairs
}
