//! Element-wise steps behind a layer: quantisation, batch normalisation, activation.

use crate::bind::Norm;
use crate::quantise::{code, max_code, steps_per_unit};

/// What batch normalisation adds to a variance.
const EPSILON: f32 = 1e-5;

/// One element-wise step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// To multiples of a step, by the reciprocal of the step: codes divided by it.
    Quantise { reciprocal: f32, limit: f32 },
    /// From units of the full range: round(x · limit) · scale / limit.
    Output { limit: f32, scale: f32 },
    /// x · alpha + beta a channel.
    Affine { alpha: Vec<f32>, beta: Vec<f32> },
    /// max(x, 0).
    Relu,
    /// min(max(x, -1), 1).
    HardTanh,
}

impl Stage {
    /// Quantisation with that full range.
    pub fn quantise(bits: u32, scale: f32) -> Self {
        let limit = max_code(bits);
        Self::Quantise { reciprocal: steps_per_unit(limit, scale), limit }
    }

    /// Quantisation of a crossbar layer's outputs.
    pub fn output(bits: u32, scale: f32) -> Self {
        Self::Output { limit: max_code(bits), scale }
    }

    /// Difference of neighbouring values, of a quantiser.
    pub fn step(&self) -> Option<f32> {
        match *self {
            Self::Quantise { reciprocal, .. } => Some(1.0 / reciprocal),
            Self::Output { limit, scale } => Some(scale / limit),
            Self::Affine { .. } | Self::Relu | Self::HardTanh => None,
        }
    }

    /// Batch normalisation.
    pub fn affine(norm: &Norm) -> Self {
        let alpha: Vec<f32> = norm
            .variance
            .iter()
            .zip(&norm.weight)
            .map(|(variance, weight)| 1.0 / (variance + EPSILON).sqrt() * weight)
            .collect();
        let beta = norm
            .mean
            .iter()
            .zip(&norm.bias)
            .zip(&alpha)
            .map(|((mean, bias), alpha)| (-mean).mul_add(*alpha, *bias))
            .collect();
        Self::Affine { alpha, beta }
    }

    /// Whether channels differ in what it does.
    pub fn is_by_channel(&self) -> bool {
        match self {
            Self::Affine { .. } => true,
            Self::Quantise { .. } | Self::Output { .. } | Self::Relu | Self::HardTanh => false,
        }
    }

    /// Applies it to values of one channel.
    #[inline(always)]
    pub fn apply(&self, channel: usize, values: &mut [f32]) {
        match *self {
            Self::Quantise { reciprocal, limit } => {
                for value in values {
                    *value = code(*value * reciprocal, limit) / reciprocal;
                }
            }
            Self::Output { limit, scale } => {
                for value in values {
                    *value = code(*value * limit, limit) * scale / limit;
                }
            }
            Self::Affine { ref alpha, ref beta } => {
                let (alpha, beta) = (alpha[channel], beta[channel]);
                for value in values {
                    *value = value.mul_add(alpha, beta);
                }
            }
            Self::Relu => {
                for value in values {
                    *value = value.max(0.0);
                }
            }
            Self::HardTanh => {
                for value in values {
                    *value = value.clamp(-1.0, 1.0);
                }
            }
        }
    }
}
