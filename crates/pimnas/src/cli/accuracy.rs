//! `pimnas accuracy`.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pimnas::Network;
use pimnas::device::{Draw, Effect, NonIdealities, Seed};
use pimnas::infer::accuracy::{Images, LayerSignals, StageResult, Trials, evaluate};
use pimnas::infer::{CompiledNetwork, Mode, Parameters, Tensor};
use pimnas::report::accuracy::{
    AccuracyReport, AccuracySubject, NamedStage, accuracy_csv, accuracy_json, accuracy_table,
    device_table,
};

use super::calibration::CalibrationArgs;
use super::dataset::DatasetArgs;
use super::failure::Failure;
use super::infer::AdcArg;
use super::inputs::{HardwareArgs, ZooArgs, network_name};
use super::model::{Model, infer_failure};
use super::nonideal::NonIdealArgs;
use super::onnx::load_weighted;
use super::output::{OutputArgs, note};
use super::precision::{PrecisionArgs, Scales};
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
    let mut model = Model::new(network, parameters, (&hardware, quirks))?;
    let scales = args.calibration.scales(&model);
    args.precision.apply(&mut model.network, scales)?;
    let samples = match scales {
        Scales::Stated => None,
        Scales::Calibrated => {
            Some(args.dataset.samples(shape, (args.calibration.images(), &data.images))?)
        }
    };
    let images = Images::new(&data.images, &data.labels).map_err(|error| infer_failure(&error))?;
    let samples = samples.as_ref().unwrap_or(&data.images);
    let stages = args.threads.run(|| study(args, (&model, &effects), (&images, samples)))?;
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

/// Every stage: three arithmetics, each effect alone, all together.
fn study(
    args: &AccuracyArgs,
    (model, effects): (&Model, &NonIdealities),
    (images, samples): (&Images, &Tensor),
) -> Result<Vec<NamedStage>, Failure> {
    let arithmetics = [
        ("float", Mode::Float),
        ("fixed point", Mode::FixedPoint),
        ("DAC and ADC", Mode::Crossbar(args.adc.into())),
    ];
    let quantised = args.calibration.staged(model, Mode::FixedPoint, samples)?;
    let compile = |&(_, mode): &(&str, Mode)| match mode {
        Mode::Float => model.compile(mode),
        Mode::FixedPoint | Mode::Crossbar(_) => quantised.compile(mode),
    };
    let compiled: Result<Vec<CompiledNetwork>, Failure> = arithmetics.iter().map(compile).collect();
    let compiled = compiled?;
    let drawn = drawn_stages(effects, Draw(args.draws));
    let runs: usize = drawn.iter().map(|stage| stage.draws.0 as usize).sum();
    let progress = Progress::new(images.len() * (arithmetics.len() + runs));
    let signals = signals(&compiled[0], images)?;
    let mut stages = Vec::new();
    for (&(name, _), network) in arithmetics.iter().zip(&compiled) {
        let result = progress.stage(name, &Trials::Once(network), (images, &signals))?;
        stages.push(NamedStage { name: name.to_owned(), result });
    }
    let ideal = &compiled[arithmetics.len() - 1];
    for DrawnStage { name, effects, draws } in drawn {
        let make = |draw| ideal.with_draw(&effects, Seed(args.seed), draw);
        let trials = Trials::Drawn { draws, make: &make };
        let result = progress.stage(&name, &trials, (images, &signals))?;
        stages.push(NamedStage { name, result });
    }
    progress.bar.finish_and_clear();
    Ok(stages)
}

/// A stage whose hardware is drawn.
struct DrawnStage {
    name: String,
    effects: NonIdealities,
    draws: Draw,
}

/// Each effect alone, and all together if they are several.
fn drawn_stages(effects: &NonIdealities, draws: Draw) -> Vec<DrawnStage> {
    let on = effects.effects();
    let mut stages: Vec<DrawnStage> = on
        .iter()
        .map(|&effect| {
            let (name, effects) = (effect.name().to_owned(), effects.only(effect));
            let draws = draws_of(&effects, draws);
            DrawnStage { name, effects, draws }
        })
        .collect();
    if on.len() > 1 {
        let (name, effects) = ("all together".to_owned(), effects.clone());
        let draws = draws_of(&effects, draws);
        stages.push(DrawnStage { name, effects, draws });
    }
    stages
}

/// One draw where all draws are the same.
fn draws_of(effects: &NonIdealities, draws: Draw) -> Draw {
    if effects.effects().into_iter().any(Effect::is_random) { draws } else { Draw(1) }
}

fn signals(network: &CompiledNetwork, images: &Images) -> Result<LayerSignals, Failure> {
    let first = images.first().cloned();
    let first = first.ok_or_else(|| Failure::new("there are no images", None))?;
    LayerSignals::record(network, first).map_err(|error| infer_failure(&error))
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

    fn stage(
        &self,
        name: &str,
        trials: &Trials<'_>,
        (images, signals): (&Images, &LayerSignals),
    ) -> Result<StageResult, Failure> {
        self.bar.set_message(name.to_owned());
        evaluate(trials, images, signals, &mut |seen| self.bar.inc(seen as u64))
            .map_err(|error| infer_failure(&error))
    }
}
