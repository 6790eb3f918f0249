//! Values on their own: activations, quantisation, sums, affine maps, dropout.

use rayon::prelude::*;

use super::simd::{Isa, Kernel, Simd, dispatch};

/// Values of a task.
pub(crate) const CHUNK: usize = 16 << 10;

/// What follows a layer's sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// max(x, 0).
    Relu,
    /// min(max(x, -1), 1).
    HardTanh,
}

impl Activation {
    /// The activation of a value.
    #[inline(always)]
    pub(crate) fn apply(self, value: f32) -> f32 {
        match self {
            Self::Identity => value,
            Self::Relu => value.max(0.0),
            Self::HardTanh => value.clamp(-1.0, 1.0),
        }
    }

    /// The gradient behind it, where it gave `output`: it passes inside the bounds only.
    #[inline(always)]
    pub(crate) fn pass(self, output: f32, gradient: f32) -> f32 {
        let passes = match self {
            Self::Identity => true,
            Self::Relu => output > 0.0,
            Self::HardTanh => output.abs() < 1.0,
        };
        if passes { gradient } else { 0.0 }
    }
}

/// A symmetric quantiser with a full range: multiples of scale / (2^(bits-1) - 1), ties to the
/// even code; the gradient passes as if nothing happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiser {
    /// Largest code.
    pub(crate) limit: f32,
    /// Codes of a unit.
    pub(crate) factor: f32,
}

/// 1.5·2²³: adding and subtracting it rounds a float of magnitude up to 2²² to an integer, half
/// to even, in instructions that every processor has.
const ROUNDING: f32 = 12_582_912.0;

impl Quantiser {
    /// The quantiser of that many bits (2 to 22, sign included) with that full range. A range
    /// that is not positive and finite leaves values as they are.
    #[must_use]
    pub fn new(bits: u32, scale: f32) -> Self {
        let limit = ((1_u32 << (bits.clamp(2, 22) - 1)) - 1) as f32;
        let factor = 1.0 / scale * limit;
        if scale > 0.0 && factor.is_normal() {
            Self { limit, factor }
        } else {
            Self { limit, factor: 0.0 }
        }
    }

    /// Difference of neighbouring values; 0 where it leaves values as they are.
    #[must_use]
    pub fn step(&self) -> f32 {
        if self.factor == 0.0 { 0.0 } else { 1.0 / self.factor }
    }

    /// The value of the nearest code.
    #[inline(always)]
    pub(crate) fn apply(&self, value: f32) -> f32 {
        if self.factor == 0.0 {
            return value;
        }
        let scaled = (value * self.factor).max(-self.limit).min(self.limit);
        ((scaled + ROUNDING) - ROUNDING) / self.factor
    }
}

/// A function of values at the same place.
pub(crate) trait Pointwise: Copy + Sync {
    /// The new values of a chunk that begins at `start`.
    fn chunk(self, start: usize, values: &mut [f32], others: [&[f32]; 2]);
}

struct Chunk<'a, P> {
    point: P,
    start: usize,
    values: &'a mut [f32],
    others: [&'a [f32]; 2],
}

impl<P: Pointwise> Kernel for Chunk<'_, P> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        self.point.chunk(self.start, self.values, self.others);
    }
}

/// Changes values in place, with others at the same places (or none: empty slices).
pub(crate) fn pointwise<P: Pointwise>(isa: Isa, point: P, values: &mut [f32], others: [&[f32]; 2]) {
    let part = |other: &'_ [f32], start: usize, length: usize| -> std::ops::Range<usize> {
        if other.is_empty() { 0..0 } else { start..start + length }
    };
    values.par_chunks_mut(CHUNK).enumerate().for_each(|(index, values)| {
        let start = index * CHUNK;
        let length = values.len();
        let others = others.map(|other| &other[part(other, start, length)]);
        dispatch(isa, Chunk { point, start, values, others });
    });
}

/// y = activation(quantised(x))
#[derive(Clone, Copy)]
pub(crate) struct Apply {
    pub quantiser: Option<Quantiser>,
    pub activation: Activation,
}

impl Pointwise for Apply {
    #[inline(always)]
    fn chunk(self, _: usize, values: &mut [f32], [from, _]: [&[f32]; 2]) {
        match (self.quantiser, self.activation) {
            (Some(q), _) => each(values, from, |x| self.activation.apply(q.apply(x))),
            (None, Activation::Identity) => each(values, from, |x| x),
            (None, Activation::Relu) => each(values, from, |x| Activation::Relu.apply(x)),
            (None, Activation::HardTanh) => each(values, from, |x| Activation::HardTanh.apply(x)),
        }
    }
}

/// The same in place.
#[derive(Clone, Copy)]
pub(crate) struct ApplyInPlace(pub Apply);

impl Pointwise for ApplyInPlace {
    #[inline(always)]
    fn chunk(self, _: usize, values: &mut [f32], _: [&[f32]; 2]) {
        let Apply { quantiser, activation } = self.0;
        match quantiser {
            Some(q) => values.iter_mut().for_each(|x| *x = activation.apply(q.apply(*x))),
            None => values.iter_mut().for_each(|x| *x = activation.apply(*x)),
        }
    }
}

#[inline(always)]
fn each(values: &mut [f32], from: &[f32], function: impl Fn(f32) -> f32) {
    for (value, &from) in values.iter_mut().zip(from) {
        *value = function(from);
    }
}

/// The gradient of an activation in place, from its output.
#[derive(Clone, Copy)]
pub(crate) struct Pass(pub Activation);

impl Pointwise for Pass {
    #[inline(always)]
    fn chunk(self, _: usize, values: &mut [f32], [output, _]: [&[f32]; 2]) {
        for (value, &output) in values.iter_mut().zip(output) {
            *value = self.0.pass(output, *value);
        }
    }
}

/// y = activation(a + b)
#[derive(Clone, Copy)]
pub(crate) struct Sum(pub Activation);

impl Pointwise for Sum {
    #[inline(always)]
    fn chunk(self, _: usize, values: &mut [f32], [a, b]: [&[f32]; 2]) {
        for ((value, &a), &b) in values.iter_mut().zip(a).zip(b) {
            *value = self.0.apply(a + b);
        }
    }
}

/// y = x · 2 with probability 1/2, else 0; the choice hangs on the seed and the place.
#[derive(Clone, Copy)]
pub(crate) struct Dropout(pub u64);

impl Pointwise for Dropout {
    #[inline(always)]
    fn chunk(self, start: usize, values: &mut [f32], [from, _]: [&[f32]; 2]) {
        for (i, (value, &from)) in values.iter_mut().zip(from).enumerate() {
            *value = if keeps(self.0, (start + i) as u64) { from * 2.0 } else { 0.0 };
        }
    }
}

/// One bit of a mixed counter (the finaliser of splitmix64).
#[inline(always)]
fn keeps(seed: u64, place: u64) -> bool {
    let mut mixed = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) & 1 == 1
}

/// Largest magnitude, mean and standard deviation (with n - 1) of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// Largest magnitude.
    pub largest: f32,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
}

/// Standard deviations that the scale of a tensor covers.
const COVERED_DEVIATIONS: f64 = 3.0;

impl Range {
    /// The full range that the reference gives such values: min(max |x|, 3σ + |μ|).
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.largest.min((COVERED_DEVIATIONS * self.deviation + self.mean.abs()) as f32)
    }

    /// From sums of values and squares of their differences from `shift`.
    pub(crate) fn from_sums(
        count: usize,
        largest: f32,
        (shift, sum, squares): (f64, f64, f64),
    ) -> Self {
        let n = count as f64;
        if count < 2 {
            return Self { largest, mean: shift + sum, deviation: f64::INFINITY };
        }
        let variance = ((squares - sum * sum / n) / (n - 1.0)).max(0.0);
        Self { largest, mean: shift + sum / n, deviation: variance.sqrt() }
    }
}

struct Sums<'a> {
    values: &'a [f32],
    largest: &'a mut f32,
    sums: &'a mut (f64, f64),
}

/// Interleaved sums of a chunk.
const LANES: usize = 32;

impl Kernel for Sums<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // Sums of a few hundred floats, so that single precision is enough for them.
        for values in self.values.chunks(LANES * 64) {
            let (mut largest, mut sum, mut squares) =
                ([0_f32; LANES], [0_f32; LANES], [0_f32; LANES]);
            let (rows, rest) = values.as_chunks::<LANES>();
            for row in rows {
                for i in 0..LANES {
                    largest[i] = largest[i].max(row[i].abs());
                    sum[i] += row[i];
                    squares[i] += row[i] * row[i];
                }
            }
            for (i, &value) in rest.iter().enumerate() {
                largest[i] = largest[i].max(value.abs());
                sum[i] += value;
                squares[i] += value * value;
            }
            *self.largest = largest.iter().fold(*self.largest, |most, &value| most.max(value));
            self.sums.0 += sum.iter().map(|&value| f64::from(value)).sum::<f64>();
            self.sums.1 += squares.iter().map(|&value| f64::from(value)).sum::<f64>();
        }
    }
}

/// The range of values.
pub(crate) fn range(isa: Isa, values: &[f32]) -> Range {
    let parts: Vec<(f32, (f64, f64))> = values
        .par_chunks(CHUNK)
        .map(|values| {
            let (mut largest, mut sums) = (0.0, (0.0, 0.0));
            dispatch(isa, Sums { values, largest: &mut largest, sums: &mut sums });
            (largest, sums)
        })
        .collect();
    let (mut largest, mut sum, mut squares) = (0_f32, 0.0, 0.0);
    for (part, sums) in parts {
        largest = largest.max(part);
        sum += sums.0;
        squares += sums.1;
    }
    Range::from_sums(values.len(), largest, (0.0, sum, squares))
}

#[cfg(test)]
mod tests {
    use super::super::simd::fastest;
    use super::*;

    #[test]
    fn the_range_is_that_of_the_definition() {
        let values: Vec<f32> =
            (0..100_003).map(|i| ((i * 37) % 1001) as f32 / 500.0 - 0.8).collect();
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let squares: f64 = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
        let found = range(fastest(), &values);
        assert!((found.mean - mean).abs() < 1e-6);
        assert!((found.deviation - (squares / (n - 1.0)).sqrt()).abs() < 1e-6);
        assert!((found.largest - 1.2).abs() < 1e-6);
    }

    #[test]
    fn quantised_values_are_codes_times_the_step() {
        let quantiser = Quantiser::new(3, 1.5);
        let values = [0.3, -0.26, 2.0, 0.25, 0.75].map(|value| quantiser.apply(value));
        assert_eq!(values, [0.5, -0.5, 1.5, 0.0, 1.0]);
        assert_eq!(Quantiser::new(3, 0.0).apply(0.3), 0.3);
    }

    #[test]
    fn dropout_keeps_half() {
        let ones = vec![1.0; 100_000];
        let mut kept = vec![0.0; ones.len()];
        pointwise(fastest(), Dropout(7), &mut kept, [&ones, &[]]);
        let mean = kept.iter().sum::<f32>() / 1e5;
        // Standard deviation of the mean: 1/316.
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
    }
}
