//! Converted networks compute what their graphs compute.

use pimnas_config::hardware::Subtraction;
use pimnas_infer::{
    CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor as Batch,
};
use pimnas_network::{Operation, ShapedNetwork};
use proptest::prelude::*;
use rstest::rstest;

use super::{ConvertError, ConvertOptions, Converted, Norms};
use crate::graph::FloatGraph;
use crate::onnx::OnnxLimits;
use crate::onnx::build::{ModelBuilder, float, int, ints, text};
use crate::tensor::Tensor;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    // Differing numbers of both signs.
    (0..count).map(|i| ((i * 37 + seed * 11) % 23) as f32 / 8.0 - 1.3).collect()
}

fn size(dims: &[i64]) -> usize {
    dims.iter().map(|&dim| dim as usize).product()
}

fn weights(model: ModelBuilder, name: &str, dims: &[i64]) -> ModelBuilder {
    let values = numbers(size(dims), name.len());
    model.floats(name, dims, &values)
}

fn read(model: &ModelBuilder) -> FloatGraph {
    FloatGraph::from_onnx(&model.bytes(), OnnxLimits::default()).unwrap()
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

fn run(converted: &Converted, dims: &[usize], values: &[f32]) -> Vec<f32> {
    let shaped = ShapedNetwork::new(&converted.network).unwrap();
    let mut parameters = Parameters::new();
    for (name, tensor) in converted.parameters.iter() {
        parameters.insert(name, Batch::new(tensor.dims(), tensor.to_f32()).unwrap());
    }
    let options = InferenceOptions::new(Mode::Float, hardware());
    let network = CompiledNetwork::new(&shaped, &parameters, &options).unwrap();
    network.run(&Batch::new(dims, values.to_vec()).unwrap()).unwrap().into_data()
}

/// Both ways give the same, with factors kept and folded; gives the layers where they are kept.
fn same(model: &ModelBuilder, dims: &[usize]) -> Vec<Operation> {
    let graph = read(model);
    let values = numbers(dims.iter().product(), 5);
    let outputs = graph.run(&[Tensor::f32(dims, values.clone()).unwrap()]).unwrap();
    let expected = outputs[0].to_f32();
    let range = expected.iter().fold(1.0_f32, |range, value| range.max(value.abs()));
    let mut operations = Vec::new();
    for norms in [Norms::Folded, Norms::Kept] {
        let options = ConvertOptions { norms, ..ConvertOptions::default() };
        let converted = graph.to_network(&options).unwrap();
        let found = run(&converted, dims, &values);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 2e-5 * range, "{norms:?}: {found} {expected}");
        }
        operations = converted.network.layers.iter().map(|layer| layer.operation).collect();
    }
    operations
}

fn names(operations: &[Operation]) -> Vec<&'static str> {
    operations.iter().map(Operation::name).collect()
}

fn convolution(attributes: &[crate::onnx::build::Attribute], kernel: &[i64]) -> ModelBuilder {
    let model = ModelBuilder::new(13).input("x", &[0, 2, 7, 8]).output("y");
    let model = weights(model, "w", &[&[4, 2], kernel].concat());
    weights(model, "b", &[4]).node("Conv", ("x w b", "y"), attributes)
}

#[rstest]
#[case::plain(&[3, 3], vec![])]
#[case::padded(&[3, 3], vec![ints("pads", &[1, 1, 1, 1])])]
#[case::one_sided(&[3, 3], vec![ints("pads", &[0, 0, 1, 1]), ints("strides", &[2, 2])])]
#[case::dilated(&[2, 2], vec![ints("dilations", &[2, 2]), ints("pads", &[1, 1, 1, 1])])]
#[case::flat(&[1, 3], vec![ints("pads", &[0, 1, 0, 1])])]
#[case::same_upper(&[3, 3], vec![text("auto_pad", "SAME_UPPER")])]
#[case::same_strided(&[3, 3], vec![text("auto_pad", "SAME_UPPER"), ints("strides", &[2, 2])])]
#[case::even_upper(&[4, 4], vec![text("auto_pad", "SAME_UPPER")])]
#[case::even_lower(&[2, 2], vec![text("auto_pad", "SAME_LOWER")])]
fn convolutions_of_any_padding(
    #[case] kernel: &[i64],
    #[case] attributes: Vec<crate::onnx::build::Attribute>,
) {
    let operations = same(&convolution(&attributes, kernel), &[3, 2, 7, 8]);
    assert_eq!(names(&operations), ["conv", "bn"]);
}

#[test]
fn groups_and_chains_of_constants_become_one_normalisation() {
    let model = ModelBuilder::new(13).input("x", &[1, 4, 5, 5]).output("y");
    let model = weights(weights(model, "w", &[6, 2, 3, 3]), "b", &[6]);
    let model = weights(weights(model, "scale", &[6]), "shift", &[6]);
    let model = weights(model, "mean", &[6]).floats("var", &[6], &[0.5, 1.0, 2.0, 0.1, 3.0, 0.7]);
    let model = weights(model, "plus", &[6, 1, 1]).floats("half", &[], &[0.5]);
    let model = model
        .node("Conv", ("x w b", "c"), &[int("group", 2)])
        .node("BatchNormalization", ("c scale shift mean var", "n"), &[float("epsilon", 1e-3)])
        .node("Mul", ("half n", "m"), &[])
        .node("Sub", ("plus m", "y"), &[]);
    assert_eq!(names(&same(&model, &[1, 4, 5, 5])), ["group_conv", "bn"]);
}

#[rstest]
#[case::relu(Some(0.0), None, &["relu"])]
#[case::hard_tanh(Some(-1.0), Some(1.0), &["hard_tanh"])]
#[case::relu6(Some(0.0), Some(1.5), &["bn", "hard_tanh", "bn"])]
#[case::low(Some(-0.5), None, &["bn", "relu", "bn"])]
#[case::high(None, Some(0.5), &["bn", "relu", "bn"])]
#[case::free(None, None, &[])]
fn bounds_become_activations(
    #[case] low: Option<f32>,
    #[case] high: Option<f32>,
    #[case] expected: &[&str],
) {
    let begin =
        || weights(ModelBuilder::new(13).input("x", &[1, 2, 4, 4]).output("y"), "w", &[2, 2, 1, 1]);
    let bound = |model: ModelBuilder, name: &str, bound: Option<f32>| match bound {
        Some(bound) => model.floats(name, &[], &[bound]),
        None => model,
    };
    let name = |name: &'static str, bound: Option<f32>| if bound.is_some() { name } else { "-" };
    let model = bound(bound(begin(), "low", low), "high", high).node("Conv", ("x w", "c"), &[]);
    let inputs = format!("c {} {}", name("low", low), name("high", high));
    let clip = model.node("Clip", (&inputs, "y"), &[]);
    let operations = same(&clip, &[1, 2, 4, 4]);
    assert_eq!(names(&operations), [&["conv"], expected].concat());
    // The same by Min and Max.
    if let (Some(low), Some(high)) = (low, high) {
        let model = begin().floats("low", &[1], &[low]).floats("high", &[], &[high]);
        let model = model.node("Conv", ("x w", "c"), &[]).node("Min", ("c high", "m"), &[]).node(
            "Max",
            ("low m", "y"),
            &[],
        );
        assert_eq!(same(&model, &[1, 2, 4, 4]), operations);
    }
}

#[test]
fn residual_branches_share_their_normalisation() {
    let model = ModelBuilder::new(13).input("x", &[0, 3, 6, 6]).output("y");
    let model = weights(weights(model, "w", &[4, 3, 3, 3]), "b", &[4]);
    let model = weights(weights(model, "v", &[4, 4, 3, 3]), "f", &[4, 1, 1]);
    let pads = [ints("pads", &[1, 1, 1, 1])];
    let model = model
        .node("Conv", ("x w b", "c"), &pads)
        .node("Mul", ("c f", "n"), &[])
        .node("Relu", ("n", "r"), &[])
        .node("Conv", ("r v", "d"), &pads)
        .node("Add", ("d n", "s"), &[])
        .node("Sub", ("s r", "t"), &[])
        .node("Relu", ("t", "y"), &[]);
    let operations = same(&model, &[2, 3, 6, 6]);
    let expected = ["conv", "bn", "relu", "conv", "element_sum", "bn", "element_sum", "relu"];
    assert_eq!(names(&operations), expected);
}

#[rstest]
#[case::flatten("Flatten")]
#[case::arithmetic("arithmetic")]
#[case::mean("mean")]
fn vectors_and_products(#[case] way: &str) {
    let model = ModelBuilder::new(13).input("x", &[0, 3, 4, 4]).output("y");
    let (model, features) = match way {
        "Flatten" => (model.node("Flatten", ("x", "v"), &[]), 48),
        "arithmetic" => {
            let model = model.integers("zero", &[0]).integers("rest", &[-1]);
            let model = model.node("Shape", ("x", "s"), &[]).node("Gather", ("s zero", "n"), &[]);
            let model = model.node("Concat", ("n rest", "d"), &[int("axis", 0)]);
            (model.node("Reshape", ("x d", "v"), &[]), 48)
        }
        _ => {
            let attributes = [ints("axes", &[-1, 2]), int("keepdims", 0)];
            (model.node("ReduceMean", ("x", "v"), &attributes), 3)
        }
    };
    let model = weights(weights(model, "a", &[5, features]), "c", &[5]);
    let attributes = [int("transB", 1), float("alpha", 0.5), float("beta", 2.0)];
    let model = model.node("Gemm", ("v a c", "g"), &attributes).node("Relu", ("g", "r"), &[]);
    let model = weights(weights(model, "m", &[5, 3]), "e", &[1, 3]);
    let model = model
        .node("MatMul", ("r m", "p"), &[])
        .node("Add", ("p e", "q"), &[])
        .node("Identity", ("q", "i"), &[])
        .node("Dropout", ("i", "y"), &[]);
    let operations = same(&model, &[2, 3, 4, 4]);
    assert!(names(&operations).ends_with(&["view", "fc", "bn", "relu", "fc", "bn"]));
}

#[rstest]
#[case::max("MaxPool", vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), ints("pads", &[1, 1, 1, 1])])]
#[case::free_padding("MaxPool", vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2]), ints("pads", &[0, 0, 1, 1])])]
#[case::mean("AveragePool", vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])])]
#[case::padded_mean("AveragePool", vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1]), int("count_include_pad", 1)])]
#[case::ceil("AveragePool", vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2]), int("ceil_mode", 1)])]
#[case::whole("AveragePool", vec![ints("kernel_shape", &[6, 6])])]
#[case::global("GlobalAveragePool", vec![])]
#[case::global_max("GlobalMaxPool", vec![])]
fn pooling(#[case] operator: &str, #[case] attributes: Vec<crate::onnx::build::Attribute>) {
    let model = ModelBuilder::new(13).input("x", &[0, 3, 6, 6]).output("y");
    same(&model.node(operator, ("x", "y"), &attributes), &[2, 3, 6, 6]);
}

#[test]
fn zero_padding_goes_into_the_convolution() {
    let model = ModelBuilder::new(13).input("x", &[1, 2, 5, 5]).output("y");
    let model = weights(model, "w", &[3, 2, 3, 3]).integers("pads", &[0, 0, 0, 1, 0, 0, 2, 1]);
    let model = model.node("Relu", ("x", "r"), &[]).node("Pad", ("r pads", "p"), &[]);
    let model = model.node("Conv", ("p w", "y"), &[ints("pads", &[1, 0, 0, 0])]);
    // The rows have one zero more than the columns on each side.
    let graph = read(&model);
    let Err(ConvertError::Nodes(problems)) = graph.to_network(&ConvertOptions::default()) else {
        panic!("a kernel that fits no square one");
    };
    assert!(problems[0].why.contains("fits no square one"), "{problems:?}");
    let model = ModelBuilder::new(13).input("x", &[1, 2, 5, 5]).output("y");
    let model = weights(model, "w", &[3, 2, 3, 3]).integers("pads", &[0, 0, 0, 1, 0, 0, 1, 1]);
    let model = model.node("Relu", ("x", "r"), &[]).node("Pad", ("r pads", "p"), &[]);
    let model = model.node("Conv", ("p w", "y"), &[ints("pads", &[1, 0, 0, 0])]);
    assert_eq!(names(&same(&model, &[1, 2, 5, 5])), ["relu", "conv"]);
}

#[test]
fn a_softmax_at_the_end_is_left_out() {
    let model = weights(ModelBuilder::new(13).input("x", &[0, 4]).output("y"), "w", &[4, 3]);
    let model = model.node("MatMul", ("x w", "p"), &[]).node("Softmax", ("p", "y"), &[]);
    let converted = read(&model).to_network(&ConvertOptions::default()).unwrap();
    assert_eq!(converted.network.layers.len(), 1);
    assert_eq!(converted.notes.len(), 1);
}

#[test]
fn every_refused_node_is_named_once() {
    let model =
        weights(ModelBuilder::new(13).input("x", &[0, 2, 6, 6]).output("y"), "w", &[2, 2, 1, 3]);
    let model = model
        .node("Conv", ("x w", "narrow"), &[])
        .node("Relu", ("narrow", "behind"), &[])
        .node("Sigmoid", ("x", "curved"), &[])
        .node("Mul", ("x x", "squared"), &[])
        .node("Concat", ("behind curved squared", "y"), &[int("axis", 1)]);
    let error = read(&model).to_network(&ConvertOptions::default()).unwrap_err();
    let ConvertError::Nodes(problems) = &error else { panic!("{error}") };
    let nodes: Vec<&str> = problems.iter().map(|problem| problem.node.as_str()).collect();
    assert_eq!(nodes, ["Conv narrow", "Sigmoid curved", "Mul squared"]);
    assert!(problems.iter().all(|problem| !problem.hint.is_empty()));
    assert!(error.to_string().starts_with("3 nodes cannot be expressed by layers:"));
}

#[test]
fn unused_branches_do_not_matter() {
    let model = ModelBuilder::new(13).input("x", &[0, 2, 6, 6]).output("y");
    let model = model.node("Sigmoid", ("x", "s"), &[]).node("Relu", ("x", "y"), &[]);
    assert_eq!(names(&same(&model, &[1, 2, 6, 6])), ["relu"]);
}

#[rstest]
#[case::three_dimensions(ModelBuilder::new(13).input("x", &[1, 2, 3]).output("x"))]
#[case::open(ModelBuilder::new(13).input("x", &[1, 2, 0, 0]).output("x"))]
#[case::two_inputs(ModelBuilder::new(13).input("x", &[1, 2]).input("z", &[1, 2]).output("x"))]
fn odd_interfaces_are_refused(#[case] model: ModelBuilder) {
    let error = read(&model).to_network(&ConvertOptions::default()).unwrap_err();
    assert!(matches!(error, ConvertError::Interface { .. }), "{error}");
    assert!(error.hint().is_some());
}

proptest! {
    #[test]
    fn any_convolution_is_exact_or_refused(
        kernel in (1..5_i64, 1..5_i64),
        stride in 1..4_i64,
        dilation in 1..3_i64,
        pads in prop::array::uniform4(0..4_i64),
        sides in (4..9_i64, 4..9_i64),
    ) {
        let input = [1, 2, sides.0, sides.1];
        let model = ModelBuilder::new(13).input("x", &input).output("y");
        let model = weights(model, "w", &[2, 2, kernel.0, kernel.1]);
        let attributes = [
            ints("pads", &pads),
            ints("strides", &[stride, stride]),
            ints("dilations", &[dilation, dilation]),
        ];
        let model = model.node("Conv", ("x w", "y"), &attributes);
        let dims: Vec<usize> = input.iter().map(|&dim| dim as usize).collect();
        if read(&model).to_network(&ConvertOptions::default()).is_ok() {
            same(&model, &dims);
        }
    }
}
