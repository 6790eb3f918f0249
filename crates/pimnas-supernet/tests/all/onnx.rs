//! Candidates as ONNX files compute what inference computes.

use pimnas_config::hardware::Subtraction;
use pimnas_formats::convert::ConvertOptions;
use pimnas_formats::graph::FloatGraph;
use pimnas_formats::{NamedTensors, OnnxLimits, OnnxNumbers, write_onnx};
use pimnas_infer::{CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor};
use pimnas_network::{Network, ShapedNetwork};
use pimnas_supernet::Selection;
use pimnas_train::Precision;

use crate::candidates::{parameters, planes};
use crate::common::{batch, rollouts, supernet};

fn inferred(network: &Network, own: &Parameters, (mode, input): (Mode, &Tensor)) -> Vec<f32> {
    let hardware = CrossbarHardware {
        rows: 256,
        cell_bits: 1,
        dac_bits: 1,
        adc_bits: 8,
        subtraction: Subtraction::Digital,
    };
    let shaped = ShapedNetwork::new(network).unwrap();
    let compiled = CompiledNetwork::new(&shaped, own, &InferenceOptions::new(mode, hardware));
    compiled.unwrap().run(input).unwrap().into_data()
}

/// Largest difference as a share of the range, and how many items (of 10 values) have their largest
/// value at another place.
fn differences(
    (network, tensors): (&Network, &NamedTensors),
    (numbers, mode): (OnnxNumbers, Mode),
    input: &Tensor,
) -> (f32, usize) {
    let file = write_onnx(network, tensors, numbers).unwrap();
    let graph = FloatGraph::from_onnx(&file, OnnxLimits::default()).unwrap();
    graph.to_network(&ConvertOptions::default()).unwrap();
    let given = pimnas_formats::Tensor::f32(input.dims(), input.data().to_vec()).unwrap();
    let found = graph.run(&[given]).unwrap().remove(0).to_f32();
    let expected = inferred(network, &parameters(tensors), (mode, input));
    assert_eq!(found.len(), expected.len());
    let range = expected.iter().fold(1e-9_f32, |range, value| range.max(value.abs()));
    let pairs = found.iter().zip(&expected);
    let largest = pairs.fold(0_f32, |most, (a, b)| most.max((a - b).abs() / range));
    let answer = |item: &[f32]| item.iter().rposition(|v| item.iter().all(|other| other <= v));
    let items = found.chunks(10).zip(expected.chunks(10));
    (largest, items.filter(|(a, b)| answer(a) != answer(b)).count())
}

/// Rollouts as files; in floats their outputs differ by so much of the range at most.
fn written(name: &str, most: f32) {
    let net = supernet(name, Selection::Ordinal);
    let (calibration, test) = (batch(&net, 8, 1), batch(&net, 4, 2));
    let input = planes(&test);
    let (mut others, mut all) = (0, 0);
    for rollout in rollouts(net.space(), 4, 11) {
        let mut assembled = net.assemble_candidate(&rollout).unwrap();
        assembled.calibrate(std::slice::from_ref(&calibration), Precision::Quantised).unwrap();
        let (network, tensors) = assembled.graph_and_parameters().unwrap();
        let of = (&network, &tensors);
        let (floats, _) = differences(of, (OnnxNumbers::Floats, Mode::Float), &input);
        assert_eq!(OnnxNumbers::of(&network), OnnxNumbers::Quantised);
        let fixed = differences(of, (OnnxNumbers::Quantised, Mode::FixedPoint), &input);
        println!("{name}: floats {floats:e}, fixed point {:e}, {} others", fixed.0, fixed.1);
        assert!(floats <= most && fixed.0 <= 0.2, "{floats} {}", fixed.0);
        others += fixed.1;
        all += 4;
    }
    // A value at the border of two codes falls to either side by the last bit of a sum, and in a
    // deep network that was not trained all that follows may differ.
    assert!(others * 8 <= all, "{others} of {all}");
}

#[test]
fn a_rollout_of_grey28() {
    written("grey28", 1e-5);
}

#[test]
fn a_rollout_of_gibbon_with_its_even_kernels() {
    written("gibbon", 1e-5);
}

#[test]
fn a_rollout_of_nas4rram() {
    written("nas4rram", 5e-5);
}

#[test]
fn a_rollout_of_nasbench201() {
    written("nasbench201", 1e-5);
}
