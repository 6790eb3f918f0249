//! From the bytes of a file to a graph.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prost::Message;

use super::OPSETS;
use super::attributes::Attributes;
use super::error::{OnnxError, UnsupportedOperator};
use super::memory;
use super::operators::{self, Form};
use super::proto::{Graph, Model, Node as NodeMessage, TensorMessage, ValueInfo};
use super::tensors;
use crate::graph::{
    FloatGraph, GraphInput, MAX_TENSOR_ELEMENTS, Node, Op, Trouble, Value, compute,
};
use crate::tensor::Tensor;
use crate::text::shown;

/// Limits of what a file may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnnxLimits {
    /// Elements that a tensor may have, and all tensors together that nodes without variable
    /// inputs give.
    pub max_elements: usize,
}

impl Default for OnnxLimits {
    fn default() -> Self {
        Self { max_elements: MAX_TENSOR_ELEMENTS }
    }
}

impl FloatGraph {
    /// Reads an ONNX file: nodes, and weights as initialisers or as nodes without variable
    /// inputs, which are computed here.
    ///
    /// # Errors
    /// [`OnnxError`]: a damaged file, a version or operator that is not known (every such
    /// operator of the network), a value that nothing gives.
    pub fn from_onnx(bytes: &[u8], limits: OnnxLimits) -> Result<Self, OnnxError> {
        let format = |why: String| OnnxError::Format { why };
        memory::check(bytes, memory::Kind::Model)?;
        let mut model = Model::decode(bytes).map_err(|error| format(error.to_string()))?;
        let opset = opset(&model)?;
        let Some(graph) = &mut model.graph else {
            return Err(format("it has no graph".to_owned()));
        };
        if !graph.sparse_initializer.is_empty() {
            return Err(format("it has sparse weights, which are not read".to_owned()));
        }
        check_operators(graph)?;
        let mut reader = Reader { opset, ..Reader::default() };
        // Bytes that have been read are freed one tensor after another.
        reader.constants(std::mem::take(&mut graph.initializer))?;
        reader.left = limits.max_elements.min(reader.computable());
        let graph = &*graph;
        reader.inputs(graph)?;
        for (position, node) in graph.node.iter().enumerate() {
            reader.node(node, position)?;
        }
        let outputs = graph.output.iter().map(|output| {
            reader.names.get(output.name.as_str()).copied().ok_or_else(|| OnnxError::UnknownValue {
                node: "the network's outputs".to_owned(),
                value: shown(&output.name),
            })
        });
        let outputs: Vec<usize> = outputs.collect::<Result<_, _>>()?;
        if outputs.is_empty() {
            return Err(format("it has no output".to_owned()));
        }
        Ok(Self {
            name: shown(&graph.name),
            values: reader.values,
            inputs: reader.inputs,
            outputs,
            nodes: reader.nodes,
            max_elements: limits.max_elements,
        })
    }
}

/// The version of ONNX's own operators.
fn opset(model: &Model) -> Result<i64, OnnxError> {
    let own = model.opset_import.iter().find(|set| matches!(&*set.domain, "" | "ai.onnx"));
    // A file without one is of the first version.
    let version = own.map_or(1, |set| set.version);
    if OPSETS.contains(&version) {
        return Ok(version);
    }
    Err(OnnxError::Opset { version, first: *OPSETS.start(), last: *OPSETS.end() })
}

/// The operator with its domain.
fn operator(node: &NodeMessage) -> String {
    match node.domain.as_str() {
        "" | "ai.onnx" => node.op_type.clone(),
        domain => format!("{domain}:{}", node.op_type),
    }
}

/// What messages call a node.
fn label(node: &NodeMessage, position: usize) -> String {
    let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
    match name.filter(|name| !name.is_empty()) {
        Some(name) => shown(name),
        None => format!("number {position}"),
    }
}

/// Finds every operator that is not known.
fn check_operators(graph: &Graph) -> Result<(), OnnxError> {
    let mut unknown: Vec<UnsupportedOperator> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (position, node) in graph.node.iter().enumerate() {
        let operator = operator(node);
        if operators::is_known(&operator) {
            continue;
        }
        let place = *places.entry(operator.clone()).or_insert_with(|| {
            let (operator, node) = (shown(&operator), label(node, position));
            unknown.push(UnsupportedOperator { operator, node, count: 0 });
            unknown.len() - 1
        });
        if let Some(operator) = unknown.get_mut(place) {
            operator.count += 1;
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(OnnxError::Operators(unknown)) }
}

/// Elements of constants that nodes may compute in any file.
const FREE_ELEMENTS: usize = 1 << 24;
/// Elements that they may compute for each one that the file has.
const COMPUTED: usize = 8;

#[derive(Default)]
struct Reader {
    opset: i64,
    names: HashMap<String, usize>,
    values: Vec<Value>,
    inputs: Vec<GraphInput>,
    nodes: Vec<Node>,
    /// Elements that computed constants may still have.
    left: usize,
}

impl Reader {
    fn add(&mut self, name: &str, constant: Option<Tensor>) -> usize {
        self.names.insert(name.to_owned(), self.values.len());
        self.values.push(Value { name: name.to_owned(), constant: constant.map(Arc::new) });
        self.values.len() - 1
    }

    /// Elements that constants may have that nodes compute.
    fn computable(&self) -> usize {
        let tensors = self.values.iter().filter_map(|value| value.constant.as_deref());
        let given = tensors.fold(0_usize, |sum, tensor| sum.saturating_add(tensor.len()));
        given.saturating_mul(COMPUTED).saturating_add(FREE_ELEMENTS)
    }

    fn constants(&mut self, messages: Vec<TensorMessage>) -> Result<(), OnnxError> {
        for message in messages {
            let tensor = tensors::tensor(&message, "without a name")?;
            self.add(&message.name, Some(tensor));
        }
        Ok(())
    }

    fn inputs(&mut self, graph: &Graph) -> Result<(), OnnxError> {
        for info in &graph.input {
            // Older files list the initialisers among the inputs.
            if self.names.contains_key(info.name.as_str()) {
                continue;
            }
            let (dims, type_name) = dims(info)?;
            let value = self.add(&info.name, None);
            self.inputs.push(GraphInput { value, name: info.name.clone(), dims, type_name });
        }
        Ok(())
    }

    fn node(&mut self, message: &NodeMessage, position: usize) -> Result<(), OnnxError> {
        let label = label(message, position);
        let operator = operator(message);
        let form = Form {
            attributes: Attributes::new(message, &label),
            operator: &operator,
            opset: self.opset,
            inputs: message.input.len(),
            further: message.output.iter().skip(1).any(|name| !name.is_empty()),
        };
        let op = operators::read(&form)?;
        let inputs = message.input.iter().map(|name| match self.names.get(name.as_str()) {
            _ if name.is_empty() => Ok(None),
            Some(&value) => Ok(Some(value)),
            None => {
                Err(OnnxError::UnknownValue { node: format!("node {label}"), value: shown(name) })
            }
        });
        let inputs: Vec<Option<usize>> = inputs.collect::<Result<_, _>>()?;
        self.check_outputs(&form, &op, message)?;
        self.check_training(&form, &op, &inputs)?;
        for name in message.output.iter().filter(|name| !name.is_empty()) {
            if self.names.contains_key(name.as_str()) {
                let value = shown(name);
                return Err(OnnxError::GivenTwice { node: label, value });
            }
        }
        if let Some(constants) = self.computed(&op, &inputs) {
            for (name, tensor) in message.output.iter().zip(constants) {
                self.add(name, Some(tensor));
            }
            return Ok(());
        }
        let outputs = message
            .output
            .iter()
            .map(|name| (!name.is_empty()).then(|| self.add(name, None)))
            .collect();
        let label = format!("{} {label}", shown(&message.op_type));
        self.nodes.push(Node { label, op, inputs, outputs });
        Ok(())
    }

    /// Outputs that only training needs are not computed.
    fn check_outputs(
        &self,
        form: &Form<'_>,
        op: &Op,
        message: &NodeMessage,
    ) -> Result<(), OnnxError> {
        let given = if matches!(op, Op::Dropout | Op::MaxPoolIndices { .. }) { 2 } else { 1 };
        match message.output.iter().skip(given).find(|name| !name.is_empty()) {
            Some(name) => {
                let why = format!("has a further output {}, which is not supported", shown(name));
                Err(form.attributes.form(why))
            }
            None => Ok(()),
        }
    }

    /// A dropout's third input must not switch training on.
    fn check_training(
        &self,
        form: &Form<'_>,
        op: &Op,
        inputs: &[Option<usize>],
    ) -> Result<(), OnnxError> {
        let (Op::Dropout, Some(&Some(training))) = (op, inputs.get(2)) else { return Ok(()) };
        let constant = self.values.get(training).and_then(|value| value.constant.as_deref());
        let off = constant.is_some_and(|tensor| tensor.to_f32().iter().all(|&on| on == 0.0));
        if off { Ok(()) } else { Err(form.attributes.form("is in its training form")) }
    }

    /// What a node gives whose inputs are all constants; `None` where it is better computed
    /// when the graph runs, or cannot be.
    fn computed(&mut self, op: &Op, inputs: &[Option<usize>]) -> Option<Vec<Tensor>> {
        if !is_cheap(op) {
            return None;
        }
        let tensors: Vec<Option<&Tensor>> = inputs
            .iter()
            .map(|input| match input {
                Some(value) => {
                    let value = self.values.get(*value)?;
                    value.constant.as_deref().map(Some)
                }
                None => Some(None),
            })
            .collect::<Option<_>>()?;
        let outputs: Result<Vec<Tensor>, Trouble> = compute(op, &tensors, self.left);
        let outputs = outputs.ok()?;
        let elements: usize = outputs.iter().map(Tensor::len).sum();
        self.left = self.left.checked_sub(elements)?;
        Some(outputs)
    }
}

/// Whether the work is about as much as the elements of its inputs and outputs.
fn is_cheap(op: &Op) -> bool {
    match op {
        Op::Conv { .. }
        | Op::Pool { .. }
        | Op::MaxPoolIndices { .. }
        | Op::Gemm { .. }
        | Op::MatMul
        | Op::LocalResponse { .. } => false,
        Op::Unary(_)
        | Op::Clip { .. }
        | Op::Binary { .. }
        | Op::GlobalPool(_)
        | Op::BatchNorm { .. }
        | Op::Softmax { .. }
        | Op::Mean { .. }
        | Op::Quant { .. }
        | Op::Quantise { .. }
        | Op::Dequantise { .. }
        | Op::Identity
        | Op::Dropout
        | Op::Flatten { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Squeeze(_)
        | Op::Unsqueeze(_)
        | Op::Concat { .. }
        | Op::Slice { .. }
        | Op::Gather { .. }
        | Op::Shape { .. }
        | Op::Cast(_)
        | Op::Constant { .. }
        | Op::ConstantOfShape { .. }
        | Op::Pad { .. } => true,
    }
}

/// Dimensions of an input, and the type of its numbers.
fn dims(info: &ValueInfo) -> Result<(Vec<Option<usize>>, &'static str), OnnxError> {
    let error = |why: &str| OnnxError::Input { name: shown(&info.name), why: why.to_owned() };
    let Some(tensor) = info.kind.as_ref().and_then(|kind| kind.tensor.as_ref()) else {
        return Err(error("it is not a tensor"));
    };
    let Some(stored) = tensors::stored_type(tensor.element) else {
        return Err(error(&format!("numbers of type {} are not read", tensor.element)));
    };
    let Some(shape) = &tensor.shape else { return Err(error("it states no dimensions")) };
    let dim = |value: Option<i64>| match value {
        // Some exporters write 0 or -1 for an open batch.
        None | Some(..=0) => Ok(None),
        Some(value) => usize::try_from(value).map(Some),
    };
    let dims: Result<Vec<Option<usize>>, _> = shape.dim.iter().map(|d| dim(d.value)).collect();
    let dims = dims.map_err(|_| error("a dimension is too large"))?;
    Ok((dims, stored.type_name()))
}
