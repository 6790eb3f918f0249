//! Neural networks as layer graphs: readers and a writer, the zoo, shape inference, checks.
//!
//! A [`Network`] comes from a layer list ([`Network::from_layer_list_json`]), from a candidate
//! of a super net ([`Network::from_candidate_json`]) or from the [`zoo`]; a [`ShapedNetwork`] is
//! one whose shapes and precisions are known to fit. Nothing here reads files, and no input,
//! however broken, makes anything here panic.
//!
//! ```
//! use pimnas_network::{Shape, ShapedNetwork, zoo};
//!
//! let lenet = zoo::build("lenet", zoo::ZooOptions::default())?;
//! let shaped = ShapedNetwork::new(&lenet)?;
//! assert_eq!(shaped.output_of(0), Shape::Map { channels: 6, height: 28, width: 28 });
//! assert_eq!(shaped.output(), Shape::Vector { features: 10 });
//! # Ok::<(), pimnas_network::NetworkErrors>(())
//! ```

pub mod error;
mod fault;
pub mod layer;
mod readers;
pub mod shape;
pub mod validate;
mod writer;
pub mod zoo;

pub use error::{NetworkError, NetworkErrorCode, NetworkErrors};
pub use layer::{
    CandidateScales, Convolution, DEFAULT_BITS, DEFAULT_INPUT_STEP, DEFAULT_POINT_SHIFT, Layer,
    Network, NetworkInput, Operation, Pooling, PoolingMode, Quantisation, Shape, Source,
};
pub use shape::ShapedNetwork;
pub use validate::{BITS, MAX_ELEMENTS, MAX_PARAMETER, POINT_SHIFT};
