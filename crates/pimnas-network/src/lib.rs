//! Neural networks as layer graphs.

pub mod layer;

pub use layer::{
    CandidateScales, Convolution, Layer, Network, NetworkInput, Operation, Pooling, PoolingMode,
    Quantisation, Shape, Source,
};
