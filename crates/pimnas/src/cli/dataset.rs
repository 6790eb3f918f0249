//! Data sets by name or folder.

use std::path::PathBuf;

use crate::data::{BatchOptions, Batches, Dataset, Normalisation, Pixels};
use crate::infer::Tensor;
use crate::network::Shape;
use clap::Args;

use super::dataset_source::Source;
use super::failure::Failure;
use super::output::{note, quoted};

/// The data set where none is named.
const NAME: &str = "fashion-mnist";
/// Largest value of a byte.
const BYTE: f32 = u8::MAX as f32;

/// Which images.
#[derive(Args, Clone, Debug)]
pub struct DatasetArgs {
    /// fashion-mnist, mnist, cifar10, cifar100; a folder with the files of one of them or with a
    /// folder of pictures for each class; a .npz or .safetensors file with images and labels
    #[arg(long, value_name = "NAME|PATH", default_value = NAME)]
    dataset: String,
    /// Folder of the data set, or one above it; without it fashion-mnist is the embedded sample of
    /// 2,000 images
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only the first so many images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Largest value of a pixel as the network takes it, the smallest is 0; pixels that are stored
    /// as floats stay as they are. Without it 1
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pixel_max: Option<f32>,
    /// What is subtracted from pixels then, for all channels or each
    #[arg(long, value_name = "X,…", value_delimiter = ',', allow_hyphen_values = true)]
    mean: Vec<f32>,
    /// What they are divided by at last
    #[arg(long, value_name = "X,…", value_delimiter = ',', allow_hyphen_values = true)]
    deviation: Vec<f32>,
}

/// Images as a network takes them.
pub struct LabelledImages {
    /// Images × the shape of one.
    pub images: Tensor,
    /// The label of each.
    pub labels: Vec<u32>,
    /// What they are called.
    pub name: String,
}

impl LabelledImages {
    /// All images of a data set, for a network with inputs of that shape.
    pub fn new(
        dataset: &Dataset,
        (normalisation, shape): (Normalisation, Shape),
        name: &str,
    ) -> Result<Self, Failure> {
        let options = BatchOptions { size: dataset.len(), normalisation, ..Default::default() };
        let batch = Batches::new(dataset, options).next();
        let (values, labels) = batch.map_or_else(Default::default, |b| (b.images, b.labels));
        let dims = match shape {
            Shape::Map { channels, height, width } => vec![labels.len(), channels, height, width],
            Shape::Vector { features } => vec![labels.len(), features],
        };
        let images =
            Tensor::new(dims, values).map_err(|error| Failure::new(&error, Some(error.hint())))?;
        let name = format!("{} images of {name}", labels.len());
        Ok(Self { images, labels, name })
    }
}

/// Images to learn from and to be judged by.
#[cfg(feature = "train")]
pub struct SplitImages {
    /// To learn from.
    pub training: Dataset,
    /// To be judged by.
    pub test: Dataset,
    /// What happens to pixels.
    pub normalisation: Normalisation,
}

#[cfg(feature = "train")]
impl DatasetArgs {
    /// Fashion-MNIST, or what a folder has, training images at most so many; pixels from 0 to 1.
    pub fn of(data: Option<&str>, limit: Option<usize>) -> Self {
        Self {
            dataset: data.unwrap_or(NAME).to_owned(),
            data: None,
            limit,
            pixel_max: None,
            mean: Vec::new(),
            deviation: Vec::new(),
        }
    }

    /// Reads training and test images; `--limit` holds for the former.
    pub fn load_split(&self, shape: Shape) -> Result<SplitImages, Failure> {
        let source = self.source()?;
        let test = source.test(shape)?;
        let Some(training) = source.training(shape)? else {
            let name = self.name(&source);
            let message = format!("{name} has no training images beside its {}", test.len());
            let hint = "give a folder with `train` and `test`, or a named data set";
            return Err(Failure::new(message, Some(hint)));
        };
        let training = match self.limit {
            Some(limit) => training.first(limit),
            None => training,
        };
        let normalisation = self.normalisation(&training)?;
        Ok(SplitImages { training, test, normalisation })
    }
}

impl DatasetArgs {
    /// Whether nothing is said.
    pub fn is_default(&self) -> bool {
        let plain = self.mean.is_empty() && self.deviation.is_empty() && self.limit.is_none();
        let named = self.dataset != NAME || self.data.is_some() || self.pixel_max.is_some();
        plain && !named
    }

    /// The same, the first so many images at most.
    pub fn first(&self, count: usize) -> Self {
        let limit = Some(self.limit.map_or(count, |limit| limit.min(count)));
        Self { limit, ..self.clone() }
    }

    /// The data set and what happens to pixels as words of a command, with a space in front of
    /// each.
    pub fn words(&self) -> String {
        let mut text = String::new();
        let mut put = |name: &str, value: &str| text += &format!(" --{name} {}", quoted(value));
        if self.dataset != NAME {
            put("dataset", &self.dataset);
        }
        if let Some(data) = &self.data {
            put("data", &data.to_string_lossy());
        }
        if let Some(most) = self.pixel_max {
            put("pixel-max", &most.to_string());
        }
        for (name, values) in [("mean", &self.mean), ("deviation", &self.deviation)] {
            if !values.is_empty() {
                let values: Vec<String> = values.iter().map(f32::to_string).collect();
                put(name, &values.join(","));
            }
        }
        text
    }

    /// Reads the test images for a network with inputs of that shape.
    pub fn load(&self, shape: Shape) -> Result<LabelledImages, Failure> {
        if self.limit == Some(0) {
            let hint = "give a number from 1, or leave --limit out";
            return Err(Failure::new("--limit 0 leaves no images", Some(hint)));
        }
        let source = self.source()?;
        let all = source.test(shape)?;
        let dataset = self.limit.map_or_else(|| all.clone(), |limit| all.first(limit));
        self.tensors(&dataset, shape, self.name(&source))
    }

    /// Reads sample inputs for a calibration: the first training images, or where there are none,
    /// the first of the images that are scored.
    pub fn samples(
        &self,
        shape: Shape,
        (count, scored): (usize, &Tensor),
    ) -> Result<Tensor, Failure> {
        let source = self.source()?;
        match source.training(shape)? {
            Some(training) => {
                let name = format!("the training part of {}", self.name(&source));
                Ok(self.tensors(&training.first(count), shape, &name)?.images)
            }
            None => {
                let name = self.name(&source);
                note(&format!(
                    "note: {name} has no training images here: the calibration takes the first \
                     images that are scored\n"
                ));
                Ok(scored.clone())
            }
        }
    }

    /// What the images are called.
    #[cfg(feature = "train")]
    pub fn called(&self) -> Result<String, Failure> {
        Ok(self.name(&self.source()?).to_owned())
    }

    fn source(&self) -> Result<Source, Failure> {
        Source::find(&self.dataset, self.data.as_deref())
    }

    fn name(&self, source: &Source) -> &str {
        match source {
            Source::Embedded => "the embedded Fashion-MNIST sample",
            Source::Idx(_)
            | Source::Cifar(..)
            | Source::Arrays(_)
            | Source::Pictures(_)
            | Source::SplitPictures(_) => &self.dataset,
        }
    }

    fn tensors(
        &self,
        dataset: &Dataset,
        shape: Shape,
        name: &str,
    ) -> Result<LabelledImages, Failure> {
        if dataset.is_empty() {
            let hint = "give a data set with at least one image";
            return Err(Failure::new(format_args!("{name} has no images"), Some(hint)));
        }
        check_shape(dataset, shape, name)?;
        LabelledImages::new(dataset, (self.normalisation(dataset)?, shape), name)
    }

    fn normalisation(&self, dataset: &Dataset) -> Result<Normalisation, Failure> {
        let channels = dataset.shape().channels;
        let each = |values: &[f32], what: &str| match values.len() {
            0 => Ok(Vec::new()),
            1 => Ok(vec![values[0]; channels]),
            n if n == channels => Ok(values.to_vec()),
            n => {
                let message = format!("--{what} has {n} values for {channels} channels");
                Err(Failure::new(message, Some("give one value, or one for each channel")))
            }
        };
        if let Some(bad) = self.deviation.iter().find(|value| !(value.is_finite() && **value > 0.0))
        {
            let hint = "give positive numbers";
            return Err(Failure::new(format_args!("--deviation {bad} cannot divide"), Some(hint)));
        }
        if let Some(bad) = self.mean.iter().find(|value| !value.is_finite()) {
            let message = format!("--mean {bad} cannot be subtracted");
            return Err(Failure::new(message, Some("give finite numbers")));
        }
        Ok(Normalisation {
            factor: self.factor(dataset)?,
            mean: each(&self.mean, "mean")?,
            deviation: each(&self.deviation, "deviation")?,
        })
    }

    /// What pixels are multiplied by.
    fn factor(&self, dataset: &Dataset) -> Result<f32, Failure> {
        match (self.pixel_max, dataset.pixels()) {
            (Some(most), _) if !(most.is_finite() && most > 0.0) => {
                let message = format!("--pixel-max {most} is no largest value of a pixel");
                Err(Failure::new(message, Some("give a positive number, such as 1 or 255")))
            }
            (Some(_), Pixels::F32(_)) => {
                let hint = "leave it out; --deviation X divides floats";
                let message = "--pixel-max is for pixels stored as bytes; these are floats";
                Err(Failure::new(message, Some(hint)))
            }
            (None, Pixels::F32(_)) => Ok(1.0),
            (None, Pixels::U8(_)) => Ok(1.0 / BYTE),
            (Some(most), Pixels::U8(_)) => Ok(most / BYTE),
        }
    }
}

fn check_shape(dataset: &Dataset, shape: Shape, name: &str) -> Result<(), Failure> {
    let found = dataset.shape();
    let fits = match shape {
        Shape::Map { channels, height, width } => {
            (found.channels, found.height, found.width) == (channels, height, width)
        }
        Shape::Vector { features } => found.elements() == Some(features),
    };
    if fits {
        return Ok(());
    }
    let message = format!("the images of {name} are {found}; the network takes {shape}");
    let hint = "give the data set that the network was trained on";
    Err(Failure::new(message, Some(hint)))
}
