//! What the kernels do with a column's sum: the ADC's code, counted with its digits' weight.
//!
//! With range *scale* a value is a code times a power of two, so that codes shifted by their
//! digits can be added up exactly, in 32-bit integers, in any order ([`Counting::Codes`]). With
//! range *fix* values are floats, added in the order positions, cycles, slices
//! ([`Counting::Values`]).

use crate::adc::{Scaling, Transfer, Values};

/// Largest weight of a code: 16-bit products take it.
const MAX_WEIGHT_SHIFT: i32 = 14;
/// Largest code that is a 16-bit number.
const MAX_LIMIT: f32 = i16::MAX as f32;

/// The ADCs of a layer and the weights of its digits.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    pub transfer: Transfer,
    /// Arrays of a row split.
    pub arrays: usize,
    /// Signed power of two of each cycle and array.
    pub factors: Vec<f32>,
    pub counting: Counting,
}

/// How values are added up.
#[derive(Clone, Debug)]
pub(crate) enum Counting {
    /// Codes times integer weights.
    Codes(Codes),
    /// Values times factors, as floats.
    Values,
}

/// From sums to weighted codes.
#[derive(Clone, Debug)]
pub(crate) struct Codes {
    /// Sum times this, rounded, is the code.
    pub factor: f32,
    /// Sums beyond this have the same code as this.
    pub largest: i32,
    /// Whether codes within it can exceed the range.
    pub clamps: Clamps,
    /// Largest code.
    pub limit: f32,
    /// Weight of each cycle and array.
    pub weights: Vec<i16>,
    /// What one unit of the weighted codes is.
    pub unit: f32,
}

/// What has to be clamped to the range of an ADC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clamps {
    /// Sums: the largest in range has the largest code.
    Sums,
    /// Codes: neighbouring sums are more than a code apart.
    Codes,
}

impl Conversion {
    /// `factors` are those of each cycle and array; `largest_sum` bounds every sum of `splits`
    /// row splits.
    pub fn new(
        transfer: &Transfer,
        (factors, arrays): (Vec<f32>, usize),
        (largest_sum, splits): (i32, usize),
    ) -> Self {
        let counting = codes(transfer, &factors, (largest_sum, splits))
            .map_or(Counting::Values, Counting::Codes);
        Self { transfer: transfer.clone(), arrays, factors, counting }
    }
}

/// Exact counting, where codes and their sums fit.
fn codes(
    transfer: &Transfer,
    factors: &[f32],
    (largest_sum, splits): (i32, usize),
) -> Option<Codes> {
    let (Scaling::Product(factor), Values::Power(power)) = (&transfer.scaling, &transfer.values)
    else {
        return None;
    };
    let smallest = factors.iter().fold(f32::INFINITY, |least, factor| least.min(factor.abs()));
    let whole = |factor: f32| factor / smallest;
    let total: f64 = factors.iter().map(|&factor| f64::from(whole(factor.abs()))).sum();
    let most = total * f64::from(transfer.limit) * splits as f64;
    let fits = factors.iter().all(|&factor| whole(factor.abs()) <= 2_f32.powi(MAX_WEIGHT_SHIFT))
        && transfer.limit <= MAX_LIMIT
        && most < f64::from(i32::MAX)
        && *factor > 0.0;
    if !fits {
        return None;
    }
    // Codes grow with sums, so the last sum in range is found by halving.
    let in_range = |sum: i32| (sum as f32 * factor).round_ties_even() <= transfer.limit;
    let (mut inside, mut outside) = (0, largest_sum.saturating_add(1));
    while outside - inside > 1 {
        let middle = inside + (outside - inside) / 2;
        if in_range(middle) { inside = middle } else { outside = middle }
    }
    let reaches = (inside as f32 * factor).round_ties_even() == transfer.limit;
    let (largest, clamps) = if inside == largest_sum || reaches {
        (inside, Clamps::Sums)
    } else {
        (largest_sum, Clamps::Codes)
    };
    Some(Codes {
        factor: *factor,
        largest,
        clamps,
        limit: transfer.limit,
        weights: factors.iter().map(|&factor| whole(factor) as i16).collect(),
        unit: smallest * power,
    })
}
