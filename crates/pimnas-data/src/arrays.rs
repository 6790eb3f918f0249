//! Data sets in named arrays: `.npz` and safetensors files.

use pimnas_formats::{NamedTensors, Tensor, TensorData};

use crate::dataset::{Dataset, ImageShape, Pixels};
use crate::error::DataError;

/// Names that an array of images may have, the first found is taken.
const IMAGES: [&str; 6] = ["images", "image", "data", "input", "x", "X"];
/// Names that an array of labels may have.
const LABELS: [&str; 7] = ["labels", "label", "targets", "target", "y", "Y", "fine_labels"];

/// Which part of a file that holds two: names may end or start with `_train`, `train_` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The only one.
    Whole,
    /// The training set: `x_train` or `train_images`.
    Training,
    /// The test set: `x_test` or `test_images`.
    Test,
}

impl Part {
    fn names(self, name: &str) -> Vec<String> {
        let with = |word: &str| vec![format!("{name}_{word}"), format!("{word}_{name}")];
        match self {
            Self::Whole => vec![name.to_owned()],
            Self::Training => with("train"),
            Self::Test => with("test"),
        }
    }

    fn find<'a>(self, arrays: &'a NamedTensors, names: &[&str]) -> Option<&'a Tensor> {
        names.iter().flat_map(|name| self.names(name)).find_map(|name| arrays.get(&name))
    }
}

/// The data set in these arrays: images (count × height × width, or count × channels × height ×
/// width) under one of the usual names (`images`, `x`, …) and integer labels under another
/// (`labels`, `y`, …). Bytes stay bytes; other numbers become floats.
///
/// # Errors
/// No such arrays, other shapes, labels that are not integers of 0 to `classes` − 1.
pub fn dataset(arrays: &NamedTensors, part: Part, classes: usize) -> Result<Dataset, DataError> {
    let missing = |what: &str, names: &[&str]| {
        let (has, wanted) =
            (arrays.names().take(8).collect::<Vec<_>>().join(", "), names.join(", "));
        DataError::format(what, format!("none of {wanted} is among the arrays {has}"))
    };
    let images = part.find(arrays, &IMAGES).ok_or_else(|| missing("the images", &IMAGES))?;
    let labels = part.find(arrays, &LABELS).ok_or_else(|| missing("the labels", &LABELS))?;
    let shape = match *images.dims() {
        [_, height, width] => ImageShape { channels: 1, height, width },
        [_, channels, height, width] => ImageShape { channels, height, width },
        _ => {
            let what = "the array of images".to_owned();
            let found = format!("{:?}", images.dims());
            let expected = "count × channels × height × width".to_owned();
            return Err(DataError::Shape { what, found, expected });
        }
    };
    let labels = labels
        .data()
        .to_i64()
        .ok_or_else(|| DataError::format("the labels", "they are not integers"))?;
    let checked = |(index, label): (usize, i64)| {
        u32::try_from(label).map_err(|_| DataError::Label { index, label, classes })
    };
    let labels: Result<Vec<u32>, DataError> = labels.into_iter().enumerate().map(checked).collect();
    let pixels = match images.data() {
        TensorData::U8(values) => Pixels::U8(values.clone()),
        TensorData::F32(_)
        | TensorData::F64(_)
        | TensorData::I64(_)
        | TensorData::I32(_)
        | TensorData::I16(_)
        | TensorData::I8(_)
        | TensorData::Bool(_) => Pixels::F32(images.to_f32()),
    };
    Dataset::new(shape, pixels, labels?, classes)
}
