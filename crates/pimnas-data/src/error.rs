//! What can be wrong with a data set.

use thiserror::Error;

/// Why a data set cannot be read or made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DataError {
    /// A file or folder that the system does not give.
    #[error("{path} cannot be read: {why}")]
    File {
        /// Its path.
        path: String,
        /// What the system says.
        why: String,
    },
    /// A file that is not of its format, or damaged.
    #[error("{what}: {why}")]
    Format {
        /// Which file or part of it.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// More than one folder that could be meant.
    #[error("several folders have {what}: {dirs}")]
    Several {
        /// What they all have.
        what: String,
        /// The folders.
        dirs: String,
    },
    /// Not as many labels as images.
    #[error("there are {labels} labels for {images} images")]
    Count {
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label that is none of the classes.
    #[error("image {index} has label {label}, but there are {classes} classes, from 0")]
    Label {
        /// Index of the image.
        index: usize,
        /// Its label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// Images that are not all of one shape, or of a shape that images do not have.
    #[error("{what} has the shape {found}, not {expected}")]
    Shape {
        /// Which image or array.
        what: String,
        /// Its shape.
        found: String,
        /// The shape that it should have.
        expected: String,
    },
    /// A pixel that is not a number.
    #[error("image {index} has the value {value} at position {position}")]
    NotFinite {
        /// Index of the image.
        index: usize,
        /// Position in the image, row by row.
        position: usize,
        /// The value.
        value: String,
    },
    /// No images where some are needed.
    #[error("{what} has no images")]
    Empty {
        /// What is empty.
        what: String,
    },
    /// A class that has fewer images than a sample takes of each.
    #[error("class {class} has {found} images, fewer than the {wanted} that the sample takes")]
    TooFew {
        /// The class.
        class: usize,
        /// Images that it has.
        found: usize,
        /// Images that the sample takes.
        wanted: usize,
    },
}

impl DataError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "check the path and that it may be read",
            Self::Format { .. } => "check that the file was copied whole and is of this format",
            Self::Several { .. } => "give the one that is meant",
            Self::Count { .. } => "give images and labels of the same part of the data set",
            Self::Label { .. } => "give the labels of this data set, counted from 0",
            Self::Shape { .. } => "give images of one size, as count × channels × height × width",
            Self::NotFinite { .. } => "repair the images: nothing here may be infinite or missing",
            Self::Empty { .. } => "give a data set with at least one image",
            Self::TooFew { .. } => "take a smaller sample",
        }
    }

    pub(crate) fn format(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Format { what: what.into(), why: why.into() }
    }
}
