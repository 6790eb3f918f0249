//! `pimnas accuracy`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::Network;
use crate::device::{Draw, Seed};
use crate::infer::{Parameters, Tensor};
use crate::interface::{EffectStages, Model, Study};
use crate::report::accuracy::{
    AccuracyReport, AccuracySubject, NamedStage, accuracy_csv, accuracy_json, accuracy_table,
    device_table,
};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::calibration::CalibrationArgs;
use super::dataset::DatasetArgs;
use super::failure::Failure;
use super::infer::AdcArg;
use super::inputs::{HardwareArgs, ZooArgs, network_name};
use super::model::interface_failure;
use super::nonideal::NonIdealArgs;
use super::onnx::load_weighted;
use super::output::{OutputArgs, note};
use super::precision::PrecisionArgs;
use super::quirks::{Computes, QuirkArgs};
use super::shipped;
use super::simulate::ReportFormat;
use super::threads::ThreadArgs;

/// Accuracy of a network on crossbars, stage by stage: floats, fixed point, converters,
/// non-idealities. Without arguments: a small network on real images
#[derive(Args, Clone, Debug)]
pub struct AccuracyArgs {
    /// A layer-list or candidate JSON file, a network of the zoo, or an ONNX file with weights;
    /// without it the shipped network for Fashion-MNIST
    #[arg(long, value_name = "NAME|FILE")]
    network: Option<String>,
    #[command(flatten)]
    zoo: ZooArgs,
    /// The network's weights: safetensors, or a PyTorch state dict (.pth); not needed for an ONNX
    /// file
    #[arg(long, value_name = "FILE", requires = "network")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    calibration: CalibrationArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    /// Range of the ADCs
    #[arg(long, value_enum, default_value_t = AdcArg::Scale)]
    adc: AdcArg,
    #[command(flatten)]
    non_ideal: NonIdealArgs,
    #[command(flatten)]
    quirks: QuirkArgs,
    /// Pieces of hardware drawn for each stage with something random
    #[arg(long, value_name = "K", default_value_t = 5)]
    draws: u32,
    /// Seed of the draws
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

impl AccuracyArgs {
    fn model(&self) -> Result<(Network, Parameters, String), Failure> {
        let Some(network) = &self.network else {
            let (network, weights) = shipped::load()?;
            return Ok((network, weights, shipped::NAME.to_owned()));
        };
        let (loaded, weights) = load_weighted(network, self.zoo, self.weights.as_deref())?;
        Ok((loaded, weights, network_name(network)))
    }
}

/// Runs the command.
pub fn run(args: &AccuracyArgs) -> Result<(), Failure> {
    args.output.check()?;
    if args.draws == 0 {
        return Err(Failure::new("0 draws say nothing", Some("give --draws a number from 1")));
    }
    let quirks = args.quirks.resolve(Computes::Devices)?;
    let (_, hardware) = args.hardware.load()?;
    let measured = args.non_ideal.measured()?;
    let effects = args.non_ideal.resolve(&hardware, (quirks.devices, measured.as_ref()))?;
    let (network, parameters, name) = args.model()?;
    let shape = network.input.shape;
    let data = args.dataset.load(shape)?;
    let mut model = Model::new(network, parameters, (&hardware, quirks.model()))
        .map_err(|error| interface_failure(&error))?;
    let calibration = args.calibration.read()?;
    args.precision.apply(&mut model, calibration)?;
    let samples = if model.needs_calibration(calibration) {
        Some(args.dataset.samples(shape, (calibration.inputs, &data.images))?)
    } else {
        None
    };
    let study = Study {
        adc: args.adc.into(),
        effects,
        stages: EffectStages::EachAndAll,
        draws: Draw(args.draws),
        seed: Seed(args.seed),
        calibration,
        samples,
    };
    let stages = args.threads.run(|| staged(&study, &model, (&data.images, &data.labels)))?;
    let subject = AccuracySubject {
        network: name,
        hardware: args.hardware.name(),
        dataset: data.name,
        adc: args.adc.name(),
        fidelity: args.quirks.describe(),
        seed: args.seed,
    };
    let device = measured.map(|device| device.report());
    write(args, &AccuracyReport { network: &model.network, subject, stages, device })
}

fn write(args: &AccuracyArgs, report: &AccuracyReport<'_>) -> Result<(), Failure> {
    let text = match args.format {
        ReportFormat::Table => accuracy_table(report),
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(&accuracy_json(report));
            text.map_err(|error| Failure::new(error, None))? + "\n"
        }
        ReportFormat::Csv => {
            // A table of stages has no place for it.
            if let Some(device) = &report.device {
                note(&device_table(device));
            }
            accuracy_csv(report).map_err(|error| Failure::new(error, None))?
        }
    };
    args.output.write(&text)
}

/// Every stage, with a bar that shows them.
pub fn staged(
    study: &Study,
    model: &Model,
    (images, labels): (&Tensor, &[u32]),
) -> Result<Vec<NamedStage>, Failure> {
    let progress = Progress::new(labels.len() * study.runs());
    let stages = study.run(model, (images, labels), &mut |stage, seen| {
        progress.show(stage, seen);
        ControlFlow::Continue(())
    });
    progress.bar.finish_and_clear();
    let stages = stages.map_err(|error| interface_failure(&error))?;
    Ok(stages.into_iter().map(|(name, result)| NamedStage { name, result }).collect())
}

/// What is shown while stages run.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new(images: usize) -> Self {
        let bar = ProgressBar::new(images as u64);
        let style = "{msg:24} {bar:30} {pos}/{len} images, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar }
    }

    fn show(&self, stage: &str, seen: usize) {
        if self.bar.message() != stage {
            self.bar.set_message(stage.to_owned());
        }
        self.bar.inc(seen as u64);
    }
}
