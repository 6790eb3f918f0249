//! Element-wise work compiled for each set of instructions.

use super::isa::Isa;
use super::packed::Layout;
use super::panel::Magnitude;
use crate::quantise::code;
use crate::stage::Stage;

/// Applies the stages to values of one channel.
pub(crate) fn apply_stages(isa: Isa, stages: &[Stage], channel: usize, values: &mut [f32]) {
    match isa {
        Isa::Portable => apply_here(stages, channel, values),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions.
        Isa::Avx2 => unsafe { apply_avx2(stages, channel, values) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions.
        Isa::Avx512 => unsafe { apply_avx512(stages, channel, values) },
    }
}

#[inline(always)]
fn apply_here(stages: &[Stage], channel: usize, values: &mut [f32]) {
    for stage in stages {
        stage.apply(channel, values);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn apply_avx2(stages: &[Stage], channel: usize, values: &mut [f32]) {
    apply_here(stages, channel, values);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
fn apply_avx512(stages: &[Stage], channel: usize, values: &mut [f32]) {
    apply_here(stages, channel, values);
}

/// Adds weighted codes, positions in the order of the layout, times their unit to values.
pub(crate) fn add_counts(
    isa: Isa,
    layout: Layout,
    (counts, unit): (&[i32], f32),
    values: &mut [f32],
) {
    match (isa, layout.width()) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions.
        (Isa::Avx2, Some(8)) => unsafe { add_eights_avx2(counts, unit, values) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions.
        (Isa::Avx512, Some(16)) => unsafe { add_sixteens_avx512(counts, unit, values) },
        (_, Some(8)) => add_turned::<8>(counts, unit, values),
        (_, Some(_)) => add_turned::<16>(counts, unit, values),
        (_, None) => {
            for (value, &count) in values.iter_mut().zip(counts) {
                *value += count as f32 * unit;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_eights_avx2(counts: &[i32], unit: f32, values: &mut [f32]) {
    add_turned::<8>(counts, unit, values);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
fn add_sixteens_avx512(counts: &[i32], unit: f32, values: &mut [f32]) {
    add_turned::<16>(counts, unit, values);
}

/// Of counts that are four vectors of every fourth position each.
#[inline(always)]
fn add_turned<const WIDTH: usize>(counts: &[i32], unit: f32, values: &mut [f32]) {
    let spans = counts.as_chunks::<WIDTH>().0.as_chunks::<4>().0;
    let places = values.as_chunks_mut::<4>().0.chunks_exact_mut(WIDTH);
    for (span, places) in spans.iter().zip(places) {
        for (i, place) in places.iter_mut().enumerate() {
            for (value, counts) in place.iter_mut().zip(span) {
                *value += counts[i] as f32 * unit;
            }
        }
    }
}

/// Step and largest code of inputs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputCodes {
    pub step: f32,
    pub limit: f32,
}

/// Magnitudes of the codes of values: of the positive ones, and of the negative ones if there is
/// a place for them. Tells whether any is negative.
pub(crate) fn magnitudes<M: Magnitude>(
    isa: Isa,
    codes: InputCodes,
    values: &[f32],
    places: (&mut [M], &mut [M]),
) -> bool {
    match isa {
        Isa::Portable => magnitudes_here(codes, values, places),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions.
        Isa::Avx2 => unsafe { magnitudes_avx2(codes, values, places) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions.
        Isa::Avx512 => unsafe { magnitudes_avx512(codes, values, places) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn magnitudes_avx2<M: Magnitude>(
    codes: InputCodes,
    values: &[f32],
    places: (&mut [M], &mut [M]),
) -> bool {
    magnitudes_here(codes, values, places)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
fn magnitudes_avx512<M: Magnitude>(
    codes: InputCodes,
    values: &[f32],
    places: (&mut [M], &mut [M]),
) -> bool {
    magnitudes_here(codes, values, places)
}

#[inline(always)]
fn magnitudes_here<M: Magnitude>(
    codes: InputCodes,
    values: &[f32],
    (positive, negative): (&mut [M], &mut [M]),
) -> bool {
    let InputCodes { step, limit } = codes;
    if negative.is_empty() {
        for (place, &value) in positive.iter_mut().zip(values) {
            *place = M::of(code((value / step).max(0.0), limit) as i32 as u32);
        }
        return false;
    }
    let mut signs = 0;
    for ((positive, negative), &value) in positive.iter_mut().zip(negative).zip(values) {
        let code = code(value / step, limit) as i32;
        *positive = M::of(code.max(0) as u32);
        *negative = M::of(code.min(0).unsigned_abs());
        signs |= code;
    }
    signs < 0
}
