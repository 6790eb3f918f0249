//! Agreement with the golden cases.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use pimnas_network::{Network, Operation, Shape, ShapedNetwork, zoo};
use serde_json::Value;

fn cases(prefix: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden");
    let mut cases: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| name.starts_with(prefix) && name.ends_with(".json"))
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases {prefix}*");
    cases
}

#[test]
fn the_zoo_equals_the_recorded_networks() {
    let cases = cases("zoo_1_00");
    for (name, (_, text)) in ["lenet", "vgg8", "vgg16", "alexnet", "resnet18"].iter().zip(cases) {
        let built = zoo::build(name, zoo::ZooOptions::default()).unwrap();
        let mut read = Network::from_layer_list_json(&text).unwrap();
        read.name = (*name).to_owned();
        assert_eq!(built, read, "{name}");

        let recorded: Value = serde_json::from_str(&text).unwrap();
        let mut written: Value = serde_json::from_str(&built.to_layer_list_json()).unwrap();
        assert_eq!(written.as_object_mut().unwrap().shift_remove("name").unwrap(), **name);
        assert_eq!(written, recorded["network"], "{name}");
    }
}

#[test]
fn every_recorded_network_is_read_and_survives_writing() {
    for prefix in ["zoo_", "hardware_"] {
        for (name, text) in cases(prefix) {
            let network = Network::from_json(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            let again = Network::from_json(network.to_layer_list_json()).unwrap();
            assert_eq!(again, network, "{name}");
        }
    }
}

/// `outputs` of the recorded latency counts the output positions (features) of each layer with a circuit.
#[test]
fn shapes_have_the_recorded_numbers_of_outputs() {
    let mut compared = 0;
    for (name, text) in cases("zoo_").into_iter().chain(cases("hardware_")) {
        let case: Value = serde_json::from_str(&text).unwrap();
        let Some(recorded) = case["expected"]["latency_pipelined"]["layers"].as_array() else {
            continue;
        };
        let network = Network::from_json(&text).unwrap();
        let shaped = ShapedNetwork::new(&network).unwrap();
        let mut recorded = recorded.iter().map(|layer| layer["outputs"].as_u64().unwrap());
        for (index, layer) in network.layers.iter().enumerate() {
            let positions = match (layer.operation, shaped.output_of(index)) {
                (
                    Operation::Convolution(_) | Operation::Pooling(_),
                    Shape::Map { height, width, .. },
                ) => Some(height * width),
                (Operation::FullyConnected { .. }, Shape::Vector { features }) => Some(features),
                (Operation::ElementSum, _) => None,
                _ => continue,
            };
            let expected = recorded.next().unwrap();
            if let Some(positions) = positions {
                assert_eq!(positions as u64, expected, "{name}, layer {index}");
                compared += 1;
            }
        }
        assert_eq!(recorded.next(), None, "{name}");
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn every_recorded_candidate_is_read() {
    for (name, text) in cases("candidate_") {
        let case: Value = serde_json::from_str(&text).unwrap();
        let stated = case["mnsim_cfg"].as_array().unwrap();
        let network = Network::from_json(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(Network::from_candidate_json(case["mnsim_cfg"].to_string()).unwrap(), network);
        assert_eq!(network.layers.len(), stated.len());
        for (layer, stated) in network.layers.iter().zip(stated) {
            let scales = layer.scales.as_ref().unwrap();
            assert_eq!(u64::from(layer.activation_bits), stated["output"][0][0]);
            assert_eq!(u64::from(layer.input_bits.unwrap()), stated["input"][0][0]);
            assert_eq!(scales.output.scale, stated["output"][0][1]);
            assert_eq!(scales.inputs[0].scale, stated["input"][0][1]);
            match (layer.weight_bits, stated.get("weight_info")) {
                (Some(bits), Some(info)) => {
                    assert_eq!(u64::from(bits), info["bit"]);
                    assert_eq!(scales.weight.unwrap().scale, info["scale"]);
                }
                (None, None) => assert_eq!(scales.weight, None),
                (bits, info) => panic!("{name}: {bits:?} {info:?}"),
            }
        }
        let input = &stated[0]["input"][0];
        let levels = 2_f64.powi(input[0].as_i64().unwrap() as i32 - 1) - 1.0;
        assert_eq!(network.input.step, input[1].as_f64().unwrap() / levels);
        let again = Network::from_layer_list_json(network.to_layer_list_json()).unwrap();
        assert_eq!(again, network, "{name}");
    }
}
