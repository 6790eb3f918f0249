//! Factors and summands a channel.

use super::error::{Refusal, refuse};
use crate::tensor::Tensor;

/// x · factor + summand, a channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Affine {
    pub factors: Vec<f64>,
    pub summands: Vec<f64>,
}

impl Affine {
    /// Nothing, for that many channels.
    pub fn identity(channels: usize) -> Self {
        Self { factors: vec![1.0; channels], summands: vec![0.0; channels] }
    }

    /// The same factor and summand for all channels.
    pub fn uniform(channels: usize, factor: f64, summand: f64) -> Self {
        Self { factors: vec![factor; channels], summands: vec![summand; channels] }
    }

    /// This one and then another.
    pub fn then(mut self, next: &Self) -> Self {
        let own = self.factors.iter_mut().zip(&mut self.summands);
        for ((factor, summand), (f, s)) in own.zip(next.factors.iter().zip(&next.summands)) {
            *factor *= f;
            *summand = *summand * f + s;
        }
        self
    }

    pub fn has_factors(&self) -> bool {
        self.factors.iter().any(|&factor| factor != 1.0)
    }

    pub fn is_identity(&self) -> bool {
        !self.has_factors() && self.summands.iter().all(|&summand| summand == 0.0)
    }
}

/// One value a channel from a constant that is repeated to these dimensions; `axis` is where its
/// own dimensions begin, if not at the end.
pub(super) fn of_channels(
    constant: &Tensor,
    axis: Option<i64>,
    dims: &[usize],
) -> Result<Vec<f64>, Refusal> {
    const HINT: &str = "a constant must be one number, or one for each channel";
    let own = constant.dims();
    let behind = dims.len().checked_sub(own.len());
    let first = match (axis.and_then(|axis| usize::try_from(axis).ok()), behind) {
        (Some(axis), _) => axis,
        (None, Some(behind)) => behind,
        (None, None) => return refuse(format!("a constant of {own:?} on {dims:?}"), HINT),
    };
    let channels = dims.get(1).copied().unwrap_or(1);
    let values = constant.to_f32();
    if let [value] = values.as_slice() {
        return Ok(vec![f64::from(*value); channels]);
    }
    let by_channel = own.iter().zip(first..).all(|(&dim, at)| dim == 1 || at == 1);
    if !by_channel || values.len() != channels {
        return refuse(
            format!("a constant of {own:?} on {dims:?} is not one value a channel"),
            HINT,
        );
    }
    Ok(values.into_iter().map(f64::from).collect())
}
