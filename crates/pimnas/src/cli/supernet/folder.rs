//! The folder of a super net: its space, settings, checkpoint and log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::network::Shape;
use crate::search::WrittenSpace;
use crate::store::Place;
use crate::supernet::files::{CHECKPOINT, SETTINGS, SPACE};
use crate::supernet::{SuperNet, SupernetSettings, SupernetTrainer};
use clap::Args;

use super::failed;
use crate::cli::dataset::{DatasetArgs, SplitImages};
use crate::cli::failure::Failure;
use crate::cli::output::{read_file, write_file};
use crate::cli::train::folder::{EventLog, LOG};
use crate::cli::{search, space};

/// Folder of a run's own super net, in the run.
pub const OF_RUN: &str = "supernet";

/// Where a super net is kept.
#[derive(Args, Clone, Debug)]
pub struct FolderArgs {
    /// Folder of the super net (its space, settings, checkpoint and log for TensorBoard), or of a
    /// run that has trained one
    #[arg(long = "supernet", value_name = "DIR", default_value = "supernet")]
    pub folder: PathBuf,
}

impl FolderArgs {
    fn path(&self, name: &str) -> PathBuf {
        let of_run = self.folder.join(OF_RUN);
        let inside = !self.folder.join(CHECKPOINT).exists() && of_run.join(CHECKPOINT).exists();
        if inside { of_run.join(name) } else { self.folder.join(name) }
    }

    /// Images to learn from and to be judged by: those that are named, and where none are, for the
    /// super net of a run those of the run, without what it keeps apart.
    pub fn images(
        &self,
        dataset: &DatasetArgs,
        (trainer, shape): (&SupernetTrainer, Shape),
    ) -> Result<SplitImages, Failure> {
        let parent = self.folder.parent().filter(|_| self.folder.ends_with(OF_RUN));
        let runs = std::iter::once(self.folder.as_path()).chain(parent);
        let run = runs.map(Place::new).find(Place::has_run);
        if let Some(place) = run.filter(|_| dataset.is_default())
            && let Some(images) = search::images(&place, trainer)?
        {
            return Ok(images);
        }
        dataset.load_split(shape)
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.path(CHECKPOINT).exists()
    }

    /// A problem of the folder.
    pub fn wrong(&self, message: &str, hint: &str) -> Failure {
        Failure::of_file(&self.folder, message, Some(hint))
    }

    /// The super net with its settings.
    pub fn load(&self) -> Result<(SupernetTrainer, SupernetSettings), Failure> {
        if !self.is_there() {
            let hint = "train one by `pimnas supernet train`, or give its folder by --supernet";
            return Err(self.wrong("the folder has no super net", hint));
        }
        let settings = read_settings(&self.path(SETTINGS))?;
        let (space, _) = space::load(&self.path(SPACE).to_string_lossy())?;
        let path = self.path(CHECKPOINT);
        let trainer = SupernetTrainer::from_checkpoint(Arc::new(space), &read_file(&path)?)
            .map_err(|error| Failure::of_file(&path, &error, Some(error.hint())))?;
        Ok((trainer, settings))
    }

    /// Makes the folder with what a super net is begun with.
    pub fn begin(
        &self,
        (settings, space): (&SupernetSettings, (WrittenSpace, &str)),
    ) -> Result<SupernetTrainer, Failure> {
        let trainer = new_trainer(settings, space.0)?;
        std::fs::create_dir_all(&self.folder).map_err(|error| {
            let why = format!("cannot make the folder: {error}");
            self.wrong(&why, "give a place where you may write")
        })?;
        let text = settings.to_toml().map_err(|error| failed(&error))?;
        write_file(&self.path(SETTINGS), text.as_bytes())?;
        write_file(&self.path(SPACE), space.1.as_bytes())?;
        self.save(&trainer)?;
        Ok(trainer)
    }

    /// Writes a checkpoint, whole or not at all.
    pub fn save(&self, trainer: &SupernetTrainer) -> Result<(), Failure> {
        let bytes = trainer.checkpoint().map_err(|error| failed(&error))?;
        write_file(&self.path(CHECKPOINT), &bytes)
    }

    /// The log of events, gone on with where there is one.
    pub fn log(&self, step: u64) -> Result<EventLog, Failure> {
        EventLog::open(&self.path(LOG), step)
    }
}

/// A training from its beginning.
pub fn new_trainer(
    settings: &SupernetSettings,
    space: WrittenSpace,
) -> Result<SupernetTrainer, Failure> {
    let net = SuperNet::new(Arc::new(space), (settings.selection, settings.training.seed))
        .map_err(|error| failed(&error))?;
    SupernetTrainer::new(net, (settings.training.clone(), settings.sampler))
        .map_err(|error| failed(&error))
}

/// Settings of a file.
pub fn read_settings(path: &Path) -> Result<SupernetSettings, Failure> {
    let text = String::from_utf8(read_file(path)?)
        .map_err(|_| Failure::of_file(path, "is not UTF-8", Some("save it as UTF-8")))?;
    SupernetSettings::from_toml(&text)
        .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
}
