//! The state of a conversion: values, layers, parameters, problems.

use std::sync::Arc;

use pimnas_network::{Layer, Operation, Shape, Source};

use super::activation::{Activation, Known};
use super::affine::Affine;
use super::error::{ConvertError, ConvertProblem, Refusal, refuse};
use super::{ConvertOptions, Norms, clip, item_shape};
use crate::graph::{FloatGraph, Node};
use crate::named::NamedTensors;
use crate::tensor::Tensor;

/// What inference adds to a variance; the variance that makes the sum 1 as 32-bit floats.
const UNIT_VARIANCE: f32 = 1.0 - 1e-5;

/// Elements of constants that nodes may compute in any graph; as many as it has itself come on top.
const FREE_ELEMENTS: usize = 1 << 24;

pub(super) struct Converter<'a> {
    pub graph: &'a FloatGraph,
    pub options: &'a ConvertOptions,
    pub values: Vec<Option<Known>>,
    /// Readers of each value.
    pub readers: Vec<usize>,
    pub layers: Vec<Layer>,
    pub parameters: NamedTensors,
    pub problems: Vec<ConvertProblem>,
    pub notes: Vec<String>,
    /// Elements that constants may still have that nodes compute.
    pub left: usize,
    /// The node at hand.
    label: String,
}

impl<'a> Converter<'a> {
    pub fn new(graph: &'a FloatGraph, options: &'a ConvertOptions) -> Self {
        let constant = |value: &crate::graph::Value| value.constant.clone().map(Known::Constant);
        let given = graph.values.iter().filter_map(|value| value.constant.as_deref());
        let given = given.fold(FREE_ELEMENTS, |sum, tensor| sum.saturating_add(tensor.len()));
        Self {
            graph,
            options,
            values: graph.values.iter().map(constant).collect(),
            readers: graph.readers(),
            layers: Vec::new(),
            parameters: NamedTensors::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            left: given.min(graph.max_elements),
            label: String::new(),
        }
    }

    /// Takes the network's input; an open batch is one item.
    pub fn input(&mut self) -> Result<Shape, ConvertError> {
        let interface = |what: String| ConvertError::Interface { what };
        let [input] = self.graph.inputs.as_slice() else {
            let count = self.graph.inputs.len();
            return Err(interface(format!("the network has {count} inputs instead of one")));
        };
        let outputs = self.graph.outputs.len();
        if outputs != 1 {
            return Err(interface(format!("the network has {outputs} outputs instead of one")));
        }
        let open = |dims: &[Option<usize>]| dims.iter().skip(1).any(Option::is_none);
        if open(&input.dims) {
            let what = "the network's input has open dimensions besides the batch";
            return Err(interface(what.to_owned()));
        }
        let dims: Vec<usize> = input.dims.iter().map(|dim| dim.unwrap_or(1)).collect();
        let Some(shape) = item_shape(&dims) else {
            return Err(interface(format!("the network's input has dimensions {dims:?}")));
        };
        self.put(input.value, Known::Activation(Activation::of(Source::Input, dims)));
        Ok(shape)
    }

    /// Converts every node that the output depends on.
    pub fn nodes(&mut self) {
        let needed = self.needed();
        for (node, needed) in self.graph.nodes.iter().zip(needed) {
            if needed {
                self.label.clone_from(&node.label);
                self.one(node);
            }
        }
    }

    fn one(&mut self, node: &Node) {
        let refused = |value: &usize| matches!(self.values.get(*value), Some(Some(Known::Refused)));
        let result = if node.inputs.iter().flatten().any(refused) {
            Ok(Known::Refused)
        } else {
            self.node(node)
        };
        let known = result.unwrap_or_else(|Refusal { why, hint }| {
            self.problems.push(ConvertProblem { node: node.label.clone(), why, hint });
            Known::Refused
        });
        if let Some(&Some(value)) = node.outputs.first() {
            self.put(value, known);
        }
    }

    /// Whether the output depends on each node.
    fn needed(&self) -> Vec<bool> {
        let mut wanted = vec![false; self.graph.values.len()];
        let mut needed = vec![false; self.graph.nodes.len()];
        let want = |wanted: &mut Vec<bool>, value: usize| {
            if let Some(place) = wanted.get_mut(value) {
                *place = true;
            }
        };
        self.graph.outputs.iter().for_each(|&value| want(&mut wanted, value));
        for (node, needed) in self.graph.nodes.iter().zip(&mut needed).rev() {
            let given = |value: &usize| wanted.get(*value) == Some(&true);
            if node.outputs.iter().flatten().any(given) {
                *needed = true;
                node.inputs.iter().flatten().for_each(|&value| want(&mut wanted, value));
            }
        }
        needed
    }

    /// Applies what is left to be done to the output, which must be that of the last layer.
    pub fn finish(&mut self) {
        self.label = "of the network's output".to_owned();
        let Some(&output) = self.graph.outputs.first() else { return };
        let refusal = match self.values.get(output).cloned().flatten() {
            Some(Known::Activation(_)) => match self.applied(output) {
                Ok(activation) if activation.source == last(&self.layers) => return,
                Ok(_) => {
                    Refusal { why: "the output is not that of the last layer".into(), hint: "" }
                }
                Err(refusal) => refusal,
            },
            Some(Known::Refused) => return,
            Some(Known::Constant(_)) | None => {
                let hint = "give a network whose output depends on its input";
                Refusal { why: "it does not depend on the input".into(), hint }
            }
        };
        let Refusal { why, hint } = refusal;
        self.problems.push(ConvertProblem { node: self.label.clone(), why, hint });
    }

    pub fn put(&mut self, value: usize, known: Known) {
        if let Some(place) = self.values.get_mut(value) {
            *place = Some(known);
        }
    }

    /// The value at that position of a node's inputs; `None` where it is left out.
    pub fn given(&self, node: &Node, position: usize) -> Option<(usize, &Known)> {
        let value = node.inputs.get(position).copied().flatten()?;
        self.values.get(value)?.as_ref().map(|known| (value, known))
    }

    /// The activation at that position, with its value.
    pub fn activation(&self, node: &Node, position: usize) -> Result<(usize, Activation), Refusal> {
        match self.given(node, position) {
            Some((value, Known::Activation(activation))) => Ok((value, activation.clone())),
            Some((_, Known::Constant(_) | Known::Refused)) | None => refuse(
                format!("its input {position} does not depend on the network's input"),
                "export the network with constant folding",
            ),
        }
    }

    /// The constant at that position.
    pub fn constant(&self, node: &Node, position: usize) -> Result<Arc<Tensor>, Refusal> {
        match self.given(node, position) {
            Some((_, Known::Constant(tensor))) => Ok(Arc::clone(tensor)),
            Some((_, Known::Activation(_) | Known::Refused)) | None => refuse(
                format!("its input {position} is not a constant"),
                "crossbars hold constant weights: export the network with them as initialisers",
            ),
        }
    }

    /// The floats of a constant; not one is infinite.
    pub fn floats(&self, node: &Node, position: usize) -> Result<(Vec<usize>, Vec<f32>), Refusal> {
        let tensor = self.constant(node, position)?;
        let values = tensor.to_f32();
        let broken = values.iter().enumerate().find(|(_, value)| !value.is_finite());
        if let Some((place, value)) = broken {
            let name = node.inputs.get(position).copied().flatten();
            let name = name.map_or_else(String::new, |value| self.graph.name_of(value));
            let why = format!("its input {name} has the value {value} at position {place}");
            return refuse(why, "repair or train the weights again: none may be infinite");
        }
        Ok((tensor.dims().to_vec(), values))
    }

    /// A value with everything applied to it by layers, so that a layer can read it.
    pub fn applied(&mut self, value: usize) -> Result<Activation, Refusal> {
        let Some(Some(Known::Activation(activation))) = self.values.get(value).cloned() else {
            return refuse("an input is missing", "export the network again");
        };
        if activation.zeros.is_some() {
            let hint = "let a convolution follow the padding, or pad inside the pooling";
            return refuse("it reads zero padding that no convolution takes", hint);
        }
        let applied = self.without_zeros(activation)?;
        self.put(value, Known::Activation(applied.clone()));
        Ok(applied)
    }

    /// Applies factors, summands and bounds.
    pub fn without_zeros(&mut self, mut activation: Activation) -> Result<Activation, Refusal> {
        let bounds = std::mem::take(&mut activation.bounds);
        clip::apply(self, activation, bounds)
    }

    /// Applies factors and summands.
    pub fn with_affine(&mut self, mut activation: Activation) -> Result<Activation, Refusal> {
        let Some(mut affine) = activation.affine.take() else { return Ok(activation) };
        if let (Some(layer), Norms::Folded, true) =
            (activation.weighted.take(), self.options.norms, affine.has_factors())
        {
            self.fold(layer, &mut affine);
        }
        if affine.is_identity() {
            return Ok(activation);
        }
        if item_shape(&activation.dims).is_none() {
            let why = format!("factors or summands on dimensions {:?}", activation.dims);
            return refuse(why, "apply them to maps or vectors");
        }
        let features = activation.channels();
        let layer = self.push(Operation::BatchNorm { features }, vec![activation.source]);
        let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
        let factors: Vec<f32> = narrow(affine.factors);
        let summands: Vec<f32> = narrow(affine.summands);
        if factors.iter().chain(&summands).any(|value| !value.is_finite()) {
            let hint = "repair or train the weights again: none may be infinite";
            return refuse("a factor or summand of a channel is infinite", hint);
        }
        let mut put = |name: &str, values| {
            self.parameters.insert(format!("{layer}.{name}"), Tensor::vector(values));
        };
        put("weight", factors);
        put("bias", summands);
        put("running_mean", vec![0.0; features]);
        put("running_var", vec![UNIT_VARIANCE; features]);
        activation.source = Source::Layer(layer);
        Ok(activation)
    }

    /// Multiplies factors into the weights of a layer.
    fn fold(&mut self, layer: usize, affine: &mut Affine) {
        let name = format!("{layer}.weight");
        let Some(weights) = self.parameters.get(&name) else { return };
        let (dims, mut values) = (weights.dims().to_vec(), weights.to_f32());
        let size = values.len() / affine.factors.len().max(1);
        for (values, &factor) in values.chunks_mut(size.max(1)).zip(&affine.factors) {
            values.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
        }
        affine.factors.fill(1.0);
        if let Ok(folded) = Tensor::f32(dims, values) {
            self.parameters.insert(name, folded);
        }
    }

    /// Adds a layer; gives its index.
    pub fn push(&mut self, operation: Operation, inputs: Vec<Source>) -> usize {
        let weighted =
            matches!(operation, Operation::Convolution(_) | Operation::FullyConnected { .. });
        let mut layer = Layer::new(operation, inputs);
        layer.activation_bits = self.options.activation_bits;
        if weighted {
            layer.weight_bits = Some(self.options.weight_bits);
        }
        layer.name = Some(self.label.clone());
        self.layers.push(layer);
        self.layers.len() - 1
    }

    /// Says something about the node at hand.
    pub fn note(&mut self, what: impl AsRef<str>) {
        self.notes.push(format!("node {}: {}", self.label, what.as_ref()));
    }
}

fn last(layers: &[Layer]) -> Source {
    layers.len().checked_sub(1).map_or(Source::Input, Source::Layer)
}
