//! Values while a graph is converted.

use std::sync::Arc;

use pimnas_network::Source;

use super::affine::Affine;
use crate::tensor::Tensor;

/// What is known of a value of the graph.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// A constant.
    Constant(Arc<Tensor>),
    /// Something that depends on the network's input.
    Activation(Activation),
    /// The output of a node that was refused.
    Refused,
}

/// The output of a layer, with what is still to be done to it. In this order: factors and
/// summands, bounds, zeros around it.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    /// Where the values come from.
    pub source: Source,
    /// Dimensions, the batch first, the zeros around it included.
    pub dims: Vec<usize>,
    /// Factors and summands that no layer applies yet.
    pub affine: Option<Affine>,
    /// Bounds that no layer applies yet.
    pub bounds: Bounds,
    /// Zeros that no layer adds yet.
    pub zeros: Option<Zeros>,
    /// The layer with weights that alone gives these values to nobody else.
    pub weighted: Option<usize>,
}

/// Lower and upper bound.
pub(super) type Bounds = (Option<f32>, Option<f32>);

/// Rows and columns of zeros, in front of and behind each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Zeros {
    pub before: (usize, usize),
    pub after: (usize, usize),
}

impl Activation {
    /// A layer's output as it is.
    pub fn of(source: Source, dims: Vec<usize>) -> Self {
        Self { source, dims, affine: None, bounds: (None, None), zeros: None, weighted: None }
    }

    /// Channels of a map, features of a vector.
    pub fn channels(&self) -> usize {
        self.dims.get(1).copied().unwrap_or(1)
    }

    /// Whether nothing is left to be done but factors and summands.
    pub fn takes_affine(&self) -> bool {
        self.bounds == (None, None) && self.zeros.is_none()
    }
}
