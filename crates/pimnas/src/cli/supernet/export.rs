//! `pimnas supernet export`.

use std::path::PathBuf;

use crate::formats::{NamedTensors, Tensor};
use crate::search::Rollout;
use crate::supernet::{SupernetError, SupernetTrainer};
use clap::Args;

use super::folder::FolderArgs;
use super::{calibration, failed, rollout_of};
use crate::cli::dataset::{DatasetArgs, SplitImages};
use crate::cli::failure::Failure;
use crate::cli::inputs::HardwareArgs;
use crate::cli::output::{note, print, read_file, write_file};
use crate::cli::threads::ThreadArgs;

#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// A genotype (JSON); without it the largest network
    #[arg(long, value_name = "FILE")]
    genotype: Option<PathBuf>,
    /// Folder for network.json, mnsim_cfg.json, params.safetensors, input.safetensors and
    /// SimConfig.ini
    #[arg(long, value_name = "DIR", default_value = "candidate")]
    output: PathBuf,
    /// Test images in input.safetensors
    #[arg(long, value_name = "N", default_value_t = 10)]
    images: usize,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

impl ExportArgs {
    fn rollout(&self, trainer: &SupernetTrainer) -> Result<Rollout, Failure> {
        let Some(path) = &self.genotype else { return Ok(trainer.net.edges().largest.clone()) };
        let text = String::from_utf8_lossy(&read_file(path)?).into_owned();
        rollout_of(trainer.net.space(), &text).map_err(|error| {
            let hint = error.problems.first().map(|problem| problem.hint.clone());
            Failure::of_file(path, &error, hint.as_deref())
        })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        write_file(&self.output.join(name), bytes)
    }

    fn tensors(&self, name: &str, tensors: &NamedTensors) -> Result<(), Failure> {
        let bytes = tensors.to_safetensors().map_err(|error| {
            Failure::of_file(&self.output.join(name), &error, Some(error.hint()))
        })?;
        self.write(name, &bytes)
    }
}

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    let (mut trainer, settings) = args.folder.load()?;
    let rollout = args.rollout(&trainer)?;
    let base = args.hardware.load()?.0;
    let candidate = trainer.net.grow(&rollout).map_err(|error| failed(&error))?;
    let shape = candidate.network.input.shape;
    let data = args.folder.images(&args.dataset, (&trainer, shape))?;
    let batches = calibration(&trainer, &settings, (&data.training, &data.normalisation));
    let assembled = args.threads.run(|| {
        let assembled = trainer.net.assemble_candidate(&rollout);
        let mut assembled = assembled.map_err(|error| failed(&error))?;
        let precision = trainer.options.precision;
        assembled.calibrate(&batches.batches, precision).map_err(|error| failed(&error))?;
        Ok(assembled)
    })?;
    let (network, tensors) = assembled.graph_and_parameters().map_err(|error| failed(&error))?;
    let realised = assembled.realise(&base).map_err(|error| failed(&error))?;
    std::fs::create_dir_all(&args.output).map_err(|error| {
        let why = format!("cannot make the folder: {error}");
        Failure::of_file(&args.output, why, Some("give a place where you may write"))
    })?;
    args.write("network.json", network.to_layer_list_json().as_bytes())?;
    match assembled.mnsim_cfg() {
        Ok(list) => args.write("mnsim_cfg.json", list.to_string().as_bytes())?,
        Err(error @ SupernetError::Form { .. }) => note(&format!("no mnsim_cfg.json: {error}\n")),
        Err(error) => return Err(failed(&error)),
    }
    args.tensors("params.safetensors", &tensors)?;
    args.tensors("input.safetensors", &input(args, (&trainer, &data))?)?;
    args.write("SimConfig.ini", realised.config.to_ini().as_bytes())?;
    let at = args.output.display();
    print(&format!(
        "pimnas candidate --graph {at}/network.json --params {at}/params.safetensors \
         --input {at}/input.safetensors --config {at}/SimConfig.ini --output {at}/outputs.safetensors\n"
    ))
}

/// Test images as a network takes them: channels before rows.
fn input(
    args: &ExportArgs,
    (trainer, data): (&SupernetTrainer, &SplitImages),
) -> Result<NamedTensors, Failure> {
    let loader = trainer.loader(&data.test, &data.normalisation);
    let batch = loader.plain(0..args.images.min(data.test.len()));
    let [items, height, width, channels] = batch.dims;
    let mut values = Vec::with_capacity(batch.images.len());
    for item in batch.images.chunks((height * width * channels).max(1)) {
        for channel in 0..channels {
            values.extend(item.iter().skip(channel).step_by(channels));
        }
    }
    let tensor = Tensor::f32([items, channels, height, width], values)
        .map_err(|error| Failure::new(&error, Some(error.hint())))?;
    let mut named = NamedTensors::new();
    named.insert("input", tensor);
    Ok(named)
}
