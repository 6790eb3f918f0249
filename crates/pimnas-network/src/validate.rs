//! Checks of a network: its precision, and the limits of its size.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::error::{NetworkError, NetworkErrorCode, NetworkErrors};
use crate::fault::place;
use crate::layer::{CandidateScales, Layer, Network, NetworkInput};
use crate::shape::ShapedNetwork;

/// Bits that weights and activations may have, sign included: one bit would have no magnitude.
pub const BITS: RangeInclusive<u32> = 2..=32;
/// Values of a layer's `point_shift`: an exponent of two, so larger ones mean nothing.
pub const POINT_SHIFT: RangeInclusive<f64> = -64.0..=64.0;
/// Most elements of an activation, a padded input or a layer's weights (2^31): 8 GiB as floats,
/// so beyond it a number is a slip and not a network.
pub const MAX_ELEMENTS: usize = 1 << 31;
/// Largest stride or padding, so that sums and products of sizes do not overflow.
pub const MAX_PARAMETER: usize = 1 << 20;

impl Network {
    /// Checks everything that can be checked without a hardware: the graph, the shapes, the
    /// limits and the precision.
    ///
    /// # Errors
    /// Every problem found.
    pub fn validate(&self) -> Result<(), NetworkErrors> {
        ShapedNetwork::new(self).map(|_| ())
    }

    /// Checks bits, steps and scales.
    pub(crate) fn check_precision(&self) -> Result<(), NetworkErrors> {
        if input_is_sound(&self.input) && self.layers.iter().all(layer_is_sound) {
            return Ok(());
        }
        let mut problems = Vec::new();
        report_input(&self.input, &mut problems);
        for (index, layer) in self.layers.iter().enumerate() {
            report_layer(index, layer, &mut problems);
        }
        NetworkErrors::from_list(problems).map_or(Ok(()), Err)
    }
}

fn input_is_sound(input: &NetworkInput) -> bool {
    BITS.contains(&input.bits) && is_scale(input.step)
}

fn layer_is_sound(layer: &Layer) -> bool {
    let bits = |bits: Option<u32>| bits.is_none_or(|bits| BITS.contains(&bits));
    BITS.contains(&layer.activation_bits)
        && bits(layer.weight_bits)
        && bits(layer.input_bits)
        && POINT_SHIFT.contains(&layer.point_shift)
        && layer.scales.as_ref().is_none_or(|scales| all_scales(scales, layer).is_none())
}

/// Whether a value can be the range or the step of a quantiser.
pub(crate) fn is_scale(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

/// "weight_bit is 40, outside 2 to 32", where it is.
pub(crate) fn bits_problem(key: impl Display, bits: u32) -> Option<String> {
    let (first, last) = (BITS.start(), BITS.end());
    let outside = !BITS.contains(&bits);
    outside.then(|| format!("{key} is {bits}, outside {first} to {last}"))
}

fn all_scales(scales: &CandidateScales, layer: &Layer) -> Option<String> {
    if scales.inputs.len() != layer.inputs.len() {
        let (stated, taken) = (scales.inputs.len(), layer.inputs.len());
        return Some(format!("it states the scales of {stated} inputs, but takes {taken}"));
    }
    let inputs = scales.inputs.iter().map(|input| ("input", input));
    let weight = scales.weight.iter().map(|weight| ("weight", weight));
    inputs.chain(weight).chain([("output", &scales.output)]).find_map(|(what, quantisation)| {
        if is_scale(quantisation.scale) {
            return bits_problem(format_args!("the bits of its {what} scale"), quantisation.bits);
        }
        Some(format!("the scale of its {what} is {}, not a positive number", quantisation.scale))
    })
}

fn report_input(input: &NetworkInput, problems: &mut Vec<NetworkError>) {
    let mut report = |why: String, hint: &str| {
        let message = format!("the network's input: {why}");
        problems.push(NetworkError::new(NetworkErrorCode::Precision, message).with_hint(hint));
    };
    if let Some(why) = bits_problem("activation_bit", input.bits) {
        report(why, BITS_HINT);
    }
    if !is_scale(input.step) {
        let why = format!("activation_scale is {}, not a positive number", input.step);
        report(why, "give the difference of neighbouring input values, such as 1/255");
    }
}

/// What to do about bits out of range.
pub(crate) const BITS_HINT: &str = "count the sign: 9 bits are a sign and 8 bits of magnitude";

fn report_layer(index: usize, layer: &Layer, problems: &mut Vec<NetworkError>) {
    let mut report = |why: String, hint: &str| {
        let message = format!("{}: {why}", place(index, layer));
        problems.push(
            NetworkError::new(NetworkErrorCode::Precision, message).with_hint(hint).in_layer(index),
        );
    };
    let stated = [
        ("weight_bit", layer.weight_bits),
        ("activation_bit", Some(layer.activation_bits)),
        ("input_bit", layer.input_bits),
    ];
    for (key, bits) in stated {
        if let Some(why) = bits.and_then(|bits| bits_problem(key, bits)) {
            report(why, BITS_HINT);
        }
    }
    if !POINT_SHIFT.contains(&layer.point_shift) {
        let (first, last) = (POINT_SHIFT.start(), POINT_SHIFT.end());
        let why = format!("point_shift is {}, outside {first} to {last}", layer.point_shift);
        report(why, "give a small number such as -2");
    }
    if let Some(why) = layer.scales.as_ref().and_then(|scales| all_scales(scales, layer)) {
        report(why, "give a scale above 0 for each input, the weights and the output");
    }
}
