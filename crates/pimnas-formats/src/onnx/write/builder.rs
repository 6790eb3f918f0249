//! An ONNX graph that is made node by node.

use std::collections::HashSet;

use prost::Message;

use super::super::proto::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, ShapeMessage, TensorMessage, TensorType,
    TypeMessage, ValueInfo,
};

/// Name of the network's input.
pub(super) const INPUT: &str = "input";
/// Name of its output.
pub(super) const OUTPUT: &str = "output";
/// Name of the open dimension.
const BATCH: &str = "N";

/// Codes of the format for types of numbers.
const FLOAT: i32 = 1;
const INT8: i32 = 3;
const INT16: i32 = 5;
const INT64: i32 = 7;

/// Version of the operators, and of the format that goes with it.
const PLAIN: (i64, i64) = (13, 7);
/// The first one whose quantisers have codes of 16 bits.
const WIDE: (i64, i64) = (21, 10);

/// A graph in the making.
pub(super) struct Builder {
    graph: Graph,
    names: HashSet<String>,
    wide: bool,
}

/// An integer attribute.
pub(super) fn int(name: &str, i: usize) -> Attribute {
    Attribute { name: name.into(), i: signed(i), kind: 2, ..Attribute::default() }
}

/// A float attribute.
pub(super) fn float(name: &str, f: f32) -> Attribute {
    Attribute { name: name.into(), f, kind: 1, ..Attribute::default() }
}

/// A list of integers as an attribute.
pub(super) fn ints(name: &str, values: &[usize]) -> Attribute {
    let ints = values.iter().copied().map(signed).collect();
    Attribute { name: name.into(), ints, kind: 7, ..Attribute::default() }
}

fn signed(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Builder {
    /// A graph with that name, whose input is a batch of items of these dimensions.
    pub fn new(name: &str, input: &[usize]) -> Self {
        let graph = Graph {
            name: if name.is_empty() { "network".to_owned() } else { name.to_owned() },
            input: vec![batch(INPUT, input)],
            ..Graph::default()
        };
        let names = [INPUT, OUTPUT].map(str::to_owned).into();
        Self { graph, names, wide: false }
    }

    /// A name that nothing else has.
    pub fn unique(&mut self, wanted: &str) -> String {
        let clean: String = wanted.chars().filter(|c| !c.is_control()).collect();
        let mut name = if clean.is_empty() { "value".to_owned() } else { clean.clone() };
        let mut next = 1_usize;
        while !self.names.insert(name.clone()) {
            next += 1;
            name = format!("{clean}#{next}");
        }
        name
    }

    fn constant(&mut self, name: &str, message: TensorMessage) -> String {
        let name = self.unique(name);
        self.graph.initializer.push(TensorMessage { name: name.clone(), ..message });
        name
    }

    /// Floats as a constant; gives its name.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let dims = dims.iter().copied().map(signed).collect();
        let message = TensorMessage { dims, data_type: FLOAT, raw_data, ..Default::default() };
        self.constant(name, message)
    }

    /// A list of integers as a constant.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let dims = vec![signed(values.len())];
        let message = TensorMessage { dims, data_type: INT64, raw_data, ..Default::default() };
        self.constant(name, message)
    }

    /// Codes of so many bits, sign included, as a constant of 8 or 16 bits.
    pub fn codes(&mut self, name: &str, dims: &[usize], (codes, bits): (&[i16], u32)) -> String {
        let narrow = bits <= i8::BITS;
        self.wide |= !narrow;
        let raw_data = if narrow {
            // They fit: a code of 8 bits is at most 127 in magnitude.
            codes.iter().map(|&code| code.to_le_bytes()[0]).collect()
        } else {
            codes.iter().flat_map(|code| code.to_le_bytes()).collect()
        };
        let dims = dims.iter().copied().map(signed).collect();
        let data_type = if narrow { INT8 } else { INT16 };
        self.constant(name, TensorMessage { dims, data_type, raw_data, ..Default::default() })
    }

    /// A node; gives the name of its output, which is that of the node.
    pub fn node(&mut self, operator: &str, named: &str, (inputs, with): Inputs<'_>) -> String {
        let name = self.unique(named);
        self.graph.node.push(Node {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.clone()],
            name: name.clone(),
            op_type: operator.to_owned(),
            attribute: with,
            domain: String::new(),
        });
        name
    }

    /// Gives out a value as a batch of items of these dimensions: the whole file.
    pub fn finish(mut self, value: &str, output: &[usize]) -> Vec<u8> {
        let read = self.graph.node.iter().flat_map(|node| &node.input).any(|name| name == value);
        match self.graph.node.last_mut() {
            Some(last) if !read && last.name == value => last.output = vec![OUTPUT.to_owned()],
            Some(_) | None => self.graph.node.push(Node {
                input: vec![value.to_owned()],
                output: vec![OUTPUT.to_owned()],
                name: OUTPUT.to_owned(),
                op_type: "Identity".to_owned(),
                ..Node::default()
            }),
        }
        self.graph.output = vec![batch(OUTPUT, output)];
        let (version, ir_version) = if self.wide { WIDE } else { PLAIN };
        let model = Model {
            ir_version,
            producer_name: "pimnas".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: String::new(), version }],
        };
        model.encode_to_vec()
    }
}

/// Inputs and attributes of a node.
pub(super) type Inputs<'a> = (&'a [&'a str], Vec<Attribute>);

/// A value of the graph's interface: floats, the batch open.
fn batch(name: &str, item: &[usize]) -> ValueInfo {
    let fixed = |&dim: &usize| Dimension { value: Some(signed(dim)), ..Dimension::default() };
    let open = Dimension { name: BATCH.to_owned(), ..Dimension::default() };
    let dim = std::iter::once(open).chain(item.iter().map(fixed)).collect();
    let tensor = TensorType { element: FLOAT, shape: Some(ShapeMessage { dim }) };
    ValueInfo { name: name.to_owned(), kind: Some(TypeMessage { tensor: Some(tensor) }) }
}
