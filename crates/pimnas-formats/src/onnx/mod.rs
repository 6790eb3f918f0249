//! ONNX files, read into a [`FloatGraph`](crate::graph::FloatGraph).

mod attributes;
#[cfg(test)]
pub(crate) mod build;
mod error;
mod forms;
mod operators;
mod proto;
mod reader;
mod tensors;
#[cfg(test)]
mod tests;
mod windows;

pub use error::{OnnxError, UnsupportedOperator};
pub use operators::OPERATORS;
pub use reader::OnnxLimits;

use prost::Message;

use crate::tensor::Tensor;

/// First and last version of ONNX's operators that is read.
pub const OPSETS: std::ops::RangeInclusive<i64> = 6..=21;

impl Tensor {
    /// The tensor of a file that holds a single ONNX tensor message (`.pb`).
    ///
    /// # Errors
    /// [`OnnxError`] for bytes that are no such message, or a type of numbers that is not read.
    pub fn from_onnx_tensor(bytes: &[u8]) -> Result<Self, OnnxError> {
        let message = proto::TensorMessage::decode(bytes)
            .map_err(|error| OnnxError::Format { why: error.to_string() })?;
        tensors::tensor(&message, "of the file")
    }
}
