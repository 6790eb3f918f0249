//! Operations on floats, as Python traces them, as a graph.

use std::collections::HashMap;
use std::sync::Arc;

use pimnas_formats::Tensor;
use pimnas_formats::graph::{
    Binary, FloatGraph, GraphInput, MAX_TENSOR_ELEMENTS, Node, Op, Padding, Reduction, Rounding,
    Unary, Value, Window,
};
use pyo3::prelude::*;

use crate::arrays;
use crate::errors::{Fault, Kind};

/// An operation: what it is, the names of its inputs and of its output, its constants by name, its
/// attributes.
#[derive(Debug, FromPyObject)]
pub struct Operation<'py> {
    #[pyo3(item)]
    kind: String,
    #[pyo3(item)]
    label: String,
    #[pyo3(item)]
    inputs: Vec<String>,
    #[pyo3(item)]
    output: String,
    #[pyo3(item)]
    constants: HashMap<String, Bound<'py, PyAny>>,
    #[pyo3(item)]
    numbers: HashMap<String, Vec<f64>>,
}

impl Operation<'_> {
    fn sizes(&self, key: &str) -> Vec<usize> {
        let list = self.numbers.get(key).map_or(&[][..], Vec::as_slice);
        list.iter().map(|&number| number as usize).collect()
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.numbers.get(key).and_then(|list| list.first()).copied()
    }

    fn window(&self) -> Window {
        let rounding =
            if self.number("ceil") == Some(1.0) { Rounding::Ceil } else { Rounding::Floor };
        Window {
            kernel: self.sizes("kernel"),
            strides: self.sizes("stride"),
            dilations: self.sizes("dilation"),
            padding: Padding::Explicit(self.sizes("padding")),
            rounding,
        }
    }

    fn op(&self) -> PyResult<Op> {
        let number = |key: &str| self.number(key).map(|number| number as f32);
        Ok(match self.kind.as_str() {
            "conv" => {
                let groups = self.sizes("groups").first().copied().unwrap_or(1);
                Op::Conv { window: self.window(), groups }
            }
            "linear" => Op::Gemm { alpha: 1.0, beta: 1.0, transpose_a: false, transpose_b: true },
            "batch_norm" => Op::BatchNorm { epsilon: number("epsilon").unwrap_or(1e-5) },
            "relu" => Op::Unary(Unary::Relu),
            "clip" => Op::Clip { low: number("low"), high: number("high") },
            "max_pool" => Op::Pool { window: self.window(), reduction: Reduction::Max },
            "mean_pool" => {
                let reduction = match self.number("padded") {
                    Some(1.0) => Reduction::MeanPadded,
                    _ => Reduction::MeanInside,
                };
                Op::Pool { window: self.window(), reduction }
            }
            "global_mean" => Op::GlobalPool(Reduction::MeanInside),
            "flatten" => Op::Flatten { axis: 1 },
            "add" => Op::Binary { binary: Binary::Add, axis: None },
            "sub" => Op::Binary { binary: Binary::Sub, axis: None },
            "mul" => Op::Binary { binary: Binary::Mul, axis: None },
            "identity" => Op::Identity,
            "softmax" => Op::Softmax { axis: -1, flattened: false },
            other => {
                let message = format!("there is no operation `{other}`");
                return Err(Fault::new(Kind::Network, "network-unknown-type", message).into());
            }
        })
    }
}

/// Values by name.
#[derive(Default)]
struct Values {
    list: Vec<Value>,
    places: HashMap<String, usize>,
}

impl Values {
    fn place(&mut self, name: &str) -> usize {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = self.list.len();
        self.list.push(Value { name: name.to_owned(), constant: None });
        self.places.insert(name.to_owned(), place);
        place
    }
}

/// The graph of these operations; the network's input is the value `input`.
pub fn graph(
    (name, input_shape): (&str, &[usize]),
    operations: &[Operation<'_>],
    output: &str,
) -> PyResult<FloatGraph> {
    let mut values = Values::default();
    let input = values.place("input");
    let mut nodes = Vec::new();
    for operation in operations {
        for (key, value) in &operation.constants {
            let read = arrays::tensor(value, || key.clone())?;
            let dims = read.dims().to_vec();
            let constant = Tensor::f32(dims, read.into_data()).map_err(|error| {
                let fault = Fault::new(Kind::Network, "tensor-size", &error);
                PyErr::from(fault.hint(error.hint()))
            })?;
            let place = values.place(key);
            values.list[place].constant = Some(Arc::new(constant));
        }
        let inputs = operation.inputs.iter().map(|name| Some(values.place(name))).collect();
        let outputs = vec![Some(values.place(&operation.output))];
        nodes.push(Node { label: operation.label.clone(), op: operation.op()?, inputs, outputs });
    }
    let dims = std::iter::once(None).chain(input_shape.iter().copied().map(Some)).collect();
    let name_of = "input".to_owned();
    let outputs = vec![values.place(output)];
    Ok(FloatGraph {
        name: name.to_owned(),
        values: values.list,
        inputs: vec![GraphInput { value: input, name: name_of, dims, type_name: "float32" }],
        outputs,
        nodes,
        max_elements: MAX_TENSOR_ELEMENTS,
    })
}
