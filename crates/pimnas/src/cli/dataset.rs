//! Data sets by name or folder.

use std::path::{Path, PathBuf};

use clap::Args;
use pimnas::data::cifar::Cifar;
use pimnas::data::folder::{Colour, FolderOptions, Size};
use pimnas::data::{
    BatchOptions, Batches, DataError, Dataset, Normalisation, arrays, fashion_mnist, folder, idx,
};
use pimnas::infer::Tensor;
use pimnas::network::Shape;

use super::failure::Failure;
use super::model::read_tensors;

/// Classes of the MNIST family, CIFAR-10 and the data sets that state none.
const CLASSES: usize = 10;
/// Most classes of a data set in arrays, whose labels say how many there are.
const MOST_CLASSES: usize = 1 << 16;

/// Which images.
#[derive(Args, Clone, Debug)]
pub struct DatasetArgs {
    /// fashion-mnist, mnist, cifar10, cifar100; a folder with the files of one of them or with a
    /// folder of pictures for each class; a .npz or .safetensors file with images and labels
    #[arg(long, value_name = "NAME|PATH", default_value = "fashion-mnist")]
    dataset: String,
    /// Folder of the data set; without it fashion-mnist is the embedded sample of 2,000 images
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only the first so many images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// What is subtracted from pixels of 0 to 1, for all channels or each
    #[arg(long, value_name = "X,…", value_delimiter = ',')]
    mean: Vec<f32>,
    /// What they are divided by then
    #[arg(long, value_name = "X,…", value_delimiter = ',')]
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
    /// Reads training and test images; `--limit` holds for the former.
    pub fn load_split(&self, shape: Shape) -> Result<SplitImages, Failure> {
        let (training, test) = self.read_split(shape)?;
        let training = match self.limit {
            Some(limit) => training.first(limit),
            None => training,
        };
        let normalisation = self.normalisation(training.shape().channels)?;
        Ok(SplitImages { training, test, normalisation })
    }

    fn read_split(&self, shape: Shape) -> Result<(Dataset, Dataset), Failure> {
        let named = self.dataset.as_str();
        let read = match (named, &self.data) {
            ("fashion-mnist", None) => fashion_mnist::embedded(),
            ("fashion-mnist" | "mnist", Some(dir)) => idx::load_dir(dir, CLASSES),
            ("cifar10", Some(dir)) => Cifar::Ten.load_dir(dir),
            ("cifar100", Some(dir)) => Cifar::Hundred.load_dir(dir),
            (path, None) if Path::new(path).is_file() => {
                let arrays = read_tensors(Path::new(path))?;
                let part = |part| arrays::dataset(&arrays, part, MOST_CLASSES);
                part(arrays::Part::Training).and_then(|all| Ok((all, part(arrays::Part::Test)?)))
            }
            (path, None) if Path::new(path).is_dir() => {
                let folder =
                    |part: &str| folder::load(&Path::new(path).join(part), pictures(shape));
                let holds = |name: &str| Path::new(path).join(name).exists();
                if holds("train") && holds("test") {
                    folder("train").and_then(|all| Ok((all, folder("test")?)))
                } else if holds("test_batch.bin") {
                    Cifar::Ten.load_dir(Path::new(path))
                } else if holds("test.bin") {
                    Cifar::Hundred.load_dir(Path::new(path))
                } else {
                    idx::load_dir(Path::new(path), CLASSES)
                }
            }
            // Nothing that could be learned from: the test images say what is wrong.
            (_, _) => {
                let (found, _) = self.read(shape)?;
                let message = format!("{named} has no training images beside its {}", found.len());
                let hint = "give a folder with `train` and `test`, or a named data set";
                return Err(Failure::new(message, Some(hint)));
            }
        };
        read.map_err(|error| failed(&error))
    }
}

impl DatasetArgs {
    /// Reads the test images for a network with inputs of that shape.
    pub fn load(&self, shape: Shape) -> Result<LabelledImages, Failure> {
        let (all, name) = self.read(shape)?;
        let dataset = match self.limit {
            Some(0) => {
                let hint = "give a number from 1, or leave --limit out";
                return Err(Failure::new("--limit 0 leaves no images", Some(hint)));
            }
            Some(limit) => all.first(limit),
            None => all,
        };
        if dataset.is_empty() {
            let hint = "give a data set with at least one image";
            return Err(Failure::new(format_args!("{name} has no images"), Some(hint)));
        }
        let found = dataset.shape();
        let fits = match shape {
            Shape::Map { channels, height, width } => {
                (found.channels, found.height, found.width) == (channels, height, width)
            }
            Shape::Vector { features } => found.elements() == Some(features),
        };
        if !fits {
            let message = format!("the images of {name} are {found}; the network takes {shape}");
            let hint = "give the data set that the network was trained on";
            return Err(Failure::new(message, Some(hint)));
        }
        self.tensors(&dataset, shape, &name)
    }

    fn tensors(
        &self,
        dataset: &Dataset,
        shape: Shape,
        name: &str,
    ) -> Result<LabelledImages, Failure> {
        let normalisation = self.normalisation(dataset.shape().channels)?;
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
        Ok(LabelledImages { images, labels, name })
    }

    fn normalisation(&self, channels: usize) -> Result<Normalisation, Failure> {
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
        Ok(Normalisation {
            mean: each(&self.mean, "mean")?,
            deviation: each(&self.deviation, "deviation")?,
            ..Normalisation::unit()
        })
    }

    fn read(&self, shape: Shape) -> Result<(Dataset, String), Failure> {
        let name = self.dataset.as_str();
        let read = match (name, &self.data) {
            ("fashion-mnist", None) => {
                let (_, test) = fashion_mnist::embedded().map_err(|error| failed(&error))?;
                return Ok((test, "the embedded Fashion-MNIST sample".to_owned()));
            }
            ("fashion-mnist" | "mnist", Some(dir)) => idx::load_test(dir, CLASSES),
            ("cifar10", Some(dir)) => Cifar::Ten.load_dir(dir).map(|(_, test)| test),
            ("cifar100", Some(dir)) => Cifar::Hundred.load_dir(dir).map(|(_, test)| test),
            ("mnist" | "cifar10" | "cifar100", None) => {
                let hint = "give the folder of its files by --data DIR";
                return Err(Failure::new(format_args!("where is {name}?"), Some(hint)));
            }
            (path, None) => return Ok((read_path(Path::new(path), shape)?, path.to_owned())),
            (path, Some(_)) => {
                let hint =
                    "give fashion-mnist, mnist, cifar10 or cifar100, or a path and no --data";
                let message = format!("there is no data set `{path}`");
                return Err(Failure::new(message, Some(hint)));
            }
        };
        Ok((read.map_err(|error| failed(&error))?, name.to_owned()))
    }
}

/// Reads a file of arrays, or a folder of whatever it holds.
fn read_path(path: &Path, shape: Shape) -> Result<Dataset, Failure> {
    if path.is_file() {
        let named = read_tensors(path)?;
        let test = arrays::dataset(&named, arrays::Part::Test, MOST_CLASSES);
        let whole = || arrays::dataset(&named, arrays::Part::Whole, MOST_CLASSES);
        return test.or_else(|_| whole()).map_err(|error| failed(&error));
    }
    if !path.is_dir() {
        let hint = "give fashion-mnist, mnist, cifar10, cifar100, a folder or a file of arrays";
        return Err(Failure::new(format_args!("no data set at {}", path.display()), Some(hint)));
    }
    let holds = |name: &str| path.join(name).is_file();
    let read = if holds("t10k-images-idx3-ubyte") || holds("t10k-images-idx3-ubyte.gz") {
        idx::load_test(path, CLASSES)
    } else if holds("test_batch.bin") {
        Cifar::Ten.load_dir(path).map(|(_, test)| test)
    } else if holds("test.bin") {
        Cifar::Hundred.load_dir(path).map(|(_, test)| test)
    } else {
        folder::load(path, pictures(shape))
    };
    read.map_err(|error| failed(&error))
}

/// Pictures as the network takes them.
fn pictures(shape: Shape) -> FolderOptions {
    match shape {
        Shape::Map { channels, height, width } => FolderOptions {
            colour: if channels == 1 { Colour::Grey } else { Colour::Rgb },
            size: match (u32::try_from(height), u32::try_from(width)) {
                (Ok(height), Ok(width)) => Size::Scaled { height, width },
                (Err(_), _) | (_, Err(_)) => Size::Stored,
            },
        },
        Shape::Vector { .. } => FolderOptions::default(),
    }
}

fn failed(error: &DataError) -> Failure {
    Failure::new(error, Some(error.hint()))
}
