//! `pimnas train`.

pub mod folder;
pub mod options;
pub mod progress;

use std::path::PathBuf;
use std::time::Instant;

use crate::Network;
use crate::train::{Evaluation, Loader, Model, Precision, TrainError, Trainer, TrainingOptions};
use clap::Args;

use self::folder::{KeepingArgs, TrainingFolder};
use self::options::RecipeArgs;
use self::progress::Progress;
use super::dataset::{DatasetArgs, SplitImages};
use super::failure::Failure;
use super::inputs::{ZooArgs, load_network};
use super::output::{note, print};
use super::shipped;
use super::threads::ThreadArgs;

/// Seed of a training where none is given.
const DEFAULT_SEED: u64 = 1;

/// Train a network from scratch on a data set, with quantised weights and activations as the
/// crossbars will have them. Without arguments: a small network on real images
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// A layer-list JSON file or a network of the zoo; without it that of the shipped network for
    /// Fashion-MNIST
    #[arg(long, value_name = "NAME|FILE")]
    network: Option<String>,
    #[command(flatten)]
    zoo: ZooArgs,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Folder for network.json and weights.safetensors, the checkpoint and the log for TensorBoard
    #[arg(long, value_name = "DIR", default_value = "training")]
    output: PathBuf,
    #[command(flatten)]
    keeping: KeepingArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

impl TrainArgs {
    fn network(&self) -> Result<Network, Failure> {
        let mut network = match &self.network {
            Some(given) => load_network(given, self.zoo)?,
            None => shipped::load()?.0,
        };
        // Those of an earlier training say nothing about this one.
        network.layers.iter_mut().for_each(|layer| layer.scales = None);
        Ok(network)
    }

    fn folder(&self) -> TrainingFolder {
        let (folder, keeping) = (self.output.clone(), self.keeping);
        TrainingFolder { folder, option: "--output", keeping }
    }
}

/// A problem of a training with its hint.
pub fn failed(error: &TrainError) -> Failure {
    Failure::new(error, Some(error.hint()))
}

/// A training of that model from its beginning, or the same one as far as the folder has it.
pub fn begin(
    folder: &TrainingFolder,
    (model, options): (Model, TrainingOptions),
) -> Result<Trainer, Failure> {
    match folder.checkpoint()? {
        Some(found) => {
            let same = found.model.network == model.network && found.options == options;
            if same { Ok(found) } else { Err(folder.other()) }
        }
        None => Trainer::new(model, options).map_err(|error| failed(&error)),
    }
}

/// Runs the command.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    let (folder, options) = (args.folder(), args.recipe.options(DEFAULT_SEED)?);
    let model = Model::new(&args.network()?, options.seed).map_err(|error| failed(&error))?;
    let mut trainer = begin(&folder, (model, options))?;
    let data = args.dataset.load_split(trainer.model.network.input.shape)?;
    let evaluation = whole(&folder, (&mut trainer, &data), args.threads)?;
    summary(&folder, &trainer, evaluation)
}

/// Trains to the end and writes the network: how well it does on `data.test`.
pub fn whole(
    folder: &TrainingFolder,
    (trainer, data): (&mut Trainer, &SplitImages),
    threads: ThreadArgs,
) -> Result<Evaluation, Failure> {
    trainer.check(&data.training).map_err(|error| failed(&error))?;
    trainer.check(&data.test).map_err(|error| failed(&error))?;
    trainer.bind(&data.training, &data.normalisation).map_err(|error| failed(&error))?;
    folder.prepare(trainer)?;
    let evaluation = threads.run(|| train(folder, trainer, data))?;
    folder.finish(trainer)?;
    Ok(evaluation)
}

/// Takes the training to its end.
fn train(
    folder: &TrainingFolder,
    trainer: &mut Trainer,
    data: &SplitImages,
) -> Result<Evaluation, Failure> {
    let loader = trainer.loader(&data.training, &data.normalisation);
    let test = Loader { dataset: &data.test, ..loader.clone() };
    let mut log = folder.log(trainer)?;
    let mut progress = Progress::new(trainer, &loader);
    let mut saved = Instant::now();
    let mut last = None;
    while !trainer.is_done() {
        let (report, finished) = trainer.next(&loader).map_err(|error| failed(&error))?;
        progress.step(&report, (trainer.position.epoch, trainer.options.epochs));
        log.step(&report)?;
        if let Some(sums) = finished {
            let found = trainer.evaluate(&test).map_err(|error| failed(&error))?;
            progress.epoch(trainer, &sums, &found);
            log.epoch(report.step, &sums, &found)?;
            last = Some(found);
        }
        if finished.is_some() || saved.elapsed() >= folder.interval() {
            folder.save(trainer)?;
            log.flush()?;
            saved = Instant::now();
        }
    }
    progress.finish();
    match last {
        Some(found) => Ok(found),
        // A training that was resumed at its end.
        None => trainer.evaluate(&test).map_err(|error| failed(&error)),
    }
}

fn summary(folder: &TrainingFolder, trainer: &Trainer, found: Evaluation) -> Result<(), Failure> {
    let precision = match trainer.options.precision {
        Precision::Float => "floats",
        Precision::Quantised => "quantised",
    };
    let percent = 100.0 * found.accuracy();
    print(&format!(
        "test accuracy {percent:.2} % ({} of {} images, {precision}), loss {:.4}\n",
        found.correct, found.images, found.loss
    ))?;
    note(&folder.next_command());
    Ok(())
}
