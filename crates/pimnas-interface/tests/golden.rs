//! Recorded candidates through the interface, and what the interface promises beside the numbers.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use pimnas_config::{Hardware, RawConfig};
use pimnas_infer::{AdcRange, Mode, Parameters, Tensor};
use pimnas_interface::{
    CandidateNet, CrossbarOverride, HardwareInterface, InnerPipeline, InterfaceError,
    InterfaceOptions,
};
use pimnas_network::Network;
use pimnas_simulate::{BufferSizing, Options, simulate};
use rayon::prelude::*;
use serde_json::Value;

/// The arithmetic of `hardware_evaluate`.
const CROSSBARS: Mode = Mode::Crossbar(AdcRange::Scale);

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden")
}

/// A recorded case: the candidate, its hardware, its record and the file of its tensors.
struct Case {
    candidate: CandidateNet,
    hardware: Hardware,
    expected: Value,
    tensors: Option<Vec<u8>>,
}

fn cases() -> Vec<Case> {
    let base = std::fs::read(golden().join("SimConfig.ini")).unwrap();
    let base = RawConfig::from_ini(&base).unwrap();
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(golden()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("candidate_") && name.ends_with(".json") {
            cases.extend(read(&path, &base));
        }
    }
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    cases
}

/// A case that the reference could answer.
fn read(path: &Path, base: &RawConfig) -> Option<Case> {
    let case: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let expected = case["expected"].clone();
    if expected.get("error").is_some() {
        return None;
    }
    let mut config = base.clone();
    for (section, keys) in case["config_overrides"].as_object().unwrap() {
        for (key, value) in keys.as_object().unwrap() {
            config.set(&format!("{section}/{key}"), value.as_str().unwrap()).unwrap();
        }
    }
    // Not every case has its tensors here.
    let tensors = expected
        .get("tensors")
        .and_then(|name| std::fs::read(path.with_file_name(name.as_str().unwrap())).ok());
    let parameters = tensors
        .as_deref()
        .map_or_else(Parameters::new, |file| Parameters::from_safetensors(file).unwrap());
    let network = Network::from_candidate_json(case["mnsim_cfg"].to_string()).unwrap();
    let hardware = pimnas_config::resolve(&config).unwrap();
    Some(Case { candidate: CandidateNet::new(network, parameters), hardware, expected, tensors })
}

/// A question about cost.
type Question = fn(&HardwareInterface) -> Result<f64, InterfaceError>;

/// The questions by the names of the record.
const QUESTIONS: [(&str, Question); 6] = [
    ("latency_evaluate", |asked| asked.latency_evaluate(InnerPipeline::Enabled)),
    ("energy_evaluate", |asked| asked.energy_evaluate(InnerPipeline::Enabled)),
    ("area_evaluate", HardwareInterface::area_evaluate),
    ("power_evaluate", HardwareInterface::power_evaluate),
    ("latency_evaluate_no_pipeline", |asked| asked.latency_evaluate(InnerPipeline::Disabled)),
    ("energy_evaluate_no_pipeline", |asked| asked.energy_evaluate(InnerPipeline::Disabled)),
];

#[test]
fn costs_are_the_recorded_ones_in_any_order() {
    for case in cases() {
        for first in 0..QUESTIONS.len() {
            let interface = HardwareInterface::new(&case.candidate, &case.hardware);
            for step in 0..QUESTIONS.len() {
                let (name, ask) = QUESTIONS[(first + step) % QUESTIONS.len()];
                let (got, expected) =
                    (ask(&interface).unwrap(), case.expected[name].as_f64().unwrap());
                assert!(
                    (got - expected).abs() <= 1e-9 * expected.abs(),
                    "{name}: {got} {expected}"
                );
                assert_eq!(got, ask(&interface).unwrap(), "{name} asked again");
            }
        }
    }
}

#[test]
fn costs_are_those_of_a_simulation() {
    for case in cases() {
        let interface = HardwareInterface::new(&case.candidate, &case.hardware);
        for inner_pipeline in [InnerPipeline::Enabled, InnerPipeline::Disabled] {
            let options = Options {
                buffer_sizing: BufferSizing::Lines,
                inner_pipeline,
                ..Options::default()
            };
            let report = simulate(&case.hardware, case.candidate.network(), &options).unwrap();
            let metrics = report.metrics();
            assert_eq!(interface.latency_evaluate(inner_pipeline).unwrap(), metrics.latency_ms);
            assert_eq!(interface.energy_evaluate(inner_pipeline).unwrap(), metrics.energy_mj);
            assert_eq!(interface.area_evaluate().unwrap(), metrics.area_mm2);
            assert_eq!(interface.power_evaluate().unwrap(), metrics.power_w);
        }
    }
}

#[test]
fn outputs_are_the_recorded_ones_from_many_threads() {
    let mut seen = 0;
    for case in cases() {
        let Some(file) = &case.tensors else { continue };
        seen += 1;
        let tensor = |name| Tensor::from_safetensors(file, name).unwrap();
        let interface = HardwareInterface::new(&case.candidate, &case.hardware);
        let step = f64::from(interface.compiled(CROSSBARS).unwrap().output_step().unwrap_or(0.0));
        let fresh = HardwareInterface::new(&case.candidate, &case.hardware);
        (0..8).into_par_iter().for_each(|thread| {
            let name = ["hardware_evaluate", "origin_evaluate"][thread % 2];
            let got = match thread % 2 {
                0 => fresh.hardware_evaluate(&tensor("input")),
                _ => fresh.origin_evaluate(&tensor("input")),
            };
            near((&tensor(name), &got.unwrap()), step);
        });
    }
    assert!(seen >= 5, "only {seen} cases with tensors");
}

/// At least 99.9 % of the elements within 1e-5 of the range, the rest within two steps.
fn near((expected, got): (&Tensor, &Tensor), step: f64) {
    assert_eq!(expected.dims(), got.dims());
    let range = expected.data().iter().fold(0_f64, |most, &value| most.max(f64::from(value).abs()));
    let pairs = expected.data().iter().zip(got.data());
    let away: Vec<f64> = pairs
        .map(|(&e, &g)| (f64::from(e) - f64::from(g)).abs())
        .filter(|&difference| difference.is_nan() || difference > 1e-5 * range)
        .collect();
    assert!(away.len() * 1000 <= expected.data().len(), "{} elements differ", away.len());
    assert!(away.iter().all(|&difference| difference <= 2.0 * step), "{away:?}, step {step}");
}

#[test]
fn an_override_changes_outputs_and_no_cost() {
    let case = cases().into_iter().find(|case| case.tensors.is_some()).unwrap();
    let input = Tensor::from_safetensors(case.tensors.as_ref().unwrap(), "input").unwrap();
    let described = HardwareInterface::new(&case.candidate, &case.hardware);
    let crossbar = CrossbarOverride { adc_bits: Some(3), ..CrossbarOverride::default() };
    let options = InterfaceOptions { crossbar, ..InterfaceOptions::default() };
    let overridden = HardwareInterface::with_options(&case.candidate, &case.hardware, options);
    assert_eq!(described.figures().unwrap(), overridden.figures().unwrap());
    let outputs = |asked: &HardwareInterface| asked.hardware_evaluate(&input).unwrap();
    assert_ne!(outputs(&described), outputs(&overridden));
}

#[test]
fn what_is_missing_is_said_when_it_is_needed() {
    let case = cases().into_iter().find(|case| case.tensors.is_some()).unwrap();
    let input = Tensor::from_safetensors(case.tensors.as_ref().unwrap(), "input").unwrap();
    let network = case.candidate.network().clone();
    let candidate = CandidateNet::new(network, Parameters::new());
    let interface = HardwareInterface::new(&candidate, &case.hardware);
    assert!(interface.latency_evaluate(InnerPipeline::Enabled).is_ok());
    let error = interface.hardware_evaluate(&input).unwrap_err();
    assert!(error.to_string().contains("weight is missing"), "{error}");
    assert!(error.hint().is_some());
    assert_eq!(interface.hardware_evaluate(&input).unwrap_err(), error, "asked again");
}

#[test]
fn it_can_be_shared_and_sent() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<HardwareInterface>();
}

#[test]
fn cells_belong_to_layers_with_weights() {
    let case = cases().into_iter().find(|case| case.tensors.is_some()).unwrap();
    let interface = HardwareInterface::new(&case.candidate, &case.hardware);
    let mut layers = Vec::new();
    let compiled = interface.compiled(CROSSBARS).unwrap();
    compiled
        .with_conductances(|cells| {
            layers.push(cells.layer);
            None
        })
        .unwrap();
    layers.dedup();
    let network = case.candidate.network().layers.iter().enumerate();
    let weighted: Vec<usize> = network
        .filter(|(_, layer)| layer.scales.as_ref().is_some_and(|scales| scales.weight.is_some()))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(layers, weighted);
}
