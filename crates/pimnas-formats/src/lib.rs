//! Weights and networks of other programs: safetensors, PyTorch state dicts, npz, ONNX.
//!
//! [`NamedTensors`] holds what a weights file has: [`NamedTensors::from_safetensors`],
//! [`NamedTensors::from_pth`], [`NamedTensors::from_npz`].
//! [`graph::FloatGraph`] is a network of floats, read by
//! [`FloatGraph::from_onnx`](graph::FloatGraph::from_onnx); [`write_onnx`] makes such a file of a
//! network of layers. Nothing here reads files by itself, executes anything in them, or
//! panics on them, however broken they are.

pub mod convert;
pub mod graph;
mod named;
mod npz;
mod onnx;
mod pth;
mod safetensors_file;
mod split;
mod tensor;
mod text;

pub use named::NamedTensors;
pub use npz::NpzError;
pub use onnx::{
    OPERATORS, OPSETS, OnnxError, OnnxLimits, OnnxNumbers, OnnxTypes, OnnxWriteError,
    OnnxWriteProblem, UnsupportedOperator, write_onnx,
};
pub use pth::PthError;
pub use safetensors_file::SafetensorsError;
pub use split::{CrossbarRows, SplitError};
pub use tensor::{Tensor, TensorData, TensorSizeError};
