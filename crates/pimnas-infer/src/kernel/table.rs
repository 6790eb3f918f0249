//! Look-ups of digit products by byte permutation: AVX-512 VBMI.
//!
//! A register holds the indices of 64 positions, another a table; one permutation gives the 64 sums
//! of a tuple of rows. Sums are bytes, added as bytes as often as they cannot overflow, then as
//! 16-bit numbers: `words` adds up pairs of bytes as they are, `odd` the upper bytes alone, from
//! which both bytes' sums follow.

use std::arch::x86_64::*;

use super::adc512::{Adc, Pair, pair_of};
use super::convert::{Codes, Counting};
use super::near512::NearAdc;
use super::packed::{Entry, Lookups, TOGETHER};
use super::panel::Group;
use super::portable::take;
use super::{Call, LANES, Sums};

/// Panels that are looked up together.
const CHUNK: usize = 2;

/// Adds the call's values to the sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
pub(super) fn accumulate(call: &Call<'_>, lookups: &Lookups, sums: &mut Sums<'_>) {
    let mut found = vec![[[Pair::ZERO; CHUNK]; TOGETHER]; call.packed.slices];
    for (chunk, groups) in call.digits.groups.chunks(CHUNK).enumerate() {
        let panels = Panels::of(call, chunk * CHUNK, groups.len());
        for block in 0..call.count().div_ceil(TOGETHER) {
            let task = Task { call, lookups, panels, block };
            match (&mut *sums, &call.conversion.counting) {
                (Sums::Codes(sums), Counting::Codes(codes)) => match groups.len() {
                    1 => task.codes::<1>(groups, codes, sums),
                    _ => task.codes::<CHUNK>(groups, codes, sums),
                },
                (Sums::Values(sums), Counting::Values(Some(near))) => {
                    task.all_pairs(groups.len(), &mut found);
                    let adc = NearAdc::new(near, &call.conversion.transfer);
                    task.values(groups, &adc, (&found, sums));
                }
                (sums, _) => {
                    task.all_pairs(groups.len(), &mut found);
                    task.numbers(groups, &found, sums);
                }
            }
        }
    }
}

/// Sums of the outputs of a block over the panels of a chunk.
type Pairs = [[Pair; CHUNK]; TOGETHER];

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
        let adc = Adc::new(&codes.rounding);
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

    /// The sums of all slices.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn all_pairs(&self, panels: usize, found: &mut [Pairs]) {
        for (array, found) in found.iter_mut().enumerate() {
            let (entries, run, least) = self.list(array);
            if panels == 1 {
                let pairs = self.look_up::<1>(entries, run);
                for ((found, [pair]), least) in found.iter_mut().zip(pairs).zip(least) {
                    found[0] = pair.plus(_mm512_set1_epi16(least));
                }
            } else {
                let pairs = self.look_up::<CHUNK>(entries, run);
                for ((found, pairs), least) in found.iter_mut().zip(pairs).zip(least) {
                    *found = pairs.map(|pair| pair.plus(_mm512_set1_epi16(least)));
                }
            }
        }
    }

    /// Adds values in the order of positions, cycles and slices.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn values(&self, groups: &[Group], adc: &NearAdc<'_>, (found, sums): (&[Pairs], &mut [f32])) {
        let (lanes, arrays) = (self.call.lanes, self.call.packed.slices);
        let count = TOGETHER.min(self.call.count() - TOGETHER * self.block);
        for output in 0..count {
            let sums = &mut sums[(TOGETHER * self.block + output) * lanes..][..lanes];
            for (place, group) in groups.iter().enumerate() {
                let factors = &self.call.conversion.factors[group.cycle * arrays..][..arrays];
                let pairs = found.iter().map(|pairs| &pairs[output][place]);
                adc.add(pairs.zip(factors), &mut sums[group.lane..group.lane + LANES]);
            }
        }
    }

    /// As [`Task::values`], number by number.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma")]
    fn numbers(&self, groups: &[Group], found: &[Pairs], sums: &mut Sums<'_>) {
        let count = TOGETHER.min(self.call.count() - TOGETHER * self.block);
        for output in 0..count {
            let index = TOGETHER * self.block + output;
            for (place, &group) in groups.iter().enumerate() {
                for (array, pairs) in found.iter().enumerate() {
                    take(self.call, (index, array, group), &pairs[output][place].numbers(), sums);
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
                    let index =
                        unsafe { _mm512_loadu_si512(panels.as_ptr().add(unit + g * LANES).cast()) };
                    for (bytes, table) in bytes.iter_mut().zip(found) {
                        let sums = _mm512_permutexvar_epi8(index, table);
                        bytes[g] = _mm512_add_epi8(bytes[g], sums);
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
        let mut pairs = [[Pair::ZERO; G]; TOGETHER];
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
