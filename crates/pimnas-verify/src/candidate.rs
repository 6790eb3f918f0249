//! Cases of searched candidates.

use pimnas_config::RawConfig;
use pimnas_explore::CandidateCosts;
use pimnas_hardware::Fidelity;
use pimnas_simulate::Options;
use serde_json::{Map, Value};

use crate::COST_TOLERANCE;
use crate::case::Case;
use crate::compare::Comparison;
use crate::hardware::read;

/// Compares the candidate's figures of cost.
pub(crate) fn run_costs(case: &Case, base: &RawConfig) -> Result<Comparison, String> {
    let (network, hardware) = read(case, base)?;
    let costs = CandidateCosts::evaluate(&network, &hardware, &Options::new(Fidelity::Reference))
        .map_err(|error| error.to_string())?;
    let figures = costs.figures().into_iter();
    let got: Map<String, Value> =
        figures.map(|(key, _, value)| (key.to_owned(), value.into())).collect();
    let mut comparison = Comparison::default();
    let costs = case.expected().as_object().into_iter().flatten();
    for (key, expected) in costs.filter(|(key, _)| *key != "tensors") {
        comparison.add(key, expected, got.get(key), COST_TOLERANCE);
    }
    Ok(comparison)
}
