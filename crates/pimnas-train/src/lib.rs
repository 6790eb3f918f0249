//! Training of networks: layers as functions of tensors, convolution kernels, quantisation.
pub mod backend;
mod kernel;
pub mod ops;

pub use kernel::conv::{ConvGeometry, ConvOptions, EvenEdge, MapShape};
pub use kernel::element::{Activation, Quantiser, Range};
pub mod gradcheck;
