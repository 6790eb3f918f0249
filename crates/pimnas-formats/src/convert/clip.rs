//! Bounds by the activations that layers have.

use pimnas_network::{Operation, Source};

use super::activation::{Activation, Bounds};
use super::affine::Affine;
use super::emit::Converter;
use super::error::{Refusal, refuse};

/// Bounds and then others; `None` where both together are not bounds.
pub(super) fn both(first: Bounds, next: Bounds) -> Option<Bounds> {
    let pick = |a: Option<f32>, b: Option<f32>, choose: fn(f32, f32) -> f32| match (a, b) {
        (Some(a), Some(b)) => Some(choose(a, b)),
        (one, other) => one.or(other),
    };
    let bounds = (pick(first.0, next.0, f32::max), pick(first.1, next.1, f32::min));
    match bounds {
        (Some(low), Some(high)) if low >= high => None,
        _ => Some(bounds),
    }
}

/// Applies factors and summands and then bounds.
///
/// Bounds 0 and −1 … 1 are layers. Others are one of these between a shift and its reverse:
/// low … high is m + r · hard_tanh((x − m) / r), low … is low + relu(x − low), … high is
/// high − relu(high − x).
pub(super) fn apply(
    converter: &mut Converter<'_>,
    activation: Activation,
    bounds: Bounds,
) -> Result<Activation, Refusal> {
    let (operation, before, after) = match bounds {
        (None, None) => return converter.with_affine(activation),
        (Some(0.0), None) => (Operation::Relu, None, None),
        (Some(-1.0), Some(1.0)) => (Operation::HardTanh, None, None),
        (Some(low), None) => {
            let low = f64::from(low);
            (Operation::Relu, Some((1.0, -low)), Some((1.0, low)))
        }
        (None, Some(high)) => {
            let high = f64::from(high);
            (Operation::Relu, Some((-1.0, high)), Some((-1.0, high)))
        }
        (Some(low), Some(high)) => {
            let (low, high) = (f64::from(low), f64::from(high));
            let (middle, radius) = ((low + high) / 2.0, (high - low) / 2.0);
            let before = (1.0 / radius, -middle / radius);
            (Operation::HardTanh, Some(before), Some((radius, middle)))
        }
    };
    let finite = |(factor, summand): (f64, f64)| factor.is_finite() && summand.is_finite();
    if !before.is_none_or(finite) {
        return refuse(
            format!("it has the bounds {bounds:?}"),
            "give finite bounds, low below high",
        );
    }
    let mut activation = shifted(activation, before);
    activation = converter.with_affine(activation)?;
    let layer = converter.push(operation, vec![activation.source]);
    activation.source = Source::Layer(layer);
    activation.weighted = None;
    converter.with_affine(shifted(activation, after))
}

fn shifted(mut activation: Activation, shift: Option<(f64, f64)>) -> Activation {
    if let Some((factor, summand)) = shift {
        let channels = activation.channels();
        let affine = activation.affine.take().unwrap_or_else(|| Affine::identity(channels));
        activation.affine = Some(affine.then(&Affine::uniform(channels, factor, summand)));
    }
    activation
}
