//! Files that are read, run and refused.

use proptest::prelude::*;
use rstest::rstest;

use super::build::{Attribute, ModelBuilder, float, int, ints, tensor, text};
use super::{OnnxError, OnnxLimits};
use crate::graph::FloatGraph;
use crate::tensor::Tensor;

/// Small, so that hostile files cannot take much.
const LIMITS: OnnxLimits = OnnxLimits { max_elements: 1 << 16 };

fn read(model: &ModelBuilder) -> Result<FloatGraph, OnnxError> {
    FloatGraph::from_onnx(&model.bytes(), LIMITS)
}

fn run(model: &ModelBuilder, dims: &[usize], values: &[f32]) -> Tensor {
    let input = Tensor::f32(dims, values.to_vec()).unwrap();
    read(model).unwrap().run(&[input]).unwrap().remove(0)
}

/// One node on x.
fn single(operator: &str, inputs: &str, attributes: &[Attribute], dims: &[i64]) -> ModelBuilder {
    let model = ModelBuilder::new(13).input("x", dims).output("y");
    model.node(operator, (inputs, "y"), attributes)
}

#[rstest]
#[case::relu("Relu", vec![], &[0.0, 0.0, 2.0, 0.0])]
#[case::leaky("LeakyRelu", vec![float("alpha", 0.5)], &[-0.5, 0.0, 2.0, -2.0])]
#[case::hard_sigmoid("HardSigmoid", vec![float("alpha", 0.25), float("beta", 0.5)], &[0.25, 0.5, 1.0, 0.0])]
#[case::sum("Sum", vec![], &[-1.0, 0.0, 2.0, -4.0])]
#[case::largest("GlobalMaxPool", vec![], &[2.0])]
#[case::mean("GlobalAveragePool", vec![], &[-0.75])]
#[case::pool("MaxPool", vec![ints("kernel_shape", &[2, 1])], &[2.0, 0.0])]
#[case::padded_mean("AveragePool", vec![ints("kernel_shape", &[2, 2]), ints("pads", &[1, 1, 0, 0]), ints("strides", &[2, 2])], &[-1.0])]
#[case::flat("Flatten", vec![], &[-1.0, 0.0, 2.0, -4.0])]
#[case::turned("Transpose", vec![ints("perm", &[0, 1, 3, 2])], &[-1.0, 2.0, 0.0, -4.0])]
fn operators_on_one_map(
    #[case] operator: &str,
    #[case] attributes: Vec<Attribute>,
    #[case] expected: &[f32],
) {
    let model = single(operator, "x", &attributes, &[1, 1, 2, 2]);
    assert_eq!(run(&model, &[1, 1, 2, 2], &[-1.0, 0.0, 2.0, -4.0]).to_f32(), expected);
}

#[test]
fn a_convolution_by_hand() {
    let model = ModelBuilder::new(13).input("x", &[1, 1, 2, 3]).output("y");
    let model = model.floats("w", &[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]).floats("b", &[1], &[0.5]);
    let model = model.node("Conv", ("x w b", "y"), &[]);
    let output = run(&model, &[1, 1, 2, 3], &[1.0, 0.0, -1.0, 2.0, 1.0, 0.0]);
    // 1·1 + 2·0 + 3·2 + 4·1 + 0.5 and 1·0 − 2 + 3·1 + 0.5.
    assert_eq!((output.dims(), output.to_f32()), (&[1, 1, 1, 2][..], vec![11.5, 1.5]));
}

#[test]
fn a_normalisation_by_hand() {
    let model = ModelBuilder::new(13).input("x", &[1, 2]).output("y");
    let model = model.floats("s", &[2], &[2.0, 1.0]).floats("b", &[2], &[1.0, 0.0]);
    let model = model.floats("m", &[2], &[1.0, 0.0]).floats("v", &[2], &[3.75, 0.0]);
    let model = model.node("BatchNormalization", ("x s b m v", "y"), &[float("epsilon", 0.25)]);
    assert_eq!(run(&model, &[1, 2], &[5.0, 3.0]).to_f32(), [5.0, 6.0]);
}

#[test]
fn weights_may_be_bytes_numbers_or_nodes() {
    let raw = [1.0_f32, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let model = ModelBuilder::new(13).input("x", &[0, 2]).output("y");
    let model = model.raw("raw", &[2], raw).integers("two", &[2]);
    let model = model
        .node("Constant", ("", "c"), &[tensor("value", &[2], &[10.0, 20.0])])
        .node("ConstantOfShape", ("two", "ones"), &[tensor("value", &[1], &[100.0])])
        .node("Sum", ("x raw c ones", "y"), &[]);
    let graph = read(&model).unwrap();
    assert_eq!(graph.nodes.len(), 1, "nodes without variable inputs are computed");
    assert_eq!(run(&model, &[1, 2], &[0.5, 0.25]).to_f32(), [111.5, 122.25]);
}

#[test]
fn forms_of_older_versions_are_read() {
    let model =
        ModelBuilder::new(6).input("x", &[1, 2, 1, 1]).output("y").floats("b", &[2], &[1.0, 2.0]);
    let attributes = [int("broadcast", 1), int("axis", 1)];
    let model = model.node("Add", ("x b", "s"), &attributes);
    let model = model.node("Clip", ("s", "y"), &[float("min", -1.0), float("max", 1.5)]);
    assert_eq!(run(&model, &[1, 2, 1, 1], &[0.25, 0.25]).to_f32(), [1.25, 1.5]);
}

#[test]
fn every_unknown_operator_is_named() {
    let model = single("Relu", "x", &[], &[1]).node("Erf", ("y", "a"), &[]);
    let model = model.node("Erf", ("a", "b"), &[]).node("my.domain:Odd", ("b", "c"), &[]);
    let error = read(&model).unwrap_err();
    let OnnxError::Operators(unknown) = &error else { panic!("{error}") };
    assert_eq!((unknown[0].operator.as_str(), unknown[0].count), ("Erf", 2));
    assert_eq!((unknown[1].operator.as_str(), unknown[1].node.as_str()), ("my.domain:Odd", "c"));
    assert!(error.hint().contains("Conv"));
}

#[rstest]
#[case::old(ModelBuilder::new(5).output("x").input("x", &[1]))]
#[case::new(ModelBuilder::new(22).output("x").input("x", &[1]))]
#[case::no_output(ModelBuilder::new(13).input("x", &[1]))]
#[case::unknown_value(single("Relu", "z", &[], &[1]))]
#[case::given_twice(single("Relu", "x", &[], &[1]).node("Relu", ("x", "y"), &[]))]
#[case::unknown_attribute(single("Relu", "x", &[int("odd", 1)], &[1]))]
#[case::wrong_type(single("Flatten", "x", &[float("axis", 1.0)], &[1]))]
#[case::training(single("BatchNormalization", "x x x x x", &[int("training_mode", 1)], &[1]))]
#[case::negative_kernel(single("MaxPool", "x", &[ints("kernel_shape", &[-1, 2])], &[1, 1, 4, 4]))]
#[case::padding(single("Conv", "x x", &[text("auto_pad", "ODD")], &[1]))]
#[case::bytes(single("Relu", "x", &[], &[1]).raw("w", &[3], vec![0; 11]))]
#[case::huge(single("Relu", "x", &[], &[1]).floats("w", &[i64::MAX, i64::MAX], &[]))]
fn broken_files_are_refused(#[case] model: ModelBuilder) {
    let error = read(&model).unwrap_err();
    assert!(!error.to_string().is_empty() && !error.hint().is_empty());
}

#[test]
fn sizes_are_checked_before_anything_is_allocated() {
    let model =
        ModelBuilder::new(13).input("x", &[1]).output("y").integers("n", &[1 << 40, 1 << 40]);
    let model = model.node("ConstantOfShape", ("n", "c"), &[]).node("Add", ("x c", "y"), &[]);
    let graph = read(&model).unwrap();
    assert!(graph.run(&[Tensor::vector(vec![1.0])]).is_err());
}

#[test]
fn inputs_must_be_those_of_the_graph() {
    let graph = read(&single("Relu", "x", &[], &[0, 2])).unwrap();
    assert!(graph.run(&[Tensor::f32([3, 2], vec![0.0; 6]).unwrap()]).is_ok());
    for wrong in [
        Tensor::f32([3, 3], vec![0.0; 9]).unwrap(),
        Tensor::vector(vec![0.0; 2]),
        Tensor::integers(vec![0; 2]).reshaped([1, 2]).unwrap(),
    ] {
        assert!(graph.run(&[wrong]).is_err());
    }
    assert!(graph.run(&[]).is_err());
}

#[rstest]
#[case::edge("edge", &[1.0, 1.0, 1.0, 2.0, 3.0, 3.0])]
#[case::reflect("reflect", &[3.0, 2.0, 1.0, 2.0, 3.0, 2.0])]
#[case::constant("constant", &[0.0, 0.0, 1.0, 2.0, 3.0, 0.0])]
fn padding_takes_its_values_from_where_it_says(#[case] mode: &str, #[case] expected: &[f32]) {
    let attributes = [text("mode", mode)];
    let model = ModelBuilder::new(13).input("x", &[1, 3]).output("y").integers("p", &[0, 2, 0, 1]);
    let model = model.node("Pad", ("x p", "y"), &attributes);
    assert_eq!(run(&model, &[1, 3], &[1.0, 2.0, 3.0]).to_f32(), expected);
    // There is nothing to mirror behind three values' own.
    let model = ModelBuilder::new(13).input("x", &[1, 3]).output("y").integers("p", &[0, 3, 0, 0]);
    let graph = read(&model.node("Pad", ("x p", "y"), &attributes)).unwrap();
    let result = graph.run(&[Tensor::f32([1, 3], vec![1.0, 2.0, 3.0]).unwrap()]);
    assert_eq!(result.is_err(), mode == "reflect");
}

#[rstest]
#[case::row_major(0, &[3, 1])]
#[case::column_major(1, &[1, 2])]
fn maxima_have_places(#[case] order: i64, #[case] expected: &[i64]) {
    let attributes = [ints("kernel_shape", &[2, 2]), int("storage_order", order)];
    let model = ModelBuilder::new(13).input("x", &[1, 1, 2, 3]).output("places");
    let model = model.node("MaxPool", ("x", "y places"), &attributes);
    // The largest are in row 1, column 0 and, as the first of two, in row 0, column 1.
    let places = run(&model, &[1, 1, 2, 3], &[0.0, 8.0, 1.0, 9.0, 8.0, 7.0]);
    assert_eq!(places.data().to_i64().unwrap(), expected);
}

#[test]
fn brain_floats_are_read_and_rounded_to_the_nearest() {
    let model = ModelBuilder::new(13).input("x", &[3]).output("y");
    let model = model.node("Cast", ("x", "y"), &[int("to", 16)]);
    let third = f32::from_bits(0x3eaa_aaab);
    let even = f32::from_bits(0x3f80_8000);
    let cast = run(&model, &[3], &[third, even, -2.5]).to_f32();
    assert_eq!(cast, [f32::from_bits(0x3eab_0000), 1.0, -2.5]);
    let model = ModelBuilder::new(13).input("x", &[2]).output("y");
    let model = model.brain_floats("w", &[2], &[0x3f80, 0xc020]);
    let model = model.node("Add", ("x w", "y"), &[]);
    assert_eq!(run(&model, &[2], &[0.0, 0.0]).to_f32(), [1.0, -2.5]);
}

#[test]
fn inputs_that_nobody_reads_may_have_any_shape() {
    let model = ModelBuilder::new(13).input("x", &[2]).input("like", &[3, 4]).output("y");
    let graph = read(&model.node("Relu", ("x", "y"), &[])).unwrap();
    let x = Tensor::vector(vec![-1.0, 1.0]);
    assert!(graph.run(&[x.clone(), Tensor::vector(vec![0.0])]).is_ok());
    assert!(graph.run(&[Tensor::vector(vec![0.0]), x]).is_err());
}

#[test]
fn constants_of_a_small_file_stay_small() {
    let model = ModelBuilder::new(13).input("x", &[1]).output("y").integers("n", &[1 << 24]);
    let model = model.node("ConstantOfShape", ("n", "a"), &[]);
    let model = model.node("Add", ("a a", "b"), &[]).node("Add", ("x b", "y"), &[]);
    let graph = FloatGraph::from_onnx(&model.bytes(), OnnxLimits::default()).unwrap();
    let computed = graph.values.iter().filter_map(|value| value.constant.as_ref());
    assert!(computed.map(|tensor| tensor.len()).sum::<usize>() < (1 << 24) + 16);
    assert!(graph.to_network(&crate::convert::ConvertOptions::default()).is_err());
}

#[test]
fn quantisers_by_hand() {
    // Halves go to the even code, and codes end where their type does.
    let model = ModelBuilder::new(13).input("x", &[1, 2, 2]).output("y");
    let model = model.floats("scale", &[2], &[0.5, 1.0]).bytes_of("zero", &[2], &[0, 254]);
    let model = model.node("QuantizeLinear", ("x scale zero", "c"), &[]);
    let model = model.node("DequantizeLinear", ("c scale zero", "y"), &[]);
    let output = run(&model, &[1, 2, 2], &[0.75, -70.0, 1.5, 200.0]);
    // With zero points 0 and -2: 2 · 0.5 and -128 · 0.5; 2 and 127 + 2.
    assert_eq!(output.to_f32(), [1.0, -64.0, 2.0, 129.0]);
    let plain = ModelBuilder::new(13).input("x", &[3]).output("y").floats("s", &[], &[2.0]);
    let plain = plain.node("QuantizeLinear", ("x s", "c"), &[int("axis", 0)]);
    let plain = plain.node("DequantizeLinear", ("c s", "y"), &[int("axis", -1)]);
    assert_eq!(run(&plain, &[3], &[-3.0, 3.0, 999.0]).to_f32(), [0.0, 4.0, 510.0]);
    let three = ModelBuilder::new(13).input("x", &[1, 2]).output("y");
    let three = three.floats("s", &[3], &[1.0; 3]).node("QuantizeLinear", ("x s", "y"), &[]);
    let input = Tensor::f32([1, 2], vec![1.0; 2]).unwrap();
    assert!(read(&three).unwrap().run(&[input]).is_err());
    let blocks = single("DequantizeLinear", "x x", &[int("block_size", 2)], &[2]);
    assert!(read(&blocks).unwrap_err().to_string().contains("block_size=2"));
}

fn whole() -> Vec<u8> {
    let model = ModelBuilder::new(13).input("x", &[0, 1, 4, 4]).output("y");
    let model = model.floats("w", &[2, 1, 3, 3], &[0.5; 18]).integers("d", &[-1, 8]);
    let model = model.floats("m", &[8, 3], &[0.25; 24]);
    let model = model
        .node("Conv", ("x w", "c"), &[ints("pads", &[1, 1, 1, 1]), ints("strides", &[2, 2])])
        .node("Relu", ("c", "r"), &[])
        .node("Reshape", ("r d", "v"), &[])
        .node("MatMul", ("v m", "y"), &[]);
    model.bytes()
}

/// Whatever the bytes, reading, converting and running end.
fn survives(bytes: &[u8]) {
    if let Ok(graph) = FloatGraph::from_onnx(bytes, LIMITS) {
        let _ = graph.to_network(&crate::convert::ConvertOptions::default());
        let _ = graph.run(&[Tensor::f32([1, 1, 4, 4], vec![1.0; 16]).unwrap()]);
    }
}

proptest! {
    #[test]
    fn truncated_and_changed_files_do_no_harm(
        keep in 0..400_usize,
        changes in prop::collection::vec((0..400_usize, any::<u8>()), 0..6),
    ) {
        let mut bytes = whole();
        for (place, value) in changes {
            let length = bytes.len();
            bytes[place % length] = value;
        }
        survives(&bytes);
        bytes.truncate(keep);
        survives(&bytes);
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
        let _ = Tensor::from_onnx_tensor(&bytes);
    }
}
