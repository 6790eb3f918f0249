//! Networks of floats as other programs describe them: nodes on tensors.

mod codes;
mod elementwise;
mod gather;
mod layout;
mod normalise;
mod op;
mod pool;
mod product;
mod run;
mod trouble;
mod window;

pub mod convolution;

pub(crate) use layout::{axes_of, reshaped};
pub(crate) use normalise::axes_list;
pub use op::{
    Axes, Binary, CastTo, Edge, Op, Padding, PlaceOrder, QuantRounding, Reduction, Rounding, Unary,
    Window,
};
pub use run::RunError;
pub(crate) use run::compute;
pub(crate) use trouble::Trouble;
pub(crate) use window::{Placed, place};

use std::sync::Arc;

use crate::tensor::Tensor;
#[cfg(doc)]
use crate::tensor::TensorData;

/// Elements that a tensor may have where nothing else is said (2^28): 1 GiB of floats.
pub const MAX_TENSOR_ELEMENTS: usize = 1 << 28;

/// A value of a graph: its position among them.
pub type ValueId = usize;

/// A tensor that a graph takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphInput {
    /// The value.
    pub value: ValueId,
    /// Its name.
    pub name: String,
    /// Its dimensions; `None` where one is open, such as the batch.
    pub dims: Vec<Option<usize>>,
    /// Type of its numbers, as [`TensorData::type_name`] names it.
    pub type_name: &'static str,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// What it is, where the graph has it as a constant.
    pub constant: Option<Arc<Tensor>>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Operator and name, for messages: `Conv conv1`.
    pub label: String,
    /// What it computes.
    pub op: Op,
    /// Its inputs; `None` where an optional one is left out.
    pub inputs: Vec<Option<ValueId>>,
    /// Its outputs; `None` where nobody reads one.
    pub outputs: Vec<Option<ValueId>>,
}

/// A network as nodes in an order in which each reads only constants, inputs and outputs of
/// earlier nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatGraph {
    /// Its name.
    pub name: String,
    /// All values.
    pub values: Vec<Value>,
    /// What it takes.
    pub inputs: Vec<GraphInput>,
    /// What it gives.
    pub outputs: Vec<ValueId>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Elements that a tensor may have while the graph runs.
    pub max_elements: usize,
}

impl FloatGraph {
    /// The name of a value; a number where it has none.
    #[must_use]
    pub fn name_of(&self, value: ValueId) -> String {
        match self.values.get(value) {
            Some(value) if !value.name.is_empty() => crate::text::shown(&value.name),
            Some(_) | None => format!("value {value}"),
        }
    }

    /// The constant that a value is.
    #[must_use]
    pub fn constant(&self, value: ValueId) -> Option<&Tensor> {
        self.values.get(value)?.constant.as_deref()
    }

    /// The nodes that read a value, an entry a reading, and one for each time that it is given
    /// out.
    #[must_use]
    pub fn readers(&self) -> Vec<usize> {
        let mut counts = vec![0_usize; self.values.len()];
        let read = self.nodes.iter().flat_map(|node| node.inputs.iter().flatten());
        for &value in read.chain(&self.outputs) {
            if let Some(count) = counts.get_mut(value) {
                *count += 1;
            }
        }
        counts
    }
}
