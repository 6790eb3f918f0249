//! Readers: from the bytes of a file to a checked [`Network`].

mod candidate;
mod fields;
mod layer_list;
mod operation;
mod parse;
mod strict;

use serde_json::Value;

use crate::error::{NetworkError, NetworkErrorCode, NetworkErrors};
use crate::layer::Network;

/// Name of a network whose file states none.
pub(crate) const UNNAMED: &str = "network";

impl Network {
    /// Reads a network in either form, which its keys tell apart: a layer list (see
    /// [`Network::from_layer_list_json`]) or a candidate (see
    /// [`Network::from_candidate_json`]).
    ///
    /// # Errors
    /// Every problem found; the network is checked as by [`Network::validate`].
    ///
    /// ```
    /// use pimnas_network::Network;
    ///
    /// let json = r#"{"input_shape": [1, 3, 8, 8],
    ///     "layers": [{"type": "view"}, {"type": "fc", "in_features": 192, "out_features": 10}]}"#;
    /// let network = Network::from_json(json)?;
    /// assert_eq!(network.layers.len(), 2);
    /// # Ok::<(), pimnas_network::NetworkErrors>(())
    /// ```
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, NetworkErrors> {
        let value = parse::parse(json.as_ref())?;
        match &value {
            Value::Array(list) if list.first().is_some_and(is_of_a_layer_list) => {
                let why = "the JSON is a list of layers without the shape of the network's input";
                Err(NetworkError::new(NetworkErrorCode::Structure, why)
                    .with_hint("put it into an object: `input_shape` and the list as `layers`")
                    .into())
            }
            Value::Array(_) => candidate::read(&value),
            Value::Object(object) if object.contains_key(candidate::KEY) => candidate::read(&value),
            Value::Object(object)
                if [layer_list::KEY, "layers"].iter().any(|&key| object.contains_key(key)) =>
            {
                layer_list::read(&value)
            }
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => Err(NetworkError::new(
                NetworkErrorCode::Structure,
                "the JSON is neither a layer list nor a candidate",
            )
            .with_hint(
                "give an object with `input_shape` and `layers`, an object with `network` or \
                 `mnsim_cfg`, or the candidate's list of layers",
            )
            .into()),
        }
    }

    /// Reads a layer list: `{"input_shape": [1, 3, 32, 32], "input": {"activation_scale": …,
    /// "activation_bit": …}, "layers": […]}`, or an object that has it under `network`.
    ///
    /// `input_shape` has the batch first, whose size means nothing here; `activation_scale` is
    /// the difference of neighbouring input values. Each layer has a `type` and the keys of that
    /// type (`stride` 1 and `padding` 0 of a convolution, `padding` 0 of a pooling may be left
    /// out), and may have `weight_bit` and `activation_bit` (9), `point_shift` (-2),
    /// `input_index` ([-1], relative to the layer; -1 of the first is the network's input),
    /// `name`, `input_bit` and `scales`. The network may have a `name`.
    ///
    /// # Errors
    /// Every problem found; the network is checked as by [`Network::validate`].
    pub fn from_layer_list_json(json: impl AsRef<[u8]>) -> Result<Self, NetworkErrors> {
        layer_list::read(&parse::parse(json.as_ref())?)
    }

    /// Reads a candidate of a super net: the list of its layers, or an object that has it under
    /// `mnsim_cfg`.
    ///
    /// Each layer has `_type`, `input` (`[bits, scale, shape]` for each), `output` (one of
    /// them), `from` and `to` (identifiers; their difference is the relative position in the
    /// list), the keys of its type, and `weight_info` (`{bit, scale}`) if it has weights. Scales
    /// are full range; where a layer without weights states none (null or NaN) it is 1.
    ///
    /// # Errors
    /// Every problem found, also stated shapes other than the inferred ones; the network is
    /// checked as by [`Network::validate`].
    pub fn from_candidate_json(json: impl AsRef<[u8]>) -> Result<Self, NetworkErrors> {
        candidate::read(&parse::parse(json.as_ref())?)
    }

    /// As [`Network::from_candidate_json`], of a JSON value that is in memory already.
    ///
    /// # Errors
    /// As [`Network::from_candidate_json`].
    pub fn from_candidate_value(json: &Value) -> Result<Self, NetworkErrors> {
        candidate::read(json)
    }
}

/// Whether a layer is written as layer lists do it, and not as candidates do.
fn is_of_a_layer_list(layer: &Value) -> bool {
    layer.get("type").is_some() && layer.get("_type").is_none()
}

/// The problems of a network that could not be built.
fn failed(problems: Vec<NetworkError>) -> NetworkErrors {
    NetworkErrors::from_list(problems).unwrap_or_else(|| {
        NetworkError::new(NetworkErrorCode::Structure, "the network could not be read").into()
    })
}

/// A network that was read without a problem, if it is also sound.
fn checked(network: Network, problems: Vec<NetworkError>) -> Result<Network, NetworkErrors> {
    match NetworkErrors::from_list(problems) {
        Some(errors) => Err(errors),
        None => network.validate().map(|()| network),
    }
}
