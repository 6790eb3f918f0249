//! Networks that are given with their weights.

use std::path::{Path, PathBuf};

use crate::formats::NamedTensors;
use crate::formats::convert::Converted;
use crate::{Network, RawConfig};

use super::{ExportArgs, Package};
use crate::cli::failure::Failure;
use crate::cli::inputs::load_network;
use crate::cli::model::read_tensors;
use crate::cli::onnx::{converted, is_onnx};
use crate::cli::output::read_tensor_file;

/// What a training writes at its end.
const NETWORK: &str = "network.json";
const WEIGHTS: &str = "weights.safetensors";
/// What it writes from the first step on.
const CHECKPOINT: &str = "checkpoint.safetensors";

/// Whether a folder is that of a training, and of no run.
pub fn is_training(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    !has("run.sqlite") && (has(NETWORK) || has(CHECKPOINT))
}

/// The network of a training.
pub fn training(args: &ExportArgs, folder: &Path) -> Result<Package, Failure> {
    if args.trial.is_some() {
        let message = "the folder has a training, and no trials";
        return Err(Failure::of_file(folder, message, Some("leave --trial out")));
    }
    let path = |name: &str| -> Result<PathBuf, Failure> {
        let path = folder.join(name);
        if path.exists() {
            return Ok(path);
        }
        let message = format!("the folder has no {name}: its training has not ended");
        Err(Failure::of_file(folder, message, Some("end it by `pimnas train --resume`")))
    };
    let network = load_network(&path(NETWORK)?.to_string_lossy(), args.zoo)?;
    let tensors = if args.no_weights { None } else { Some(read_tensors(&path(WEIGHTS)?)?) };
    packed(args, network, tensors)
}

/// A network with the file of its weights.
pub fn package(args: &ExportArgs, given: &str) -> Result<Package, Failure> {
    let path = Path::new(given);
    let (network, tensors) = match &args.weights {
        Some(weights) => (load_network(given, args.zoo)?, Some(read_tensors(weights)?)),
        None if is_onnx(path) => {
            let Converted { network, parameters, .. } = converted(path, &read_tensor_file(path)?)?;
            (network, Some(parameters))
        }
        None if args.no_weights => (load_network(given, args.zoo)?, None),
        None => {
            let message = format!("the network {given} has no weights");
            let hint = "give its weights by --weights FILE, or leave them out by --no-weights";
            return Err(Failure::new(message, Some(hint)));
        }
    };
    packed(args, network, tensors.filter(|_| !args.no_weights))
}

fn packed(
    args: &ExportArgs,
    network: Network,
    tensors: Option<NamedTensors>,
) -> Result<Package, Failure> {
    Ok(Package {
        network,
        tensors,
        config: config(args)?,
        texts: Vec::new(),
        dataset: Some(args.dataset.clone()),
    })
}

/// The hardware description, where one is named.
fn config(args: &ExportArgs) -> Result<Option<RawConfig>, Failure> {
    let named = args.hardware.config.is_some() || !args.hardware.set.is_empty();
    if named { Ok(Some(args.hardware.load()?.0)) } else { Ok(None) }
}
