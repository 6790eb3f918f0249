//! The transfer function of the ADCs: from the sum of a column to the value that is added up.
//!
//! With range *scale* the code of a sum S is round(S · w · a / o · 2^d · 2^t), where w and a are
//! the steps of weights and inputs, o the full range of the output, d the weight of the highest
//! digits and t the point shift plus ADC bits - 1; with range *fix* it is round(S / F · 2^(Q-1)),
//! where F is the largest sum that a full crossbar can have. Codes are clamped to ±(2^(Q-1) - 1).
//! Values are in units of the output's full range.

use pimnas_device::AdcFault;

use crate::options::AdcRange;
use crate::quantise::code;

/// Sums beyond which codes are computed step by step instead of with one verified product.
const VERIFIED_SUMS: i32 = 1 << 17;
/// Floats next to the exact factor that are tried as the factor of the product.
const NEIGHBOURS: i32 = 24;

/// What a transfer is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransferSettings {
    pub range: AdcRange,
    /// Bits of the ADC, sign included.
    pub adc_bits: u32,
    /// Exponent shift of the scaled range.
    pub point_shift: f64,
    /// Row splits of the layer.
    pub splits: usize,
    /// Step of the weights.
    pub weight_step: f32,
    /// Step of the inputs.
    pub input_step: f32,
    /// Full range of the outputs.
    pub output_scale: f32,
    /// Binary weight of the highest digits: of the inputs' plus of the weights'.
    pub top_exponent: i32,
    /// Largest sum of a full crossbar.
    pub full_sum: f32,
    /// Largest magnitude that a sum of this layer can have.
    pub largest_sum: i32,
}

/// From a sum to a code, operation by operation as the reference computes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stepwise {
    pub first: f32,
    pub second: f32,
    pub divisor: f32,
    pub power: f32,
}

impl Stepwise {
    #[inline(always)]
    pub fn scaled(&self, sum: f32) -> f32 {
        sum * self.first * self.second / self.divisor * self.power
    }
}

/// From a sum to an unrounded code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scaling {
    /// One product, verified to give the same code as [`Stepwise`] for every sum of the layer.
    Product(f32),
    /// Operation by operation.
    Stepwise(Stepwise),
}

/// From a code to a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Values {
    /// The code times this power of two.
    Power(f32),
    /// Operation by operation.
    Stepwise(ValueSteps),
}

/// From a code to a value, operation by operation as the reference computes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ValueSteps {
    pub full: f32,
    /// A power of two.
    pub unit: f32,
    pub weight_step: f32,
    pub input_step: f32,
    pub divisor: f32,
    /// A power of two.
    pub top: f32,
}

impl ValueSteps {
    #[inline(always)]
    pub fn value(&self, code: f32) -> f32 {
        code * self.full * self.unit * self.weight_step * self.input_step / self.divisor * self.top
    }
}

/// The transfer function of a layer's ADCs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Transfer {
    pub scaling: Scaling,
    /// Largest code.
    pub limit: f32,
    pub values: Values,
}

impl Transfer {
    pub fn new(settings: &TransferSettings) -> Self {
        let steps = settings.adc_bits.saturating_sub(1) as i32;
        let limit = power_of_two(steps) - 1.0;
        match settings.range {
            AdcRange::Scale => {
                let splits = (settings.splits as f64).log2();
                let shift = (settings.point_shift + 0.5 * splits).floor() as i32;
                let transfer_point = shift + steps;
                let stepwise = Stepwise {
                    first: settings.weight_step,
                    second: settings.input_step,
                    divisor: settings.output_scale,
                    power: power_of_two(settings.top_exponent + transfer_point),
                };
                let scaling = verified(stepwise, limit, settings.largest_sum);
                Self { scaling, limit, values: Values::Power(power_of_two(-transfer_point)) }
            }
            AdcRange::Fix => {
                let full = settings.full_sum;
                let power = power_of_two(steps);
                let stepwise = Stepwise { first: 1.0, second: 1.0, divisor: full, power };
                let values = Values::Stepwise(ValueSteps {
                    full,
                    unit: 1.0 / power,
                    weight_step: settings.weight_step,
                    input_step: settings.input_step,
                    divisor: settings.output_scale,
                    top: power_of_two(settings.top_exponent),
                });
                let scaling = verified(stepwise, limit, settings.largest_sum);
                Self { scaling, limit, values }
            }
        }
    }

    /// The value that a real-valued sum adds, before its digit's shift.
    #[inline(always)]
    pub fn value(&self, sum: f32) -> f32 {
        self.value_of(code(self.scaled(sum), self.limit))
    }

    /// As [`Transfer::value`], through an ADC with errors of gain and offset.
    #[inline(always)]
    pub fn value_through(&self, fault: AdcFault, sum: f32) -> f32 {
        let code = code(fault.gain * self.scaled(sum) + fault.offset, self.limit);
        self.value_of(code)
    }

    /// The unrounded code of a sum.
    #[inline(always)]
    fn scaled(&self, sum: f32) -> f32 {
        match self.scaling {
            Scaling::Product(factor) => sum * factor,
            Scaling::Stepwise(steps) => steps.scaled(sum),
        }
    }

    /// The value of a code.
    #[inline(always)]
    pub fn value_of(&self, code: f32) -> f32 {
        match self.values {
            Values::Power(power) => code * power,
            Values::Stepwise(steps) => steps.value(code),
        }
    }

    /// The same transfer without the verified product, for sums that are no integers.
    pub fn for_real_sums(&self, settings: &TransferSettings) -> Self {
        let unverified = TransferSettings { largest_sum: i32::MAX, ..*settings };
        Self { scaling: Self::new(&unverified).scaling, ..*self }
    }
}

pub(crate) fn power_of_two(exponent: i32) -> f32 {
    2_f64.powi(exponent) as f32
}

/// A product that gives the same codes for all sums up to the largest, if one is found.
fn verified(steps: Stepwise, limit: f32, largest: i32) -> Scaling {
    let fallback = Scaling::Stepwise(steps);
    if largest > VERIFIED_SUMS {
        return fallback;
    }
    let exact = f64::from(steps.first) * f64::from(steps.second) / f64::from(steps.divisor)
        * f64::from(steps.power);
    let nearest = exact as f32;
    if !nearest.is_normal() {
        return fallback;
    }
    let codes: Vec<f32> = (0..=largest).map(|sum| code(steps.scaled(sum as f32), limit)).collect();
    let agrees = |factor: f32| {
        codes
            .iter()
            .enumerate()
            .all(|(sum, &expected)| code(sum as f32 * factor, limit) == expected)
    };
    // Neighbours outwards: 0, 1, -1, 2, -2, …
    (0..=2 * NEIGHBOURS)
        .map(|i| if i % 2 == 1 { i / 2 + 1 } else { -(i / 2) })
        .map(|offset| f32::from_bits(nearest.to_bits().wrapping_add_signed(offset)))
        .find(|&factor| factor.is_normal() && agrees(factor))
        .map_or(fallback, Scaling::Product)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(range: AdcRange) -> TransferSettings {
        TransferSettings {
            range,
            adc_bits: 8,
            point_shift: -2.0,
            splits: 5,
            weight_step: 0.0021,
            input_step: 0.0117,
            output_scale: 3.7,
            top_exponent: 12,
            full_sum: 2304.0,
            largest_sum: 2268,
        }
    }

    /// The equations as they stand in the text above, in the reference's order of operations.
    fn straightforward(s: &TransferSettings, sum: f32) -> f32 {
        let steps = s.adc_bits as i32 - 1;
        let limit = 2_f32.powi(steps) - 1.0;
        let round = |value: f32| value.round_ties_even().clamp(-limit, limit);
        match s.range {
            AdcRange::Scale => {
                let shift = (s.point_shift + 0.5 * (s.splits as f64).log2()).floor() as i32;
                let point = 2_f32.powi(shift + steps);
                let value = sum * s.weight_step * s.input_step;
                let value = value / s.output_scale * 2_f32.powi(s.top_exponent);
                round(value * point) / point
            }
            AdcRange::Fix => {
                let code = round(sum / s.full_sum * 2_f32.powi(steps));
                let value = code * s.full_sum / 2_f32.powi(steps);
                let value = value * s.weight_step * s.input_step;
                value / s.output_scale * 2_f32.powi(s.top_exponent)
            }
        }
    }

    #[test]
    fn the_range_fix_ends_just_below_the_largest_sum() {
        let transfer = Transfer::new(&settings(AdcRange::Fix));
        let step = 2304.0 / 128.0;
        assert_eq!(code(1.49 * step / 2304.0 * 128.0, transfer.limit), 1.0);
        assert_eq!(transfer.value(2304.0), transfer.value(127.0 * step));
    }

    #[test]
    fn the_usual_layers_get_a_single_product() {
        for range in [AdcRange::Scale, AdcRange::Fix] {
            let transfer = Transfer::new(&settings(range));
            assert!(matches!(transfer.scaling, Scaling::Product(_)), "{range:?}");
        }
    }

    proptest! {
        #[test]
        fn every_sum_has_the_value_of_the_equations(
            range in prop_oneof![Just(AdcRange::Scale), Just(AdcRange::Fix)],
            adc_bits in 1_u32..=12,
            splits in 1_usize..40,
            steps in (1e-5_f32..1e-1, 1e-5_f32..1e-1, 1e-3_f32..1e2),
            top_exponent in 0_i32..16,
            largest_sum in 1_i32..5000,
        ) {
            let settings = TransferSettings {
                adc_bits, splits, top_exponent, largest_sum,
                weight_step: steps.0, input_step: steps.1, output_scale: steps.2,
                full_sum: largest_sum as f32 + 36.0,
                ..settings(range)
            };
            let transfer = Transfer::new(&settings);
            for sum in -largest_sum..=largest_sum {
                let sum = sum as f32;
                prop_assert_eq!(transfer.value(sum), straightforward(&settings, sum));
            }
        }
    }
}
