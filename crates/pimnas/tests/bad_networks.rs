//! Networks that are none, or that no hardware can run.
#![allow(clippy::unwrap_used)]

mod support;

use rstest::rstest;
use support::refused_without_trace;

/// A network of these layers on pictures of 3×8×8.
fn network(layers: &str) -> String {
    format!(r#"{{"input_shape": [1, 3, 8, 8], "layers": [{layers}]}}"#)
}

/// A convolution of 3 to 4 channels, 3×3, with these keys on top.
fn convolution(keys: &str) -> String {
    format!(
        r#"{{"type": "conv", "in_channels": 3, "out_channels": 4, "padding": 1, "kernel_size": 3{keys}}}"#
    )
}

fn refused(json: &[u8], parts: &[&str]) {
    let parts = [&["n.json"], parts].concat();
    refused_without_trace(&[("n.json", json)], &["simulate", "--network", "n.json"], &parts);
}

#[rstest]
#[case::unknown("vgg9", &["there is no network `vgg9` in the zoo", "did you mean `vgg8`?"])]
#[case::not_similar("qqq", &["choose one of lenet, vgg8, vgg16, alexnet, resnet18"])]
#[case::no_name("", &["there is no network `` in the zoo"])]
#[case::missing_file("none.json", &["none.json: cannot read", "check the path"])]
#[case::a_folder("./.", &["cannot read", "give a file, not a folder"])]
fn names(#[case] name: &str, #[case] parts: &[&str]) {
    refused_without_trace(&[], &["simulate", "--network", name], parts);
}

#[rstest]
#[case::no_pixels(&["--input-size", "0"], "3×0×0 has no elements")]
#[case::too_many_pixels(&["--input-size", "100000000"], "more than 2147483648 elements")]
#[case::most_pixels(&["--input-size", "18446744073709551615"], "more than 2147483648 elements")]
#[case::too_few_pixels(&["--input-size", "5"], "kernel is larger than the padded input")]
#[case::no_class(&["--classes", "0"], "0 features has no elements")]
#[case::too_many_classes(&["--classes", "4294967296"], "more than 2147483648 weights")]
fn zoo_sizes(#[case] args: &[&str], #[case] part: &str) {
    refused_without_trace(&[], &[&["simulate", "--network", "alexnet"], args].concat(), &[part]);
}

#[rstest]
#[case::binary(&[0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff], &["not JSON", "line 1 column 1"])]
#[case::invalid_utf8(b"{\"name\": \"\xff\"}", &["not JSON", "line 1 column"])]
#[case::empty(b"", &["the network's file is empty"])]
#[case::cut_short(b"{\"input_shape\": [1, 3, 8, 8], \"layers\": [{\"type\": \"co",
    &["cut short", "line 1 column 53", "give the whole file"])]
#[case::a_number(b"3", &["neither a layer list nor a candidate", "`input_shape` and `layers`"])]
#[case::null(b"null", &["neither a layer list nor a candidate"])]
#[case::another_object(b"{\"a\": 1}", &["neither a layer list nor a candidate"])]
#[case::bare_list(b"[{\"type\": \"relu\"}]", &["without the shape of the network's input"])]
#[case::list_of_numbers(b"[1, 2]", &["2 problems", "layer 1: it is not an object"])]
#[case::wrong_types(b"{\"input_shape\": \"big\", \"layers\": {}}",
    &["2 problems", "input_shape is \"big\"", "layers is {}"])]
#[case::wrong_rank(b"{\"input_shape\": [1, 3, 8, 8, 8], \"layers\": []}", &["[1,3,8,8,8]"])]
#[case::two_shapes(b"{\"input_shape\": [1, 3], \"input_shape\": [1, 4], \"layers\": []}",
    &["the key `input_shape` is there twice in one object at line 1 column"])]
#[case::infinite(b"{\"input_shape\": [1,\n Infinity], \"layers\": []}",
    &["an infinite figure on line 2", "give a finite figure"])]
#[case::beyond_numbers(b"{\"input_shape\": [1, 1e400], \"layers\": []}",
    &["too large for any number", "line 1 column"])]
fn files(#[case] json: &[u8], #[case] parts: &[&str]) {
    refused(json, parts);
}

#[rstest]
#[case::lists("[")]
#[case::objects("{\"a\":")]
fn deep_nesting(#[case] part: &str) {
    refused(part.repeat(100_000).as_bytes(), &["nested too deeply", "line 1 column"]);
}

#[rstest]
#[case::none("", &["the network has no layers", "add at least one layer"])]
#[case::no_type("{}", &["layer 0: the key type is missing"])]
#[case::unknown_type(r#"{"type": "convv"}"#, &["unknown type convv", "did you mean `conv`?"])]
#[case::missing_keys(r#"{"type": "conv"}"#,
    &["in_channels is missing", "out_channels is missing", "kernel_size is missing"])]
#[case::fully_connected_on_a_map(r#"{"type": "fc", "in_features": 192, "out_features": 2}"#,
    &["layer 0 (fc): needs a vector", "3×8×8", "put a view layer before it"])]
#[case::features_that_do_not_fit(
    r#"{"type": "view"}, {"type": "fc", "in_features": 100, "out_features": 2}"#,
    &["layer 1 (fc): expects 100 features", "192 features"])]
#[case::uneven_groups(r#"{"type": "group_conv", "in_channels": 3, "out_channels": 4,
    "kernel_size": 3, "groups": 2}"#, &["do not divide into its groups", "choose groups"])]
#[case::no_groups(r#"{"type": "group_conv", "in_channels": 3, "out_channels": 4,
    "kernel_size": 3, "groups": 0}"#, &["groups is 0", "2 or more", "use the type conv"])]
#[case::sum_of_one(r#"{"type": "relu"}, {"type": "element_sum", "input_index": [-1]}"#,
    &["layer 1 (element_sum): takes two or more inputs, but has 1"])]
#[case::pooling_window_larger_than_its_input(
    r#"{"type": "pooling", "mode": "MAX", "kernel_size": 9, "stride": 1}"#,
    &["kernel is larger than the padded input"])]
#[case::unknown_pooling(r#"{"type": "pooling", "mode": "MIN", "kernel_size": 2, "stride": 2}"#,
    &["mode is \"MIN\""])]
fn chains(#[case] layers: &str, #[case] parts: &[&str]) {
    refused(network(layers).as_bytes(), parts);
}

#[rstest]
#[case::key_twice(r#", "stride": 1, "stride": 2"#, &["the key `stride` is there twice"])]
#[case::unknown_key(r#", "paddding": 1"#, &["unknown key paddding", "did you mean `padding`?"])]
#[case::no_stride(r#", "stride": 0"#, &["its stride is 0", "1 or more"])]
#[case::stride_of_text(r#", "stride": "1""#, &["stride is \"1\", not an integer"])]
#[case::stride_with_a_fraction(r#", "stride": 1.5"#, &["stride is 1.5, not an integer"])]
#[case::stride_that_is_not_a_number(r#", "stride": NaN"#, &["stride is null or NaN"])]
#[case::stride_beyond_integers(r#", "stride": 18446744073709551616"#, &["not an integer"])]
#[case::no_weight_bits(r#", "weight_bit": 0"#, &["weight_bit is 0, outside 2 to 32"])]
#[case::too_many_bits(r#", "activation_bit": 99"#, &["activation_bit is 99, outside 2 to 32"])]
#[case::point_shift(r#", "point_shift": 1e9"#, &["point_shift is", "outside -64 to 64"])]
#[case::before_the_input(r#", "input_index": [-5]"#,
    &["the relative input -5 points outside the network"])]
#[case::itself(r#", "input_index": [0]"#, &["points at the layer itself or behind it: a cycle"])]
#[case::a_later_layer(r#", "input_index": [1]"#, &["the relative input 1 points", "a cycle"])]
#[case::two_inputs(r#", "input_index": [-1, -1]"#, &["takes one input, but has 2"])]
fn keys_of_a_layer(#[case] keys: &str, #[case] parts: &[&str]) {
    refused(network(&convolution(keys)).as_bytes(), parts);
}

#[rstest]
#[case::no_kernel("\"kernel_size\": 3", "\"kernel_size\": 0", &["its kernel_size is 0"])]
#[case::huge_kernel("\"kernel_size\": 3", "\"kernel_size\": 2147483648",
    &["kernel is larger than the padded input"])]
#[case::negative_padding("\"padding\": 1", "\"padding\": -1", &["padding is -1"])]
#[case::huge_padding("\"padding\": 1", "\"padding\": 2147483648", &["padding of 2147483648"])]
#[case::huge_channels("\"out_channels\": 4", "\"out_channels\": 2147483648",
    &["more than 2147483648 weights"])]
#[case::most_channels("\"out_channels\": 4", "\"out_channels\": 9223372036854775807",
    &["more than 2147483648 weights"])]
#[case::no_channels("\"out_channels\": 4", "\"out_channels\": 0", &["0×8×8 has no elements"])]
#[case::channels_that_do_not_fit("\"in_channels\": 3", "\"in_channels\": 5",
    &["expects 5 channels", "is 3×8×8", "make it 3 channels here"])]
fn sizes_of_a_layer(#[case] before: &str, #[case] after: &str, #[case] parts: &[&str]) {
    let layer = convolution("").replace(before, after);
    refused(network(&layer).as_bytes(), &[&["layer 0 (conv)"], parts].concat());
}

/// Sound by themselves, but more than a simulation can hold.
#[rstest]
#[case::nothing_with_a_circuit("[1, 3, 8, 8]", r#"{"type": "relu"}"#,
    &["no convolution, fully connected, pooling or sum layer"])]
#[case::positions("[1, 1, 40000, 40000]",
    r#"{"type": "conv", "in_channels": 1, "out_channels": 1, "kernel_size": 1}"#,
    &["layer 0 (conv)", "1600000000 output positions, more than 67108864"])]
#[case::positions_of_a_row("[1, 1, 1, 2000000000]",
    r#"{"type": "pooling", "mode": "MAX", "kernel_size": 1, "stride": 1}"#,
    &["layer 0 (pooling)", "2000000000 output positions"])]
#[case::tiles("[1, 40000]", r#"{"type": "fc", "in_features": 40000, "out_features": 40000}"#,
    &["needs 6163 tiles, but the mesh of 64×64 has 4096", "at least 79,79"])]
fn too_much_for_the_hardware(#[case] shape: &str, #[case] layer: &str, #[case] parts: &[&str]) {
    let json = format!(r#"{{"input_shape": {shape}, "layers": [{layer}]}}"#);
    let args = ["simulate", "--network", "n.json"];
    refused_without_trace(&[("n.json", json.as_bytes())], &args, parts);
}

#[rstest]
#[case::no_output(
    r#"[{"_type": "relu", "input": [[9, 1, [1, 3, 8, 8]]], "from": [0], "to": [1]}]"#
)]
#[case::no_bits(r#"[{"_type": "relu", "input": [[9]], "output": [[9]], "from": [0], "to": [1]}]"#)]
#[case::empty("[]")]
#[case::under_its_key(r#"{"mnsim_cfg": 3}"#)]
fn candidates(#[case] json: &str) {
    refused(json.as_bytes(), &[]);
}
