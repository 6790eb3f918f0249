//! What is written computes what the network computes.

use pimnas_config::hardware::Subtraction;
use pimnas_infer::{
    CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor as Batch,
};
use pimnas_network::{
    CandidateScales, Convolution, Layer, Network, Operation, Quantisation, Shape, ShapedNetwork,
    Source, zoo,
};
use proptest::prelude::*;
use prost::Message;
use rstest::rstest;

use super::super::proto::Model;
use super::{OnnxNumbers, OnnxWriteError, write_onnx};
use crate::convert::ConvertOptions;
use crate::graph::FloatGraph;
use crate::named::NamedTensors;
use crate::onnx::OnnxLimits;
use crate::tensor::Tensor;

/// Numbers between -1 and 1 that follow from a seed.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_u32.wrapping_mul(seed as u32 + 1) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn tensor(dims: &[usize], seed: usize, scale: f32) -> Tensor {
    let values = numbers(dims.iter().product(), seed).into_iter().map(|value| value * scale);
    Tensor::f32(dims, values.collect()).unwrap()
}

/// Parameters of every layer, so large that values neither vanish nor grow.
fn parameters(network: &Network) -> NamedTensors {
    let mut tensors = NamedTensors::new();
    for (index, layer) in network.layers.iter().enumerate() {
        match layer.operation {
            Operation::Convolution(conv) => {
                let inputs = conv.in_channels / conv.groups;
                let dims = [conv.out_channels, inputs, conv.kernel_size, conv.kernel_size];
                let scale = (3.0 / dims[1..].iter().product::<usize>() as f32).sqrt();
                tensors.insert(format!("{index}.weight"), tensor(&dims, index, scale));
                if conv.drops_even_edge() {
                    let flag = Tensor::vector(vec![(index % 2) as f32]);
                    tensors.insert(format!("{index}.padding_flag"), flag);
                }
            }
            Operation::FullyConnected { in_features, out_features } => {
                let scale = (3.0 / in_features as f32).sqrt();
                let weight = tensor(&[out_features, in_features], index, scale);
                tensors.insert(format!("{index}.weight"), weight);
            }
            Operation::BatchNorm { features } => {
                for (at, name) in ["weight", "bias", "running_mean"].into_iter().enumerate() {
                    let values = tensor(&[features], 7 * index + at, 0.5);
                    tensors.insert(format!("{index}.{name}"), values);
                }
                let variance = numbers(features, index).iter().map(|v| v.abs() + 0.1).collect();
                tensors.insert(format!("{index}.running_var"), Tensor::vector(variance));
            }
            _ => {}
        }
    }
    tensors
}

fn hardware() -> CrossbarHardware {
    CrossbarHardware {
        rows: 256,
        cell_bits: 1,
        dac_bits: 1,
        adc_bits: 8,
        subtraction: Subtraction::Digital,
    }
}

/// Outputs of inference.
fn inferred(network: &Network, tensors: &NamedTensors, (mode, input): (Mode, &Batch)) -> Vec<f32> {
    let shaped = ShapedNetwork::new(network).unwrap();
    let named = tensors.iter().map(|(name, tensor)| {
        (name.to_owned(), Batch::new(tensor.dims(), tensor.to_f32()).unwrap())
    });
    let parameters = Parameters::from_tensors(named);
    let options = InferenceOptions::new(mode, hardware());
    let compiled = CompiledNetwork::new(&shaped, &parameters, &options).unwrap();
    compiled.run(input).unwrap().into_data()
}

fn batch(network: &Network, items: usize) -> Batch {
    let mut dims = super::dims(network.input.shape);
    dims.insert(0, items);
    let values = numbers(dims.iter().product(), 99).iter().map(|value| value.abs()).collect();
    Batch::new(dims, values).unwrap()
}

/// The outputs of the file, and how far from those of inference the farthest is, as a share of
/// their range.
fn compared(network: &Network, tensors: &NamedTensors, numbers: OnnxNumbers) -> (FloatGraph, f32) {
    let file = write_onnx(network, tensors, numbers).unwrap();
    let graph = FloatGraph::from_onnx(&file, OnnxLimits::default()).unwrap();
    let input = batch(network, 3);
    let mode = match numbers {
        OnnxNumbers::Floats => Mode::Float,
        OnnxNumbers::Quantised => Mode::FixedPoint,
    };
    let expected = inferred(network, tensors, (mode, &input));
    let given = Tensor::f32(input.dims(), input.data().to_vec()).unwrap();
    let found = graph.run(&[given]).unwrap().remove(0);
    let mut dims = super::dims(ShapedNetwork::new(network).unwrap().output());
    dims.insert(0, 3);
    assert_eq!(found.dims(), dims);
    let range = expected.iter().fold(0_f32, |range, value| range.max(value.abs()));
    assert!(range > 1e-3, "nothing comes out");
    let pairs = expected.iter().zip(found.to_f32());
    let farthest = pairs.fold(0_f32, |far, (a, b)| far.max((a - b).abs()));
    (graph, farthest / range)
}

fn exact(network: &Network) -> FloatGraph {
    let (graph, difference) = compared(network, &parameters(network), OnnxNumbers::Floats);
    assert!(difference <= 1e-5, "{difference}");
    graph
}

fn of_layers(shape: Shape, operations: &[Operation]) -> Network {
    let mut network = zoo::build("lenet", zoo::ZooOptions::default()).unwrap();
    network.input.shape = shape;
    let source = |at: usize| at.checked_sub(1).map_or(Source::Input, Source::Layer);
    let layer = |(at, &operation)| Layer::new(operation, vec![source(at)]);
    network.layers = operations.iter().enumerate().map(layer).collect();
    network
}

const fn map(channels: usize, height: usize, width: usize) -> Shape {
    Shape::Map { channels, height, width }
}

#[rstest]
fn networks_of_the_zoo(#[values("lenet", "vgg8", "resnet18")] name: &str) {
    let network = zoo::build(name, zoo::ZooOptions::default()).unwrap();
    let graph = exact(&network);
    // And back to layers, which are the same ones in perhaps another order.
    let converted = graph.to_network(&ConvertOptions::default()).unwrap();
    let kept = |network: &Network| -> Vec<&str> {
        let names = network.layers.iter().map(|layer| layer.operation.name());
        let mut names: Vec<&str> =
            names.filter(|name| !["flatten", "view", "dropout"].contains(name)).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(kept(&converted.network), kept(&network));
}

#[rstest]
#[case::halved(map(3, 8, 6), &[Operation::Downsample])]
#[case::halved_odd(map(2, 9, 7), &[Operation::Downsample])]
#[case::halved_mixed(map(2, 9, 6), &[Operation::Downsample])]
#[case::whole(map(2, 5, 4), &[Operation::AdaptiveAveragePooling { output_size: (1, 1) }])]
#[case::uneven(map(2, 8, 7), &[Operation::AdaptiveAveragePooling { output_size: (3, 5) }])]
#[case::larger(map(2, 2, 3), &[Operation::AdaptiveAveragePooling { output_size: (4, 6) }])]
#[case::zeros(map(3, 4, 4), &[Operation::HardTanh, Operation::Expand { max_channels: 5 }])]
#[case::no_zeros(map(3, 4, 4), &[Operation::Expand { max_channels: 3 }])]
#[case::nothing(map(3, 4, 4), &[Operation::Dropout])]
#[case::nothing_behind(map(3, 4, 4), &[Operation::Relu, Operation::Dropout])]
#[case::flat(map(3, 4, 4), &[Operation::View, Operation::BatchNorm { features: 48 }])]
#[case::already_flat(
    Shape::Vector { features: 4 },
    &[Operation::View, Operation::FullyConnected { in_features: 4, out_features: 3 }]
)]
fn layers_without_weights(#[case] shape: Shape, #[case] operations: &[Operation]) {
    exact(&of_layers(shape, operations));
}

#[test]
fn sums_of_several_and_values_that_are_read_again() {
    let mut network = of_layers(map(2, 4, 4), &[Operation::Relu, Operation::HardTanh]);
    let inputs = vec![Source::Layer(0), Source::Layer(1), Source::Input];
    network.layers.push(Layer::new(Operation::ElementSum, inputs));
    let last = vec![Source::Layer(2), Source::Layer(2)];
    network.layers.push(Layer::new(Operation::ElementSum, last));
    exact(&network);
}

fn convolution(groups: usize, [kernel_size, stride, padding]: [usize; 3]) -> Convolution {
    let (in_channels, out_channels) = (2 * groups, 3 * groups);
    Convolution { in_channels, out_channels, kernel_size, stride, padding, groups }
}

proptest! {
    /// Even kernels lose a row and a column, each channel its own.
    #[test]
    fn any_convolution(
        groups in 1..3_usize,
        window in (1..6_usize, 1..4_usize, 0..4_usize),
        sides in (5..10_usize, 5..10_usize),
        flags in prop::collection::vec(0..2_u8, 4),
        alike in any::<bool>(),
    ) {
        let conv = convolution(groups, [window.0, window.1, window.2.min(window.0)]);
        let shape = map(conv.in_channels, sides.0, sides.1);
        let network = of_layers(shape, &[Operation::Convolution(conv)]);
        prop_assume!(network.shapes().is_ok());
        let mut tensors = parameters(&network);
        if conv.drops_even_edge() {
            let count = if alike { 1 } else { conv.in_channels };
            let flags = flags.iter().take(count).map(|&flag| f32::from(flag)).collect();
            tensors.insert("0.padding_flag", Tensor::vector(flags));
        }
        let (_, difference) = compared(&network, &tensors, OnnxNumbers::Floats);
        prop_assert!(difference <= 1e-5, "{difference}");
    }
}

#[test]
fn an_even_kernel_keeps_its_size() {
    let conv = convolution(1, [4, 1, 2]);
    let network = of_layers(map(2, 7, 8), &[Operation::Convolution(conv)]);
    let graph = exact(&network);
    let converted = graph.to_network(&ConvertOptions::default()).unwrap();
    assert_eq!(converted.network.layers[0].operation, Operation::Convolution(conv));
}

/// A residual block with scales, weights multiples of their steps.
fn quantised(weight_bits: u32, activation_bits: u32) -> (Network, NamedTensors) {
    let conv = Convolution { in_channels: 2, out_channels: 4, ..convolution(1, [3, 1, 1]) };
    let mut network = of_layers(
        map(2, 6, 6),
        &[
            Operation::Convolution(conv),
            Operation::BatchNorm { features: 4 },
            Operation::Relu,
            Operation::Downsample,
            Operation::View,
            Operation::FullyConnected { in_features: 36, out_features: 5 },
        ],
    );
    network.input.bits = activation_bits;
    let full = |scale| Quantisation { bits: activation_bits, scale };
    network.input.step = full(1.0).step();
    let mut tensors = parameters(&network);
    let weight = Quantisation { bits: weight_bits, scale: 0.4 };
    for (index, layer) in network.layers.iter_mut().enumerate() {
        let weighted = super::is_weighted(layer);
        let scales = [1.5, 2.0, 2.0, 1.9, 1.9, 1.2];
        let input = if index == 0 { 1.0 } else { scales[index - 1] };
        layer.activation_bits = activation_bits;
        layer.weight_bits = weighted.then_some(weight_bits);
        layer.scales = Some(CandidateScales {
            inputs: vec![full(input)],
            weight: weighted.then_some(weight),
            output: full(scales[index]),
        });
        if weighted {
            let name = format!("{index}.weight");
            let step = weight.step() as f32;
            let limit = weight.max_code() as f32;
            let old = tensors.get(&name).unwrap();
            let code = |value: &f32| (value / step).clamp(-limit, limit).round() * step;
            let values = old.to_f32().iter().map(code).collect();
            let values = Tensor::f32(old.dims(), values).unwrap();
            tensors.insert(name, values);
        }
    }
    (network, tensors)
}

#[rstest]
#[case::narrow(5, 7, 13)]
#[case::eight(8, 8, 13)]
#[case::wide(9, 9, 21)]
#[case::mixed(4, 12, 21)]
fn fixed_point_is_that_of_inference(
    #[case] weights: u32,
    #[case] activations: u32,
    #[case] opset: i64,
) {
    let (network, tensors) = quantised(weights, activations);
    assert_eq!(OnnxNumbers::of(&network), OnnxNumbers::Quantised);
    let (graph, difference) = compared(&network, &tensors, OnnxNumbers::Quantised);
    // A value between two codes may fall to either side: at most one code.
    let code = 4.0 * network.input.step as f32;
    assert!(difference <= code, "{difference}");
    let file = write_onnx(&network, &tensors, OnnxNumbers::Quantised).unwrap();
    let model = Model::decode(file.as_slice()).unwrap();
    assert_eq!(model.opset_import[0].version, opset);
    // In floats it is another network.
    assert!(compared(&network, &tensors, OnnxNumbers::Floats).1 <= 1e-5);
    // Read as layers, its quantisers are left out, with one note.
    let converted = graph.to_network(&ConvertOptions::default()).unwrap();
    assert_eq!(converted.notes.len(), 1, "{:?}", converted.notes);
    let names: Vec<&str> =
        converted.network.layers.iter().map(|layer| layer.operation.name()).collect();
    assert_eq!(names, ["conv", "bn", "relu", "pooling", "view", "fc"]);
}

#[test]
fn names_and_versions() {
    let mut network = of_layers(map(2, 6, 6), &[Operation::Relu, Operation::HardTanh]);
    network.layers[0].name = Some("same".to_owned());
    network.layers[1].name = Some("same".to_owned());
    let file = write_onnx(&network, &NamedTensors::new(), OnnxNumbers::Floats).unwrap();
    let model = Model::decode(file.as_slice()).unwrap();
    assert_eq!((model.ir_version, model.producer_name.as_str()), (7, "pimnas"));
    let graph = model.graph.unwrap();
    let names: Vec<&str> = graph.node.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["same", "same#2"]);
    assert_eq!((&*graph.input[0].name, &*graph.output[0].name), ("input", "output"));
    let dims = |info: &super::super::proto::ValueInfo| {
        let shape = info.kind.clone().unwrap().tensor.unwrap().shape.unwrap();
        let dim = shape.dim.into_iter().map(|dim| dim.value.map_or(dim.name, |v| v.to_string()));
        dim.collect::<Vec<String>>()
    };
    assert_eq!(dims(&graph.input[0]), ["N", "2", "6", "6"]);
    assert_eq!(dims(&graph.output[0]), ["N", "2", "6", "6"]);
}

#[test]
fn names_of_a_trained_layer_list() {
    let conv = Convolution { in_channels: 4, out_channels: 6, ..convolution(2, [2, 1, 1]) };
    let network = of_layers(
        map(4, 5, 5),
        &[Operation::Convolution(conv), Operation::BatchNorm { features: 6 }],
    );
    let mut listed = NamedTensors::new();
    for (name, tensor) in parameters(&network).iter() {
        match name {
            "0.weight" => {
                for (group, half) in tensor.to_f32().chunks(24).enumerate() {
                    // Two parts of one channel each.
                    for part in 0..2 {
                        let values = half.chunks(4).skip(part).step_by(2).flatten().copied();
                        let values = Tensor::f32([3, 1, 2, 2], values.collect()).unwrap();
                        let place = format!("layer_list.0.group_conv.{group}.layer_list.{part}");
                        listed.insert(format!("param.{place}.weight"), values);
                        let flag = Tensor::vector(vec![part as f32]);
                        listed.insert(format!("param.{place}.padding_flag"), flag);
                    }
                }
            }
            "0.padding_flag" => {}
            norm => {
                let name = norm.trim_start_matches("1.");
                listed.insert(format!("param.layer_list.1.layer.{name}"), tensor.clone());
            }
        }
    }
    let (_, difference) = compared(&network, &listed, OnnxNumbers::Floats);
    assert!(difference <= 1e-5, "{difference}");
}

#[test]
fn every_layer_without_its_parameters_is_named() {
    let (network, mut tensors) = quantised(5, 7);
    tensors.remove("5.weight");
    tensors.insert("1.running_mean", Tensor::vector(vec![0.0; 3]));
    tensors.insert("0.weight", Tensor::f32([4, 2, 3, 3], vec![f32::NAN; 72]).unwrap());
    let error = write_onnx(&network, &tensors, OnnxNumbers::Quantised).unwrap_err();
    let OnnxWriteError::Layers(problems) = &error else { panic!("{error}") };
    let layers: Vec<usize> = problems.iter().map(|problem| problem.layer).collect();
    assert_eq!(layers, [0, 1, 5]);
    let text = error.to_string();
    for part in ["not finite at position 0", "[3], not [4]", "`5.weight` is missing"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn fixed_point_without_scales_or_of_many_bits_is_refused() {
    let (network, tensors) = quantised(5, 7);
    let mut bare = network.clone();
    bare.layers.iter_mut().for_each(|layer| layer.scales = None);
    assert_eq!(OnnxNumbers::of(&bare), OnnxNumbers::Floats);
    let error = write_onnx(&bare, &tensors, OnnxNumbers::Quantised).unwrap_err();
    assert!(error.to_string().contains("its weights have no scale"), "{error}");
    let mut wide = network;
    wide.layers[1].activation_bits = 17;
    assert_eq!(OnnxNumbers::of(&wide), OnnxNumbers::Floats);
    let error = write_onnx(&wide, &tensors, OnnxNumbers::Quantised).unwrap_err();
    assert!(error.to_string().contains("layer 1 (bn): its output has 17 bits"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("16 bits")));
}
