//! Fashion-MNIST: 28×28 grey pictures of ten kinds of clothing.
//!
//! A class-balanced sample of 10,000 training and 2,000 test images is part of this crate; the
//! licence and how it was chosen stand beside its files in `data/fashion-mnist`. The full set
//! (60,000 and 10,000) is read from a folder, or found where the operating system's package puts
//! it.

use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::idx;

/// Number of classes.
pub const CLASSES: usize = 10;
/// Names of the classes in the order of their labels.
pub const CLASS_NAMES: [&str; CLASSES] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];
/// Images of each class in the embedded training set.
pub const EMBEDDED_TRAINING_OF_EACH: usize = 1_000;
/// Images of each class in the embedded test set.
pub const EMBEDDED_TEST_OF_EACH: usize = 200;
/// Seed by which the embedded images were chosen.
pub const EMBEDDED_SEED: u64 = 2017;
/// Where Debian's package `dataset-fashion-mnist` puts the full set.
const INSTALLED: &str = "/usr/share/datasets/fashion-mnist";

macro_rules! embedded {
    ($name:literal) => {
        include_bytes!(concat!("../../../data/fashion-mnist/", $name, "-ubyte.gz"))
    };
}

/// The embedded sample: training set and test set.
///
/// # Errors
/// None, unless this crate was built from damaged files.
pub fn embedded() -> Result<(Dataset, Dataset), DataError> {
    let training = part(embedded!("train-images-idx3"), embedded!("train-labels-idx1"))?;
    let test = part(embedded!("t10k-images-idx3"), embedded!("t10k-labels-idx1"))?;
    Ok((training, test))
}

/// The full set in a folder that has its four files, packed or not: training set and test set.
///
/// # Errors
/// Files that are missing or wrong.
pub fn load_dir(dir: &Path) -> Result<(Dataset, Dataset), DataError> {
    let (training, test) = idx::load_dir(dir, CLASSES)?;
    Ok((named(training)?, named(test)?))
}

/// The folder of the full set, if the operating system's package is installed.
#[must_use]
pub fn find_installed() -> Option<PathBuf> {
    let dir = PathBuf::from(INSTALLED);
    dir.join("train-images-idx3-ubyte.gz").is_file().then_some(dir)
}

fn part(images: &[u8], labels: &[u8]) -> Result<Dataset, DataError> {
    named(idx::dataset(images, labels, CLASSES)?)
}

fn named(dataset: Dataset) -> Result<Dataset, DataError> {
    dataset.with_class_names(CLASS_NAMES.map(str::to_owned).to_vec())
}
