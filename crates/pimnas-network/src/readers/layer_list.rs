//! The layer-list form.

use serde_json::Value;

use super::UNNAMED;
use super::fields::{Fields, Place, Problems};
use super::operation::{self, Kind, Names};
use crate::error::{NetworkError, NetworkErrorCode, NetworkErrors};
use crate::layer::{
    CandidateScales, DEFAULT_BITS, DEFAULT_INPUT_STEP, DEFAULT_POINT_SHIFT, Layer, Network,
    NetworkInput, Quantisation, Shape, Source,
};
use pimnas_suggest as suggest;

/// Key under which a larger file has the network.
pub(super) const KEY: &str = "network";

/// Reads a network from that JSON.
pub(super) fn read(value: &Value) -> Result<Network, NetworkErrors> {
    let inner = value.get(KEY).unwrap_or(value);
    let Value::Object(object) = inner else {
        return Err(NetworkError::new(
            NetworkErrorCode::Structure,
            "a layer list is a JSON object, which this is not",
        )
        .with_hint("give an object with `input_shape`, `input` and `layers`")
        .into());
    };
    let mut problems = Problems::new();
    let mut fields = Fields::new(object, Place::Network, &mut problems);
    let name = fields.optional_text("name");
    let shape = fields.required("input_shape");
    let shape = shape.and_then(|shape| input_shape(&mut fields, shape));
    let input = fields.optional("input");
    let layers = fields.required("layers");
    let list = layers.and_then(|layers| {
        let list = layers.as_array();
        if list.is_none() {
            fields.bad("layers", layers, "a list of layers");
        }
        list
    });
    fields.finish();
    let (bits, step) = precision(input, &mut problems);
    let layers: Vec<Option<Layer>> = list
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, value)| layer(index, value, &mut problems))
        .collect();
    let layers: Option<Vec<Layer>> = layers.into_iter().collect();
    let (Some(name), Some(shape), Some(layers)) = (name, shape, layers) else {
        return Err(super::failed(problems));
    };
    let input = NetworkInput { shape, bits, step };
    let name = name.unwrap_or(UNNAMED).to_owned();
    super::checked(Network { name, input, layers }, problems)
}

/// A shape with the batch first.
fn input_shape(fields: &mut Fields<'_, '_>, value: &Value) -> Option<Shape> {
    let sizes = fields.as_sizes("input_shape", value)?;
    match *sizes.as_slice() {
        [batch, channels, height, width] if batch > 0 => {
            Some(Shape::Map { channels, height, width })
        }
        [batch, features] if batch > 0 => Some(Shape::Vector { features }),
        _ => {
            let wanted = "the batch and then channels, height and width, or features";
            fields.bad("input_shape", value, wanted);
            None
        }
    }
}

/// Bits and step of the network's input.
fn precision(value: Option<&Value>, problems: &mut Problems) -> (u32, f64) {
    let default = (DEFAULT_BITS, DEFAULT_INPUT_STEP);
    let Some(value) = value else { return default };
    let Value::Object(object) = value else {
        let why = "it is not an object of activation_scale and activation_bit";
        let error = Place::Part("input").error(NetworkErrorCode::BadValue, why);
        problems.push(error.with_hint("give both, or leave `input` out"));
        return default;
    };
    let mut fields = Fields::new(object, Place::Part("input"), problems);
    let step = fields.optional("activation_scale");
    let step = step.and_then(|step| fields.as_number("activation_scale", step));
    let bits = fields.optional("activation_bit");
    let bits = bits.and_then(|bits| fields.as_bits("activation_bit", bits));
    fields.finish();
    (bits.unwrap_or(default.0), step.unwrap_or(default.1))
}

/// The object, name and type of a layer in either form, and the reader of its keys.
pub(super) fn open<'a, 'p>(
    (index, value): (usize, &'a Value),
    (type_key, names): (&'static str, Names),
    problems: &'p mut Problems,
) -> Option<(Kind, Fields<'a, 'p>)> {
    let Value::Object(object) = value else {
        let place = Place::Layer(index, None);
        let error = place.error(NetworkErrorCode::BadValue, "it is not an object");
        problems.push(error.with_hint(format!("give an object with `{type_key}`")));
        return None;
    };
    let name = object.get(type_key).and_then(Value::as_str);
    let mut fields = Fields::new(object, Place::Layer(index, name), problems);
    let type_value = fields.required(type_key)?;
    let Some(name) = name else {
        fields.bad(type_key, type_value, "a text");
        return None;
    };
    let Some(kind) = operation::kind_of(name, names) else {
        let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let why = format!("unknown {type_key} {}", suggest::shown(name));
        fields.report(NetworkErrorCode::UnknownType, &why, &suggest::hint(name, known));
        return None;
    };
    Some((kind, fields))
}

fn layer(index: usize, value: &Value, problems: &mut Problems) -> Option<Layer> {
    let (kind, mut fields) = open((index, value), ("type", operation::LAYER_LIST), problems)?;
    let operation = operation::read(kind, &mut fields);
    let weight_bits = match fields.optional("weight_bit") {
        Some(Value::Null) => Some(None),
        Some(value) => fields.as_bits("weight_bit", value).map(Some),
        None => Some(Some(DEFAULT_BITS)),
    };
    let activation_bits = match fields.optional("activation_bit") {
        Some(value) => fields.as_bits("activation_bit", value),
        None => Some(DEFAULT_BITS),
    };
    let input_bits = match fields.optional("input_bit") {
        Some(Value::Null) | None => Some(None),
        Some(value) => fields.as_bits("input_bit", value).map(Some),
    };
    let point_shift = match fields.optional("point_shift") {
        Some(value) => fields.as_number("point_shift", value),
        None => Some(DEFAULT_POINT_SHIFT),
    };
    let inputs = match fields.optional("input_index") {
        Some(value) => {
            let relative = fields.as_integers("input_index", value);
            relative.and_then(|relative| sources(&mut fields, index, &relative))
        }
        None => sources(&mut fields, index, &[-1]),
    };
    let scales = match fields.optional("scales") {
        Some(Value::Null) | None => Some(None),
        Some(value) => candidate_scales(&mut fields, value).map(Some),
    };
    let name = fields.optional_text("name");
    fields.finish();
    Some(Layer {
        operation: operation?,
        inputs: inputs?,
        weight_bits: weight_bits?,
        activation_bits: activation_bits?,
        input_bits: input_bits?,
        point_shift: point_shift?,
        scales: scales?,
        name: name?.map(str::to_owned),
    })
}

/// Relative positions to what they point at.
pub(super) fn sources(
    fields: &mut Fields<'_, '_>,
    index: usize,
    relative: &[i64],
) -> Option<Vec<Source>> {
    let sources: Vec<Option<Source>> = relative
        .iter()
        .map(|&offset| match source(index, offset) {
            Ok(source) => Some(source),
            Err(why) => {
                let why = format!("the relative input {offset} {why}");
                let hint = "use -1 for the layer before, and no less than what reaches the \
                            network's input";
                fields.report(NetworkErrorCode::Source, &why, hint);
                None
            }
        })
        .collect();
    sources.into_iter().collect()
}

fn source(index: usize, offset: i64) -> Result<Source, &'static str> {
    const OUTSIDE: &str = "points outside the network, before its input";
    if offset >= 0 {
        return Err("points at the layer itself or behind it: a cycle");
    }
    let position = i64::try_from(index).ok().and_then(|index| index.checked_add(offset));
    match position {
        Some(-1) => Ok(Source::Input),
        Some(position) => usize::try_from(position).map(Source::Layer).map_err(|_| OUTSIDE),
        None => Err(OUTSIDE),
    }
}

/// `{"inputs": [[bits, scale], …], "weight": [bits, scale], "output": [bits, scale]}`.
fn candidate_scales(fields: &mut Fields<'_, '_>, value: &Value) -> Option<CandidateScales> {
    let pair = |value: &Value| match value.as_array().map(Vec::as_slice) {
        Some([bits, scale]) => {
            let bits = super::fields::integer(bits).and_then(|bits| u32::try_from(bits).ok())?;
            Some(Quantisation { bits, scale: scale.as_f64()? })
        }
        Some(_) | None => None,
    };
    let scales = (|| {
        let inputs = value.get("inputs")?.as_array()?.iter().map(pair).collect::<Option<_>>()?;
        let weight = match value.get("weight") {
            Some(Value::Null) | None => None,
            Some(weight) => Some(pair(weight)?),
        };
        Some(CandidateScales { inputs, weight, output: pair(value.get("output")?)? })
    })();
    if scales.is_none() {
        fields.bad("scales", value, "inputs, weight and output, each as [bits, scale]");
    }
    scales
}
