//! Batch normalisation of the innermost dimension, with what follows it: quantisation and an
//! activation, in the same pass over the values.

use rayon::prelude::*;

use super::element::{Activation, CHUNK, Quantiser, Range};
use super::simd::{Isa, Kernel, Simd, dispatch};

/// What batch normalisation adds to a variance.
pub(crate) const EPSILON: f64 = 1e-5;
/// Channels that are summed together.
const LANES: usize = 16;
/// Values that the inner loops go over at least: short rows are taken several at once.
const WIDE: usize = 256;
/// Rows whose sums may stay in single precision.
const ROWS: usize = 256;

/// Sums of a channel.
#[derive(Clone, Copy, Debug)]
struct Channel {
    sums: [f64; 2],
    least: f32,
    most: f32,
}

const EMPTY: Channel = Channel { sums: [0.0; 2], least: f32::INFINITY, most: f32::NEG_INFINITY };

/// Moments of a batch, each a channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moments {
    pub mean: Vec<f64>,
    /// Biased: divided by the number of rows.
    pub variance: Vec<f64>,
    pub least: Vec<f32>,
    pub most: Vec<f32>,
}

/// Rows of a task.
fn rows_of_task(channels: usize) -> usize {
    (CHUNK / channels.max(1)).max(1)
}

/// Sums over rows of two functions of a row's values.
trait Terms: Copy + Sync {
    /// Whether extremes are looked for.
    const EXTREMES: bool;
    /// The terms of `N` neighbouring channels from `c` on, at the row-major place `at`, and the values
    /// whose extremes are looked for.
    fn of<const N: usize>(&self, at: usize, c: usize) -> ([[f32; N]; 2], [f32; N]);
}

/// `N` values from a place on.
#[inline(always)]
fn chunk<const N: usize>(values: &[f32], at: usize) -> [f32; N] {
    values.get(at..).and_then(<[f32]>::first_chunk).copied().unwrap_or([0.0; N])
}

/// A value for each lane. A loop, since the array methods of the standard library are not inlined
/// into functions with more instructions, and then neither is what they call.
#[inline(always)]
fn lanes<const N: usize>(value: impl Fn(usize) -> f32) -> [f32; N] {
    let mut values = [0.0; N];
    let mut i = 0;
    while i < N {
        values[i] = value(i);
        i += 1;
    }
    values
}

struct Columns<'a, T> {
    terms: T,
    channels: usize,
    rows: std::ops::Range<usize>,
    into: &'a mut [Channel],
}

impl<T: Terms> Kernel for Columns<'_, T> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let mut start = self.rows.start;
        while start < self.rows.end {
            let end = (start + ROWS).min(self.rows.end);
            let mut c = 0;
            while c + LANES <= self.channels {
                block::<T, LANES>(&self.terms, (start..end, self.channels, c), &mut self.into[c..]);
                c += LANES;
            }
            if c + LANES / 2 <= self.channels {
                let range = (start..end, self.channels, c);
                block::<T, { LANES / 2 }>(&self.terms, range, &mut self.into[c..]);
                c += LANES / 2;
            }
            while c < self.channels {
                block::<T, 1>(&self.terms, (start..end, self.channels, c), &mut self.into[c..]);
                c += 1;
            }
            start = end;
        }
    }
}

#[inline(always)]
fn block<T: Terms, const N: usize>(
    terms: &T,
    (rows, channels, c): (std::ops::Range<usize>, usize, usize),
    into: &mut [Channel],
) {
    let mut sums = [[0_f32; N]; 2];
    let (mut least, mut most) = ([f32::INFINITY; N], [f32::NEG_INFINITY; N]);
    for row in rows {
        let ([first, second], values) = terms.of::<N>(row * channels + c, c);
        for i in 0..N {
            sums[0][i] += first[i];
            sums[1][i] += second[i];
        }
        if T::EXTREMES {
            // Comparisons, since `min` and `max` would look for values that are no numbers, too.
            for i in 0..N {
                least[i] = if values[i] < least[i] { values[i] } else { least[i] };
                most[i] = if values[i] > most[i] { values[i] } else { most[i] };
            }
        }
    }
    for (i, channel) in into.iter_mut().take(N).enumerate() {
        channel.sums[0] += f64::from(sums[0][i]);
        channel.sums[1] += f64::from(sums[1][i]);
        channel.least = channel.least.min(least[i]);
        channel.most = channel.most.max(most[i]);
    }
}

/// Sums over all rows, in an order that does not depend on threads.
fn columns<T: Terms>(isa: Isa, terms: T, rows: usize, channels: usize) -> Vec<Channel> {
    let of_task = rows_of_task(channels);
    let parts: Vec<Vec<Channel>> = (0..rows.div_ceil(of_task))
        .into_par_iter()
        .map(|task| {
            let mut into = vec![EMPTY; channels];
            let rows = task * of_task..rows.min((task + 1) * of_task);
            dispatch(isa, Columns { terms, channels, rows, into: &mut into });
            into
        })
        .collect();
    let mut total = vec![EMPTY; channels];
    for part in &parts {
        for (total, part) in total.iter_mut().zip(part) {
            total.sums[0] += part.sums[0];
            total.sums[1] += part.sums[1];
            total.least = total.least.min(part.least);
            total.most = total.most.max(part.most);
        }
    }
    total
}

#[derive(Clone, Copy)]
struct Shifted<'a> {
    values: &'a [f32],
    /// Of each channel, near its mean.
    shift: &'a [f32],
}

impl Terms for Shifted<'_> {
    const EXTREMES: bool = true;
    #[inline(always)]
    fn of<const N: usize>(&self, at: usize, c: usize) -> ([[f32; N]; 2], [f32; N]) {
        let (values, shift) = (chunk::<N>(self.values, at), chunk::<N>(self.shift, c));
        let apart: [f32; N] = lanes(|i| values[i] - shift[i]);
        ([apart, lanes(|i| apart[i] * apart[i])], values)
    }
}

/// The moments of each channel.
pub(crate) fn moments(isa: Isa, values: &[f32], channels: usize) -> Moments {
    let rows = values.len() / channels.max(1);
    let Some(shift) = values.get(..channels).filter(|_| rows > 0) else {
        return Moments::default();
    };
    let sums = columns(isa, Shifted { values, shift }, rows, channels);
    let mut moments = Moments::default();
    let n = rows as f64;
    for (channel, &shift) in sums.iter().zip(shift) {
        let mean = channel.sums[0] / n;
        moments.mean.push(f64::from(shift) + mean);
        moments.variance.push((channel.sums[1] / n - mean * mean).max(0.0));
        moments.least.push(channel.least);
        moments.most.push(channel.most);
    }
    moments
}

/// What a normalisation does: x · factor + offset a channel, then what follows.
#[derive(Clone, Debug)]
pub(crate) struct Affine {
    pub factor: Vec<f32>,
    pub offset: Vec<f32>,
}

impl Affine {
    /// That of a batch normalisation with these moments.
    pub fn new(gamma: &[f32], beta: &[f32], moments: &Moments) -> Self {
        let stated = gamma.iter().zip(beta).zip(moments.mean.iter().zip(&moments.variance));
        let (factor, offset) = stated
            .map(|((&gamma, &beta), (&mean, &variance))| {
                let factor = (1.0 / (variance + EPSILON).sqrt()) as f32 * gamma;
                (factor, (-mean as f32).mul_add(factor, beta))
            })
            .unzip();
        Self { factor, offset }
    }

    /// The range of what it gives for values with these moments.
    pub fn range(&self, moments: &Moments, rows: usize) -> Range {
        let channels = self.factor.len();
        let (mut largest, mut sum) = (0_f32, 0.0);
        let means: Vec<f64> = (0..channels)
            .map(|c| moments.mean[c] * f64::from(self.factor[c]) + f64::from(self.offset[c]))
            .collect();
        for c in 0..channels {
            for end in [moments.least[c], moments.most[c]] {
                largest = largest.max(end.mul_add(self.factor[c], self.offset[c]).abs());
            }
            sum += means[c];
        }
        let mean = sum / channels.max(1) as f64;
        let squares: f64 = (0..channels)
            .map(|c| {
                let spread = moments.variance[c] * f64::from(self.factor[c]).powi(2);
                spread + (means[c] - mean).powi(2)
            })
            .sum();
        Range::from_sums(rows * channels, largest, (mean, 0.0, squares * rows as f64))
    }
}

/// What follows a normalisation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Then {
    pub quantiser: Option<Quantiser>,
    pub activation: Activation,
}

struct Rows<'a> {
    affine: &'a Affine,
    then: Then,
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for Rows<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { affine, then, from, to } = self;
        match (then.quantiser, then.activation) {
            (None, Activation::Identity) => rows(affine, from, to, |x| x),
            (None, Activation::Relu) => rows(affine, from, to, |x| Activation::Relu.apply(x)),
            (None, Activation::HardTanh) => {
                rows(affine, from, to, |x| Activation::HardTanh.apply(x));
            }
            (Some(q), Activation::Relu) => {
                rows(affine, from, to, |x| Activation::Relu.apply(q.apply(x)));
            }
            (Some(q), activation) => rows(affine, from, to, |x| activation.apply(q.apply(x))),
        }
    }
}

#[inline(always)]
fn rows(affine: &Affine, from: &[f32], to: &mut [f32], then: impl Fn(f32) -> f32) {
    let channels = affine.factor.len();
    let mut start = 0;
    while start < to.len() {
        let count = channels.min(to.len() - start);
        let (to, from) = (&mut to[start..start + count], &from[start..start + count]);
        let (factor, offset) = (&affine.factor[..count], &affine.offset[..count]);
        // Fused as in inference, so that borders of codes are the same.
        for c in 0..count {
            to[c] = then(from[c].mul_add(factor[c], offset[c]));
        }
        start += count;
    }
}

/// As many copies of a row of channels as make it wide.
fn widened(channels: &[f32]) -> Vec<f32> {
    channels.repeat(WIDE.div_ceil(channels.len().max(1)).max(1))
}

/// Applies a normalisation and what follows.
pub(crate) fn apply(isa: Isa, affine: &Affine, then: Then, from: &[f32], to: &mut [f32]) {
    let size = rows_of_task(affine.factor.len()) * affine.factor.len();
    let affine = &Affine { factor: widened(&affine.factor), offset: widened(&affine.offset) };
    to.par_chunks_mut(size.max(1))
        .zip(from.par_chunks(size.max(1)))
        .for_each(|(to, from)| dispatch(isa, Rows { affine, then, from, to }));
}

#[derive(Clone, Copy)]
struct Backward<'a, P> {
    input: &'a [f32],
    output: &'a [f32],
    gradient: &'a [f32],
    mean: &'a [f32],
    /// What of a gradient passes an activation with that output.
    pass: P,
}

impl<P: Fn(f32, f32) -> f32 + Copy + Sync> Terms for Backward<'_, P> {
    const EXTREMES: bool = false;
    #[inline(always)]
    fn of<const N: usize>(&self, at: usize, c: usize) -> ([[f32; N]; 2], [f32; N]) {
        let (output, gradient) = (chunk::<N>(self.output, at), chunk::<N>(self.gradient, at));
        let (input, mean) = (chunk::<N>(self.input, at), chunk::<N>(self.mean, c));
        let passed: [f32; N] = lanes(|i| (self.pass)(output[i], gradient[i]));
        ([passed, lanes(|i| passed[i] * (input[i] - mean[i]))], [0.0; N])
    }
}

/// Sums of the gradient behind the activation, and of its products with what is normalised.
fn gradient_sums(isa: Isa, saved: Saved<'_>, gradient: &[f32], mean: &[f32]) -> Vec<Channel> {
    let Saved { input, output, activation, .. } = saved;
    let (rows, channels) = (gradient.len() / mean.len().max(1), mean.len());
    // A loop for each activation, rather than one that asks for each value.
    macro_rules! sums {
        ($activation:expr) => {{
            let pass = |output: f32, gradient: f32| $activation.pass(output, gradient);
            columns(isa, Backward { input, output, gradient, mean, pass }, rows, channels)
        }};
    }
    match activation {
        Activation::Identity => sums!(Activation::Identity),
        Activation::Relu => sums!(Activation::Relu),
        Activation::HardTanh => sums!(Activation::HardTanh),
    }
}

/// What the backward pass needs of the forward pass.
#[derive(Clone, Copy)]
pub(crate) struct Saved<'a> {
    pub input: &'a [f32],
    pub output: &'a [f32],
    pub gamma: &'a [f32],
    pub moments: &'a Moments,
    pub activation: Activation,
}

/// The gradients of the parameters, and that of the input in place of that of the output.
pub(crate) fn backward(isa: Isa, saved: Saved<'_>, gradient: &mut [f32]) -> (Vec<f32>, Vec<f32>) {
    let Saved { input, output, gamma, moments, activation } = saved;
    let channels = gamma.len();
    let count = gradient.len() / channels.max(1);
    let mean: Vec<f32> = moments.mean.iter().map(|&mean| mean as f32).collect();
    let sums = gradient_sums(isa, saved, gradient, &mean);
    let (mut of_gamma, mut of_beta) = (Vec::new(), Vec::new());
    let mut plan = Plan::default();
    for (c, channel) in sums.iter().enumerate() {
        let inverse = 1.0 / (moments.variance[c] + EPSILON).sqrt();
        let [sum, product] = channel.sums;
        of_gamma.push((product * inverse) as f32);
        of_beta.push(sum as f32);
        let factor = f64::from(gamma[c]) * inverse;
        let n = count as f64;
        let slope = -factor * inverse * inverse * product / n;
        plan.gradient.push(factor as f32);
        plan.input.push(slope as f32);
        plan.offset.push((-factor * sum / n - slope * moments.mean[c]) as f32);
    }
    let size = (rows_of_task(channels) * channels).max(1);
    for values in [&mut plan.gradient, &mut plan.input, &mut plan.offset] {
        *values = widened(values);
    }
    gradient
        .par_chunks_mut(size)
        .zip(input.par_chunks(size))
        .zip(output.par_chunks(size))
        .for_each(|((gradient, input), output)| {
            let plan = &plan;
            dispatch(isa, InPlace { plan, gradient, input, output, activation });
        });
    (of_gamma, of_beta)
}

/// Factors of a channel in the gradient of the input.
#[derive(Default)]
struct Plan {
    gradient: Vec<f32>,
    input: Vec<f32>,
    offset: Vec<f32>,
}

struct InPlace<'a> {
    plan: &'a Plan,
    gradient: &'a mut [f32],
    input: &'a [f32],
    output: &'a [f32],
    activation: Activation,
}

impl Kernel for InPlace<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        match self.activation {
            Activation::Identity => self.rows(Activation::Identity),
            Activation::Relu => self.rows(Activation::Relu),
            Activation::HardTanh => self.rows(Activation::HardTanh),
        }
    }
}

impl InPlace<'_> {
    #[inline(always)]
    fn rows(self, activation: Activation) {
        let Plan { gradient: of_gradient, input: of_input, offset } = self.plan;
        let channels = offset.len();
        let mut start = 0;
        while start < self.gradient.len() {
            let count = channels.min(self.gradient.len() - start);
            let range = start..start + count;
            let row = &mut self.gradient[range.clone()];
            let (input, output) = (&self.input[range.clone()], &self.output[range]);
            let plan = (&of_gradient[..count], &of_input[..count], &offset[..count]);
            for c in 0..count {
                let passed = activation.pass(output[c], row[c]);
                row[c] = passed * plan.0[c] + (input[c] * plan.1[c] + plan.2[c]);
            }
            start += count;
        }
    }
}
