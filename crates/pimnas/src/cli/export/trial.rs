//! Trials of runs.

use std::path::Path;

use crate::Network;
use crate::formats::NamedTensors;
use crate::search::Rollout;
use crate::search::space::RealisedHardware;
use crate::store::{Place, RunSummary, TestAccuracies};

use super::{ExportArgs, Package};
use crate::cli::dataset::DatasetArgs;
use crate::cli::failure::Failure;
use crate::cli::output::note;
use crate::cli::runs;

/// A network with its weights, and where its images come from.
type Weighted = (Network, NamedTensors, DatasetArgs);

/// A trial: its network, with weights where the run has a super net, on its hardware.
pub fn package(args: &ExportArgs, run: &Path) -> Result<Package, Failure> {
    if args.hardware.config.is_some() || !args.hardware.set.is_empty() {
        let message = "the trials of a run have hardware of their own";
        return Err(Failure::new(message, Some("leave --config and --set out")));
    }
    let (summary, place) = runs::read(run)?;
    let one = runs::chosen(&summary, args.trial, run)?;
    let (candidate, RealisedHardware { config, .. }) = runs::realised(&summary, one)?;
    let weighted = if args.no_weights {
        None
    } else {
        weighted(args, (&summary, &place), &one.trial.rollout)?
    };
    let (network, tensors, dataset) = match weighted {
        Some((network, tensors, dataset)) => (network, Some(tensors), Some(dataset)),
        None => (candidate.network, None, None),
    };
    let test = TestAccuracies::read(&place);
    let metrics = runs::trial_json(&summary, one, (&place, test.as_ref()));
    let texts = vec![
        ("genotype.json", format!("{}\n", summary.genotype(&one.trial))),
        ("metrics.json", format!("{metrics:#}\n")),
    ];
    Ok(Package { network, tensors, config: Some(config), texts, dataset })
}

/// The candidate with the weights of the run's super net, calibrated as the search judged it.
#[cfg(feature = "train")]
fn weighted(
    args: &ExportArgs,
    (summary, place): (&RunSummary, &Place),
    rollout: &Rollout,
) -> Result<Option<Weighted>, Failure> {
    let space = runs::space_of(summary)?;
    let trained = crate::cli::search::trained((&summary.info, &space), place);
    let trained = trained.map_err(|Failure { text }| Failure {
        text: text + "  hint: leave weights out by --no-weights\n",
    })?;
    let Some((trained, own)) = trained else {
        note("note: the run has no super net: no weights are written, and no network.onnx\n");
        return Ok(None);
    };
    let (network, tensors) = trained.finalised(rollout)?;
    let dataset = if args.dataset.is_default() { own } else { args.dataset.clone() };
    Ok(Some((network, tensors, dataset)))
}

/// A build without training has no super nets.
#[cfg(not(feature = "train"))]
fn weighted(
    _args: &ExportArgs,
    _run: (&RunSummary, &Place),
    _rollout: &Rollout,
) -> Result<Option<Weighted>, Failure> {
    note("note: this program was built without training: no weights are written\n");
    Ok(None)
}
