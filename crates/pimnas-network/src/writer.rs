//! Writing a network as a layer list.

use serde_json::{Map, Number, Value, json};

use crate::layer::{
    CandidateScales, Layer, Network, Operation, PoolingMode, Quantisation, Shape, Source,
};
use crate::readers::UNNAMED;

impl Network {
    /// The network as a layer list, in one line of JSON.
    ///
    /// [`Network::from_layer_list_json`] gives an equal network back if this one is sound
    /// ([`Network::validate`]). Beyond what layer lists of other tools have, it holds the names,
    /// the `input_bit` and the `scales` of candidates, where there are any.
    ///
    /// ```
    /// use pimnas_network::{Network, zoo};
    ///
    /// let vgg8 = zoo::build("vgg8", zoo::ZooOptions::default())?;
    /// assert_eq!(Network::from_layer_list_json(vgg8.to_layer_list_json())?, vgg8);
    /// # Ok::<(), pimnas_network::NetworkErrors>(())
    /// ```
    #[must_use]
    pub fn to_layer_list_json(&self) -> String {
        let mut object = Map::new();
        if self.name != UNNAMED {
            object.insert("name".to_owned(), json!(self.name));
        }
        let shape = match self.input.shape {
            Shape::Map { channels, height, width } => json!([1, channels, height, width]),
            Shape::Vector { features } => json!([1, features]),
        };
        object.insert("input_shape".to_owned(), shape);
        let input = json!({
            "activation_scale": number(self.input.step),
            "activation_bit": self.input.bits,
        });
        object.insert("input".to_owned(), input);
        let layers = self.layers.iter().enumerate().map(|(index, item)| layer(index, item));
        object.insert("layers".to_owned(), layers.collect());
        Value::Object(object).to_string()
    }
}

fn layer(index: usize, layer: &Layer) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    put("type", json!(layer.operation.name()));
    for (key, value) in parameters(&layer.operation) {
        put(key, value);
    }
    put("weight_bit", json!(layer.weight_bits));
    put("activation_bit", json!(layer.activation_bits));
    put("point_shift", number(layer.point_shift));
    put("input_index", layer.inputs.iter().map(|&source| relative(index, source)).collect());
    if let Some(bits) = layer.input_bits {
        put("input_bit", json!(bits));
    }
    if let Some(scales) = &layer.scales {
        put("scales", candidate_scales(scales));
    }
    if let Some(name) = &layer.name {
        put("name", json!(name));
    }
    Value::Object(object)
}

/// The keys of an operation.
fn parameters(operation: &Operation) -> Vec<(&'static str, Value)> {
    match *operation {
        Operation::Convolution(conv) => {
            let mut keys = vec![
                ("in_channels", json!(conv.in_channels)),
                ("out_channels", json!(conv.out_channels)),
                ("kernel_size", json!(conv.kernel_size)),
                ("stride", json!(conv.stride)),
                ("padding", json!(conv.padding)),
            ];
            if conv.groups > 1 {
                keys.push(("groups", json!(conv.groups)));
            }
            keys
        }
        Operation::FullyConnected { in_features, out_features } => {
            vec![("in_features", json!(in_features)), ("out_features", json!(out_features))]
        }
        Operation::BatchNorm { features } => vec![("features", json!(features))],
        Operation::Flatten { start_dim, end_dim } => {
            vec![("start_dim", json!(start_dim)), ("end_dim", json!(end_dim))]
        }
        Operation::Pooling(pool) => {
            let mode = match pool.mode {
                PoolingMode::Max => "MAX",
                PoolingMode::Average => "AVE",
            };
            vec![
                ("mode", json!(mode)),
                ("kernel_size", json!(pool.kernel_size)),
                ("stride", json!(pool.stride)),
                ("padding", json!(pool.padding)),
            ]
        }
        Operation::AdaptiveAveragePooling { output_size: (height, width) } => {
            vec![("output_size", json!([height, width]))]
        }
        Operation::Expand { max_channels } => vec![("max_channels", json!(max_channels))],
        Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Dropout
        | Operation::ElementSum
        | Operation::Downsample => Vec::new(),
    }
}

/// Position of a source relative to the layer; -1 of the first layer is the network's input.
fn relative(index: usize, source: Source) -> Value {
    let signed = |position: usize| i64::try_from(position).unwrap_or(i64::MAX);
    let position = match source {
        Source::Input => -1,
        Source::Layer(from) => signed(from),
    };
    json!(position.saturating_sub(signed(index)))
}

fn candidate_scales(scales: &CandidateScales) -> Value {
    let pair = |quantisation: &Quantisation| json!([quantisation.bits, number(quantisation.scale)]);
    json!({
        "inputs": scales.inputs.iter().map(pair).collect::<Value>(),
        "weight": scales.weight.as_ref().map(pair),
        "output": pair(&scales.output),
    })
}

/// A number, without a fraction where it has none; null where it is not finite.
fn number(value: f64) -> Value {
    /// Up to here integers and floats are the same numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        return json!(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}
