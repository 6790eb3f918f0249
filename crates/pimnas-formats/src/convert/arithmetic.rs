//! Sums, factors and bounds.

use pimnas_network::{Operation, Source};

use super::activation::{Activation, Bounds, Known};
use super::affine::{Affine, of_channels};
use super::clip;
use super::emit::Converter;
use super::error::{Refusal, refuse};
use crate::graph::{Binary, Node};

/// The inputs of a node by what they are.
struct Inputs {
    /// Positions of those that depend on the network's input.
    activations: Vec<usize>,
    /// Positions of the constants.
    constants: Vec<usize>,
}

fn inputs(converter: &Converter<'_>, node: &Node) -> Inputs {
    let is_activation = |position: &usize| {
        matches!(converter.given(node, *position), Some((_, Known::Activation(_))))
    };
    let (activations, constants) = (0..node.inputs.len()).partition(is_activation);
    Inputs { activations, constants }
}

/// A sum, difference, product, quotient or bound.
pub(super) fn binary(
    converter: &mut Converter<'_>,
    node: &Node,
    (binary, axis): (Binary, Option<i64>),
) -> Result<Known, Refusal> {
    let Inputs { activations, constants } = inputs(converter, node);
    let mut activation = match (activations.as_slice(), binary) {
        (&[single], _) => converter.derived(node, single)?,
        (several, Binary::Add | Binary::Sub) => sum(converter, node, (several, binary))?,
        (_, Binary::Mul | Binary::Div | Binary::Max | Binary::Min) => {
            let hint = "layers join activations by sums only: replace it before exporting";
            return refuse("it joins several activations", hint);
        }
    };
    if let Binary::Max | Binary::Min = binary {
        for position in constants {
            let (_, values) = converter.floats(node, position)?;
            let &[bound] = values.as_slice() else {
                return refuse("its bound is not one number", "give one bound for all channels");
            };
            let bounds =
                if binary == Binary::Max { (Some(bound), None) } else { (None, Some(bound)) };
            activation = bounded(converter, activation, bounds)?;
        }
        return Ok(Known::Activation(activation));
    }
    for position in constants {
        // The activation is on the right of a difference or quotient.
        let reversed = position == 0;
        let constant = converter.constant(node, position)?;
        converter.floats(node, position)?;
        let values = of_channels(&constant, axis, &activation.dims)?;
        activation = joined(converter, activation, (binary, reversed), &values)?;
    }
    Ok(Known::Activation(activation))
}

/// An activation joined with a constant a channel.
fn joined(
    converter: &mut Converter<'_>,
    activation: Activation,
    (binary, reversed): (Binary, bool),
    values: &[f64],
) -> Result<Activation, Refusal> {
    let ones = |value: f64| vec![value; values.len()];
    let negative = || values.iter().map(|value| -value).collect();
    let next = match (binary, reversed) {
        (Binary::Add, _) => Affine { factors: ones(1.0), summands: values.to_vec() },
        (Binary::Sub, false) => Affine { factors: ones(1.0), summands: negative() },
        (Binary::Sub, true) => Affine { factors: ones(-1.0), summands: values.to_vec() },
        (Binary::Mul, _) => Affine { factors: values.to_vec(), summands: ones(0.0) },
        (Binary::Div, false) if !values.contains(&0.0) => {
            let factors = values.iter().map(|value| 1.0 / value).collect();
            Affine { factors, summands: ones(0.0) }
        }
        (Binary::Div, _) => {
            let hint = "divide by constants other than 0 only";
            return refuse("it divides by an activation or by 0", hint);
        }
        (Binary::Max | Binary::Min, _) => return Ok(activation),
    };
    affine(converter, activation, &next)
}

/// Adds factors and summands to what is to be done to an activation.
pub(super) fn affine(
    converter: &mut Converter<'_>,
    mut activation: Activation,
    next: &Affine,
) -> Result<Activation, Refusal> {
    if activation.zeros.is_some() {
        return refuse("it reads zero padding that no convolution takes", "pad later");
    }
    if !activation.takes_affine() {
        activation = converter.without_zeros(activation)?;
    }
    let channels = activation.channels();
    let before = activation.affine.take().unwrap_or_else(|| Affine::identity(channels));
    activation.affine = Some(before.then(next));
    Ok(activation)
}

/// Adds bounds to what is to be done to an activation.
pub(super) fn bounded(
    converter: &mut Converter<'_>,
    mut activation: Activation,
    bounds: Bounds,
) -> Result<Activation, Refusal> {
    if activation.zeros.is_some() {
        return refuse("it reads zero padding that no convolution takes", "pad later");
    }
    if let (Some(low), Some(high)) = bounds
        && low >= high
    {
        return refuse(
            format!("its bounds are {low} and {high}"),
            "give a lower bound below the upper",
        );
    }
    match clip::both(activation.bounds, bounds) {
        Some(both) => activation.bounds = both,
        None => {
            activation = converter.without_zeros(activation)?;
            activation.bounds = bounds;
        }
    }
    Ok(activation)
}

/// A sum of activations; those after the first are negated for a difference.
fn sum(
    converter: &mut Converter<'_>,
    node: &Node,
    (positions, binary): (&[usize], Binary),
) -> Result<Activation, Refusal> {
    let mut sources: Vec<Source> = Vec::with_capacity(positions.len());
    let mut dims: Option<Vec<usize>> = None;
    for (index, &position) in positions.iter().enumerate() {
        let (value, _) = converter.activation(node, position)?;
        let mut activation = converter.applied(value)?;
        if binary == Binary::Sub && index > 0 {
            let negative = Affine::uniform(activation.channels(), -1.0, 0.0);
            activation = affine(converter, activation, &negative)?;
            activation = converter.without_zeros(activation)?;
        }
        match &dims {
            Some(first) if *first != activation.dims => {
                let why = format!("it adds maps of {first:?} and {:?}", activation.dims);
                return refuse(why, "layers add activations of equal shape only");
            }
            Some(_) => {}
            None => dims = Some(activation.dims),
        }
        sources.push(activation.source);
    }
    let Some(dims) = dims else {
        return refuse("it has no inputs", "export the network again");
    };
    let layer = converter.push(Operation::ElementSum, sources);
    Ok(Activation::of(Source::Layer(layer), dims))
}
