//! Cases of searched candidates.

use pimnas_config::RawConfig;
use pimnas_infer::{AdcRange, Mode, Parameters, Tensor};
use pimnas_interface::{CandidateNet, HardwareInterface};
use serde_json::{Map, Value};

use crate::COST_TOLERANCE;
use crate::case::Case;
use crate::compare::Comparison;
use crate::hardware::read;
use crate::tensors::Closeness;

/// Compares the candidate's figures of cost and, with the file of its tensors, its outputs.
pub(crate) fn run(
    case: &Case,
    base: &RawConfig,
    tensors: Option<&[u8]>,
) -> Result<Comparison, String> {
    let (network, hardware) = read(case, base)?;
    let parameters = match tensors {
        Some(file) => Parameters::from_safetensors(file).map_err(|error| error.to_string())?,
        None => Parameters::new(),
    };
    let candidate = CandidateNet::new(network, parameters);
    let interface = HardwareInterface::new(&candidate, &hardware);
    let mut comparison = Comparison::default();
    compare_costs(case, &interface, &mut comparison)?;
    if let Some(file) = tensors {
        compare_outputs(file, &interface, &mut comparison)?;
    }
    Ok(comparison)
}

fn compare_costs(
    case: &Case,
    interface: &HardwareInterface,
    comparison: &mut Comparison,
) -> Result<(), String> {
    let figures = interface.figures().map_err(|error| error.to_string())?;
    let got: Map<String, Value> =
        figures.into_iter().map(|(key, _, value)| (key.to_owned(), value.into())).collect();
    let costs = case.expected().as_object().into_iter().flatten();
    for (key, expected) in costs.filter(|(key, _)| *key != "tensors") {
        comparison.add(key, expected, got.get(key), COST_TOLERANCE);
    }
    Ok(())
}

fn compare_outputs(
    file: &[u8],
    interface: &HardwareInterface,
    comparison: &mut Comparison,
) -> Result<(), String> {
    let tensor = |name| Tensor::from_safetensors(file, name).map_err(|error| error.to_string());
    let input = tensor("input")?;
    let compiled =
        interface.compiled(Mode::Crossbar(AdcRange::Scale)).map_err(|error| error.to_string())?;
    // Values can fall on a boundary of a quantiser, whose last is the same in both arithmetics.
    let how = Closeness::Nearly { step: compiled.output_step().map_or(0.0, f64::from) };
    let got = interface.hardware_evaluate(&input).map_err(|error| error.to_string())?;
    comparison.add_tensor("hardware_evaluate", (&tensor("hardware_evaluate")?, &got), how);
    let got = interface.origin_evaluate(&input).map_err(|error| error.to_string())?;
    comparison.add_tensor("origin_evaluate", (&tensor("origin_evaluate")?, &got), how);
    Ok(())
}
