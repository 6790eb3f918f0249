//! The folder of a training: checkpoint, event log, network and weights.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::train::tensorboard::Event;
use crate::train::{Evaluation, Precision, StepReport, Sums, Trainer};
use clap::Args;

use super::failed;
use crate::cli::failure::Failure;
use crate::cli::output::{read_tensor_file, unreadable, write_file};

const CHECKPOINT: &str = "checkpoint.safetensors";
const NETWORK: &str = "network.json";
const WEIGHTS: &str = "weights.safetensors";
/// Name of the log.
pub const LOG: &str = "events.out.tfevents.pimnas";

/// How a training is kept.
#[derive(Args, Clone, Copy, Debug)]
pub struct KeepingArgs {
    /// Go on with the training that the folder has
    #[arg(long)]
    resume: bool,
    /// Seconds between checkpoints; there is one after every epoch, too
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    checkpoint_every: u64,
}

/// Where a training is kept.
#[derive(Clone, Debug)]
pub struct TrainingFolder {
    /// The folder.
    pub folder: PathBuf,
    /// The option that names it, for hints.
    pub option: &'static str,
    /// How it is kept.
    pub keeping: KeepingArgs,
}

impl TrainingFolder {
    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file of the network.
    pub fn network(&self) -> PathBuf {
        self.path(NETWORK)
    }

    /// The file of its weights.
    pub fn weights(&self) -> PathBuf {
        self.path(WEIGHTS)
    }

    /// Time between checkpoints.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.keeping.checkpoint_every)
    }

    /// The training to go on with; none for one that begins.
    pub fn checkpoint(&self) -> Result<Option<Trainer>, Failure> {
        let path = self.path(CHECKPOINT);
        match (self.keeping.resume, path.exists()) {
            (false, false) => Ok(None),
            (false, true) => {
                let option = self.option;
                let hint = format!("go on with it by --resume, or give another folder by {option}");
                Err(Failure::of_file(&self.folder, "the folder has a training", Some(&hint)))
            }
            (true, false) => {
                let hint = "leave --resume out to begin one";
                Err(Failure::of_file(&self.folder, "the folder has no training", Some(hint)))
            }
            (true, true) => {
                let trainer = Trainer::from_checkpoint(&read_tensor_file(&path)?);
                trainer
                    .map(Some)
                    .map_err(|error| Failure::of_file(&path, &error, Some(error.hint())))
            }
        }
    }

    /// A training with other options.
    pub fn other(&self) -> Failure {
        let message = "its training has another network or other options";
        let option = self.option;
        let hint =
            format!("give the options that it was begun with, or another folder by {option}");
        Failure::of_file(&self.folder, message, Some(&hint))
    }

    /// Makes the folder, and writes a first checkpoint: better to fail now than after an hour.
    pub fn prepare(&self, trainer: &Trainer) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.folder).map_err(|error| {
            let why = format!("cannot make the folder: {error}");
            Failure::of_file(&self.folder, why, Some("give a place where you may write"))
        })?;
        self.save(trainer)
    }

    /// Writes a checkpoint, whole or not at all.
    pub fn save(&self, trainer: &Trainer) -> Result<(), Failure> {
        let bytes = trainer.checkpoint().map_err(|error| failed(&error))?;
        write_file(&self.path(CHECKPOINT), &bytes)
    }

    /// Writes the network and its weights: with scales and quantised where they were trained so.
    pub fn finish(&self, trainer: &Trainer) -> Result<(), Failure> {
        let (network, tensors) = match trainer.options.precision {
            Precision::Quantised => trainer.model.candidate(),
            Precision::Float => trainer.model.float_candidate(),
        }
        .map_err(|error| failed(&error))?;
        let weights = self.weights();
        let bytes = tensors
            .to_safetensors()
            .map_err(|error| Failure::of_file(&weights, &error, Some(error.hint())))?;
        write_file(&self.network(), network.to_layer_list_json().as_bytes())?;
        write_file(&weights, &bytes)
    }

    /// What to do with the result.
    pub fn next_command(&self) -> String {
        let (network, weights) = (self.network(), self.weights());
        format!(
            "on crossbars: pimnas accuracy --network {} --weights {}\n",
            network.display(),
            weights.display()
        )
    }

    /// The log of events, gone on with where there is one.
    pub fn log(&self, trainer: &Trainer) -> Result<EventLog, Failure> {
        EventLog::open(&self.path(LOG), trainer.position.step)
    }
}

/// Steps between two numbers of the log.
const EVERY: u64 = 10;

/// A log that TensorBoard reads.
pub struct EventLog {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventLog {
    /// The log in that file; begun anew where no step is done.
    pub fn open(path: &Path, step: u64) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.create(true);
        if step == 0 {
            options.write(true).truncate(true);
        } else {
            options.append(true);
        }
        let file = options.open(path).map_err(|error| unreadable(path, &error))?;
        let mut log = Self { path: path.to_owned(), file: BufWriter::new(file) };
        log.put(&Event::Header)?;
        Ok(log)
    }

    fn put(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let written = self.file.write_all(&event.record(now.as_secs_f64()));
        written.map_err(|error| unwritable(&self.path, &error))
    }

    /// After a step.
    pub fn step(&mut self, report: &StepReport) -> Result<(), Failure> {
        if !report.step.is_multiple_of(EVERY) {
            return Ok(());
        }
        let step = report.step;
        let accuracy = report.correct as f32 / report.images.max(1) as f32;
        self.scalars(
            step,
            &[
                ("training/loss", report.loss),
                ("training/accuracy", accuracy),
                ("training/rate", report.rate),
                ("training/gradient", report.gradient),
            ],
        )
    }

    /// Numbers by their names.
    pub fn scalars(&mut self, step: u64, named: &[(&str, f32)]) -> Result<(), Failure> {
        named.iter().try_for_each(|&(tag, value)| self.put(&Event::Scalar { tag, step, value }))
    }

    /// After an epoch.
    pub fn epoch(&mut self, step: u64, sums: &Sums, found: &Evaluation) -> Result<(), Failure> {
        let images = sums.images.max(1) as f64;
        for (tag, value) in [
            ("epoch/loss", sums.loss / images),
            ("epoch/accuracy", sums.correct as f64 / images),
            ("test/loss", found.loss),
            ("test/accuracy", found.accuracy()),
        ] {
            self.put(&Event::Scalar { tag, step, value: value as f32 })?;
        }
        Ok(())
    }

    /// Writes what is not written yet.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| unwritable(&self.path, &error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let hint = "check that the folder may be written to and has room";
    Failure::of_file(path, format_args!("cannot write: {error}"), Some(hint))
}
