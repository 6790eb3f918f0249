//! `pimnas export`.

mod files;
mod given;
mod trial;

use std::path::PathBuf;

use crate::formats::{NamedTensors, OnnxNumbers, write_onnx};
use crate::{Network, RawConfig};
use clap::{Args, ValueEnum};

use self::files::{Checked, Folder};
use super::dataset::DatasetArgs;
use super::failure::Failure;
use super::inputs::{HardwareArgs, ZooArgs};
use super::output::{note, print};
use super::threads::ThreadArgs;

/// A trial of a run, a trained network, or any network with weights as a folder of files: layer
/// list, weights, ONNX, hardware description, and images with their outputs to check them by
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// Folder of a run (`pimnas search`) or of a training (`pimnas train`)
    #[arg(
        value_name = "RUN|TRAINING",
        required_unless_present = "network",
        conflicts_with = "network"
    )]
    source: Option<PathBuf>,
    /// Number of the trial; without it the first member of the front
    #[arg(long, value_name = "N", conflicts_with = "network")]
    trial: Option<u64>,
    /// A layer-list or candidate JSON file, a network of the zoo, or an ONNX file with weights
    #[arg(long, value_name = "NAME|FILE")]
    network: Option<String>,
    #[command(flatten)]
    zoo: ZooArgs,
    /// The network's weights: safetensors, or a PyTorch state dict (.pth); not needed for an ONNX
    /// file
    #[arg(long, value_name = "FILE", requires = "network")]
    weights: Option<PathBuf>,
    /// Folder for the files
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Write into a folder that has files
    #[arg(long)]
    force: bool,
    /// Arithmetic of network.onnx
    #[arg(long, value_enum, default_value_t = OnnxArg::Auto)]
    onnx: OnnxArg,
    /// Leave weights out, and what needs them
    #[arg(long)]
    no_weights: bool,
    /// Images in validation.safetensors
    #[arg(long, value_name = "N", default_value_t = 10)]
    images: usize,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// Arithmetic of an ONNX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnnxArg {
    /// Fixed point where the network has scales, otherwise floats
    Auto,
    /// 32-bit floats; activations are not quantised
    Floats,
    /// Fixed point, with QuantizeLinear and DequantizeLinear
    Quantised,
}

impl OnnxArg {
    fn of(self, network: &Network) -> OnnxNumbers {
        match self {
            Self::Auto => OnnxNumbers::of(network),
            Self::Floats => OnnxNumbers::Floats,
            Self::Quantised => OnnxNumbers::Quantised,
        }
    }
}

/// What is written.
struct Package {
    network: Network,
    tensors: Option<NamedTensors>,
    config: Option<RawConfig>,
    /// Further files: names and texts.
    texts: Vec<(&'static str, String)>,
    /// Where its images come from.
    dataset: Option<DatasetArgs>,
}

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    let mut folder = Folder::new(&args.out, args.force)?;
    let package = args.threads.run(|| match (&args.source, &args.network) {
        (Some(source), _) if given::is_training(source) => given::training(args, source),
        (Some(source), _) => trial::package(args, source),
        (None, network) => given::package(args, network.as_deref().unwrap_or_default()),
    })?;
    // Everything is made before the first file is written.
    let weighted = match &package.tensors {
        None => None,
        Some(tensors) => {
            let numbers = args.onnx.of(&package.network);
            let onnx = write_onnx(&package.network, tensors, numbers)
                .map_err(|error| Failure::new(&error, error.hint()))?;
            let checked =
                args.threads.run(|| Checked::new(&package, tensors, (args.images, numbers)))?;
            Some((tensors, onnx, numbers, checked))
        }
    };
    folder.begin()?;
    folder.write("network.json", (package.network.to_layer_list_json() + "\n").as_bytes())?;
    if let Some((tensors, onnx, _, checked)) = &weighted {
        folder.tensors("weights.safetensors", tensors)?;
        folder.write("network.onnx", onnx)?;
        if let Some(checked) = checked {
            folder.tensors("validation.safetensors", &checked.tensors)?;
        }
    }
    if let Some(config) = &package.config {
        folder.write("SimConfig.ini", config.to_ini().as_bytes())?;
    }
    for (name, text) in &package.texts {
        folder.write(name, text.as_bytes())?;
    }
    print(&folder.finish()?)?;
    let numbers = weighted.as_ref().map(|(_, _, numbers, _)| *numbers);
    let has_images = weighted.is_some_and(|(_, _, _, checked)| checked.is_some());
    note(&folder.commands(&package, (numbers, has_images)));
    Ok(())
}
