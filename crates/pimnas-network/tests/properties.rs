//! Properties that hold for any input.
#![allow(clippy::unwrap_used, clippy::panic)]

use pimnas_network::{
    CandidateScales, Convolution, Layer, MAX_ELEMENTS, Network, NetworkInput, Operation, Pooling,
    PoolingMode, Quantisation, Shape, ShapedNetwork, Source,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A size: mostly small, sometimes absurd.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        8 => 0..6_usize,
        2 => 0..70_usize,
        1 => prop_oneof![Just(1 << 31), Just(100_000), Just(usize::MAX), any::<usize>()],
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let conv = (size(), size(), size(), size(), size(), size()).prop_map(
        |(in_channels, out_channels, kernel_size, stride, padding, groups)| {
            Operation::Convolution(Convolution {
                in_channels,
                out_channels,
                kernel_size,
                stride,
                padding,
                groups,
            })
        },
    );
    let pool =
        (any::<bool>(), size(), size(), size()).prop_map(|(max, kernel_size, stride, padding)| {
            let mode = if max { PoolingMode::Max } else { PoolingMode::Average };
            Operation::Pooling(Pooling { mode, kernel_size, stride, padding })
        });
    prop_oneof![
        conv,
        pool,
        (size(), size()).prop_map(|(in_features, out_features)| Operation::FullyConnected {
            in_features,
            out_features
        }),
        size().prop_map(|features| Operation::BatchNorm { features }),
        (any::<i64>(), -5..5_i64)
            .prop_map(|(start_dim, end_dim)| Operation::Flatten { start_dim, end_dim }),
        (-5..5_i64, -5..5_i64)
            .prop_map(|(start_dim, end_dim)| Operation::Flatten { start_dim, end_dim }),
        (size(), size()).prop_map(|output_size| Operation::AdaptiveAveragePooling { output_size }),
        size().prop_map(|max_channels| Operation::Expand { max_channels }),
        Just(Operation::Relu),
        Just(Operation::HardTanh),
        Just(Operation::View),
        Just(Operation::Dropout),
        Just(Operation::ElementSum),
        Just(Operation::Downsample),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        (size(), size(), size()).prop_map(|(channels, height, width)| Shape::Map {
            channels,
            height,
            width
        }),
        size().prop_map(|features| Shape::Vector { features }),
    ]
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(Source::Input), size().prop_map(Source::Layer)]
}

prop_compose! {
    fn layer()(
        operation in operation(),
        inputs in prop::collection::vec(source(), 0..4),
        bits in any::<u32>(),
        point_shift in any::<f64>(),
    ) -> Layer {
        Layer { activation_bits: bits, point_shift, ..Layer::new(operation, inputs) }
    }
}

prop_compose! {
    fn any_network()(
        shape in shape(),
        bits in any::<u32>(),
        step in any::<f64>(),
        layers in prop::collection::vec(layer(), 0..8),
    ) -> Network {
        Network { name: "any".to_owned(), input: NetworkInput { shape, bits, step }, layers }
    }
}

/// A layer that fits behind that shape.
fn fitting(shape: Shape, choice: u8, (out, kernel, stride): (usize, usize, usize)) -> Operation {
    match shape {
        Shape::Map { channels, height, width } => {
            let kernel_size = kernel.min(height).min(width);
            let padding = kernel_size / 2;
            // An even kernel loses a row, so it must not stride down to the last one.
            let conv_stride = if kernel_size % 2 == 0 { 1 } else { stride };
            match choice % 10 {
                0 | 1 => Operation::Convolution(Convolution {
                    in_channels: channels,
                    out_channels: out,
                    kernel_size,
                    stride: conv_stride,
                    padding,
                    groups: 1,
                }),
                2 => Operation::Convolution(Convolution {
                    in_channels: channels,
                    out_channels: channels,
                    kernel_size,
                    stride: 1,
                    padding,
                    groups: channels,
                }),
                3 => Operation::Pooling(Pooling {
                    mode: PoolingMode::Average,
                    kernel_size,
                    stride,
                    padding,
                }),
                4 => Operation::BatchNorm { features: channels },
                5 => Operation::Expand { max_channels: channels.saturating_add(out) },
                6 if height > 1 && width > 1 => Operation::Downsample,
                7 => Operation::AdaptiveAveragePooling { output_size: (kernel, stride) },
                8 => Operation::Flatten { start_dim: 1, end_dim: -1 },
                _ => Operation::Relu,
            }
        }
        Shape::Vector { features } => match choice % 3 {
            0 => Operation::FullyConnected { in_features: features, out_features: out },
            1 => Operation::Dropout,
            _ => Operation::HardTanh,
        },
    }
}

/// Parameters of a layer, of which its operation takes what it needs.
type Draw = (u8, (usize, usize, usize), u32, f64, bool, Option<String>);

/// A sound network: each layer fits the one before, some are followed by a sum with it.
fn sound(side: usize, draws: Vec<Draw>) -> Network {
    let shape = Shape::Map { channels: 2, height: side, width: side.saturating_add(1) };
    let input = NetworkInput { shape, bits: 8, step: 0.1 };
    let mut network = Network { name: "sound".to_owned(), input, layers: Vec::new() };
    for (choice, sizes, bits, scale, sums, name) in draws {
        let last = ShapedNetwork::new(&network).map_or(shape, |shaped| shaped.output());
        let here = network.layers.len().checked_sub(1).map_or(Source::Input, Source::Layer);
        let mut layer = Layer::new(fitting(last, choice, sizes), vec![here]);
        layer.activation_bits = bits;
        layer.point_shift = scale - 3.0;
        layer.name = name;
        if choice % 2 == 0 {
            let quantisation = Quantisation { bits, scale };
            layer.input_bits = Some(bits);
            layer.weight_bits = (choice % 4 == 0).then_some(bits);
            layer.scales = Some(CandidateScales {
                inputs: vec![quantisation],
                weight: layer.weight_bits.map(|_| quantisation),
                output: quantisation,
            });
        }
        network.layers.push(layer);
        if sums {
            let here = Source::Layer(network.layers.len() - 1);
            network.layers.push(Layer::new(Operation::ElementSum, vec![here, here]));
        }
    }
    network
}

prop_compose! {
    fn sound_network()(
        side in 1..20_usize,
        draws in prop::collection::vec(
            (
                any::<u8>(),
                (1..6_usize, 1..6_usize, 1..4_usize),
                2..=32_u32,
                1e-6..1e3_f64,
                any::<bool>(),
                prop::option::of(".{0,8}"),
            )
                .prop_map(|(choice, sizes, bits, scale, sums, name)| {
                    (choice, sizes, bits, scale.min(60.0), sums, name)
                }),
            1..12,
        ),
    ) -> Network {
        sound(side, draws)
    }
}

/// JSON that looks like what the readers expect, with anything as values.
fn lookalike() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        (-3..9_i64).prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(vec!["conv", "group_conv", "fc", "relu", "quantize", "MAX", "x"])
            .prop_map(|text| json!(text)),
        Just(json!([[9, 1.0, [3, 8, 8]]])),
    ];
    let keys = prop::sample::select(vec![
        "network",
        "mnsim_cfg",
        "layers",
        "input_shape",
        "input",
        "type",
        "_type",
        "from",
        "to",
        "output",
        "weight_info",
        "bit",
        "scale",
        "in_channels",
        "out_channels",
        "kernel_size",
        "stride",
        "padding",
        "groups",
        "mode",
        "input_size",
        "output_size",
        "activation_scale",
        "activation_bit",
        "weight_bit",
        "input_index",
        "scales",
        "name",
        "other",
    ]);
    leaf.prop_recursive(5, 60, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((keys.clone(), inner), 0..12).prop_map(|pairs| {
                let pairs = pairs.into_iter().map(|(key, value)| (key.to_owned(), value));
                Value::Object(pairs.collect::<Map<_, _>>())
            }),
        ]
    })
}

/// Where every value of a JSON tree is.
fn pointers(value: &Value, here: String, all: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                pointers(item, format!("{here}/{index}"), all);
            }
        }
        Value::Object(object) => {
            for (key, item) in object {
                pointers(item, format!("{here}/{key}"), all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all.push(here);
}

/// Sound files of both forms, for changes to be made in.
fn files() -> impl Strategy<Value = Value> {
    let layer_list = include_str!("../../../fixtures/golden/hardware_1_002.json");
    let candidate = include_str!("../../../fixtures/golden/candidate_1_002.json");
    prop::sample::select(vec![("network", layer_list), ("mnsim_cfg", candidate)]).prop_map(
        |(key, text)| {
            let file: Value = serde_json::from_str(text).unwrap();
            json!({ key: file[key] })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Network::from_json(&bytes).is_err());
        prop_assert!(Network::from_layer_list_json(&bytes).is_err());
        prop_assert!(Network::from_candidate_json(&bytes).is_err());
    }

    #[test]
    fn any_json_is_read_without_panic(value in lookalike()) {
        let text = value.to_string();
        for result in [Network::from_json(&text), Network::from_layer_list_json(&text),
            Network::from_candidate_json(&text)] {
            if let Err(errors) = result {
                prop_assert!(!errors.to_string().is_empty());
            }
        }
    }

    #[test]
    fn any_network_is_checked_without_panic(network in any_network()) {
        let _ = network.to_layer_list_json();
        match network.shapes() {
            Err(errors) => prop_assert!(!errors.to_string().is_empty()),
            Ok(shapes) => {
                prop_assert_eq!(shapes.len(), network.layers.len());
                for shape in shapes {
                    prop_assert!(shape.elements() > 0 && shape.elements() <= MAX_ELEMENTS);
                }
            }
        }
        prop_assert_eq!(network.validate().is_ok(), ShapedNetwork::new(&network).is_ok());
    }

    #[test]
    fn any_operation_is_checked_without_panic(shape in shape(), operation in operation()) {
        let input = NetworkInput { shape, bits: 9, step: 1.0 };
        let layers = vec![Layer::new(operation, vec![Source::Input])];
        let network = Network { name: String::new(), input, layers };
        if let Err(errors) = network.validate() {
            prop_assert!(errors.first().hint.is_some());
        }
    }

    #[test]
    fn sound_networks_are_accepted_and_survive_writing(network in sound_network()) {
        if let Err(errors) = network.validate() {
            panic!("{errors}");
        }
        let again = Network::from_json(network.to_layer_list_json()).unwrap();
        prop_assert_eq!(again, network);
    }

    #[test]
    fn changed_files_are_read_without_panic(
        file in files(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), lookalike()), 1..4),
    ) {
        let mut file = file;
        for (index, value) in changes {
            let mut all = Vec::new();
            pointers(&file, String::new(), &mut all);
            let pointer: &String = index.get(&all);
            *file.pointer_mut(pointer).unwrap() = value;
        }
        match Network::from_json(file.to_string()) {
            Err(errors) => prop_assert!(!errors.to_string().is_empty()),
            Ok(network) => {
                let again = Network::from_json(network.to_layer_list_json()).unwrap();
                prop_assert_eq!(again, network);
            }
        }
    }
}
