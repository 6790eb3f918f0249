//! Operators of ONNX, node by node.

use super::attributes::Attributes;
use super::error::OnnxError;
use super::{forms, windows};
use crate::graph::{Binary, Op, Reduction, Unary};

/// Operators that are read, `Constant` and those of other domains included.
pub const OPERATORS: [&str; 43] = [
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "DequantizeLinear",
    "Div",
    "Dropout",
    "Flatten",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "HardSigmoid",
    "Identity",
    "LRN",
    "LeakyRelu",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mul",
    "Pad",
    "QuantizeLinear",
    "ReduceMean",
    "Relu",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "qonnx.custom_op.general:Quant",
    "onnx.brevitas:Quant",
];

/// Whether that operator is read.
pub(super) fn is_known(operator: &str) -> bool {
    OPERATORS.contains(&operator)
}

/// A node's form: its attributes, and the version of its operators.
pub(super) struct Form<'a> {
    pub attributes: Attributes<'a>,
    /// The operator, with its domain if that is not ONNX's own.
    pub operator: &'a str,
    /// Version of ONNX's own operators.
    pub opset: i64,
    /// Number of inputs.
    pub inputs: usize,
    /// Whether there is an output beside the first.
    pub further: bool,
}

/// What a node computes; every attribute is understood.
pub(super) fn read(form: &Form<'_>) -> Result<Op, OnnxError> {
    let op = match form.operator {
        "Relu" => Op::Unary(Unary::Relu),
        "Sigmoid" => Op::Unary(Unary::Sigmoid),
        "Tanh" => Op::Unary(Unary::Tanh),
        "LeakyRelu" => {
            Op::Unary(Unary::LeakyRelu { slope: form.attributes.float("alpha")?.unwrap_or(0.01) })
        }
        "HardSigmoid" => Op::Unary(Unary::HardSigmoid {
            alpha: form.attributes.float("alpha")?.unwrap_or(0.2),
            beta: form.attributes.float("beta")?.unwrap_or(0.5),
        }),
        "Clip" => {
            Op::Clip { low: form.attributes.float("min")?, high: form.attributes.float("max")? }
        }
        "Add" => forms::binary(form, Binary::Add)?,
        "Sub" => forms::binary(form, Binary::Sub)?,
        "Mul" => forms::binary(form, Binary::Mul)?,
        "Div" => forms::binary(form, Binary::Div)?,
        "Max" => Op::Binary { binary: Binary::Max, axis: None },
        "Min" => Op::Binary { binary: Binary::Min, axis: None },
        "Sum" => Op::Binary { binary: Binary::Add, axis: None },
        "Conv" => windows::convolution(form)?,
        "MaxPool" => windows::max_pool(form)?,
        "AveragePool" => windows::average_pool(form)?,
        "GlobalAveragePool" => Op::GlobalPool(Reduction::MeanInside),
        "GlobalMaxPool" => Op::GlobalPool(Reduction::Max),
        "MatMul" => Op::MatMul,
        "Identity" => Op::Identity,
        _ => return more(form),
    };
    form.attributes.finish()?;
    Ok(op)
}

fn more(form: &Form<'_>) -> Result<Op, OnnxError> {
    let attributes = &form.attributes;
    let op = match form.operator {
        "Gemm" => forms::gemm(form)?,
        "BatchNormalization" => forms::batch_norm(form)?,
        "LRN" => forms::local_response(form)?,
        "Softmax" => forms::softmax(form)?,
        "ReduceMean" => forms::mean(form)?,
        "qonnx.custom_op.general:Quant" | "onnx.brevitas:Quant" => forms::quant(form)?,
        "QuantizeLinear" => Op::Quantise { axis: forms::quantiser(form)? },
        "DequantizeLinear" => Op::Dequantise { axis: forms::quantiser(form)? },
        "Dropout" => forms::dropout(form)?,
        "Flatten" => Op::Flatten { axis: attributes.int("axis")?.unwrap_or(1) },
        "Reshape" => Op::Reshape { zero_is_zero: attributes.flag("allowzero", 0)? },
        "Transpose" => Op::Transpose { order: attributes.sizes("perm")? },
        "Squeeze" => Op::Squeeze(forms::axes(form)?),
        "Unsqueeze" => Op::Unsqueeze(forms::axes(form)?),
        "Concat" => match attributes.int("axis")? {
            Some(axis) => Op::Concat { axis },
            None => return Err(attributes.form("lacks its attribute axis")),
        },
        "Slice" => forms::slice(form)?,
        "Gather" => Op::Gather { axis: attributes.int("axis")?.unwrap_or(0) },
        "Shape" => {
            Op::Shape { start: attributes.int("start")?.unwrap_or(0), end: attributes.int("end")? }
        }
        "Cast" => forms::cast(form)?,
        "Constant" => Op::Constant { value: forms::constant(form)? },
        "ConstantOfShape" => forms::constant_of_shape(form)?,
        "Pad" => forms::pad(form)?,
        other => return Err(attributes.form(format!("({other}) is not supported"))),
    };
    attributes.finish()?;
    Ok(op)
}
