//! Running a graph.

use std::sync::Arc;

use thiserror::Error;

use super::op::{Op, Unary};
use super::trouble::{Trouble, shape};
use super::{
    FloatGraph, Node, codes, convolution, elementwise, gather, layout, normalise, pool, product,
};
use crate::tensor::{Tensor, TensorData, elements};

/// Why a graph cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// Inputs that are not those of the graph.
    #[error("{what}")]
    Input {
        /// What is wrong.
        what: String,
    },
    /// Tensors that do not fit a node.
    #[error("node {node}: {why}")]
    Shape {
        /// The node.
        node: String,
        /// What does not fit.
        why: String,
    },
    /// Numbers of a type that a node does not take.
    #[error("node {node}: it does not take numbers of type {found}")]
    Type {
        /// The node.
        node: String,
        /// The type.
        found: &'static str,
    },
    /// A tensor beyond the limit.
    #[error("node {node}: a tensor of {dims:?} has more than {limit} elements")]
    TooLarge {
        /// The node.
        node: String,
        /// Its dimensions.
        dims: Vec<usize>,
        /// The limit.
        limit: usize,
    },
    /// A form of an operator that cannot be run.
    #[error("node {node}: {why} is not supported")]
    Unsupported {
        /// The node.
        node: String,
        /// What it has.
        why: String,
    },
}

impl RunError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Input { .. } => "give each input as the network states it",
            Self::Shape { .. } => "check the shape of the input, or export the network again",
            Self::Type { .. } => "export the network with 32-bit floats and 64-bit integers",
            Self::TooLarge { .. } => "run fewer items at once, or use a smaller network",
            Self::Unsupported { .. } => "export the network for inference, with plain settings",
        }
    }

    pub(crate) fn new(node: &Node, trouble: Trouble, limit: usize) -> Self {
        let node = node.label.clone();
        match trouble {
            Trouble::Shape(why) => Self::Shape { node, why },
            Trouble::Type(found) => Self::Type { node, found },
            Trouble::TooLarge(dims) => Self::TooLarge { node, dims, limit },
            Trouble::Unsupported(why) => Self::Unsupported { node, why },
        }
    }
}

impl FloatGraph {
    /// The graph's outputs for these inputs, in the order in which the graph states both.
    ///
    /// Convolutions and products run on all threads of the current `rayon` pool; results do not
    /// depend on their number.
    ///
    /// # Errors
    /// Inputs of other shapes than the graph states, and whatever a node finds wrong.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        self.check_inputs(inputs)?;
        let mut values: Vec<Option<Arc<Tensor>>> =
            self.values.iter().map(|value| value.constant.clone()).collect();
        for (input, tensor) in self.inputs.iter().zip(inputs) {
            put(&mut values, Some(input.value), Arc::new(tensor.clone()));
        }
        let mut left = self.readers();
        for node in &self.nodes {
            let read: Vec<Option<Arc<Tensor>>> = node
                .inputs
                .iter()
                .map(|input| input.and_then(|value| values.get(value).cloned().flatten()))
                .collect();
            let given: Vec<Option<&Tensor>> = read.iter().map(Option::as_deref).collect();
            let outputs = compute(&node.op, &given, self.max_elements)
                .map_err(|trouble| RunError::new(node, trouble, self.max_elements))?;
            drop(read);
            for &value in node.inputs.iter().flatten() {
                release(&mut values, &mut left, value);
            }
            for (&value, tensor) in node.outputs.iter().zip(outputs) {
                put(&mut values, value, Arc::new(tensor));
            }
        }
        let take = |&value: &usize| {
            let tensor = values.get(value).cloned().flatten();
            tensor.map(Arc::unwrap_or_clone).ok_or_else(|| RunError::Input {
                what: format!("the output {} is given by no node", self.name_of(value)),
            })
        };
        self.outputs.iter().map(take).collect()
    }

    fn check_inputs(&self, inputs: &[Tensor]) -> Result<(), RunError> {
        if inputs.len() != self.inputs.len() {
            let (given, wanted) = (inputs.len(), self.inputs.len());
            let what = format!("{given} inputs are given, but the network takes {wanted}");
            return Err(RunError::Input { what });
        }
        let readers = self.readers();
        for (input, tensor) in self.inputs.iter().zip(inputs) {
            // What nobody reads may be of any shape.
            if readers.get(input.value) == Some(&0) {
                continue;
            }
            let (found, wanted) = (tensor.data().type_name(), input.type_name);
            if found != wanted {
                let name = self.name_of(input.value);
                let what = format!("input {name} has numbers of type {found} instead of {wanted}");
                return Err(RunError::Input { what });
            }
            let stated = input.dims.iter().zip(tensor.dims());
            let fits = input.dims.len() == tensor.dims().len()
                && stated.clone().all(|(stated, found)| stated.is_none_or(|dim| dim == *found));
            if !fits {
                let (name, dims) = (self.name_of(input.value), tensor.dims());
                let wanted: Vec<String> = input
                    .dims
                    .iter()
                    .map(|dim| dim.map_or_else(|| "any".to_owned(), |dim| dim.to_string()))
                    .collect();
                let wanted = wanted.join(" × ");
                let what = format!("input {name} has dimensions {dims:?} instead of {wanted}");
                return Err(RunError::Input { what });
            }
        }
        Ok(())
    }
}

fn put(values: &mut [Option<Arc<Tensor>>], value: Option<usize>, tensor: Arc<Tensor>) {
    if let Some(place) = value.and_then(|value| values.get_mut(value)) {
        *place = Some(tensor);
    }
}

/// Frees a value when its last reader has read it.
fn release(values: &mut [Option<Arc<Tensor>>], left: &mut [usize], value: usize) {
    if let (Some(count), Some(place)) = (left.get_mut(value), values.get_mut(value)) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            *place = None;
        }
    }
}

/// The inputs of a node.
pub(crate) type Inputs<'a> = [Option<&'a Tensor>];

/// The input at that position.
pub(super) fn required<'a>(inputs: &Inputs<'a>, position: usize) -> Result<&'a Tensor, Trouble> {
    match inputs.get(position).copied().flatten() {
        Some(tensor) => Ok(tensor),
        None => shape(format!("its input {position} is missing")),
    }
}

/// The floats of a tensor.
pub(super) fn floats(tensor: &Tensor) -> Result<&[f32], Trouble> {
    tensor.as_f32().ok_or(Trouble::Type(tensor.data().type_name()))
}

/// The integers of a tensor.
pub(super) fn integers(tensor: &Tensor) -> Result<Vec<i64>, Trouble> {
    tensor.data().to_i64().ok_or(Trouble::Type(tensor.data().type_name()))
}

/// Number of elements, within the limit.
pub(super) fn bounded(dims: &[usize], limit: usize) -> Result<usize, Trouble> {
    match elements(dims) {
        Some(count) if count <= limit => Ok(count),
        Some(_) | None => Err(Trouble::TooLarge(dims.to_vec())),
    }
}

/// What a node gives for these inputs; no tensor of more elements than the limit.
pub(crate) fn compute(op: &Op, inputs: &Inputs<'_>, limit: usize) -> Result<Vec<Tensor>, Trouble> {
    let data = || required(inputs, 0);
    let one = |tensor: Tensor| vec![tensor];
    Ok(match op {
        Op::Unary(unary) => one(apply(*unary, data()?)?),
        Op::Clip { low, high } => one(elementwise::clip(inputs, (*low, *high), limit)?),
        Op::Binary { binary, axis } => one(elementwise::fold(*binary, *axis, inputs, limit)?),
        Op::Conv { window, groups } => one(convolution::convolve(window, *groups, inputs, limit)?),
        Op::Pool { window, reduction } => one(pool::pool(window, *reduction, data()?, limit)?),
        Op::MaxPoolIndices { window, order } => {
            pool::max_with_places((window, *order), data()?, limit)?
        }
        Op::GlobalPool(reduction) => one(pool::global(*reduction, data()?)?),
        Op::Gemm { .. } => one(product::gemm(op, inputs, limit)?),
        Op::MatMul => one(product::matmul((data()?, required(inputs, 1)?), limit)?),
        Op::BatchNorm { epsilon } => one(normalise::batch_norm(*epsilon, inputs)?),
        Op::LocalResponse { .. } => one(normalise::local_response(op, data()?)?),
        Op::Softmax { axis, flattened } => one(normalise::softmax(*axis, *flattened, data()?)?),
        Op::Mean { axes, keep } => one(normalise::mean(axes, *keep, inputs)?),
        Op::Quant { .. } => one(elementwise::quant(op, inputs, limit)?),
        Op::Quantise { axis } => one(codes::quantise(*axis, inputs)?),
        Op::Dequantise { axis } => one(codes::dequantise(*axis, inputs)?),
        Op::Identity => one(data()?.clone()),
        Op::Dropout => {
            let data = data()?;
            let mask = TensorData::Bool(vec![true; data.len()]);
            vec![data.clone(), Tensor::new(data.dims(), mask)?]
        }
        Op::Flatten { .. } | Op::Reshape { .. } | Op::Squeeze(_) | Op::Unsqueeze(_) => {
            let dims = layout::reshaped(op, data()?.dims(), inputs)?;
            one(data()?.clone().reshaped(dims)?)
        }
        Op::Transpose { order } => one(gather::transpose(data()?, order)?),
        Op::Concat { axis } => one(gather::concat(*axis, inputs, limit)?),
        Op::Slice { stated } => one(gather::slice(stated.as_ref(), inputs)?),
        Op::Gather { axis } => one(gather::gather(*axis, inputs, limit)?),
        Op::Shape { start, end } => one(layout::shape_of(data()?, *start, *end)),
        Op::Cast(to) => one(elementwise::cast(data()?, *to)?),
        Op::Constant { value } => {
            bounded(value.dims(), limit)?;
            one(value.clone())
        }
        Op::ConstantOfShape { value } => one(layout::constant_of_shape(value, data()?, limit)?),
        Op::Pad { edge, stated } => one(gather::pad(*edge, stated.as_ref(), inputs, limit)?),
    })
}

fn apply(unary: Unary, data: &Tensor) -> Result<Tensor, Trouble> {
    let values = floats(data)?;
    let map = |change: &dyn Fn(f32) -> f32| values.iter().map(|&value| change(value)).collect();
    let changed: Vec<f32> = match unary {
        Unary::Relu => values.iter().map(|value| value.max(0.0)).collect(),
        Unary::LeakyRelu { slope } => map(&|x| if x < 0.0 { x * slope } else { x }),
        Unary::Sigmoid => map(&|x| 1.0 / (1.0 + (-x).exp())),
        Unary::Tanh => map(&f32::tanh),
        Unary::HardSigmoid { alpha, beta } => map(&|x| (alpha * x + beta).clamp(0.0, 1.0)),
    };
    Ok(Tensor::f32(data.dims(), changed)?)
}
