//! Finalised networks and candidates compute what the super net computes.

use std::sync::Arc;

use crate::common::{batch, rollouts, supernet};
use burn::tensor::Device;
use pimnas_config::{RawConfig, resolve};
use pimnas_explore::CandidateCosts;
use pimnas_formats::NamedTensors;
use pimnas_hardware::{Fidelity, Quirks};
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor,
};
use pimnas_network::{Network, Operation, PoolingMode, ShapedNetwork};
use pimnas_search::{Space, WrittenSpace, spaces};
use pimnas_simulate::Options;
use pimnas_supernet::{Selection, SuperNet, SupernetError};
use pimnas_train::{Noise, PassOptions, PassPurpose, Precision, TrainBatch, images, ops};

/// Rollouts of each space; all 100 with PIMNAS_ROLLOUTS=100.
fn count() -> usize {
    std::env::var("PIMNAS_ROLLOUTS").ok().and_then(|count| count.parse().ok()).unwrap_or(10)
}

/// What the super net computes for a rollout with the statistics of its candidate.
fn own(net: &SuperNet, assembled: &pimnas_supernet::Assembled, batch: &TrainBatch) -> Vec<f32> {
    let subnet = net.subnet(&assembled.rollout).unwrap();
    let options = PassOptions {
        purpose: PassPurpose::Evaluate,
        precision: Precision::Quantised,
        noise: Noise::default(),
    };
    let input = images(batch.images.clone(), batch.dims, &Device::flex());
    let output = net.forward((&subnet, &assembled.model.states), input, options).unwrap();
    ops::values(output.logits)
}

fn parameters(tensors: &NamedTensors) -> Parameters {
    Parameters::from_tensors(tensors.iter().map(|(name, tensor)| {
        (name.to_owned(), Tensor::new(tensor.dims(), tensor.to_f32()).unwrap())
    }))
}

/// Channels before rows.
fn planes(batch: &TrainBatch) -> Tensor {
    let [items, height, width, channels] = batch.dims;
    let mut values = Vec::new();
    for item in batch.images.chunks(height * width * channels) {
        for channel in 0..channels {
            values.extend(item.iter().skip(channel).step_by(channels));
        }
    }
    Tensor::new([items, channels, height, width], values).unwrap()
}

fn outputs(
    network: &Network,
    parameters: &Parameters,
    (hardware, input): (CrossbarHardware, &Tensor),
) -> [Vec<f32>; 2] {
    let shaped = ShapedNetwork::new(network).unwrap();
    [Mode::FixedPoint, Mode::Crossbar(AdcRange::Scale)].map(|mode| {
        let options = InferenceOptions::new(mode, hardware);
        let compiled = CompiledNetwork::new(&shaped, parameters, &options).unwrap();
        compiled.run(input).unwrap().into_data()
    })
}

/// How near fixed-point inference comes to the super net's logits.
enum Near {
    /// 99 % within 1e-5 of the range.
    Same,
    /// Shown, not asserted: values at the border of two codes, of 5 bits a fifteenth of the range,
    /// fall to either side; and hard-tanh cuts at ±1 between two codes of a range above 1, where
    /// training goes on with 1 and inference with the nearest code.
    Shown,
}

fn candidates_of(name: &str, selection: Selection, near: Near) {
    let net = supernet(name, selection);
    let (calibration, test) = (batch(&net, 8, 1), batch(&net, 2, 2));
    let base = RawConfig::reference_default();
    let (mut close, mut all, mut largest) = (0, 0, 0.0_f32);
    for rollout in rollouts(net.space(), count(), 4) {
        let mut assembled = net.assemble_candidate(&rollout).unwrap();
        assembled.calibrate(std::slice::from_ref(&calibration), Precision::Quantised).unwrap();
        let expected = own(&net, &assembled, &test);
        let alone = assembled.logits(&test, Precision::Quantised).unwrap();
        assert_eq!(alone, expected, "the finalised network");

        let (network, tensors) = assembled.graph_and_parameters().unwrap();
        let realised = assembled.realise(&base).unwrap();
        let hardware = hardware_of(&realised);
        let in_memory = outputs(&network, &parameters(&tensors), (hardware, &planes(&test)));
        let read = Network::from_json(network.to_layer_list_json().as_bytes()).unwrap();
        let file = tensors.to_safetensors().unwrap();
        let from_file = Parameters::from_safetensors(&file).unwrap();
        let from_files = outputs(&read, &from_file, (hardware, &planes(&test)));
        assert_eq!(in_memory, from_files);
        let range = expected.iter().fold(1e-9_f32, |most, value| most.max(value.abs()));
        for (own, other) in expected.iter().zip(&in_memory[0]) {
            let difference = (own - other).abs() / range;
            close += usize::from(difference < 1e-5);
            largest = largest.max(difference);
            all += 1;
        }

        let options = Options::default();
        let plain = net.space().decode(&rollout).unwrap().network;
        let ini = RawConfig::from_ini(realised.config.to_ini().as_bytes()).unwrap();
        let written = resolve(&ini).unwrap();
        let costs = CandidateCosts::evaluate(&read, &written, &options).unwrap();
        assert_eq!(costs, CandidateCosts::evaluate(&plain, &realised.hardware, &options).unwrap());
    }
    println!(
        "{name}: {close} of {all} logits within 1e-5 of the range, largest difference {largest:e}"
    );
    match near {
        Near::Same => assert!(close * 100 >= all * 99, "{close} of {all}"),
        Near::Shown => {}
    }
}

fn hardware_of(realised: &pimnas_search::space::RealisedHardware) -> CrossbarHardware {
    CrossbarHardware::from_hardware(&realised.hardware, Quirks::from(Fidelity::Reference)).unwrap()
}

#[test]
fn candidates_of_grey28() {
    candidates_of(spaces::NAMES[0], Selection::Ordinal, Near::Same);
    candidates_of(spaces::NAMES[0], Selection::LargestNorm, Near::Same);
}

#[test]
fn candidates_of_gibbon() {
    candidates_of(spaces::NAMES[1], Selection::Ordinal, Near::Shown);
}

#[test]
fn candidates_of_nas4rram() {
    candidates_of(spaces::NAMES[2], Selection::Ordinal, Near::Shown);
}

#[test]
fn candidates_of_nasbench201() {
    candidates_of(spaces::NAMES[3], Selection::Ordinal, Near::Shown);
}

#[test]
fn the_written_layer_list_is_read_as_the_same_network() {
    for name in [spaces::NAMES[0], spaces::NAMES[1], spaces::NAMES[2]] {
        let net = supernet(name, Selection::Ordinal);
        let calibration = batch(&net, 4, 1);
        for rollout in rollouts(net.space(), 3, 8) {
            let mut assembled = net.assemble_candidate(&rollout).unwrap();
            assembled.calibrate(std::slice::from_ref(&calibration), Precision::Quantised).unwrap();
            let (network, _) = assembled.graph_and_parameters().unwrap();
            let listed = assembled.mnsim_cfg().unwrap().to_string();
            let read = Network::from_json(listed.as_bytes()).unwrap();
            assert_eq!(read.layers.len(), network.layers.len());
            for (one, other) in read.layers.iter().zip(&network.layers) {
                assert_eq!((&one.inputs, &one.scales), (&other.inputs, &other.scales));
                match (one.operation, other.operation) {
                    (Operation::Pooling(pool), Operation::AdaptiveAveragePooling { .. }) => {
                        assert_eq!((pool.mode, pool.padding), (PoolingMode::Average, 0));
                        assert_eq!(pool.kernel_size, pool.stride);
                    }
                    (one, other) => assert_eq!(one, other),
                }
            }
        }
    }
}

#[test]
fn what_is_not_calibrated_or_has_no_name_is_said() {
    let net = supernet("grey28", Selection::Ordinal);
    let assembled = net.assemble_candidate(&net.edges().smallest).unwrap();
    let error = assembled.graph_and_parameters().unwrap_err().to_string();
    assert!(error.contains("no scale yet"), "{error}");

    let text = "space = 1\nname = \"t\"\n[input]\nchannels = 1\nheight = 4\nwidth = 4\n\
                [[decision]]\npath = \"a\"\nchoices = [1, 2]\n[[layer]]\nop = \"flatten\"\n\
                [[layer]]\nop = \"fc\"\nout = 10\n";
    let space: Arc<dyn Space> = Arc::new(WrittenSpace::from_toml(text).unwrap());
    let error = SuperNet::new(space, (Selection::Ordinal, 1)).err().unwrap();
    assert!(matches!(error, SupernetError::Unnamed { layer: 1, kind: "fc" }), "{error}");
}
