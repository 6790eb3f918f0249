//! Where the images of a data set are: in the command, in files of a known form, in pictures.

use std::path::{Path, PathBuf};

use crate::data::cifar::Cifar;
use crate::data::folder::{Colour, FolderOptions, Size};
use crate::data::{DataError, Dataset, arrays, fashion_mnist, folder, idx, locate};
use crate::network::Shape;

use super::failure::Failure;
use super::model::read_tensors;

/// Classes of the MNIST family, CIFAR-10 and the data sets that state none.
const CLASSES: usize = 10;
/// Most classes of a data set in arrays, whose labels say how many there are.
const MOST_CLASSES: usize = 1 << 16;

/// A data set that is there.
#[derive(Clone, Debug)]
pub enum Source {
    /// The sample of Fashion-MNIST in the command.
    Embedded,
    /// Files of the MNIST family in a folder.
    Idx(PathBuf),
    /// Files of CIFAR in a folder.
    Cifar(Cifar, PathBuf),
    /// A file of arrays.
    Arrays(PathBuf),
    /// A folder of pictures for each class.
    Pictures(PathBuf),
    /// A folder with `train` and `test`, each with a folder of pictures for each class.
    SplitPictures(PathBuf),
}

impl Source {
    /// The data set of that name, in that folder or a folder below it, or at that path.
    pub fn find(name: &str, data: Option<&Path>) -> Result<Self, Failure> {
        match (name, data) {
            ("fashion-mnist", None) => Ok(Self::Embedded),
            ("fashion-mnist" | "mnist", Some(path)) if path.is_file() => {
                Ok(Self::Arrays(path.to_owned()))
            }
            ("fashion-mnist" | "mnist", Some(dir)) => {
                let what = "t10k-images-idx3-ubyte, with or without .gz";
                let holds = |dir: &Path| idx::Part::Test.is_in(dir);
                Ok(Self::Idx(locate(dir, what, &holds).map_err(|error| failed(&error))?))
            }
            ("cifar10", Some(dir)) => Self::cifar(Cifar::Ten, dir),
            ("cifar100", Some(dir)) => Self::cifar(Cifar::Hundred, dir),
            ("mnist" | "cifar10" | "cifar100", None) => {
                let hint = "give the folder of its files by --data DIR";
                Err(Failure::new(format_args!("where is {name}?"), Some(hint)))
            }
            (path, None) => Self::at(Path::new(path)),
            (path, Some(_)) => {
                let hint =
                    "give fashion-mnist, mnist, cifar10 or cifar100, or a path and no --data";
                let message = format!("there is no data set `{path}`");
                Err(Failure::new(message, Some(hint)))
            }
        }
    }

    fn cifar(cifar: Cifar, dir: &Path) -> Result<Self, Failure> {
        let what = match cifar {
            Cifar::Ten => "test_batch.bin",
            Cifar::Hundred => "test.bin",
        };
        let found = locate(dir, what, &|dir| cifar.is_in(dir));
        Ok(Self::Cifar(cifar, found.map_err(|error| failed(&error))?))
    }

    fn at(path: &Path) -> Result<Self, Failure> {
        let owned = path.to_owned();
        if path.is_file() {
            return Ok(Self::Arrays(owned));
        }
        if !path.is_dir() {
            let hint = "give fashion-mnist, mnist, cifar10, cifar100, a folder or a file of arrays";
            let message = format!("no data set at {}", path.display());
            return Err(Failure::new(message, Some(hint)));
        }
        Ok(if idx::Part::Test.is_in(path) {
            Self::Idx(owned)
        } else if Cifar::Ten.is_in(path) {
            Self::Cifar(Cifar::Ten, owned)
        } else if Cifar::Hundred.is_in(path) {
            Self::Cifar(Cifar::Hundred, owned)
        } else if path.join("train").is_dir() && path.join("test").is_dir() {
            Self::SplitPictures(owned)
        } else {
            Self::Pictures(owned)
        })
    }

    /// The images that are scored, for a network with inputs of that shape.
    pub fn test(&self, shape: Shape) -> Result<Dataset, Failure> {
        let read = match self {
            Self::Embedded => fashion_mnist::embedded().map(|(_, test)| test),
            Self::Idx(dir) => idx::Part::Test.load(dir, CLASSES),
            Self::Cifar(cifar, dir) => cifar.load_test(dir),
            Self::Pictures(dir) => folder::load(dir, pictures(shape)),
            Self::SplitPictures(dir) => folder::load(&dir.join("test"), pictures(shape)),
            Self::Arrays(path) => {
                let named = read_tensors(path)?;
                let test = arrays::dataset(&named, arrays::Part::Test, MOST_CLASSES);
                let whole = || arrays::dataset(&named, arrays::Part::Whole, MOST_CLASSES);
                let read = test.or_else(|_| whole());
                return read.map_err(|error| Failure::of_file(path, &error, Some(error.hint())));
            }
        };
        read.map_err(|error| failed(&error))
    }

    /// The training images, if the data set has them, for a network with inputs of that shape.
    pub fn training(&self, shape: Shape) -> Result<Option<Dataset>, Failure> {
        let read = match self {
            Self::Embedded => fashion_mnist::embedded().map(|(training, _)| training),
            Self::Idx(dir) if idx::Part::Training.is_in(dir) => {
                idx::Part::Training.load(dir, CLASSES)
            }
            Self::Cifar(cifar, dir) if cifar.has_training(dir) => cifar.load_training(dir),
            Self::SplitPictures(dir) => folder::load(&dir.join("train"), pictures(shape)),
            Self::Idx(_) | Self::Cifar(..) | Self::Pictures(_) => return Ok(None),
            Self::Arrays(path) => {
                let named = read_tensors(path)?;
                return Ok(arrays::dataset(&named, arrays::Part::Training, MOST_CLASSES).ok());
            }
        };
        read.map(Some).map_err(|error| failed(&error))
    }
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
