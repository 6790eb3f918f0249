//! `pimnas supernet train`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::supernet::{SupernetSettings, SupernetTrainer};
use crate::train::{Loader, Sums};
use clap::Args;

use super::folder::{FolderArgs, read_settings};
use super::{calibration, failed};
use crate::cli::dataset::{DatasetArgs, SplitImages};
use crate::cli::failure::Failure;
use crate::cli::output::{note, print};
use crate::cli::space;
use crate::cli::threads::ThreadArgs;
use crate::cli::train::progress::Progress;

#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Settings (TOML); what it leaves out, or without it all, is as `--print-settings` shows
    #[arg(value_name = "CONFIG.toml")]
    config: Option<PathBuf>,
    /// Print the default settings, to start own ones from
    #[arg(long)]
    print_settings: bool,
    #[command(flatten)]
    folder: FolderArgs,
    /// Go on with the training that the folder has
    #[arg(long)]
    resume: bool,
    /// Seconds between checkpoints; there is one after every epoch, too
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    checkpoint_every: u64,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

impl TrainArgs {
    fn settings(&self) -> Result<SupernetSettings, Failure> {
        match &self.config {
            Some(path) => read_settings(path),
            None => SupernetSettings::from_toml("").map_err(|error| failed(&error)),
        }
    }

    fn trainer(&self) -> Result<(SupernetTrainer, SupernetSettings), Failure> {
        match (self.resume, self.folder.is_there()) {
            (true, _) => {
                let (trainer, settings) = self.folder.load()?;
                if self.config.is_some() && self.settings()? != settings {
                    let hint = "give the settings that it was begun with, or none";
                    return Err(self.folder.wrong("its super net has other settings", hint));
                }
                Ok((trainer, settings))
            }
            (false, true) => {
                let hint = "go on with it by --resume, or give another folder by --supernet";
                Err(self.folder.wrong("the folder has a super net", hint))
            }
            (false, false) => {
                let settings = self.settings()?;
                let (space, text) = space::load(&settings.space)?;
                let trainer = self.folder.begin((&settings, (space, &text)))?;
                Ok((trainer, settings))
            }
        }
    }
}

/// Runs the command.
pub fn run(args: &TrainArgs) -> Result<(), Failure> {
    if args.print_settings {
        return print(crate::supernet::DEFAULT_SETTINGS);
    }
    let (mut trainer, settings) = args.trainer()?;
    let smallest = trainer.net.edges().smallest.clone();
    let network = trainer.net.space().decode(&smallest).map(|candidate| candidate.network);
    let network = network.map_err(|rejection| failed(&rejection.into()))?;
    let data = args.dataset.load_split(network.input.shape)?;
    for images in [&data.training, &data.test] {
        trainer.check(images).map_err(|error| failed(&error))?;
    }
    trainer.bind(&data.training, &data.normalisation).map_err(|error| failed(&error))?;
    args.folder.save(&trainer)?;
    let keeping = Keeping { folder: &args.folder, every_s: args.checkpoint_every, stop: None };
    args.threads.run(|| train(&keeping, (&mut trainer, &settings), &data))?;
    let folder = args.folder.folder.display();
    print(&format!(
        "super net of {} in {folder}
",
        trainer.net.space().name()
    ))?;
    note(&format!(
        "rollouts of it: pimnas supernet evaluate --supernet {folder}
"
    ));
    Ok(())
}

/// How a training is kept while it runs.
pub(in crate::cli) struct Keeping<'k> {
    /// Where.
    pub folder: &'k FolderArgs,
    /// Seconds between checkpoints.
    pub every_s: u64,
    /// Ends it, after a step, as soon as this is true.
    pub stop: Option<&'k AtomicBool>,
}

/// Trains until all epochs are done, or until it is stopped.
pub(in crate::cli) fn train(
    keeping: &Keeping<'_>,
    (trainer, settings): (&mut SupernetTrainer, &SupernetSettings),
    data: &SplitImages,
) -> Result<(), Failure> {
    let loader = trainer.loader(&data.training, &data.normalisation);
    let mut log = keeping.folder.log(trainer.position.step)?;
    let each = (loader.batches() * loader.batch.min(data.training.len())) as u64;
    let per_step = settings.sampler.rollouts(trainer.net.space()) as u64;
    let done = trainer.position.epoch * each * per_step + trainer.sums.images;
    let epochs = trainer.options.epochs;
    let mut progress = Progress::over(each * per_step * u64::from(epochs), done);
    let (begun, mut saved) = (Instant::now(), Instant::now());
    while !trainer.is_done() {
        let (step, finished) = trainer.next(&loader).map_err(|error| failed(&error))?;
        progress.step(&step.report, (trainer.position.epoch, epochs));
        log.step(&step.report)?;
        let whole = finished.is_some();
        if let Some(sums) = finished {
            let line = epoch((&*trainer, settings), (&sums, data), &mut log)?;
            progress
                .line(|seconds| line + &format!("{:.0} images/s\n", sums.images as f64 / seconds));
        }
        let stopped = keeping.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        if whole || stopped || saved.elapsed() >= Duration::from_secs(keeping.every_s) {
            keeping.folder.save(trainer)?;
            log.flush()?;
            saved = Instant::now();
        }
        if stopped {
            break;
        }
    }
    progress.finish();
    note(&format!("trained in {:.0} s\n", begun.elapsed().as_secs_f64()));
    Ok(())
}

/// Accuracy of the largest and the smallest network after an epoch, as a line and in the log.
fn epoch(
    (trainer, settings): (&SupernetTrainer, &SupernetSettings),
    (sums, data): (&Sums, &SplitImages),
    log: &mut crate::cli::train::folder::EventLog,
) -> Result<String, Failure> {
    let loader = trainer.loader(&data.training, &data.normalisation);
    let test = Loader { dataset: &data.test, ..loader };
    let calibration = calibration(trainer, settings, (&data.training, &data.normalisation));
    let accuracy = |rollout| {
        let found = trainer.evaluate(rollout, (&test, &calibration));
        found.map(|found| found.accuracy()).map_err(|error| failed(&error))
    };
    let largest = accuracy(&trainer.net.edges().largest)?;
    let smallest = accuracy(&trainer.net.edges().smallest)?;
    let images = sums.images.max(1) as f64;
    let (loss, learned) = (sums.loss / images, sums.correct as f64 / images);
    log.scalars(
        trainer.position.step,
        &[
            ("epoch/loss", loss as f32),
            ("epoch/accuracy", learned as f32),
            ("test/accuracy_largest", largest as f32),
            ("test/accuracy_smallest", smallest as f32),
        ],
    )?;
    Ok(format!(
        "epoch {}/{}: loss {loss:.4}, accuracy {:.2} %; test: largest net {:.2} %, smallest {:.2} %; ",
        trainer.position.epoch,
        trainer.options.epochs,
        100.0 * learned,
        100.0 * largest,
        100.0 * smallest
    ))
}
