//! Candidates as the list of layers that the reference's interface takes (`mnsim_cfg`).

use pimnas_network::{
    Layer, Network, Operation, PoolingMode, Quantisation, Shape, ShapedNetwork, Source,
};
use pimnas_train::TrainError;
use serde_json::{Map, Value, json};

use crate::error::SupernetError;

/// The layer list of a network with scales. Means over windows become `adaptive_pooling`, which
/// has a circuit; in a network they may have none.
pub(crate) fn layer_list(network: &Network) -> Result<Value, SupernetError> {
    let shaped = ShapedNetwork::new(network).map_err(TrainError::Network)?;
    let layers = network.layers.iter().enumerate();
    layers.map(|(index, described)| layer(&shaped, (index, described))).collect()
}

fn shape_of(shaped: &ShapedNetwork<'_>, source: Source) -> Shape {
    match source {
        Source::Input => shaped.network.input.shape,
        Source::Layer(from) => shaped.output_of(from),
    }
}

fn layer(
    shaped: &ShapedNetwork<'_>,
    (index, described): (usize, &Layer),
) -> Result<Value, SupernetError> {
    let wrong = |why: &str| SupernetError::Form {
        layer: index,
        kind: described.operation.name(),
        why: why.to_owned(),
    };
    let scales = described.scales.as_ref().ok_or_else(|| wrong("it has no scales"))?;
    let input = described.inputs.first().copied().unwrap_or(Source::Input);
    let (input, output) = (shape_of(shaped, input), shaped.output_of(index));
    let mut object = Map::new();
    let (kind, keys) = operation(&described.operation, (input, output)).map_err(wrong)?;
    object.insert("_type".to_owned(), json!(kind));
    object.extend(keys.into_iter().map(|(key, value)| (key.to_owned(), value)));
    if let Some(Quantisation { bits, scale }) = scales.weight {
        object.insert("weight_info".to_owned(), json!({"bit": bits, "scale": scale}));
    }
    let entry = |(quantisation, shape): (&Quantisation, Shape)| {
        let dims = match shape {
            Shape::Map { channels, height, width } => vec![channels, height, width],
            Shape::Vector { features } => vec![features],
        };
        json!([quantisation.bits, quantisation.scale, dims])
    };
    let shapes = described.inputs.iter().map(|&source| shape_of(shaped, source));
    let inputs: Vec<Value> = scales.inputs.iter().zip(shapes).map(entry).collect();
    object.insert("input".to_owned(), json!(inputs));
    object.insert("output".to_owned(), json!([entry((&scales.output, output))]));
    let from = described.inputs.iter().map(|source| match source {
        Source::Input => json!(-1),
        Source::Layer(from) => json!(from),
    });
    object.insert("from".to_owned(), from.collect());
    object.insert("to".to_owned(), json!([index]));
    if let Some(name) = &described.name {
        object.insert("name".to_owned(), json!(name));
    }
    Ok(Value::Object(object))
}

type Keys = Vec<(&'static str, Value)>;

fn operation(
    operation: &Operation,
    (input, output): (Shape, Shape),
) -> Result<(&'static str, Keys), &'static str> {
    Ok(match *operation {
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
            (operation.name(), keys)
        }
        Operation::FullyConnected { in_features, out_features } => {
            let keys =
                vec![("in_features", json!(in_features)), ("out_features", json!(out_features))];
            ("fc", keys)
        }
        Operation::BatchNorm { features } => ("bn", vec![("features", json!(features))]),
        Operation::Relu => ("relu", Vec::new()),
        Operation::HardTanh => ("hard_tanh", Vec::new()),
        Operation::View => ("flatten", vec![("start_dim", json!(1)), ("end_dim", json!(-1))]),
        Operation::Flatten { start_dim, end_dim } => {
            ("flatten", vec![("start_dim", json!(start_dim)), ("end_dim", json!(end_dim))])
        }
        Operation::Dropout => return Err("leave it out"),
        Operation::Pooling(pool) => {
            let keys = sized((input, output), pool.mode)?;
            let whole = |size: usize| size.is_multiple_of(pool.kernel_size.max(1));
            let Shape::Map { height, width, .. } = input else { return Err("it takes a vector") };
            if pool.padding > 0
                || pool.stride != pool.kernel_size
                || !whole(height)
                || !whole(width)
            {
                return Err("its windows overlap, or leave a rest");
            }
            ("adaptive_pooling", keys)
        }
        Operation::AdaptiveAveragePooling { .. } => {
            ("adaptive_pooling", sized((input, output), PoolingMode::Average)?)
        }
        Operation::ElementSum => ("element_sum", Vec::new()),
        Operation::Expand { max_channels } => {
            ("expand", vec![("max_channels", json!(max_channels))])
        }
        Operation::Downsample => ("downsample", Vec::new()),
    })
}

/// Keys of a pooling whose window follows from its sizes.
fn sized((input, output): (Shape, Shape), mode: PoolingMode) -> Result<Keys, &'static str> {
    let (Shape::Map { height, width, .. }, Shape::Map { height: rows, width: columns, .. }) =
        (input, output)
    else {
        return Err("it takes a vector");
    };
    let window = |size: usize, of: usize| size.is_multiple_of(of.max(1)).then(|| size / of.max(1));
    if window(height, rows).is_none() || window(height, rows) != window(width, columns) {
        return Err("its windows are not square, or not alike");
    }
    let mode = match mode {
        PoolingMode::Max => "MAX",
        PoolingMode::Average => "AVE",
    };
    Ok(vec![
        ("mode", json!(mode)),
        ("input_size", json!([height, width])),
        ("output_size", json!([rows, columns])),
    ])
}
