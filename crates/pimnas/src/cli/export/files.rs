//! The folder that is written, and the commands that check it.

use std::path::{Path, PathBuf};

use crate::formats::{NamedTensors, OnnxNumbers};
use crate::infer::{Mode, Parameters};
use crate::interface::Model;
use crate::network::Shape;
use crate::{Fidelity, RawConfig};

use super::Package;
use crate::cli::failure::Failure;
use crate::cli::model::{infer_failure, interface_failure};
use crate::cli::output::{note, quoted, unreadable, write_file};

/// Every file that a folder may have.
const FILES: [&str; 7] = [
    "network.json",
    "weights.safetensors",
    "network.onnx",
    "validation.safetensors",
    "SimConfig.ini",
    "genotype.json",
    "metrics.json",
];

/// A folder of files.
pub struct Folder {
    path: PathBuf,
    written: Vec<&'static str>,
}

impl Folder {
    /// That folder, which must be empty or not there, unless it is forced.
    pub fn new(path: &Path, force: bool) -> Result<Self, Failure> {
        if path.exists() {
            let mut entries = path.read_dir().map_err(|error| unreadable(path, &error))?;
            if entries.next().is_some() && !force {
                let hint = "give another folder, or replace files of that name by --force";
                return Err(Failure::of_file(path, "the folder has files", Some(hint)));
            }
        }
        Ok(Self { path: path.to_owned(), written: Vec::new() })
    }

    /// Makes the folder.
    pub fn begin(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.path).map_err(|error| {
            let why = format!("cannot make the folder: {error}");
            Failure::of_file(&self.path, why, Some("check the path and its permissions"))
        })
    }

    /// Writes a file.
    pub fn write(&mut self, name: &'static str, bytes: &[u8]) -> Result<(), Failure> {
        write_file(&self.path.join(name), bytes)?;
        self.written.push(name);
        Ok(())
    }

    /// Writes tensors.
    pub fn tensors(&mut self, name: &'static str, tensors: &NamedTensors) -> Result<(), Failure> {
        let bytes = tensors
            .to_safetensors()
            .map_err(|error| Failure::of_file(&self.path.join(name), &error, Some(error.hint())))?;
        self.write(name, &bytes)
    }

    /// Removes files of an earlier export that do not belong to this one; gives the paths of what
    /// was written.
    pub fn finish(&self) -> Result<String, Failure> {
        for name in FILES.iter().filter(|name| !self.written.contains(name)) {
            let path = self.path.join(name);
            if path.is_file() {
                std::fs::remove_file(&path).map_err(|error| unreadable(&path, &error))?;
            }
        }
        let line = |name: &&str| format!("{}\n", self.path.join(name).display());
        Ok(self.written.iter().map(line).collect())
    }

    /// A file as a word of a command.
    fn word(&self, name: &str) -> String {
        quoted(&self.path.join(name).to_string_lossy())
    }

    /// Commands that check what was written, a line each.
    pub fn commands(
        &self,
        package: &Package,
        (numbers, has_images): (Option<OnnxNumbers>, bool),
    ) -> String {
        let network = format!("--network {}", self.word("network.json"));
        let config = match package.config {
            Some(_) => format!(" --config {}", self.word("SimConfig.ini")),
            None => String::new(),
        };
        let mut text = format!("its costs: pimnas simulate {network}{config}\n");
        let Some(numbers) = numbers else { return text };
        let weighted = format!("{network} --weights {}", self.word("weights.safetensors"));
        if has_images {
            text += &format!(
                "the tensor `output` of validation.safetensors: pimnas infer {weighted} --input {} \
                 --mode {} --output {}\n",
                self.word("validation.safetensors"),
                mode_name(numbers),
                self.word("outputs.safetensors"),
            );
        }
        if let Some(dataset) = &package.dataset {
            let words = dataset.words();
            text += &format!("its accuracy: pimnas accuracy {weighted}{config}{words}\n");
        }
        text
    }
}

/// The mode of `pimnas infer` that computes as an ONNX file does.
fn mode_name(numbers: OnnxNumbers) -> &'static str {
    match numbers {
        OnnxNumbers::Floats => "float",
        OnnxNumbers::Quantised => "fixed",
    }
}

/// Images with the outputs of the network.
pub struct Checked {
    pub tensors: NamedTensors,
}

impl Checked {
    /// Of the first so many images, in the arithmetic of the ONNX file; none where no images are
    /// known or asked for.
    pub fn new(
        package: &Package,
        tensors: &NamedTensors,
        (count, numbers): (usize, OnnxNumbers),
    ) -> Result<Option<Self>, Failure> {
        let shape = package.network.input.shape;
        let Some(dataset) = package.dataset.as_ref().filter(|_| count > 0) else {
            return Ok(None);
        };
        if dataset.is_default() && !fits_default(shape) {
            note("note: no validation.safetensors: give images by --dataset\n");
            return Ok(None);
        }
        let images = dataset.first(count).load(shape)?;
        let config = package.config.clone().unwrap_or_else(RawConfig::reference_default);
        let hardware = crate::config::resolve(&config)
            .map_err(|problems| Failure::of_config(&problems, config.text()))?;
        let parameters = parameters(tensors)?;
        let about = (&hardware, Fidelity::Reference.into());
        let mode = match numbers {
            OnnxNumbers::Floats => Mode::Float,
            OnnxNumbers::Quantised => Mode::FixedPoint,
        };
        let compiled = Model::new(package.network.clone(), parameters, about)
            .and_then(|model| model.compile(mode))
            .map_err(|error| interface_failure(&error))?;
        let output = compiled.run(&images.images).map_err(|error| infer_failure(&error))?;
        let labels: Vec<i64> = images.labels.iter().copied().map(i64::from).collect();
        let mut named = NamedTensors::new();
        named.insert("input", stored(&images.images)?);
        named.insert("output", stored(&output)?);
        named.insert("labels", crate::formats::Tensor::integers(labels));
        Ok(Some(Self { tensors: named }))
    }
}

/// Whether the images that are part of the command fit.
fn fits_default(shape: Shape) -> bool {
    shape == Shape::Map { channels: 1, height: 28, width: 28 }
}

fn stored(tensor: &crate::infer::Tensor) -> Result<crate::formats::Tensor, Failure> {
    crate::formats::Tensor::f32(tensor.dims(), tensor.data().to_vec())
        .map_err(|error| Failure::new(&error, Some(error.hint())))
}

/// Tensors as inference takes them.
fn parameters(tensors: &NamedTensors) -> Result<Parameters, Failure> {
    let converted = tensors.iter().map(|(name, tensor)| {
        let values = crate::infer::Tensor::new(tensor.dims(), tensor.to_f32());
        let values = values.map_err(|error| Failure::new(&error, Some(error.hint())))?;
        Ok((name.to_owned(), values))
    });
    Ok(Parameters::from_tensors(converted.collect::<Result<Vec<_>, Failure>>()?))
}
