//! Look-ups of digit products by byte permutation: AVX-512 VBMI.
//!
//! A register holds the indices of 64 positions, another a table; one permutation gives the 64 sums
//! of a tuple of rows. Sums are bytes, added as bytes as often as they cannot overflow, then as
//! 16-bit numbers: `words` adds up pairs of bytes as they are, `odd` the upper bytes alone, from
//! which both bytes' sums follow.

use std::arch::x86_64::*;

use super::convert::{Clamps, Codes, Counting};
use super::packed::{Entry, Lookups, TOGETHER};
use super::panel::{CHUNK, Group};
use super::portable::{ROUNDING, take};
use super::{Call, LANES, Sums};

/// Adds the call's values to the sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
pub(super) fn accumulate(call: &Call<'_>, lookups: &Lookups, sums: &mut Sums<'_>) {
    let groups = &call.digits.groups;
    match (sums, &call.conversion.counting) {
        (Sums::Codes(sums), Counting::Codes(codes)) => {
            for (chunk, groups) in groups.chunks(CHUNK).enumerate() {
                let panels = Panels::of(call, chunk * CHUNK, groups.len());
                for block in 0..call.count().div_ceil(TOGETHER) {
                    let task = Task { call, lookups, panels, block };
                    match groups.len() {
                        1 => task.codes::<1>(groups, codes, sums),
                        _ => task.codes::<CHUNK>(groups, codes, sums),
                    }
                }
            }
        }
        (sums, _) => {
            for block in 0..call.count().div_ceil(TOGETHER) {
                values(call, lookups, block, sums);
            }
        }
    }
}

/// Values of a block are added in the order of positions, cycles and slices.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
fn values(call: &Call<'_>, lookups: &Lookups, block: usize, sums: &mut Sums<'_>) {
    let slices = call.packed.slices;
    let mut columns = vec![[[[0_i32; LANES]; CHUNK]; TOGETHER]; slices];
    for (chunk, groups) in call.digits.groups.chunks(CHUNK).enumerate() {
        let panels = Panels::of(call, chunk * CHUNK, groups.len());
        let task = Task { call, lookups, panels, block };
        for (array, columns) in columns.iter_mut().enumerate() {
            match groups.len() {
                1 => task.columns::<1>(array, columns),
                _ => task.columns::<CHUNK>(array, columns),
            }
        }
        for output in 0..TOGETHER.min(call.count() - TOGETHER * block) {
            for (place, &group) in groups.iter().enumerate() {
                for (array, columns) in columns.iter().enumerate() {
                    let columns = &columns[output][place];
                    take(call, (TOGETHER * block + output, array, group), columns, sums);
                }
            }
        }
    }
}

/// The interleaved panels of a chunk.
#[derive(Clone, Copy)]
struct Panels<'a> {
    bytes: &'a [u8],
}

impl<'a> Panels<'a> {
    fn of(call: &Call<'a>, first: usize, count: usize) -> Self {
        let size = call.digits.units * LANES;
        Self { bytes: &call.digits.bytes[first * size..(first + count) * size] }
    }
}

/// Some outputs' sums over the panels of a chunk.
#[derive(Clone, Copy)]
struct Task<'a> {
    call: &'a Call<'a>,
    lookups: &'a Lookups,
    panels: Panels<'a>,
    /// Of the call's outputs.
    block: usize,
}

/// Sums of 64 positions as 16-bit numbers: of the even and of the odd ones.
#[derive(Clone, Copy)]
struct Pair {
    even: __m512i,
    odd: __m512i,
}

impl Pair {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn plus(self, number: __m512i) -> Self {
        let [even, odd] = [self.even, self.odd].map(|sums| _mm512_add_epi16(sums, number));
        Self { even, odd }
    }
}

impl Task<'_> {
    fn list(&self, array: usize) -> (&[Entry], usize, [i16; TOGETHER]) {
        let block = self.call.outputs.start / TOGETHER + self.block;
        let list = self.lookups.lists[block * self.call.packed.slices + array];
        list.entries(self.lookups, self.call.digits.halves)
    }

    /// Adds the weighted codes of all slices.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn codes<const G: usize>(&self, groups: &[Group], codes: &Codes, sums: &mut [i32]) {
        let (lanes, arrays) = (self.call.lanes, self.call.packed.slices);
        let adc = Adc::new(codes);
        let count = self.call.count() - TOGETHER * self.block;
        for array in 0..arrays {
            let (entries, run, least) = self.list(array);
            let pairs = self.look_up::<G>(entries, run);
            for (output, pairs) in pairs.iter().enumerate().take(count) {
                let least = _mm512_set1_epi16(least[output]);
                let sums = &mut sums[(TOGETHER * self.block + output) * lanes..][..lanes];
                let weight = |group: &Group| codes.weights[group.cycle * arrays + array];
                if let ([first, second], [a, b]) = (&pairs[..], groups)
                    && a.lane == b.lane
                {
                    let sums = &mut sums[a.lane..a.lane + LANES];
                    let weights = pair_of(weight(a), weight(b));
                    adc.add_two([first.plus(least), second.plus(least)], weights, sums);
                    continue;
                }
                for (pair, group) in pairs.iter().zip(groups) {
                    let sums = &mut sums[group.lane..group.lane + LANES];
                    adc.add(pair.plus(least), pair_of(weight(group), 0), sums);
                }
            }
        }
    }

    /// The sums of one slice, as numbers.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn columns<const G: usize>(&self, array: usize, columns: &mut [[[i32; LANES]; CHUNK]; TOGETHER]) {
        let (entries, run, least) = self.list(array);
        let pairs = self.look_up::<G>(entries, run);
        for ((columns, pairs), least) in columns.iter_mut().zip(pairs).zip(least) {
            for (columns, pair) in columns.iter_mut().zip(pairs) {
                let (even, odd) = (halves(pair.even), halves(pair.odd));
                for (place, columns) in columns.iter_mut().enumerate() {
                    let half = if place % 2 == 0 { even[place / 2] } else { odd[place / 2] };
                    *columns = i32::from(half.wrapping_add(least));
                }
            }
        }
    }

    /// The sums of entries over `G` panels: 16-bit numbers that wrap.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn look_up<const G: usize>(&self, entries: &[Entry], run: usize) -> [[Pair; G]; TOGETHER] {
        let zero = _mm512_setzero_si512();
        let (mut words, mut odds) = ([[zero; G]; TOGETHER], [[zero; G]; TOGETHER]);
        let (panels, tables) = (self.panels.bytes, &self.lookups.tables[..]);
        for run in entries.chunks(run) {
            let mut bytes = [[zero; G]; TOGETHER];
            for entry in run {
                let unit = usize::from(entry.unit) * (G * LANES);
                debug_assert!(unit + G * LANES <= panels.len());
                // SAFETY: units of entries of the halves in use are below the units of the panels,
                // of which there are `G` in the chunk, and a table number of the packer lies in
                // its tables, which it has made for all numbers.
                let found = unsafe {
                    entry.tables.map(|table| {
                        debug_assert!(usize::from(table) * 8 + LANES <= tables.len());
                        _mm512_loadu_si512(tables.as_ptr().add(usize::from(table) * 8).cast())
                    })
                };
                for g in 0..G {
                    // SAFETY: as above.
                    let index = unsafe {
                        _mm512_loadu_si512(panels.as_ptr().add(unit + g * LANES).cast())
                    };
                    for output in 0..TOGETHER {
                        let sums = _mm512_permutexvar_epi8(index, found[output]);
                        bytes[output][g] = _mm512_add_epi8(bytes[output][g], sums);
                    }
                }
            }
            for output in 0..TOGETHER {
                for g in 0..G {
                    let sums = bytes[output][g];
                    words[output][g] = _mm512_add_epi16(words[output][g], sums);
                    odds[output][g] =
                        _mm512_add_epi16(odds[output][g], _mm512_srli_epi16::<8>(sums));
                }
            }
        }
        let mut pairs = [[Pair { even: zero, odd: zero }; G]; TOGETHER];
        for output in 0..TOGETHER {
            for g in 0..G {
                let odd = odds[output][g];
                let even = _mm512_sub_epi16(words[output][g], _mm512_slli_epi16::<8>(odd));
                pairs[output][g] = Pair { even, odd };
            }
        }
        pairs
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

/// The constants of an ADC.
struct Adc {
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
    fn new(codes: &Codes) -> Self {
        // Sums of this layout are 16-bit numbers.
        let largest = codes.largest.min(i32::from(i16::MAX)) as i16;
        Self {
            least: _mm512_set1_epi16(-largest),
            largest: _mm512_set1_epi16(largest),
            factor: _mm512_set1_ps(codes.factor),
            rounding: _mm512_set1_ps(ROUNDING),
            limit: _mm512_set1_ps(codes.limit),
            clamps: codes.clamps,
        }
    }

    /// The codes of 16 of the clamped sums: those of the even or the odd halves, which `select` tells.
    /// The code is in the low half of the bits; the high half is any number.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn codes(&self, clamped: __m512i, select: __m512i) -> __m512i {
        let number = _mm512_cvtepi32_ps(_mm512_madd_epi16(clamped, select));
        let mut scaled = _mm512_mul_ps(number, self.factor);
        if self.clamps == Clamps::Codes {
            let least = _mm512_sub_ps(_mm512_setzero_ps(), self.limit);
            scaled = _mm512_min_ps(_mm512_max_ps(scaled, least), self.limit);
        }
        _mm512_castps_si512(_mm512_add_ps(scaled, self.rounding))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn clamped(&self, sums: __m512i) -> __m512i {
        _mm512_max_epi16(_mm512_min_epi16(sums, self.largest), self.least)
    }

    /// Adds the weighted codes of 64 sums to four vectors of running sums. The upper weight is 0.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn add(&self, pair: Pair, weights: __m512i, sums: &mut [i32]) {
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
    fn add_two(&self, pairs: [Pair; 2], weights: __m512i, sums: &mut [i32]) {
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

/// What selects the lower and the upper half of 32 bits by products.
const SELECT: [i32; 2] = [1, 1 << 16];

/// Two weights, for the lower and the upper halves.
#[inline]
#[target_feature(enable = "avx512f")]
fn pair_of(low: i16, high: i16) -> __m512i {
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
