//! Cases of mapping and cost.

use pimnas_config::RawConfig;
use pimnas_config::hardware::Hardware;
use pimnas_hardware::Fidelity;
use pimnas_network::Network;
use pimnas_simulate::report::wire;
use pimnas_simulate::{BufferSizing, InnerPipeline, Options, SimReport, simulate};
use serde_json::{Value, json};

use crate::COST_TOLERANCE;
use crate::case::Case;
use crate::compare::Comparison;

/// Runs the case with and without the inner pipeline and compares all that is recorded.
pub(crate) fn run(case: &Case, base: &RawConfig) -> Result<Comparison, String> {
    let (network, hardware) = read(case, base)?;
    let options = Options { replication: case.replication(), ..Options::new(Fidelity::Reference) };
    let pipelined = evaluate(&hardware, &network, &options)?;
    let options = options.with_inner_pipeline(InnerPipeline::Disabled);
    let sequential = evaluate(&hardware, &network, &options)?;
    // The record's latency without the inner pipeline is that of the pipelined mapping.
    let options = Options { buffer_sizing: BufferSizing::Lines, ..options };
    let sequential_latency = match case.expected().get("no_pipeline") {
        Some(_) if recorded_with_lines(case) => evaluate(&hardware, &network, &options)?,
        Some(_) | None => sequential.clone(),
    };
    let got = result(&pipelined, &sequential, &sequential_latency)?;
    let mut comparison = Comparison::default();
    comparison.add("", case.expected(), Some(&got), COST_TOLERANCE);
    Ok(comparison)
}

/// Cases with copies of layers record the latency without the inner pipeline with the buffers
/// of the mapping with it.
fn recorded_with_lines(case: &Case) -> bool {
    !case.replication().is_empty()
}

/// The case's network and hardware.
pub(crate) fn read(case: &Case, base: &RawConfig) -> Result<(Network, Hardware), String> {
    let network = case.network().map_err(|error| error.to_string())?;
    let config = case.config(base)?;
    let hardware = pimnas_config::resolve(&config).map_err(|error| error.to_string())?;
    Ok((network, hardware))
}

pub(crate) fn evaluate(
    hardware: &Hardware,
    network: &Network,
    options: &Options,
) -> Result<SimReport, String> {
    simulate(hardware, network, options).map_err(|error| error.to_string())
}

fn result(
    pipelined: &SimReport,
    sequential: &SimReport,
    sequential_latency: &SimReport,
) -> Result<Value, String> {
    let json = |report: &SimReport| {
        serde_json::to_value(wire::Report::from(report)).map_err(|error| error.to_string())
    };
    let mut got = json(pipelined)?;
    let without = json(sequential_latency)?;
    got["latency_pipelined"] = got["latency"].take();
    got["latency_no_pipeline"] = without["latency"].clone();
    got["no_pipeline"] = json!({
        "area_um2": sequential.area.total.value(),
        "power_W": sequential.power.total.value(),
        "energy_nJ": sequential.energy.total.value(),
        "max_inbuf_size_KB": sequential.mapping.input_buffer.value(),
        "max_outbuf_size_KB": sequential.mapping.output_buffer.value(),
    });
    Ok(got)
}
