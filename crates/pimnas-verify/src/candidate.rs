//! Cases of searched candidates.

use pimnas_config::RawConfig;
use pimnas_hardware::Fidelity;
use pimnas_simulate::{BufferSizing, InnerPipeline, Options};
use serde_json::json;

use crate::COST_TOLERANCE;
use crate::case::Case;
use crate::compare::Comparison;
use crate::hardware::{evaluate, read};

/// Compares the candidate's figures of cost. The search interface of the reference sizes
/// buffers for the inner pipeline, whether it is used or not.
pub(crate) fn run_costs(case: &Case, base: &RawConfig) -> Result<Comparison, String> {
    let (network, hardware) = read(case, base)?;
    let options =
        Options { buffer_sizing: BufferSizing::Lines, ..Options::new(Fidelity::Reference) };
    let pipelined = evaluate(&hardware, &network, &options)?.metrics();
    let options = options.with_inner_pipeline(InnerPipeline::Disabled);
    let sequential = evaluate(&hardware, &network, &options)?.metrics();
    let got = json!({
        "latency_evaluate": pipelined.latency_ms,
        "area_evaluate": pipelined.area_mm2,
        "power_evaluate": pipelined.power_w,
        "energy_evaluate": pipelined.energy_mj,
        "latency_evaluate_no_pipeline": sequential.latency_ms,
        "energy_evaluate_no_pipeline": sequential.energy_mj,
    });
    let mut comparison = Comparison::default();
    let costs = case.expected().as_object().into_iter().flatten();
    for (key, expected) in costs.filter(|(key, _)| *key != "tensors") {
        comparison.add(key, expected, got.get(key), COST_TOLERANCE);
    }
    Ok(comparison)
}
