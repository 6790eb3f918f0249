//! What can be wrong with weights, inputs and settings of an inference.

use pimnas_device::DeviceError;
use pimnas_hardware::HardwareError;
use thiserror::Error;

/// Why a network cannot be bound to its weights, or not be run.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InferError {
    /// Dimensions whose product is not the number of values.
    #[error("a tensor of dimensions {dims:?} does not have {values} values")]
    TensorSize {
        /// The dimensions.
        dims: Vec<usize>,
        /// The number of values given.
        values: usize,
    },
    /// A file that is not a safetensors file.
    #[error("the weights are not a safetensors file: {why}")]
    NotSafetensors {
        /// What the reader says.
        why: String,
    },
    /// A tensor of a type that holds no real numbers.
    #[error("tensor {name}: numbers of type {dtype} cannot be read")]
    Dtype {
        /// Its name.
        name: String,
        /// Its type.
        dtype: String,
    },
    /// A tensor that the file does not have.
    #[error("there is no tensor {name}")]
    NoTensor {
        /// Its name.
        name: String,
    },
    /// A parameter that a layer needs.
    #[error("layer {layer} ({kind}): its parameter {key} is missing")]
    MissingParameter {
        /// Index of the layer.
        layer: usize,
        /// Its type.
        kind: &'static str,
        /// Name of the tensor.
        key: String,
    },
    /// A parameter of the wrong dimensions.
    #[error("layer {layer}: {key} has dimensions {found:?} instead of {expected:?}")]
    ParameterShape {
        /// Index of the layer.
        layer: usize,
        /// Name of the tensor.
        key: String,
        /// Dimensions that the layer needs.
        expected: Vec<usize>,
        /// Dimensions of the tensor.
        found: Vec<usize>,
    },
    /// A parameter with a value that is not a number.
    #[error("layer {layer}: {key} has the value {value} at position {position}")]
    NotFinite {
        /// Index of the layer.
        layer: usize,
        /// Name of the tensor.
        key: String,
        /// Position in the tensor, row by row.
        position: usize,
        /// The value.
        value: f32,
    },
    /// A scale or step that is not positive, a flag that is neither 0 nor 1, and the like.
    #[error("layer {layer}: {what} is {value}, {why}")]
    BadParameter {
        /// Index of the layer.
        layer: usize,
        /// Which parameter.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        why: &'static str,
    },
    /// Parts of a layer that state different scales or flags.
    #[error("layer {layer}: its parts have different values of {what}")]
    PartsDiffer {
        /// Index of the layer.
        layer: usize,
        /// Which parameter.
        what: &'static str,
    },
    /// A kernel that does not fit into the rows of a crossbar.
    #[error("layer {layer}: a kernel of {cells} cells does not fit into {rows} crossbar rows")]
    KernelTooLarge {
        /// Index of the layer.
        layer: usize,
        /// Cells of one channel of the kernel.
        cells: usize,
        /// Rows of a crossbar.
        rows: usize,
    },
    /// A precision that the arithmetic does not cover.
    #[error("{what} of {bits} bits is outside {first} to {last}")]
    Precision {
        /// Of what.
        what: &'static str,
        /// The bits.
        bits: u32,
        /// Fewest bits.
        first: u32,
        /// Most bits.
        last: u32,
    },
    /// An input batch of the wrong dimensions.
    #[error("the input has dimensions {found:?}; the network takes batches of {expected}")]
    InputShape {
        /// Shape of one item.
        expected: String,
        /// Dimensions of the batch.
        found: Vec<usize>,
    },
    /// Conductances that do not fit the arrays of a layer.
    #[error("layer {layer}: {found} conductances given for an array of {expected} cells")]
    CellCount {
        /// Index of the layer.
        layer: usize,
        /// Cells of the array.
        expected: usize,
        /// Conductances given.
        found: usize,
    },
    /// A layer without crossbars was asked for its cells.
    #[error("layer {layer} has no crossbars in this mode")]
    NoCrossbars {
        /// Index of the layer.
        layer: usize,
    },
    /// A calibration without sample inputs.
    #[error("a calibration needs at least one sample input")]
    NoSamples,
    /// A kernel that this processor cannot run.
    #[error("this processor lacks the instructions of the {kernel} kernels")]
    NoInstructions {
        /// Which kernels.
        kernel: &'static str,
    },
    /// An input with a value that is not a number.
    #[error("the input has the value {value} at position {position} of item {item}")]
    InputNotFinite {
        /// Item of the batch.
        item: usize,
        /// Position in the item, row by row.
        position: usize,
        /// The value.
        value: f32,
    },
    /// Not as many labels as images.
    #[error("there are {labels} labels for {images} images")]
    LabelCount {
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label that is none of the network's outputs.
    #[error("image {image} has label {label}, but the network has {classes} outputs, from 0")]
    Label {
        /// Index of the image.
        image: usize,
        /// Its label.
        label: u32,
        /// Outputs of the network.
        classes: usize,
    },
    /// The caller asked to stop.
    #[error("stopped before the end")]
    Stopped,
    /// More than one problem.
    #[error("{}", in_lines(.problems))]
    Several {
        /// The problems, none of which is `Several`.
        problems: Vec<InferError>,
    },
    /// Non-idealities that cannot be drawn.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A hardware description without the converters that inference needs.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
}

fn in_lines(problems: &[InferError]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl InferError {
    /// A stable name of its kind, such as `weights-shape`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TensorSize { .. } => "tensor-size",
            Self::NotSafetensors { .. } => "weights-not-safetensors",
            Self::Dtype { .. } => "tensor-type",
            Self::NoTensor { .. } => "tensor-missing",
            Self::MissingParameter { .. } => "weights-missing",
            Self::ParameterShape { .. } => "weights-shape",
            Self::NotFinite { .. } => "weights-not-finite",
            Self::BadParameter { .. } | Self::PartsDiffer { .. } => "weights-bad-value",
            Self::KernelTooLarge { .. } => "mapping-kernel-too-large",
            Self::Precision { .. } => "precision",
            Self::InputShape { .. } => "input-shape",
            Self::CellCount { .. } => "cell-count",
            Self::NoCrossbars { .. } => "no-crossbars",
            Self::NoSamples => "no-samples",
            Self::NoInstructions { .. } => "no-instructions",
            Self::InputNotFinite { .. } => "input-not-finite",
            Self::LabelCount { .. } => "label-count",
            Self::Label { .. } => "label",
            Self::Stopped => "stopped",
            Self::Several { problems } => problems.first().map_or("several", Self::code),
            Self::Device(_) => "device",
            Self::Hardware(_) => "hardware-component",
        }
    }

    /// Index of the layer that it is in, if it is in one.
    #[must_use]
    pub fn layer(&self) -> Option<usize> {
        match self {
            Self::MissingParameter { layer, .. }
            | Self::ParameterShape { layer, .. }
            | Self::NotFinite { layer, .. }
            | Self::BadParameter { layer, .. }
            | Self::PartsDiffer { layer, .. }
            | Self::KernelTooLarge { layer, .. }
            | Self::CellCount { layer, .. }
            | Self::NoCrossbars { layer } => Some(*layer),
            Self::Several { problems } => problems.first().and_then(Self::layer),
            Self::TensorSize { .. }
            | Self::NotSafetensors { .. }
            | Self::Dtype { .. }
            | Self::NoTensor { .. }
            | Self::Precision { .. }
            | Self::InputShape { .. }
            | Self::NoSamples
            | Self::NoInstructions { .. }
            | Self::InputNotFinite { .. }
            | Self::LabelCount { .. }
            | Self::Label { .. }
            | Self::Stopped
            | Self::Device(_)
            | Self::Hardware(_) => None,
        }
    }

    /// The problems one by one.
    #[must_use]
    pub fn problems(&self) -> Vec<&Self> {
        if let Self::Several { problems } = self { problems.iter().collect() } else { vec![self] }
    }

    /// This problem and another.
    pub(crate) fn and(self, other: Self) -> Self {
        let parts = |error| {
            if let Self::Several { problems } = error { problems } else { vec![error] }
        };
        let mut problems = parts(self);
        problems.extend(parts(other));
        Self::Several { problems }
    }

    /// Two results' values, or the problems of both.
    pub(crate) fn both<A, B>(
        first: Result<A, Self>,
        second: Result<B, Self>,
    ) -> Result<(A, B), Self> {
        match (first, second) {
            (Ok(first), Ok(second)) => Ok((first, second)),
            (Err(first), Err(second)) => Err(first.and(second)),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        }
    }

    /// All values, or the problems of all.
    pub(crate) fn all<T>(
        results: impl IntoIterator<Item = Result<T, Self>>,
    ) -> Result<Vec<T>, Self> {
        let mut all = Ok(Vec::new());
        for result in results {
            all = Self::both(all, result).map(|(mut all, value)| {
                all.push(value);
                all
            });
        }
        all
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TensorSize { .. } => "give as many values as the product of the dimensions",
            Self::NotSafetensors { .. } => "write the tensors in the safetensors format",
            Self::Dtype { .. } => "store the tensor as 32-bit floats",
            Self::NoTensor { .. } => "add the tensor to the file",
            Self::MissingParameter { .. } => {
                "check that the weights belong to this network; names may start with `param.`"
            }
            Self::ParameterShape { .. } => "check that the weights belong to this network",
            Self::NotFinite { .. } => "train again or repair the weights: nothing here is infinite",
            Self::BadParameter { .. } => {
                "train or calibrate the network with quantised activations first"
            }
            Self::PartsDiffer { .. } => "give all parts of the layer the same value",
            Self::KernelTooLarge { .. } => "take larger crossbars (Xbar_Size)",
            Self::Precision { .. } => "choose a precision of that range",
            Self::InputShape { .. } => "give a batch: the number of items first, then their shape",
            Self::CellCount { .. } => "give one conductance for each cell, row by row",
            Self::NoCrossbars { .. } => {
                "compile in a crossbar mode and name a convolution or fully connected layer"
            }
            Self::NoSamples => "give inputs of the kind that the network will see",
            Self::NoInstructions { .. } => "leave the choice of kernels to the program",
            Self::InputNotFinite { .. } => {
                "repair the input: nothing here may be infinite or missing"
            }
            Self::LabelCount { .. } => "give one label for each image",
            Self::Label { .. } => "give a network with an output for each class of the data set",
            Self::Stopped => "start again; nothing is kept of it",
            Self::Several { problems } => problems.first().map_or("", Self::hint),
            Self::Device(error) => error.hint(),
            Self::Hardware(error) => error.hint(),
        }
    }
}
