//! The form of a super net's candidates.

use serde_json::Value;

use super::UNNAMED;
use super::fields::{Fields, Problems, integer};
use super::layer_list::{open, sources};
use super::operation::{self, Kind};
use crate::error::{NetworkError, NetworkErrorCode, NetworkErrors};
use crate::fault::place;
use crate::layer::{
    CandidateScales, DEFAULT_POINT_SHIFT, Layer, Network, NetworkInput, Quantisation, Shape, Source,
};
use crate::shape::ShapedNetwork;

/// Key under which a larger file has the candidate.
pub(super) const KEY: &str = "mnsim_cfg";
/// Full range where a layer without weights states none.
const MISSING_SCALE: f64 = 1.0;

/// One `[bits, scale, shape]`.
struct Entry {
    bits: u32,
    scale: Option<f64>,
    shape: Shape,
}

impl Entry {
    fn quantisation(&self) -> Quantisation {
        Quantisation { bits: self.bits, scale: self.scale.unwrap_or(MISSING_SCALE) }
    }
}

/// A layer and the shapes that it states.
struct Stated {
    layer: Layer,
    inputs: Vec<Entry>,
    output: Entry,
}

/// Reads a network from that JSON.
pub(super) fn read(value: &Value) -> Result<Network, NetworkErrors> {
    let Some(list) = value.get(KEY).unwrap_or(value).as_array() else {
        return Err(NetworkError::new(
            NetworkErrorCode::Structure,
            "a candidate is a JSON list of layers, which this is not",
        )
        .with_hint(format!("give the list of layers, or an object with `{KEY}`"))
        .into());
    };
    let mut problems = Problems::new();
    let stated: Vec<Option<Stated>> =
        list.iter().enumerate().map(|(index, value)| layer(index, value, &mut problems)).collect();
    let stated: Option<Vec<Stated>> = stated.into_iter().collect();
    let input = stated.as_ref().and_then(|stated| input(stated, &mut problems));
    let (Some(stated), Some(input)) = (stated, input) else {
        return Err(super::failed(problems));
    };
    let mut layers = Vec::with_capacity(stated.len());
    let mut shapes = Vec::with_capacity(stated.len());
    for Stated { layer, inputs, output } in stated {
        layers.push(layer);
        shapes.push((inputs, output));
    }
    let network = super::checked(Network { name: UNNAMED.to_owned(), input, layers }, problems)?;
    check_shapes(&network, &shapes)?;
    Ok(network)
}

/// The network's input is what the first layer states of its own.
fn input(stated: &[Stated], problems: &mut Problems) -> Option<NetworkInput> {
    let Some(first) = stated.first().and_then(|first| first.inputs.first()) else {
        problems.push(
            NetworkError::new(NetworkErrorCode::Empty, "the candidate has no layers")
                .with_hint("give at least one layer"),
        );
        return None;
    };
    let Some(scale) = first.scale else {
        let why = "layer 0: its input has no scale, which is that of the network's input";
        problems.push(
            NetworkError::new(NetworkErrorCode::Precision, why)
                .with_hint("give the first layer an input scale")
                .in_layer(0),
        );
        return None;
    };
    let quantisation = Quantisation { bits: first.bits, scale };
    Some(NetworkInput { shape: first.shape, bits: first.bits, step: quantisation.step() })
}

fn layer(index: usize, value: &Value, problems: &mut Problems) -> Option<Stated> {
    let (kind, mut fields) = open((index, value), ("_type", operation::CANDIDATE), problems)?;
    let operation = operation::read(kind, &mut fields);
    let has_weights = matches!(kind, Kind::Conv | Kind::GroupConv | Kind::Fc);
    let weight = if has_weights { weight(&mut fields).map(Some) } else { Some(None) };
    neutral_keys(kind, &mut fields);
    let inputs = fields.required("input").and_then(|value| entries(&mut fields, "input", value));
    let output = fields.required("output").and_then(|value| output(&mut fields, value));
    let taken = relative(&mut fields).and_then(|from| sources(&mut fields, index, &from));
    let name = fields.optional_text("name");
    if let (Some(inputs), Some(taken)) = (&inputs, &taken)
        && (inputs.is_empty() || inputs.len() != taken.len())
    {
        let why = format!("it states {} inputs, but takes {}", inputs.len(), taken.len());
        fields.report(NetworkErrorCode::InputCount, &why, "give one `input` for each `from`");
    }
    if let (true, Some(inputs), Some(output)) = (has_weights, &inputs, &output) {
        require_scales(&mut fields, inputs, output);
    }
    fields.finish();
    let (inputs, output, weight) = (inputs?, output?, weight?);
    let scales = CandidateScales {
        inputs: inputs.iter().map(Entry::quantisation).collect(),
        weight,
        output: output.quantisation(),
    };
    let layer = Layer {
        operation: operation?,
        inputs: taken?,
        weight_bits: weight.map(|weight| weight.bits),
        activation_bits: output.bits,
        input_bits: inputs.first().map(|input| input.bits),
        point_shift: DEFAULT_POINT_SHIFT,
        scales: Some(scales),
        name: name?.map(str::to_owned),
    };
    Some(Stated { layer, inputs, output })
}

/// Keys that other writers add to layers with weights, where they say what is so anyway.
fn neutral_keys(kind: Kind, fields: &mut Fields<'_, '_>) {
    if !matches!(kind, Kind::Conv | Kind::GroupConv | Kind::Fc) {
        return;
    }
    if let Some(bias) = fields.optional("bias")
        && !matches!(bias, Value::Null | Value::Bool(false))
    {
        fields.bad("bias", bias, "false (crossbars hold no bias)");
    }
    for (key, applies) in [("groups", kind == Kind::Conv), ("dilation", kind != Kind::Fc)] {
        if applies
            && let Some(value) = fields.optional(key)
            && integer(value) != Some(1)
        {
            fields.bad(key, value, "1");
        }
    }
}

/// `weight_info`.
fn weight(fields: &mut Fields<'_, '_>) -> Option<Quantisation> {
    let value = fields.required("weight_info")?;
    let (bits, scale) = (value.get("bit"), value.get("scale"));
    let (Some(bits), Some(scale)) = (bits, scale.and_then(Value::as_f64)) else {
        fields.bad("weight_info", value, "an object of bit and scale");
        return None;
    };
    let bits = fields.as_bits("weight_info bit", bits)?;
    Some(Quantisation { bits, scale })
}

/// Layers with weights compute in steps of these scales, so they cannot be left out.
fn require_scales(fields: &mut Fields<'_, '_>, inputs: &[Entry], output: &Entry) {
    let stated = [("input", inputs.iter().all(|input| input.scale.is_some()))];
    for (key, stated) in stated.into_iter().chain([("output", output.scale.is_some())]) {
        if !stated {
            let why = format!("its {key} has no scale");
            let hint = "give the full range; only layers without weights may leave it out";
            fields.report(NetworkErrorCode::Precision, &why, hint);
        }
    }
}

/// Positions of the inputs, relative to the layer.
fn relative(fields: &mut Fields<'_, '_>) -> Option<Vec<i64>> {
    let (from, to) = (fields.required("from"), fields.required("to"));
    let from = from.and_then(|from| fields.as_integers("from", from));
    let identifiers = to.and_then(|to| fields.as_integers("to", to).map(|ids| (to, ids)));
    let (from, (to, identifiers)) = (from?, identifiers?);
    let &[own] = identifiers.as_slice() else {
        fields.bad("to", to, "a list of the layer's one identifier");
        return None;
    };
    // Identifiers so far apart that this overflows point outside in any case.
    Some(from.into_iter().map(|from| from.saturating_sub(own)).collect())
}

fn output(fields: &mut Fields<'_, '_>, value: &Value) -> Option<Entry> {
    let entries = entries(fields, "output", value)?;
    let count = entries.len();
    let mut entries = entries.into_iter();
    match (entries.next(), entries.next()) {
        (Some(only), None) => Some(only),
        (Some(_) | None, _) => {
            let why = format!("it has {count} outputs instead of one");
            fields.report(NetworkErrorCode::BadValue, &why, "give one `output`");
            None
        }
    }
}

fn entries(fields: &mut Fields<'_, '_>, key: &str, value: &Value) -> Option<Vec<Entry>> {
    let Some(list) = value.as_array() else {
        fields.bad(key, value, "a list of [bits, scale, shape]");
        return None;
    };
    let entries: Vec<Option<Entry>> = list.iter().map(|value| entry(fields, key, value)).collect();
    entries.into_iter().collect()
}

fn entry(fields: &mut Fields<'_, '_>, key: &str, value: &Value) -> Option<Entry> {
    let Some([bits, scale, shape]) = value.as_array().map(Vec::as_slice) else {
        fields.bad(key, value, "a list of bits, scale and shape");
        return None;
    };
    let bits = fields.as_bits(format_args!("{key} bits"), bits);
    let scale = match scale {
        Value::Null => Some(None),
        Value::Number(_) | Value::Bool(_) | Value::String(_) => {
            fields.as_number(format_args!("{key} scale"), scale).map(Some)
        }
        Value::Array(_) | Value::Object(_) => {
            fields.bad(format_args!("{key} scale"), scale, "a number or null");
            None
        }
    };
    let sizes = fields.as_sizes(format_args!("{key} shape"), shape);
    let shape = sizes.and_then(|sizes| match *sizes.as_slice() {
        [channels, height, width] => Some(Shape::Map { channels, height, width }),
        [features] => Some(Shape::Vector { features }),
        _ => {
            let wanted = "a list of channels, height and width, or of features";
            fields.bad(format_args!("{key} shape"), shape, wanted);
            None
        }
    });
    Some(Entry { bits: bits?, scale: scale?, shape: shape? })
}

/// Compares the stated shapes with the inferred ones: a candidate that contradicts itself was
/// assembled wrongly, and its figures would be those of another network.
fn check_shapes(network: &Network, stated: &[(Vec<Entry>, Entry)]) -> Result<(), NetworkErrors> {
    let shaped = ShapedNetwork::new(network)?;
    let mut problems = Problems::new();
    for (index, (layer, (inputs, output))) in network.layers.iter().zip(stated).enumerate() {
        let sources = layer.inputs.iter().map(|&source| match source {
            Source::Input => network.input.shape,
            Source::Layer(from) => shaped.output_of(from),
        });
        let inputs = inputs.iter().zip(sources).map(|(input, shape)| ("input", input.shape, shape));
        let output = ("output", output.shape, shaped.output_of(index));
        for (what, stated, inferred) in inputs.chain([output]) {
            if stated != inferred {
                let why = format!(
                    "{}: its {what} is stated as {stated}, but the layers give {inferred}",
                    place(index, layer)
                );
                problems.push(
                    NetworkError::new(NetworkErrorCode::Shape, why)
                        .with_hint("correct the stated shape or the layer")
                        .in_layer(index),
                );
            }
        }
    }
    NetworkErrors::from_list(problems).map_or(Ok(()), Err)
}
