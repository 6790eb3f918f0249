//! What `pimnas candidate` says of layer lists, weights and inputs that it cannot take.
#![allow(clippy::unwrap_used)]

mod support;

use rstest::rstest;
use serde_json::{Value, json};
use support::{folder, refused};

const CASE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden/candidate_1_003.json");
const TENSORS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden/candidate_1_003.safetensors");
const OTHER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden/candidate_1_004.safetensors");

/// A layer list that is taken.
fn layers() -> Value {
    let case: Value = serde_json::from_slice(&std::fs::read(CASE).unwrap()).unwrap();
    case["mnsim_cfg"].clone()
}

fn args<'a>(graph: &'a str, params: &'a str, input: &'a str) -> [&'a str; 9] {
    let out = "out.safetensors";
    ["candidate", "--graph", graph, "--params", params, "--input", input, "--output", out]
}

/// Refused with these parts, and nothing is written.
fn rejected(graph: &[u8], files: (&str, &str), parts: &[&str]) {
    let folder = folder(&[("g.json", graph)]);
    refused(folder.path(), &args("g.json", files.0, files.1), parts);
    assert!(!folder.path().join("out.safetensors").exists());
}

#[rstest]
#[case::no_key(|l: &mut Value| drop(l[0].as_object_mut().unwrap().remove("weight_info")), "layer 0 (conv): the key weight_info is missing")]
#[case::wrong_key(|l: &mut Value| l[0]["out_chanels"] = json!(16), "did you mean `out_channels`?")]
#[case::wrong_type(|l: &mut Value| l[0]["_type"] = json!("convolve"), "unknown _type convolve")]
#[case::text(|l: &mut Value| l[0]["kernel_size"] = json!("three"), "kernel_size")]
#[case::few_bits(|l: &mut Value| l[0]["weight_info"]["bit"] = json!(0), "weight_info bit is 0, outside 2 to")]
#[case::many_bits(|l: &mut Value| l[0]["weight_info"]["bit"] = json!(99), "weight_info bit is 99, outside 2 to")]
#[case::activation_bits(|l: &mut Value| l[0]["output"][0][0] = json!(40), "40, outside 2 to")]
#[case::input_bits(|l: &mut Value| l[0]["input"][0][0] = json!(1), "1, outside 2 to")]
#[case::broken_bits(|l: &mut Value| l[0]["weight_info"]["bit"] = json!(6.5), "weight_info")]
#[case::scale(|l: &mut Value| l[0]["weight_info"]["scale"] = json!(-1.0), "the scale of its weight is -1")]
#[case::no_scale(|l: &mut Value| l[0]["weight_info"]["scale"] = Value::Null, "weight_info")]
#[case::channels(|l: &mut Value| l[0]["out_channels"] = json!(24), "layer 1 (bn): expects 16 channels")]
#[case::from(|l: &mut Value| l[1]["from"] = json!([77]), "layer 1")]
#[case::two_outputs(|l: &mut Value| { let one = l[0]["output"][0].clone(); l[0]["output"] = json!([one, one]); }, "layer 0 (conv)")]
#[case::shape(|l: &mut Value| l[0]["input"][0][2] = json!([3, 0, 32]), "layer 0 (conv)")]
#[case::no_list(|l: &mut Value| *l = json!({"layers": 3}), "layers is 3, not a list of layers")]
#[case::no_layers(|l: &mut Value| *l = json!([]), "no layers")]
#[case::no_object(|l: &mut Value| l[2] = json!(3), "layer 2")]
fn layer_lists(#[case] change: fn(&mut Value), #[case] part: &str) {
    let mut layers = layers();
    change(&mut layers);
    rejected(layers.to_string().as_bytes(), (TENSORS, TENSORS), &["g.json", part]);
}

#[test]
fn texts_that_are_no_layer_lists() {
    let whole = layers().to_string();
    rejected(&whole.as_bytes()[..200], (TENSORS, TENSORS), &["g.json", "cut short"]);
    rejected(b"not json at all", (TENSORS, TENSORS), &["g.json", "not JSON"]);
    rejected(&[0xff, 0xfe, 0], (TENSORS, TENSORS), &["g.json"]);
    rejected(b"", (TENSORS, TENSORS), &["g.json"]);
}

#[test]
fn files_that_are_not_there() {
    let graph = layers().to_string();
    let folder = folder(&[("g.json", graph.as_bytes())]);
    for files in [
        ("no.json", TENSORS, TENSORS),
        ("g.json", "no.pth", TENSORS),
        ("g.json", TENSORS, "no.npz"),
    ] {
        let (graph, params, input) = files;
        let missing =
            [graph, params, input].into_iter().find(|name| name.starts_with("no.")).unwrap();
        refused(folder.path(), &args(graph, params, input), &[missing, "cannot read"]);
    }
}

#[test]
fn weights_and_inputs_of_other_candidates() {
    let graph = layers().to_string();
    rejected(
        graph.as_bytes(),
        (OTHER, TENSORS),
        &["check that the weights belong to this network"],
    );
    rejected(graph.as_bytes(), (CASE, TENSORS), &["not a whole safetensors file"]);
    rejected(graph.as_bytes(), (TENSORS, CASE), &["not a whole safetensors file"]);
    let shipped =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.safetensors");
    rejected(graph.as_bytes(), (TENSORS, shipped), &["no tensor `input`"]);
    rejected(graph.as_bytes(), (shipped, TENSORS), &["0.weight is missing"]);
}
