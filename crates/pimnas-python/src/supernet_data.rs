//! Images and the folder of a super net.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pimnas_data::{Dataset, ImageShape, Normalisation, Pixels, fashion_mnist};
use pimnas_supernet::files::{CHECKPOINT, SETTINGS, SPACE};
use pimnas_supernet::{SupernetError, SupernetSettings};
use pyo3::prelude::*;

use crate::errors::{Fault, Kind};
use crate::json::shown;
use crate::study_setup::count;
use crate::{arrays, errors};

/// A problem of a super net.
pub fn failed(error: &SupernetError) -> PyErr {
    let kind = match error {
        SupernetError::Interface(error) => return errors::interface(error),
        SupernetError::Rejected(_) | SupernetError::Vary(_) | SupernetError::Empty { .. } => {
            Kind::Search
        }
        SupernetError::Settings { .. } => Kind::Config,
        SupernetError::Train(_)
        | SupernetError::TooLarge { .. }
        | SupernetError::Uncalibrated { .. }
        | SupernetError::Form { .. }
        | SupernetError::Untrained
        | SupernetError::Checkpoint { .. } => Kind::Network,
    };
    Fault::new(kind, "supernet", error).hint(error.hint()).into()
}

/// Images that a super net learns from, and those that its candidates are judged on.
pub struct Data {
    pub training: Dataset,
    pub judged: Dataset,
    pub normalisation: Normalisation,
}

fn wrong(message: String, hint: &str) -> PyErr {
    Fault::new(Kind::Network, "images", message).hint(hint).into()
}

impl Data {
    /// `images`: the embedded sample, or images with labels; `validation`: how many of them are kept
    /// apart, or others.
    pub fn given(
        images: Option<&Bound<'_, PyAny>>,
        validation: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        /// Images kept apart, as in a search of the command.
        const APART: u64 = 1000;
        let (all, normalisation) = match images.filter(|images| !images.is_none()) {
            Some(images) => labelled(images, "images")?,
            None => {
                let (training, _) = fashion_mnist::embedded()
                    .map_err(|error| wrong(error.to_string(), error.hint()))?;
                (training, Normalisation::unit())
            }
        };
        let others = validation.filter(|given| given.extract::<(Py<PyAny>, Py<PyAny>)>().is_ok());
        let (training, judged) = match others {
            Some(others) => {
                let (judged, same) = labelled(others, "validation")?;
                if same != normalisation {
                    let message = "images and validation are of different types".to_owned();
                    return Err(wrong(message, "give both as bytes, or both as floats"));
                }
                (all, judged)
            }
            None => {
                let apart = validation.filter(|given| !given.is_none());
                let apart = apart.map_or(Ok(APART), |given| count(given, "validation", 1))?;
                all.apart(usize::try_from(apart).unwrap_or(usize::MAX))
            }
        };
        for (images, what) in [(&training, "to learn from"), (&judged, "to be judged by")] {
            if images.is_empty() {
                let message = format!("there are no images {what}");
                return Err(wrong(message, "give more images, or keep fewer apart"));
            }
        }
        Ok(Self { training, judged, normalisation })
    }
}

/// Images and their labels. Bytes become 0 to 1, floats stay as they are.
fn labelled(given: &Bound<'_, PyAny>, what: &str) -> PyResult<(Dataset, Normalisation)> {
    let hint = "give (images, labels): count × channels × rows × columns, and a class for each";
    let Ok((images, labels)) = given.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
        return Err(wrong(format!("{what}: {} is no pair of arrays", shown(given)), hint));
    };
    let dtype = images.getattr_opt("dtype")?.map(|dtype| dtype.str()).transpose()?;
    let bytes = dtype.is_some_and(|dtype| dtype.to_string_lossy().ends_with("uint8"));
    let normalisation = if bytes { Normalisation::unit() } else { Normalisation::identity() };
    let images = arrays::tensor(&images, || what.to_owned())?;
    let shape = match *images.dims() {
        [_, height, width] => ImageShape { channels: 1, height, width },
        [_, channels, height, width] => ImageShape { channels, height, width },
        ref dims => return Err(wrong(format!("{what} have {} dimensions", dims.len()), hint)),
    };
    let labels = arrays::tensor(&labels, || format!("the labels of {what}"))?.into_data();
    let is_class = |label: &f32| label.fract() == 0.0 && (0.0..65536.0).contains(label);
    if let Some(label) = labels.iter().find(|label| !is_class(label)) {
        return Err(wrong(format!("{what}: {label} is no class"), "count classes from 0"));
    }
    let labels: Vec<u32> = labels.into_iter().map(|label| label as u32).collect();
    let classes = labels.iter().max().map_or(0, |most| *most as usize + 1);
    let dataset = Dataset::new(shape, Pixels::F32(images.into_data()), labels, classes);
    Ok((dataset.map_err(|error| wrong(format!("{what}: {error}"), error.hint()))?, normalisation))
}

/// What the folder of a super net has.
#[derive(Clone)]
pub struct Parts {
    pub checkpoint: Arc<Vec<u8>>,
    pub settings: SupernetSettings,
    pub space: String,
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> PyErr {
    let message = format!("cannot read {}: {error}", path.display());
    let fault = Fault::new(Kind::Network, "supernet-unreadable", message);
    fault
        .hint("give the folder that `SuperNet.train` or `pimnas supernet train` wrote")
        .at(path.display().to_string())
        .into()
}

impl Parts {
    /// Reads a folder.
    pub fn read(folder: &Path) -> PyResult<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| unreadable(&path, &error))
        };
        let text = |name: &str| {
            let bytes = read(name)?;
            String::from_utf8(bytes).map_err(|error| unreadable(&folder.join(name), &error))
        };
        let settings = SupernetSettings::from_toml(&text(SETTINGS)?).map_err(|e| failed(&e))?;
        Ok(Self { settings, space: text(SPACE)?, checkpoint: Arc::new(read(CHECKPOINT)?) })
    }

    /// Whether a folder has a super net.
    pub fn are_in(folder: &Path) -> bool {
        folder.join(CHECKPOINT).exists()
    }

    /// Writes all of it.
    pub fn write(&self, folder: &Path) -> PyResult<()> {
        let unwritable = |error: std::io::Error| unwritable(folder, &error);
        fs::create_dir_all(folder).map_err(unwritable)?;
        let settings = self.settings.to_toml().map_err(|error| failed(&error))?;
        fs::write(folder.join(SETTINGS), settings).map_err(unwritable)?;
        fs::write(folder.join(SPACE), &self.space).map_err(unwritable)?;
        save(folder, &self.checkpoint)
    }
}

/// Writes a checkpoint, whole or not at all.
pub fn save(folder: &Path, checkpoint: &[u8]) -> PyResult<()> {
    let path: PathBuf = folder.join(CHECKPOINT);
    let beside = folder.join(format!(".{CHECKPOINT}.{}", std::process::id()));
    let written = fs::write(&beside, checkpoint).and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        unwritable(&path, &error)
    })
}

/// A file or folder that cannot be written.
pub fn unwritable(path: &Path, error: &std::io::Error) -> PyErr {
    let message = format!("cannot write {}: {error}", path.display());
    let fault = Fault::new(Kind::Network, "supernet-unwritable", message);
    fault.hint("give a folder that can be written to").at(path.display().to_string()).into()
}
