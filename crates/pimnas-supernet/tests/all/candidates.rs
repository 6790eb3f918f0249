//! Finalised networks and candidates compute what the super net computes.

use std::sync::Arc;

use crate::common::{batch, rollouts, supernet};
use burn_tensor::Device;
use pimnas_config::{RawConfig, resolve};
use pimnas_formats::NamedTensors;
use pimnas_hardware::{Fidelity, Quirks};
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor,
};
use pimnas_interface::{CandidateNet, HardwareInterface};
use pimnas_network::{Network, Operation, PoolingMode, ShapedNetwork};
use pimnas_search::{Space, WrittenSpace, spaces};
use pimnas_simulate::{Options, simulate};
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

pub fn parameters(tensors: &NamedTensors) -> Parameters {
    Parameters::from_tensors(tensors.iter().map(|(name, tensor)| {
        (name.to_owned(), Tensor::new(tensor.dims(), tensor.to_f32()).unwrap())
    }))
}

/// Channels before rows.
pub fn planes(batch: &TrainBatch) -> Tensor {
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

/// How many values are the same, within 1e-5 of the largest of their item.
#[derive(Clone, Copy, Debug, Default)]
struct Agreement {
    same: usize,
    all: usize,
    /// Items (of 10 values) whose largest values stand at different places.
    other_answers: usize,
    items: usize,
    largest: f32,
}

impl Agreement {
    fn add(&mut self, expected: &[f32], found: &[f32]) {
        assert_eq!(expected.len(), found.len());
        let answer = |item: &[f32]| item.iter().rposition(|v| item.iter().all(|other| other <= v));
        for (expected, found) in expected.chunks(10).zip(found.chunks(10)) {
            let range = expected.iter().fold(1e-9_f32, |most, value| most.max(value.abs()));
            for (expected, found) in expected.iter().zip(found) {
                let difference = (expected - found).abs() / range;
                self.same += usize::from(difference < 1e-5);
                self.all += 1;
                self.largest = self.largest.max(difference);
            }
            self.items += 1;
            self.other_answers += usize::from(answer(expected) != answer(found));
        }
    }

    /// All but so many of a thousand values are the same.
    fn check(&self, what: &str, but: usize) {
        let Self { same, all, other_answers, items, largest } = *self;
        println!(
            "{what}: {same} of {all} logits the same, {other_answers} of {items} other answers, \
             largest difference {largest:e} of the range"
        );
        assert!(all > 0 && (all - same) * 1000 <= all * but, "{what}: {same} of {all}");
    }
}

fn candidates_of(name: &str, selection: Selection) {
    let net = supernet(name, selection);
    let (calibration, test) = (batch(&net, 8, 1), batch(&net, 2, 2));
    let base = RawConfig::reference_default();
    let mut of_training = Agreement::default();
    let mut of_list = [Agreement::default(); 2];
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
        of_training.add(&expected, &in_memory[0]);

        match assembled.mnsim_cfg() {
            Ok(listed) => {
                let listed = Network::from_json(listed.to_string().as_bytes()).unwrap();
                let outputs = outputs(&listed, &from_file, (hardware, &planes(&test)));
                for (of_list, (own, listed)) in
                    of_list.iter_mut().zip(in_memory.iter().zip(&outputs))
                {
                    of_list.add(own, listed);
                }
            }
            Err(SupernetError::Form { .. }) => assert_eq!(name, "nasbench201"),
            Err(error) => panic!("{error}"),
        }

        let ini = RawConfig::from_ini(realised.config.to_ini().as_bytes()).unwrap();
        let files =
            HardwareInterface::new(&CandidateNet::new(read, from_file), &resolve(&ini).unwrap());
        let asked =
            [files.origin_evaluate(&planes(&test)), files.hardware_evaluate(&planes(&test))];
        assert_eq!(asked.map(|outputs| outputs.unwrap().into_data()), in_memory);
        let plain = net.space().decode(&rollout).unwrap().network;
        let metrics = simulate(&realised.hardware, &plain, &Options::default()).unwrap().metrics();
        let figures = files.figures().unwrap().map(|(_, _, value)| value);
        let expected = [metrics.latency_ms, metrics.area_mm2, metrics.power_w, metrics.energy_mj];
        assert_eq!(figures[..4], expected);
    }
    // The orders of all sums are the same; with the processor's fused products every bit is.
    of_training.check(&format!("{name}, super net and fixed point"), 1);
    if name != "nasbench201" {
        // There a mean over the map is a pooling, whose window is added in another order: a mean
        // between two codes may fall to the other side, which moves a whole item's logits.
        of_list[0].check(&format!("{name}, its mnsim_cfg in fixed point"), 50);
        of_list[1].check(&format!("{name}, its mnsim_cfg on crossbars"), 50);
    }
}

fn hardware_of(realised: &pimnas_search::space::RealisedHardware) -> CrossbarHardware {
    CrossbarHardware::from_hardware(&realised.hardware, Quirks::from(Fidelity::Reference)).unwrap()
}

#[test]
fn candidates_of_grey28() {
    candidates_of(spaces::NAMES[0], Selection::Ordinal);
    candidates_of(spaces::NAMES[0], Selection::LargestNorm);
}

#[test]
fn candidates_of_gibbon() {
    candidates_of(spaces::NAMES[1], Selection::Ordinal);
}

#[test]
fn candidates_of_nas4rram() {
    candidates_of(spaces::NAMES[2], Selection::Ordinal);
}

#[test]
fn candidates_of_nasbench201() {
    candidates_of(spaces::NAMES[3], Selection::Ordinal);
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
fn what_is_not_calibrated_is_said() {
    let net = supernet("grey28", Selection::Ordinal);
    let assembled = net.assemble_candidate(&net.edges().smallest).unwrap();
    let error = assembled.graph_and_parameters().unwrap_err().to_string();
    assert!(error.contains("no scale yet"), "{error}");
}

#[test]
fn layers_without_names_are_shared_by_kind_and_order() {
    let text = "space = 1\nname = \"t\"\n[input]\nchannels = 1\nheight = 4\nwidth = 4\n\
                [[decision]]\npath = \"a\"\nchoices = [3, 2]\n[[layer]]\nop = \"conv\"\nout = \"a\"\n\
                kernel = \"a\"\n[[layer]]\nop = \"conv\"\nout = 4\nkernel = 1\nname = \"own\"\n\
                [[layer]]\nop = \"conv\"\nout = \"a\"\nkernel = 1\n[[layer]]\nop = \"flatten\"\n\
                [[layer]]\nop = \"fc\"\nout = 10\n";
    let space: Arc<dyn Space> = Arc::new(WrittenSpace::from_toml(text).unwrap());
    let net = SuperNet::new(space, (Selection::Ordinal, 1)).unwrap();
    let names: Vec<&str> = net.shared().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["#conv0.weight", "own.weight", "#conv1.weight", "#fc0.weight"]);
    let (calibration, test) = (batch(&net, 8, 1), batch(&net, 2, 2));
    for rollout in [&net.edges().largest, &net.edges().smallest] {
        let mut assembled = net.assemble_candidate(rollout).unwrap();
        assembled.calibrate(std::slice::from_ref(&calibration), Precision::Quantised).unwrap();
        let alone = assembled.logits(&test, Precision::Quantised).unwrap();
        assert_eq!(alone, own(&net, &assembled, &test));
    }
}
