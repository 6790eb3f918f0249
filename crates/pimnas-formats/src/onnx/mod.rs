//! ONNX files, read into a [`FloatGraph`](crate::graph::FloatGraph), and written.

mod attributes;
#[cfg(test)]
pub(crate) mod build;
mod error;
mod forms;
mod memory;
mod operators;
mod proto;
mod reader;
mod tensors;
#[cfg(test)]
mod tests;
mod windows;
mod write;

pub use error::{OnnxError, UnsupportedOperator};
pub use operators::OPERATORS;
pub use reader::OnnxLimits;
pub use write::{OnnxNumbers, OnnxWriteError, OnnxWriteProblem, write_onnx};

use std::collections::HashSet;

use prost::Message;

use crate::tensor::Tensor;

/// First and last version of ONNX's operators that is read.
pub const OPSETS: std::ops::RangeInclusive<i64> = 6..=21;

/// The types of numbers that a network states for its inputs and outputs, such as `bf16`; `None`
/// where it states none, or one that is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnnxTypes {
    /// Of its inputs, without those that are weights.
    pub inputs: Vec<Option<&'static str>>,
    /// Of its outputs.
    pub outputs: Vec<Option<&'static str>>,
}

impl OnnxTypes {
    /// Reads them from an ONNX file.
    ///
    /// # Errors
    /// A damaged file.
    pub fn of_file(file: &[u8]) -> Result<Self, OnnxError> {
        memory::check(file, memory::Kind::Model)?;
        let model = proto::Model::decode(file)
            .map_err(|error| OnnxError::Format { why: error.to_string() })?;
        let graph = model.graph.unwrap_or_default();
        let weights: HashSet<&str> =
            graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        let stated = |info: &proto::ValueInfo| {
            let tensor = info.kind.as_ref()?.tensor.as_ref()?;
            Some(tensors::stored_type(tensor.element)?.name())
        };
        let inputs = graph.input.iter().filter(|info| !weights.contains(info.name.as_str()));
        Ok(Self {
            inputs: inputs.map(stated).collect(),
            outputs: graph.output.iter().map(stated).collect(),
        })
    }
}

impl Tensor {
    /// The tensor of a file that holds a single ONNX tensor message (`.pb`).
    ///
    /// # Errors
    /// [`OnnxError`] for bytes that are no such message, or a type of numbers that is not read.
    pub fn from_onnx_tensor(bytes: &[u8]) -> Result<Self, OnnxError> {
        memory::check(bytes, memory::Kind::Tensor)?;
        let message = proto::TensorMessage::decode(bytes)
            .map_err(|error| OnnxError::Format { why: error.to_string() })?;
        tensors::tensor(&message, "of the file")
    }
}
