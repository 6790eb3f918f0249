//! `pimnas supernet`.

mod evaluate;
mod export;
pub(in crate::cli) mod folder;
mod study;
pub(in crate::cli) mod train;

use crate::data::{Dataset, Normalisation};
use crate::search::rollout::{GenotypeError, VaryError};
use crate::search::{Genotype, Purpose, Rollout, Space, Streams};
use crate::supernet::{
    Calibration, CalibrationSettings, SupernetError, SupernetSettings, SupernetTrainer,
};
use crate::train::Loader;
use clap::{Args, Subcommand};

use super::failure::Failure;

/// Super nets: one set of weights for all networks of a space, trained once. Train one, evaluate
/// rollouts with its weights, export them as candidates
#[derive(Args, Clone, Debug)]
pub struct SupernetArgs {
    #[command(subcommand)]
    command: SupernetCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum SupernetCommand {
    /// Train a super net. Without arguments: the default space on real images
    Train(train::TrainArgs),
    /// Accuracy of rollouts with the super net's weights, batch normalisations calibrated: in
    /// training's arithmetic, in fixed point, and on crossbars
    Evaluate(evaluate::EvaluateArgs),
    /// A rollout as a candidate: the files that `pimnas candidate` reads
    Export(export::ExportArgs),
    /// Train random rollouts alone, too, and compare the two rankings
    Study(study::StudyArgs),
}

/// Runs the command.
pub fn run(args: &SupernetArgs) -> Result<(), Failure> {
    match &args.command {
        SupernetCommand::Train(args) => train::run(args),
        SupernetCommand::Evaluate(args) => evaluate::run(args),
        SupernetCommand::Export(args) => export::run(args),
        SupernetCommand::Study(args) => study::run(args),
    }
}

/// A problem of a super net with its hint.
pub(in crate::cli) fn failed(error: &SupernetError) -> Failure {
    Failure::new(error, Some(error.hint()))
}

/// The images on which candidates are calibrated.
fn calibration(
    trainer: &SupernetTrainer,
    settings: &SupernetSettings,
    (training, normalisation): (&Dataset, &Normalisation),
) -> Calibration {
    let CalibrationSettings { batches, images } = settings.calibration;
    let loader = Loader { batch: images.max(1), ..trainer.loader(training, normalisation) };
    Calibration::new(&loader, batches)
}

/// So many distinct random rollouts that decode.
fn random_rollouts(
    space: &dyn Space,
    (count, seed): (usize, u64),
) -> Result<Vec<Rollout>, Failure> {
    let streams = Streams::new(seed);
    let vary = |error: VaryError| Failure::new(&error, Some(error.hint()));
    let mut drawn: Vec<Rollout> = Vec::new();
    // Distinct rollouts can run out; most spaces decode most of what is drawn.
    for trial in 0..100 + 20 * count as u64 {
        if drawn.len() == count {
            break;
        }
        let mut stream = streams.stream(trial, Purpose::Sample);
        let rollout = space.decisions().sample(&mut stream).map_err(vary)?;
        if !drawn.contains(&rollout) && space.decode(&rollout).is_ok() {
            drawn.push(rollout);
        }
    }
    Ok(drawn)
}

/// The rollout of a genotype.
fn rollout_of(space: &dyn Space, text: &str) -> Result<Rollout, GenotypeError> {
    text.parse::<Genotype>()?.rollout(space.name(), space.decisions())
}
