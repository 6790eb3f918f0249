//! Models for tests.

use prost::Message;

pub(crate) use super::proto::Attribute;
use super::proto::{
    Dimension, Graph, Model, Node, OperatorSet, ShapeMessage, TensorMessage, TensorType,
    TypeMessage, ValueInfo,
};

/// An ONNX file that is made node by node.
pub(crate) struct ModelBuilder {
    model: Model,
}

/// A node's attribute.
pub(crate) fn int(name: &str, i: i64) -> Attribute {
    Attribute { name: name.into(), i, kind: 2, ..Attribute::default() }
}

pub(crate) fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.into(), f, kind: 1, ..Attribute::default() }
}

pub(crate) fn text(name: &str, s: &str) -> Attribute {
    Attribute { name: name.into(), s: s.into(), kind: 3, ..Attribute::default() }
}

pub(crate) fn ints(name: &str, ints: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: ints.to_vec(), kind: 7, ..Attribute::default() }
}

fn floats_message(name: &str, dims: &[i64], values: &[f32]) -> TensorMessage {
    TensorMessage {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 1,
        float_data: values.to_vec(),
        ..TensorMessage::default()
    }
}

pub(crate) fn tensor(name: &str, dims: &[i64], values: &[f32]) -> Attribute {
    let t = Some(floats_message("", dims, values));
    Attribute { name: name.into(), t, kind: 4, ..Attribute::default() }
}

impl ModelBuilder {
    pub fn new(opset: i64) -> Self {
        let set = OperatorSet { domain: String::new(), version: opset };
        let graph = Some(Graph { name: "test".into(), ..Graph::default() });
        Self { model: Model { graph, opset_import: vec![set], ..Model::default() } }
    }

    fn graph(&mut self) -> &mut Graph {
        self.model.graph.as_mut().unwrap()
    }

    /// A float input; dimensions of 0 are open.
    pub fn input(mut self, name: &str, dims: &[i64]) -> Self {
        let open =
            |&dim: &i64| Dimension { value: (dim > 0).then_some(dim), ..Dimension::default() };
        let dim = dims.iter().map(open).collect();
        let tensor = TensorType { element: 1, shape: Some(ShapeMessage { dim }) };
        let kind = Some(TypeMessage { tensor: Some(tensor) });
        self.graph().input.push(ValueInfo { name: name.into(), kind });
        self
    }

    pub fn output(mut self, name: &str) -> Self {
        self.graph().output.push(ValueInfo { name: name.into(), kind: None });
        self
    }

    pub fn floats(mut self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        self.graph().initializer.push(floats_message(name, dims, values));
        self
    }

    /// Floats as bytes.
    pub fn raw(mut self, name: &str, dims: &[i64], raw: Vec<u8>) -> Self {
        let mut message = floats_message(name, dims, &[]);
        message.raw_data = raw;
        self.graph().initializer.push(message);
        self
    }

    /// Signed integers of 8 bits.
    pub fn bytes_of(mut self, name: &str, dims: &[i64], raw: &[u8]) -> Self {
        self.graph().initializer.push(TensorMessage {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: 3,
            raw_data: raw.to_vec(),
            ..TensorMessage::default()
        });
        self
    }

    /// Brain floats as their bits.
    pub fn brain_floats(mut self, name: &str, dims: &[i64], bits: &[u16]) -> Self {
        self.graph().initializer.push(TensorMessage {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: 16,
            raw_data: bits.iter().flat_map(|bits| bits.to_le_bytes()).collect(),
            ..TensorMessage::default()
        });
        self
    }

    pub fn integers(mut self, name: &str, values: &[i64]) -> Self {
        self.graph().initializer.push(TensorMessage {
            name: name.into(),
            dims: vec![values.len() as i64],
            data_type: 7,
            int64_data: values.to_vec(),
            ..TensorMessage::default()
        });
        self
    }

    /// A node; inputs and outputs are separated by spaces, `-` leaves one out.
    pub fn node(mut self, op: &str, (inputs, outputs): (&str, &str), with: &[Attribute]) -> Self {
        let names = |list: &str| -> Vec<String> {
            let name = |name: &str| if name == "-" { String::new() } else { name.to_owned() };
            list.split_whitespace().map(name).collect()
        };
        let (domain, op_type) = op.rsplit_once(':').unwrap_or(("", op));
        self.graph().node.push(Node {
            input: names(inputs),
            output: names(outputs),
            name: String::new(),
            op_type: op_type.into(),
            attribute: with.to_vec(),
            domain: domain.into(),
        });
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.model.encode_to_vec()
    }
}
