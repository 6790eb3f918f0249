//! Candidates that are rejected or completed.
#![allow(clippy::unwrap_used, clippy::panic)]

use pimnas_network::{Network, NetworkErrorCode as Code, Operation, Pooling, PoolingMode, Source};
use rstest::rstest;
use serde_json::{Value, json};

/// A convolution, an activation and a pooling, each with what a candidate says of it.
fn candidate() -> Value {
    json!([
        {"_type": "conv", "in_channels": 3, "out_channels": 4, "kernel_size": 4, "stride": 1,
            "padding": 2, "input": [[9, 2.0, [3, 8, 8]]], "output": [[8, 3.0, [4, 8, 8]]],
            "from": [-1], "to": [0], "weight_info": {"bit": 5, "scale": 0.5}},
        {"_type": "hard_tanh", "input": [[8, 3.0, [4, 8, 8]]], "output": [[8, 1.0, [4, 8, 8]]],
            "from": [0], "to": [1]},
        {"_type": "adaptive_pooling", "input_size": [8, 8], "output_size": [2, 2],
            "input": [[8, 1.0, [4, 8, 8]]], "output": [[8, 1.0, [4, 2, 2]]],
            "from": [1], "to": [2]},
    ])
}

/// The candidate with one key of one layer set to another value, or removed.
fn changed(layer: usize, key: &str, value: Value) -> String {
    let mut candidate = candidate();
    let object = candidate[layer].as_object_mut().unwrap();
    if value == json!("<none>") {
        object.shift_remove(key).unwrap();
    } else {
        object.insert(key.to_owned(), value);
    }
    candidate.to_string()
}

#[test]
fn a_candidate_is_read() {
    let network = Network::from_json(candidate().to_string()).unwrap();
    assert_eq!(network.input.bits, 9);
    assert_eq!(network.input.step, 2.0 / 255.0);
    let pool = Pooling { mode: PoolingMode::Average, kernel_size: 4, stride: 4, padding: 0 };
    assert_eq!(network.layers[2].operation, Operation::Pooling(pool));
    assert_eq!(network.layers[0].inputs, [Source::Input]);
    assert_eq!(network.layers[2].inputs, [Source::Layer(1)]);
    let bits: Vec<_> = network.layers.iter().map(|layer| layer.weight_bits).collect();
    assert_eq!(bits, [Some(5), None, None]);
}

#[rstest]
#[case(0, "_type", json!("Conv"), Code::UnknownType, &["layer 0 (Conv)", "did you mean `conv`?"])]
#[case(0, "_type", json!("view"), Code::UnknownType, &["unknown _type view"])]
#[case(0, "_type", json!("<none>"), Code::MissingKey, &["layer 0", "_type is missing"])]
#[case(1, "_type", json!("quantize"), Code::Unsupported, &["layer 1 (quantize)", "crossbars"])]
#[case(1, "slope", json!(1), Code::UnknownKey, &["layer 1 (hard_tanh)", "unknown key slope"])]
#[case(0, "bias", json!(true), Code::BadValue, &["bias is true", "crossbars hold no bias"])]
#[case(0, "dilation", json!(2), Code::BadValue, &["dilation is 2"])]
#[case(0, "groups", json!(3), Code::BadValue, &["groups is 3"])]
#[case(0, "weight_info", json!("<none>"), Code::MissingKey, &["weight_info is missing"])]
#[case(0, "weight_info", json!({"bit": 5}), Code::BadValue, &["weight_info", "bit and scale"])]
#[case(0, "weight_info", json!({"bit": 1, "scale": 1}), Code::Precision, &["bit is 1"])]
#[case(0, "weight_info", json!({"bit": 5, "scale": 0}), Code::Precision, &["its weight is 0"])]
#[case(1, "weight_info", json!({"bit": 5, "scale": 1}), Code::UnknownKey, &["weight_info"])]
#[case(0, "input", json!([]), Code::InputCount, &["0 inputs, but takes 1"])]
#[case(0, "input", json!(9), Code::BadValue, &["input is 9"])]
#[case(0, "input", json!([[9, 2.0]]), Code::BadValue, &["bits, scale and shape"])]
#[case(0, "input", json!([["9", 2.0, [3, 8, 8]]]), Code::BadValue, &["input bits is \"9\""])]
#[case(0, "input", json!([[9, [], [3, 8, 8]]]), Code::BadValue, &["input scale is []"])]
#[case(0, "input", json!([[9, -1, [3, 8, 8]]]), Code::Precision, &["not a positive number"])]
#[case(0, "input", json!([[9, 1, [3, 8]]]), Code::BadValue, &["input shape is [3,8]"])]
#[case(0, "input", json!([[9, null, [3, 8, 8]]]), Code::Precision, &["input has no scale"])]
#[case(0, "output", json!([[9, null, [4, 8, 8]]]), Code::Precision, &["output has no scale"])]
#[case(0, "output", json!([]), Code::BadValue, &["0 outputs instead of one"])]
#[case(1, "output", json!([[8, 1, [4, 8, 8]], [8, 1, [4, 8, 8]]]), Code::BadValue,
    &["2 outputs instead of one"])]
#[case(1, "output", json!("<none>"), Code::MissingKey, &["output is missing"])]
#[case(1, "to", json!([1, 2]), Code::BadValue, &["to is [1,2]", "one identifier"])]
#[case(1, "to", json!([]), Code::BadValue, &["to is []"])]
#[case(1, "to", json!([i64::MIN]), Code::Source, &["layer 1"])]
#[case(1, "from", json!([1]), Code::Source, &["cycle"])]
#[case(1, "from", json!([2]), Code::Source, &["cycle"])]
#[case(1, "from", json!([-2]), Code::Source, &["points outside"])]
#[case(1, "from", json!([0, -1]), Code::InputCount, &["1 inputs, but takes 2"])]
#[case(1, "output", json!([[8, 1, [4, 8, 7]]]), Code::Shape,
    &["its output is stated as 4×8×7, but the layers give 4×8×8"])]
#[case(2, "input", json!([[8, 1, [4]]]), Code::Shape, &["its input is stated as 4 features"])]
#[case(2, "output_size", json!([3, 3]), Code::BadValue, &["8×8", "3×3", "does not divide"])]
#[case(2, "output_size", json!([4, 2]), Code::BadValue, &["does not divide"])]
#[case(2, "output_size", json!([0, 0]), Code::BadValue, &["does not divide"])]
#[case(2, "mode", json!("AVG"), Code::BadValue, &["mode is \"AVG\""])]
fn of_candidates(
    #[case] layer: usize,
    #[case] key: &str,
    #[case] value: Value,
    #[case] code: Code,
    #[case] parts: &[&str],
) {
    let errors = Network::from_json(changed(layer, key, value)).unwrap_err();
    let error = errors.iter().find(|error| error.code == code).unwrap_or(errors.first());
    assert_eq!(error.code, code, "{errors}");
    let text = format!("{error}\n{}", error.hint.as_deref().unwrap());
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[rstest]
#[case("[]", Code::Empty)]
#[case(r#"{"mnsim_cfg": {}}"#, Code::Structure)]
#[case(r#"{"mnsim_cfg": []}"#, Code::Empty)]
#[case("[1]", Code::BadValue)]
fn of_the_whole(#[case] json: &str, #[case] code: Code) {
    assert_eq!(Network::from_candidate_json(json).unwrap_err().first().code, code);
}

#[test]
fn a_missing_scale_of_a_layer_without_weights_is_one() {
    let null = json!([[8, null, [4, 8, 8]]]);
    let with_null = Network::from_json(changed(1, "output", null)).unwrap();
    let nan = changed(1, "output", json!([[8, "?", [4, 8, 8]]])).replace("\"?\"", "NaN");
    assert_eq!(Network::from_json(nan).unwrap(), with_null);
    assert_eq!(with_null.layers[1].scales.as_ref().unwrap().output.scale, 1.0);
}

#[test]
fn identifiers_count_only_by_their_differences() {
    let mut shifted = candidate();
    for layer in shifted.as_array_mut().unwrap() {
        for key in ["from", "to"] {
            layer[key][0] = json!(layer[key][0].as_i64().unwrap() + 1000);
        }
    }
    let shifted = Network::from_json(shifted.to_string()).unwrap();
    assert_eq!(shifted, Network::from_json(candidate().to_string()).unwrap());
}

#[rstest]
#[case("bias", json!(false))]
#[case("bias", json!(null))]
#[case("dilation", json!(1))]
#[case("groups", json!(1))]
fn keys_that_change_nothing_are_taken(#[case] key: &str, #[case] value: Value) {
    assert!(Network::from_json(changed(0, key, value)).is_ok());
}
