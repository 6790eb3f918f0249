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
/// Codes whose values two registers hold.
pub(super) const NEAR: usize = 32;

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
    /// Values times factors, as floats; in registers if their products with the factors are exact.
    Values(Option<Near>),
}

/// From sums to codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounding {
    /// Sum times this, rounded, is the code.
    pub factor: f32,
    /// Sums beyond this have the same code as this.
    pub largest: i32,
    /// Whether codes within it can exceed the range.
    pub clamps: Clamps,
    /// Largest code.
    pub limit: f32,
}

/// What has to be clamped to the range of an ADC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clamps {
    /// Sums: the largest in range has the largest code.
    Sums,
    /// Codes: neighbouring sums are more than a code apart.
    Codes,
}

/// From sums to weighted codes.
#[derive(Clone, Debug)]
pub(crate) struct Codes {
    pub rounding: Rounding,
    /// Weight of each cycle and array.
    pub weights: Vec<i16>,
    /// What one unit of the weighted codes is.
    pub unit: f32,
}

/// From sums to values, with those of codes near 0 at hand.
#[derive(Clone, Debug)]
pub(crate) struct Near {
    pub rounding: Rounding,
    /// Values of the codes 0, 1, …, 15, -16, …, -1: a code's lowest bits are its place.
    pub values: [f32; NEAR],
    /// Largest sum whose code's magnitude is below 16.
    pub largest: i32,
}

impl Conversion {
    /// `factors` are those of each cycle and array; `largest_sum` bounds every sum of `splits`
    /// row splits.
    pub fn new(
        transfer: &Transfer,
        (factors, arrays): (Vec<f32>, usize),
        (largest_sum, splits): (i32, usize),
    ) -> Self {
        let rounding = Rounding::new(transfer, largest_sum);
        let codes = rounding.and_then(|rounding| codes(rounding, transfer, &factors, splits));
        let counting = match codes {
            Some(codes) => Counting::Codes(codes),
            None => {
                Counting::Values(rounding.and_then(|rounding| near(rounding, transfer, &factors)))
            }
        };
        Self { transfer: *transfer, arrays, factors, counting }
    }
}

impl Rounding {
    /// If a product gives the codes.
    fn new(transfer: &Transfer, largest_sum: i32) -> Option<Self> {
        let Scaling::Product(factor) = transfer.scaling else { return None };
        let limit = transfer.limit;
        if factor <= 0.0 {
            return None;
        }
        let inside = last_sum(factor, limit, largest_sum);
        let reaches = (inside as f32 * factor).round_ties_even() == limit;
        let (largest, clamps) = if inside == largest_sum || reaches {
            (inside, Clamps::Sums)
        } else {
            (largest_sum, Clamps::Codes)
        };
        Some(Self { factor, largest, clamps, limit })
    }
}

/// The last sum whose code is not above a limit. Codes grow with sums, so it is found by halving.
fn last_sum(factor: f32, limit: f32, largest_sum: i32) -> i32 {
    let in_range = |sum: i32| (sum as f32 * factor).round_ties_even() <= limit;
    let (mut inside, mut outside) = (0, largest_sum.saturating_add(1));
    while outside - inside > 1 {
        let middle = inside + (outside - inside) / 2;
        if in_range(middle) { inside = middle } else { outside = middle }
    }
    inside
}

/// Exact counting, where codes and their sums fit.
fn codes(rounding: Rounding, transfer: &Transfer, factors: &[f32], splits: usize) -> Option<Codes> {
    let Values::Power(power) = transfer.values else { return None };
    let smallest = factors.iter().fold(f32::INFINITY, |least, factor| least.min(factor.abs()));
    let whole = |factor: f32| factor / smallest;
    let total: f64 = factors.iter().map(|&factor| f64::from(whole(factor.abs()))).sum();
    let most = total * f64::from(transfer.limit) * splits as f64;
    let fits = factors.iter().all(|&factor| whole(factor.abs()) <= 2_f32.powi(MAX_WEIGHT_SHIFT))
        && transfer.limit <= MAX_LIMIT
        && most < f64::from(i32::MAX);
    fits.then(|| Codes {
        rounding,
        weights: factors.iter().map(|&factor| whole(factor) as i16).collect(),
        unit: smallest * power,
    })
}

/// Values at hand, where their products with the factors, powers of two, are exact.
fn near(rounding: Rounding, transfer: &Transfer, factors: &[f32]) -> Option<Near> {
    let least = factors.iter().fold(1.0_f32, |least, factor| least.min(factor.abs()));
    let ends = [transfer.value_of(1.0) * least, transfer.value_of(rounding.limit)];
    if rounding.limit >= 1.0 && !ends.iter().all(|value| value.is_normal()) {
        return None;
    }
    let half = NEAR as i32 / 2;
    let code = |place: usize| (place as i32 + half) % NEAR as i32 - half;
    let values = std::array::from_fn(|place| {
        transfer.value_of((code(place) as f32).clamp(-rounding.limit, rounding.limit))
    });
    let largest = last_sum(rounding.factor, (half - 1) as f32, rounding.largest);
    Some(Near { rounding, values, largest })
}
