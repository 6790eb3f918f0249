//! `pimnas train`.

pub mod folder;
mod options;
pub mod progress;

use std::time::Instant;

use clap::Args;
use pimnas::Network;
use pimnas::data::{Dataset, Normalisation};
use pimnas::train::{Evaluation, Loader, Model, Precision, TrainError, Trainer};

use self::folder::TrainingFolder;
use self::options::RecipeArgs;
use self::progress::Progress;
use super::dataset::DatasetArgs;
use super::failure::Failure;
use super::inputs::{ZooArgs, load_network};
use super::output::{note, print};
use super::shipped;
use super::threads::ThreadArgs;

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
    #[command(flatten)]
    folder: TrainingFolder,
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

    fn trainer(&self) -> Result<Trainer, Failure> {
        let options = self.recipe.options()?;
        let network = self.network()?;
        match self.folder.checkpoint()? {
            Some(found) => {
                let same = found.model.network == network && found.options == options;
                if same { Ok(found) } else { Err(self.folder.other()) }
            }
            None => {
                let model = Model::new(&network, options.seed).map_err(|error| failed(&error))?;
                Trainer::new(model, options).map_err(|error| failed(&error))
            }
        }
    }
}

/// A problem of a training with its hint.
pub fn failed(error: &TrainError) -> Failure {
    Failure::new(error, Some(error.hint()))
}

/// Runs the command.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    let mut trainer = args.trainer()?;
    let data = args.dataset.load_split(trainer.model.network.input.shape)?;
    trainer.check(&data.training).map_err(|error| failed(&error))?;
    trainer.check(&data.test).map_err(|error| failed(&error))?;
    trainer.bind(&data.training, &data.normalisation).map_err(|error| failed(&error))?;
    args.folder.prepare(&trainer)?;
    let images = (&data.training, &data.test);
    let evaluation =
        args.threads.run(|| train(args, &mut trainer, (images, &data.normalisation)))?;
    args.folder.finish(&trainer)?;
    summary(args, &trainer, evaluation)
}

/// Takes the training to its end.
fn train(
    args: &TrainArgs,
    trainer: &mut Trainer,
    ((training, test), normalisation): ((&Dataset, &Dataset), &Normalisation),
) -> Result<Evaluation, Failure> {
    let loader = trainer.loader(training, normalisation);
    let test = Loader { dataset: test, ..loader.clone() };
    let mut log = args.folder.log(trainer)?;
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
        if finished.is_some() || saved.elapsed() >= args.folder.interval() {
            args.folder.save(trainer)?;
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

fn summary(args: &TrainArgs, trainer: &Trainer, found: Evaluation) -> Result<(), Failure> {
    let precision = match trainer.options.precision {
        Precision::Float => "floats",
        Precision::Quantised => "quantised",
    };
    let percent = 100.0 * found.accuracy();
    print(&format!(
        "test accuracy {percent:.2} % ({} of {} images, {precision}), loss {:.4}\n",
        found.correct, found.images, found.loss
    ))?;
    note(&args.folder.next_command());
    Ok(())
}
