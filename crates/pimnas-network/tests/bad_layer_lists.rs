//! Layer lists that are rejected, and what is said about them.
#![allow(clippy::unwrap_used, clippy::panic)]

use pimnas_network::{Network, NetworkErrorCode as Code, NetworkErrors, zoo};
use rstest::rstest;

fn errors(json: &str) -> NetworkErrors {
    Network::from_json(json).unwrap_err()
}

/// A layer list of 3×8×8 images with those layers.
fn with_layers(layers: &str) -> String {
    format!(r#"{{"input_shape": [1, 3, 8, 8], "layers": [{layers}]}}"#)
}

#[track_caller]
fn assert_says(errors: &NetworkErrors, code: Code, parts: &[&str]) {
    let error = errors.first();
    let text = format!("{error}\nhint: {}", error.hint.as_deref().unwrap_or(""));
    assert_eq!(error.code, code, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!error.message.ends_with('.'), "{text}");
    assert!(error.hint.is_some(), "{text}");
}

#[rstest]
#[case("", Code::Syntax, &["file is empty"])]
#[case("{\"input_shape\": [1,", Code::Syntax, &["cut short"])]
#[case("7", Code::Structure, &["neither", "input_shape"])]
#[case("{}", Code::Structure, &["neither", "mnsim_cfg"])]
#[case(r#"{"network": 3}"#, Code::Structure, &["object"])]
#[case(r#"[{"type": "relu"}]"#, Code::Structure, &["input_shape"])]
#[case(r#"{"layers": [{"type": "relu"}]}"#, Code::MissingKey, &["input_shape"])]
#[case(r#"{"network": {"input_shape": [1, 3]}}"#, Code::MissingKey, &["layers"])]
#[case(r#"{"input_shape": [1, 3], "layers": {}}"#, Code::BadValue, &["layers", "a list"])]
#[case(r#"{"input_shape": [1, 3], "layers": []}"#, Code::Empty, &["no layers"])]
#[case(r#"{"input_shape": [0, 3], "layers": []}"#, Code::BadValue, &["[0,3]", "batch"])]
#[case(r#"{"input_shape": [1, -3], "layers": []}"#, Code::BadValue, &["[1,-3]"])]
#[case(r#"{"input_shape": [3, 8, 8], "layers": []}"#, Code::BadValue, &["[3,8,8]", "batch"])]
#[case(r#"{"input_shape": 3, "layers": []}"#, Code::BadValue, &["input_shape is 3"])]
#[case(r#"{"input_shape": [1, 3], "layer": [], "layers": []}"#, Code::UnknownKey,
    &["key layer", "did you mean `layers`?"])]
#[case(r#"{"input_shape": [1, 3], "input": 3, "layers": []}"#, Code::BadValue, &["input"])]
#[case(r#"{"input_shape": [1, 3], "input": {"activation_scale": NaN}, "layers": []}"#,
    Code::BadValue, &["activation_scale is null", "a number"])]
#[case(r#"{"input_shape": [1, 3], "input": {"activation_bit": 40}, "layers": []}"#,
    Code::Precision, &["activation_bit is 40", "2 to 32"])]
#[case(r#"{"input_shape": [1, 3], "input": {"activation_bits": 9}, "layers": []}"#,
    Code::UnknownKey, &["activation_bits", "did you mean `activation_bit`?"])]
#[case(r#"{"input_shape": [1, 3], "input": {"activation_scale": 0}, "layers": [{"type": "relu"}]}"#,
    Code::Precision, &["activation_scale is 0", "positive"])]
#[case(r#"{"input_shape": [1, 0, 8, 8], "layers": [{"type": "relu"}]}"#, Code::Shape,
    &["the network's input of 0×8×8 has no elements"])]
#[case(r#"{"input_shape": [1, 3, 2000000, 2000000], "layers": [{"type": "relu"}]}"#, Code::Limit,
    &["3×2000000×2000000", "more than 2147483648 elements"])]
fn of_the_whole(#[case] json: &str, #[case] code: Code, #[case] parts: &[&str]) {
    assert_says(&errors(json), code, parts);
}

#[rstest]
#[case("7", Code::BadValue, &["layer 0", "not an object"])]
#[case("{}", Code::MissingKey, &["layer 0", "key type is missing"])]
#[case(r#"{"type": 7}"#, Code::BadValue, &["type is 7"])]
#[case(r#"{"type": "Conv2d"}"#, Code::UnknownType, &["layer 0 (Conv2d)", "did you mean `conv`?"])]
#[case(r#"{"type": "avgpool"}"#, Code::UnknownType, &["avgpool"])]
#[case(r#"{"type": "quantize"}"#, Code::UnknownType, &["quantize", "choose one of conv"])]
#[case(r#"{"type": "relu"}, {"type": "softmax"}"#, Code::UnknownType, &["layer 1 (softmax)"])]
#[case(r#"{"type": "conv", "out_channels": 1, "kernel_size": 1}"#, Code::MissingKey,
    &["layer 0 (conv)", "in_channels is missing"])]
#[case(r#"{"type": "conv", "in_channels": 3, "out_channels": 1, "kernel_size": 1.5}"#,
    Code::BadValue, &["kernel_size is 1.5"])]
#[case(r#"{"type": "conv", "in_channels": 3, "out_channels": 1, "kernel_size": "3"}"#,
    Code::BadValue, &["kernel_size is \"3\""])]
#[case(r#"{"type": "conv", "in_channels": 3, "out_channels": 1, "kernel_size": 1, "kernel": 1}"#,
    Code::UnknownKey, &["unknown key kernel", "did you mean `kernel_size`?"])]
#[case(r#"{"type": "group_conv", "in_channels": 3, "out_channels": 1, "kernel_size": 1}"#,
    Code::MissingKey, &["groups"])]
#[case(r#"{"type": "group_conv", "in_channels": 3, "out_channels": 3, "kernel_size": 1,
    "groups": 1}"#, Code::BadValue, &["groups is 1", "use the type conv"])]
#[case(r#"{"type": "pooling", "mode": "AVG", "kernel_size": 2, "stride": 2}"#, Code::BadValue,
    &["mode is \"AVG\"", "\"MAX\" or \"AVE\""])]
#[case(r#"{"type": "pooling", "mode": "AVE", "kernel_size": 2}"#, Code::MissingKey, &["stride"])]
#[case(r#"{"type": "AdaptiveAvgPool2d", "output_size": [1, 2, 3]}"#, Code::BadValue,
    &["output_size", "height and width"])]
#[case(r#"{"type": "flatten", "start_dim": 1}"#, Code::MissingKey, &["end_dim"])]
#[case(r#"{"type": "relu", "weight_bit": 1}"#, Code::Precision, &["weight_bit is 1", "2 to 32"])]
#[case(r#"{"type": "relu", "activation_bit": 33}"#, Code::Precision, &["activation_bit is 33"])]
#[case(r#"{"type": "relu", "activation_bit": -5}"#, Code::BadValue, &["activation_bit is -5"])]
#[case(r#"{"type": "relu", "point_shift": 1e300}"#, Code::Precision,
    &["layer 0 (relu)", "point_shift", "-64 to 64"])]
#[case(r#"{"type": "relu", "point_shift": null}"#, Code::BadValue, &["point_shift is null"])]
#[case(r#"{"type": "relu", "input_index": -1}"#, Code::BadValue, &["input_index is -1"])]
#[case(r#"{"type": "relu", "input_index": [0]}"#, Code::Source, &["relative input 0", "cycle"])]
#[case(r#"{"type": "relu", "input_index": [2]}"#, Code::Source, &["relative input 2", "cycle"])]
#[case(r#"{"type": "relu", "input_index": [-2]}"#, Code::Source, &["-2 points outside"])]
#[case(r#"{"type": "relu", "input_index": [-9223372036854775808]}"#, Code::Source, &["outside"])]
#[case(r#"{"type": "relu", "input_index": []}"#, Code::InputCount, &["one input, but has 0"])]
#[case(r#"{"type": "relu"}, {"type": "relu", "input_index": [-1, -2]}"#, Code::InputCount,
    &["layer 1 (relu)", "one input, but has 2"])]
#[case(r#"{"type": "element_sum"}"#, Code::InputCount, &["two or more inputs, but has 1"])]
#[case(r#"{"type": "relu", "name": 3}"#, Code::BadValue, &["name is 3"])]
#[case(r#"{"type": "relu", "scales": {"inputs": []}}"#, Code::BadValue, &["scales", "[bits, scale]"])]
#[case(r#"{"type": "relu", "scales": {"inputs": [], "output": [9, 1]}}"#, Code::Precision,
    &["scales of 0 inputs, but takes 1"])]
#[case(r#"{"type": "relu", "scales": {"inputs": [[9, 0]], "output": [9, 1]}}"#, Code::Precision,
    &["scale of its input is 0"])]
#[case(r#"{"type": "relu", "scales": {"inputs": [[9, 1]], "output": [1, 1]}}"#, Code::Precision,
    &["bits of its output scale is 1"])]
fn of_a_layer(#[case] layers: &str, #[case] code: Code, #[case] parts: &[&str]) {
    let errors = errors(&with_layers(layers));
    assert!(errors.first().layer.is_some());
    assert_says(&errors, code, parts);
}

#[rstest]
#[case(r#"{"type": "conv", "in_channels": 4, "out_channels": 4, "kernel_size": 3}"#,
    &["layer 0 (conv)", "expects 4 channels", "the network's input, is 3×8×8"])]
#[case(r#"{"type": "relu"}, {"type": "bn", "features": 8}"#,
    &["layer 1 (bn)", "expects 8 channels", "the output of layer 0 (relu), is 3×8×8"])]
#[case(r#"{"type": "fc", "in_features": 192, "out_features": 10}"#,
    &["layer 0 (fc)", "needs a vector", "3×8×8", "view"])]
#[case(r#"{"type": "view"}, {"type": "fc", "in_features": 3, "out_features": 10}"#,
    &["layer 1 (fc)", "expects 3 features", "is 192 features", "make it 192 features"])]
#[case(r#"{"type": "view"}, {"type": "downsample"}"#, &["layer 1 (downsample)", "needs a map"])]
#[case(r#"{"type": "view"}, {"type": "bn", "features": 3}"#, &["layer 1 (bn)", "192"])]
#[case(r#"{"type": "conv", "in_channels": 3, "out_channels": 4, "kernel_size": 9}"#,
    &["larger than the padded input", "3×8×8"])]
#[case(r#"{"type": "conv", "in_channels": 3, "out_channels": 0, "kernel_size": 1}"#,
    &["output of 0×8×8 has no elements", "set its channels to 1"])]
#[case(r#"{"type": "group_conv", "in_channels": 3, "out_channels": 4, "kernel_size": 1,
    "groups": 2}"#, &["do not divide into its groups"])]
#[case(r#"{"type": "pooling", "mode": "MAX", "kernel_size": 3, "stride": 1, "padding": 2}"#,
    &["padding is more than half its kernel"])]
#[case(r#"{"type": "AdaptiveAvgPool2d", "output_size": 0}"#, &["3×0×0 has no elements"])]
#[case(r#"{"type": "expand", "max_channels": 2}"#, &["expands to 2 channels", "3×8×8"])]
#[case(r#"{"type": "flatten", "start_dim": 1, "end_dim": 4}"#,
    &["dimensions 1 to 4", "its input has 4", "3×8×8"])]
#[case(r#"{"type": "flatten", "start_dim": 2, "end_dim": 3}"#, &["neither a map nor a vector"])]
#[case(r#"{"type": "flatten", "start_dim": 0, "end_dim": -1}"#, &["neither a map nor a vector"])]
#[case(r#"{"type": "downsample"}, {"type": "element_sum", "input_index": [-1, -2]}"#,
    &["layer 1 (element_sum)", "unequal", "layer 0 (downsample), is 3×4×4", "3×8×8"])]
fn of_shapes(#[case] layers: &str, #[case] parts: &[&str]) {
    assert_says(&errors(&with_layers(layers)), Code::Shape, parts);
}

#[rstest]
#[case(r#"{"type": "conv", "in_channels": 3, "out_channels": 2147483648, "kernel_size": 1}"#)]
#[case(
    r#"{"type": "conv", "in_channels": 3, "out_channels": 9223372036854775807,
    "kernel_size": 1}"#
)]
#[case(
    r#"{"type": "conv", "in_channels": 3, "out_channels": 1, "kernel_size": 1,
    "padding": 9223372036854775807}"#
)]
#[case(
    r#"{"type": "conv", "in_channels": 3, "out_channels": 1, "kernel_size": 1,
    "padding": 1000000, "stride": 1000000}"#
)]
#[case(
    r#"{"type": "conv", "in_channels": 3, "out_channels": 1, "kernel_size": 1,
    "stride": 9223372036854775807}"#
)]
#[case(r#"{"type": "expand", "max_channels": 1000000000}"#)]
#[case(r#"{"type": "AdaptiveAvgPool2d", "output_size": 1000000000}"#)]
#[case(r#"{"type": "view"}, {"type": "fc", "in_features": 192, "out_features": 1000000000}"#)]
fn of_limits(#[case] layers: &str) {
    assert_says(&errors(&with_layers(layers)), Code::Limit, &["layer "]);
}

#[rstest]
#[case("kernel_size", 100_000, Code::Shape)]
#[case("kernel_size", u64::MAX / 2, Code::Shape)]
#[case("kernel_size", 0, Code::BadValue)]
#[case("stride", 0, Code::BadValue)]
fn of_windows(#[case] key: &str, #[case] value: u64, #[case] code: Code) {
    let (mut kernel, mut stride) = (2, 2);
    if key == "stride" {
        stride = value
    } else {
        kernel = value
    }
    let pool = format!(
        r#"{{"type": "pooling", "mode": "MAX", "kernel_size": {kernel}, "stride": {stride}}}"#
    );
    assert_says(&errors(&with_layers(&pool)), code, &["layer 0 (pooling)"]);
}

#[test]
fn every_problem_is_reported_at_once() {
    let json = with_layers(
        r#"{"type": "konv"}, {"type": "conv", "in_channel": 3, "kernel_size": -1}, {"type": "bn"}"#,
    );
    let errors = errors(&json);
    insta::assert_snapshot!(errors);
    assert_eq!(errors.hint(), None);
    assert_eq!(errors.count(), errors.iter().count());
}

#[test]
fn problems_of_shape_and_precision_come_in_the_order_of_the_layers() {
    let json = with_layers(
        r#"{"type": "bn", "features": 9}, {"type": "relu", "input_index": [-2],
            "point_shift": 99}, {"type": "relu", "input_index": [-3]},
            {"type": "fc", "in_features": 1, "out_features": 1}"#,
    );
    insta::assert_snapshot!(errors(&json));
}

#[test]
fn many_problems_are_cut_short() {
    let layers = vec![r#"{"type": "x"}"#; 50].join(",");
    let errors = errors(&with_layers(&layers));
    assert_eq!(errors.count(), 50);
    let text = errors.to_string();
    assert!(text.ends_with("- and 30 more"), "{text}");
}

#[test]
fn foreign_words_are_shown_short_and_plain() {
    let json = with_layers(&format!(r#"{{"type": "\u001b[31m{}"}}"#, "x".repeat(500)));
    let text = errors(&json).to_string();
    assert!(text.len() < 300 && !text.contains('\u{1b}'), "{text}");
}

#[rstest]
#[case("resnet-18", "did you mean `resnet18`?")]
#[case("VGG16", "did you mean `vgg16`?")]
#[case("", "choose one of lenet, vgg8, vgg16, alexnet, resnet18")]
fn unknown_networks_of_the_zoo(#[case] name: &str, #[case] hint: &str) {
    let errors = zoo::build(name, zoo::ZooOptions::default()).unwrap_err();
    assert_says(&errors, Code::UnknownNetwork, &[name, hint]);
}

#[rstest]
fn impossible_sizes_of_the_zoo(
    #[values("lenet", "vgg8", "vgg16", "alexnet", "resnet18")] name: &str,
    #[values((10, 0), (10, 1), (0, 32), (usize::MAX, 32), (10, usize::MAX), (10, 60_000))] size: (
        usize,
        usize,
    ),
) {
    let (classes, input) = size;
    let errors = zoo::build(name, zoo::ZooOptions { classes, input }).unwrap_err();
    assert!(matches!(errors.first().code, Code::Shape | Code::Limit), "{errors}");
}
