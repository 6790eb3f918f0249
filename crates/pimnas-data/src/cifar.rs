//! The binary form of CIFAR-10 and CIFAR-100: records of a label (coarse and fine for the latter)
//! and the red, green and blue plane of an image.

use std::path::Path;

use crate::dataset::{Dataset, ImageShape, Pixels};
use crate::error::DataError;
use crate::files;

/// Shape of every image.
pub const SHAPE: ImageShape = ImageShape { channels: 3, height: 32, width: 32 };
/// Values of an image.
const PIXELS: usize = 3 * 32 * 32;

/// Which of the two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cifar {
    /// Ten classes.
    Ten,
    /// A hundred classes; the coarse label is not kept.
    Hundred,
}

impl Cifar {
    fn classes(self) -> usize {
        match self {
            Self::Ten => 10,
            Self::Hundred => 100,
        }
    }

    /// Labels before an image; the last is the one of [`Self::classes`].
    fn labels(self) -> usize {
        match self {
            Self::Ten => 1,
            Self::Hundred => 2,
        }
    }

    /// Names of the files of the training and of the test set.
    fn files(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Ten => (
                &[
                    "data_batch_1.bin",
                    "data_batch_2.bin",
                    "data_batch_3.bin",
                    "data_batch_4.bin",
                    "data_batch_5.bin",
                ],
                &["test_batch.bin"],
            ),
            Self::Hundred => (&["train.bin"], &["test.bin"]),
        }
    }

    /// A data set from the bytes of its files, one after another.
    ///
    /// # Errors
    /// A file that ends inside a record, and labels out of range.
    pub fn dataset(self, files: &[&[u8]]) -> Result<Dataset, DataError> {
        let record = self.labels() + PIXELS;
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (index, file) in files.iter().enumerate() {
            let records = file.chunks_exact(record);
            if !records.remainder().is_empty() {
                let why = format!("its {} bytes are not whole records of {record}", file.len());
                return Err(DataError::format(format!("file {}", index + 1), why));
            }
            for entry in records {
                let (stated, image) = entry.split_at(self.labels());
                labels.extend(stated.last().copied().map(u32::from));
                pixels.extend_from_slice(image);
            }
        }
        Dataset::new(SHAPE, Pixels::U8(pixels), labels, self.classes())
    }

    fn part(self, dir: &Path, names: &[&str]) -> Result<Dataset, DataError> {
        let files: Result<Vec<Vec<u8>>, DataError> =
            names.iter().map(|name| files::read(&dir.join(name))).collect();
        let files = files?;
        self.dataset(&files.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// Whether a folder has the files of the test set.
    #[must_use]
    pub fn is_in(self, dir: &Path) -> bool {
        self.files().1.iter().all(|name| dir.join(name).is_file())
    }

    /// Whether a folder has the files of the training set.
    #[must_use]
    pub fn has_training(self, dir: &Path) -> bool {
        self.files().0.iter().all(|name| dir.join(name).is_file())
    }

    /// The training set in a folder that has its files under their usual names.
    ///
    /// # Errors
    /// Files that are missing or wrong.
    pub fn load_training(self, dir: &Path) -> Result<Dataset, DataError> {
        self.part(dir, self.files().0)
    }

    /// The test set in a folder that has its files under their usual names.
    ///
    /// # Errors
    /// Files that are missing or wrong.
    pub fn load_test(self, dir: &Path) -> Result<Dataset, DataError> {
        self.part(dir, self.files().1)
    }

    /// Training and test set in a folder that has the files under their usual names.
    ///
    /// # Errors
    /// Files that are missing or wrong.
    pub fn load_dir(self, dir: &Path) -> Result<(Dataset, Dataset), DataError> {
        Ok((self.load_training(dir)?, self.load_test(dir)?))
    }
}
