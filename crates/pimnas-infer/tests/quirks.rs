//! Each quirk of inference on a network small enough to follow by hand: the output with the
//! quirk alone and with none. And docs/QUIRKS.md has a row for each.
#![allow(clippy::unwrap_used, missing_docs)]

use pimnas_config::hardware::Subtraction;
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, InferenceQuirk, InferenceQuirks,
    Mode, Parameters, Tensor,
};
use pimnas_network::{Network, ShapedNetwork};
use serde_json::{Value, json};

/// Steps and ranges are such that every code stands for its own number.
const HARDWARE: CrossbarHardware = CrossbarHardware {
    rows: 4,
    cell_bits: 2,
    dac_bits: 4,
    adc_bits: 16,
    subtraction: Subtraction::Analog,
};

fn conv(inputs: usize, bits: (u32, u32), source: i64) -> Value {
    json!({
        "type": "conv", "in_channels": inputs, "out_channels": 1, "kernel_size": 1, "stride": 1,
        "padding": 0, "weight_bit": bits.0, "activation_bit": bits.1, "point_shift": -2,
        "input_index": [source],
    })
}

fn network(channels: usize, input_bits: u32, layers: &[Value]) -> Network {
    let json = json!({
        "input_shape": [1, channels, 1, 1],
        "input": {"activation_scale": 1.0, "activation_bit": input_bits},
        "layers": layers,
    });
    Network::from_layer_list_json(json.to_string()).unwrap()
}

/// Adds the parameters of a 1×1 convolution of one output: its weights, the bits and step of its
/// input, the step of its weights and the full range of its output.
fn add(
    parameters: &mut Parameters,
    layer: usize,
    weights: &[f32],
    (input, weight_step, output): ((f32, f32), f32, f32),
) {
    let scales = vec![input.0, input.1, 3.0, weight_step, 9.0, 1.0];
    let mut insert = |name: &str, dims: Vec<usize>, data: Vec<f32>| {
        parameters.insert(format!("layer_list.{layer}.{name}"), Tensor::new(dims, data).unwrap());
    };
    if !weights.is_empty() {
        insert("layer_list.0.weight", vec![1, weights.len(), 1, 1], weights.to_vec());
    }
    insert("bit_scale_list", vec![3, 2], scales);
    insert("last_value", vec![1], vec![output]);
}

/// The only output for an input: with the quirk alone, and with none.
fn outputs(
    quirk: InferenceQuirk,
    (network, parameters): (&Network, &Parameters),
    (mode, hardware): (Mode, CrossbarHardware),
    input: &[f32],
) -> (f32, f32) {
    let shaped = ShapedNetwork::new(network).unwrap();
    let run = |quirks: InferenceQuirks| {
        let options = InferenceOptions { quirks, ..InferenceOptions::new(mode, hardware) };
        let compiled = CompiledNetwork::new(&shaped, parameters, &options).unwrap();
        let input = Tensor::new(vec![1, input.len(), 1, 1], input.to_vec()).unwrap();
        compiled.run(&input).unwrap().into_data()[0]
    };
    (run(InferenceQuirks::corrected().with(quirk)), run(InferenceQuirks::corrected()))
}

const FIX: Mode = Mode::Crossbar(AdcRange::Fix);

#[track_caller]
fn close(got: (f32, f32), expected: (f32, f32)) {
    let near = |a: f32, b: f32| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
    assert!(near(got.0, expected.0) && near(got.1, expected.1), "got {got:?}, not {expected:?}");
}

#[test]
fn output_bits_from_input() {
    // Inputs of 5 bits, outputs of 3 bits over a full range of 15.
    let network = network(1, 5, &[conv(1, (2, 3), -1)]);
    let mut parameters = Parameters::new();
    add(&mut parameters, 0, &[1.0], ((5.0, 1.0), 1.0, 15.0));
    for (input, fine, coarse) in [(7.0, 7.0, 5.0), (8.0, 8.0, 10.0), (13.0, 13.0, 15.0)] {
        // With the input's bits 15 codes of 1; with its own 3 codes of 5.
        let got = outputs(
            InferenceQuirk::OutputBitsFromInput,
            (&network, &parameters),
            (FIX, HARDWARE),
            &[input],
        );
        close(got, (fine, coarse));
    }
}

#[test]
fn input_scale_from_last_run() {
    let sum = json!({
        "type": "element_sum", "weight_bit": 9, "activation_bit": 3, "point_shift": -2,
        "input_index": [-1, -2],
    });
    let layers = [conv(1, (3, 3), -1), conv(1, (3, 3), -1), sum, conv(1, (3, 9), -1)];
    let network = network(1, 3, &layers);
    let mut parameters = Parameters::new();
    // 3 → 3, then 3 → 2, each of 3 bits over a full range of 3; their sum is 5.
    add(&mut parameters, 0, &[1.0], ((3.0, 1.0), 1.0, 3.0));
    add(&mut parameters, 1, &[2.0 / 3.0], ((3.0, 1.0), 1.0 / 3.0, 3.0));
    // The last layer has the step of the layer that ran before the sum.
    add(&mut parameters, 3, &[1.0], ((3.0, 1.0), 1.0, 255.0));
    let got = outputs(
        InferenceQuirk::InputScaleFromLastRun,
        (&network, &parameters),
        (FIX, HARDWARE),
        &[3.0],
    );
    // 3 bits of step 1 end at 3; over the full range of 6 the step is 2, and 5 becomes 4.
    close(got, (3.0, 4.0));
}

#[test]
fn unquantised_input() {
    let relu = json!({
        "type": "relu", "weight_bit": 9, "activation_bit": 9, "point_shift": -2,
        "input_index": [-1],
    });
    let network = network(1, 3, &[relu]);
    let parameters = Parameters::new();
    for (input, quantised) in [(1.75, 2.0), (0.25, 0.0), (7.5, 3.0)] {
        let got = outputs(
            InferenceQuirk::UnquantisedInput,
            (&network, &parameters),
            (Mode::FixedPoint, HARDWARE),
            &[input],
        );
        close(got, (input, quantised));
    }
}

#[test]
fn analogue_subtraction() {
    // Two inputs count up, one down. A 2-bit ADC has the codes -1, 0 and 1 for sums of 4 cells.
    let network = network(4, 2, &[conv(4, (2, 3), -1)]);
    let mut parameters = Parameters::new();
    add(&mut parameters, 0, &[1.0, 1.0, -1.0, 0.0], ((2.0, 1.0), 1.0, 3.0));
    let coarse = CrossbarHardware { cell_bits: 1, dac_bits: 1, adc_bits: 2, ..HARDWARE };
    let quirk = InferenceQuirk::AnalogueSubtraction;
    let run = |subtraction: Subtraction| {
        let hardware = CrossbarHardware { subtraction, ..coarse };
        outputs(quirk, (&network, &parameters), (FIX, hardware), &[1.0, 1.0, 1.0, 1.0])
    };
    // Before the ADC: 2 - 1 = 1 cell, half a code, to even 0. Behind it: 2 cells are code 1 and
    // 1 cell is code 0; a code stands for 2.
    close(run(Subtraction::Digital), (0.0, 2.0));
    close(run(Subtraction::Analog), (0.0, 0.0));
}

#[test]
fn fixed_point_edge_of_first_part() {
    // A 2×2 kernel with a single 1 in its upper left corner, over two inputs of 1×1: its output of
    // 2×2 has the input in the lower right corner, and loses a row and a column.
    let mut layer = conv(2, (3, 3), -1);
    layer["kernel_size"] = json!(2);
    layer["padding"] = json!(1);
    let network = network(2, 3, &[layer]);
    let mut parameters = Parameters::new();
    add(&mut parameters, 0, &[], ((3.0, 1.0), 1.0, 3.0));
    let corner = [1.0, 0.0, 0.0, 0.0];
    for (part, flag) in [(0, 1.0), (1, 0.0)] {
        let mut insert = |name: &str, dims: Vec<usize>, data: &[f32]| {
            let tensor = Tensor::new(dims, data.to_vec()).unwrap();
            parameters.insert(format!("layer_list.0.layer_list.{part}.{name}"), tensor);
        };
        insert("weight", vec![1, 1, 2, 2], &corner);
        insert("padding_flag", vec![1], &[flag]);
    }
    let quirk = InferenceQuirk::FixedPointEdgeOfFirstPart;
    let run = |mode: Mode| outputs(quirk, (&network, &parameters), (mode, HARDWARE), &[1.0, 2.0]);
    // The first part loses its last row and column, and with them the input; the second its first,
    // so that the input stays, unless it must do as the first.
    close(run(Mode::FixedPoint), (0.0, 2.0));
    close(run(Mode::Float), (2.0, 2.0));
    close(run(FIX), (2.0, 2.0));
}

#[test]
fn every_quirk_has_its_row() {
    let document = include_str!("../../../docs/QUIRKS.md");
    let section = document.split("\n## ").find(|section| section.starts_with("Inference"));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    let documented: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(documented, InferenceQuirk::ALL.map(InferenceQuirk::name));
}
