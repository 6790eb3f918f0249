//! IDX files, the format of the MNIST family: big-endian arrays, plain or gzip.

use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, ImageShape, Pixels};
use crate::error::DataError;
use crate::files::{self, MOST_BYTES};
use crate::locate::locate;

/// Type code of unsigned bytes.
const UNSIGNED_BYTES: u8 = 0x08;
/// Bytes before the dimensions.
const MAGIC_BYTES: usize = 4;
/// Bytes of a dimension.
const DIMENSION_BYTES: usize = 4;
/// What the names of the MNIST family say of the images: kind and number of dimensions.
const IMAGES: (&str, u32) = ("images", 3);
/// The same of the labels.
const LABELS: (&str, u32) = ("labels", 1);

/// An array of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxArray {
    /// The dimensions.
    pub dims: Vec<usize>,
    /// The values, row by row.
    pub values: Vec<u8>,
}

impl IdxArray {
    /// Reads an array, gzip or not; `what` names it in messages.
    ///
    /// # Errors
    /// Anything but an IDX file of unsigned bytes with as many values as its dimensions say.
    pub fn read(what: &str, file: &[u8]) -> Result<Self, DataError> {
        let error = |why: &str| DataError::format(what, why);
        let cut_off = || error("it is cut off");
        let header = files::unpacked(what, file, MAGIC_BYTES)?;
        let &[0, 0, kind, rank] = header.as_slice() else {
            return Err(error("it is not an IDX file"));
        };
        if kind != UNSIGNED_BYTES {
            return Err(error(&format!("its values are of type {kind:#04x}, not unsigned bytes")));
        }
        let start = MAGIC_BYTES + usize::from(rank) * DIMENSION_BYTES;
        let header = files::unpacked(what, file, start)?;
        let (dims, _) = header.get(MAGIC_BYTES..start).ok_or_else(cut_off)?.as_chunks::<4>();
        let dims: Vec<usize> = dims.iter().map(|&dim| u32::from_be_bytes(dim) as usize).collect();
        let count = dims.iter().try_fold(1_usize, |count, &dim| count.checked_mul(dim));
        let Some(count) = count.filter(|&count| count <= MOST_BYTES) else {
            return Err(error(&format!("its dimensions {dims:?} are too large")));
        };
        if count > files::most_unpacked(file) {
            let packed = file.len();
            let why = format!("its {packed} bytes cannot be {dims:?} values, packed as they are");
            return Err(error(&why));
        }
        let mut values = files::unpacked(what, file, start + count + 1)?;
        if values.len() < start + count {
            return Err(cut_off());
        }
        if values.len() > start + count {
            return Err(error("it goes on behind its last value"));
        }
        values.drain(..start);
        Ok(Self { dims, values })
    }

    /// The array as an IDX file, uncompressed.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut file = vec![0, 0, UNSIGNED_BYTES, u8::try_from(self.dims.len()).unwrap_or(u8::MAX)];
        for &dim in &self.dims {
            file.extend(u32::try_from(dim).unwrap_or(u32::MAX).to_be_bytes());
        }
        file.extend(&self.values);
        file
    }
}

/// A data set from the bytes of its images (count × height × width, or with the channels behind
/// the count) and its labels.
///
/// # Errors
/// Files that are not such arrays; labels that are not below `classes`.
pub fn dataset(images: &[u8], labels: &[u8], classes: usize) -> Result<Dataset, DataError> {
    named_dataset(("the images", images), ("the labels", labels), classes)
}

/// The same of files with names.
fn named_dataset(
    (images_name, images): (&str, &[u8]),
    (labels_name, labels): (&str, &[u8]),
    classes: usize,
) -> Result<Dataset, DataError> {
    let images = IdxArray::read(images_name, images)?;
    let labels = IdxArray::read(labels_name, labels)?;
    let shape = match *images.dims.as_slice() {
        [_, height, width] => ImageShape { channels: 1, height, width },
        [_, channels, height, width] => ImageShape { channels, height, width },
        _ => {
            let (found, expected) =
                (format!("{:?}", images.dims), "count × height × width".to_owned());
            return Err(DataError::Shape { what: images_name.to_owned(), found, expected });
        }
    };
    if labels.dims.len() != 1 {
        let (found, expected) = (format!("{:?}", labels.dims), "count".to_owned());
        return Err(DataError::Shape { what: labels_name.to_owned(), found, expected });
    }
    let labels = labels.values.into_iter().map(u32::from).collect();
    Dataset::new(shape, Pixels::U8(images.values), labels, classes)
}

/// Which of the two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `train-…`.
    Training,
    /// `t10k-…`.
    Test,
}

impl Part {
    fn prefix(self) -> &'static str {
        match self {
            Self::Training => "train",
            Self::Test => "t10k",
        }
    }

    /// The file of the images or labels in a folder, if there is one: `t10k-images-idx3-ubyte` or
    /// `t10k-images.idx3-ubyte`, packed (`.gz`) or not.
    fn file(self, dir: &Path, (kind, rank): (&str, u32)) -> Option<PathBuf> {
        let part = self.prefix();
        let name =
            |dot: &str, end: &str| dir.join(format!("{part}-{kind}{dot}idx{rank}-ubyte{end}"));
        let names = [name("-", ""), name("-", ".gz"), name(".", ""), name(".", ".gz")];
        names.into_iter().find(|path| path.is_file())
    }

    /// Whether a folder has the images of this part.
    #[must_use]
    pub fn is_in(self, dir: &Path) -> bool {
        self.file(dir, IMAGES).is_some()
    }

    /// Reads this part from the folder that has its files.
    ///
    /// # Errors
    /// Files that are missing or wrong.
    pub fn load(self, dir: &Path, classes: usize) -> Result<Dataset, DataError> {
        let read = |(kind, rank): (&str, u32)| {
            let path = self.file(dir, (kind, rank)).ok_or_else(|| {
                let name = format!("{}-{kind}-idx{rank}-ubyte", self.prefix());
                let why = format!("it has no file {name}, with or without .gz");
                DataError::File { path: dir.display().to_string(), why }
            })?;
            Ok((path.display().to_string(), files::read(&path)?))
        };
        let ((images, image_bytes), (labels, label_bytes)) = (read(IMAGES)?, read(LABELS)?);
        named_dataset((&images, &image_bytes), (&labels, &label_bytes), classes)
    }
}

/// Training and test set in a folder, under the names that the MNIST family has, with or without
/// `.gz`: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
/// `t10k-labels-idx1-ubyte`.
///
/// # Errors
/// Files that are missing or wrong.
pub fn load_dir(dir: &Path, classes: usize) -> Result<(Dataset, Dataset), DataError> {
    Ok((Part::Training.load(dir, classes)?, Part::Test.load(dir, classes)?))
}

/// Reads a part from a folder or the only one of the nearest folders below it that has its images.
///
/// # Errors
/// Files that are missing or wrong; several such folders.
pub fn load_below(dir: &Path, part: Part, classes: usize) -> Result<Dataset, DataError> {
    let what = format!("{}-images-idx3-ubyte, with or without .gz", part.prefix());
    part.load(&locate(dir, &what, &|dir| part.is_in(dir))?, classes)
}
