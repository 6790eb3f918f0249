//! Operators whose form has changed over the versions, or has several attributes.

use super::error::OnnxError;
use super::operators::Form;
use crate::graph::{Axes, Binary, CastTo, Edge, Op, QuantRounding};
use crate::tensor::Tensor;

/// Up to version 6 the second input is only repeated where `broadcast` says so.
pub(super) fn binary(form: &Form<'_>, binary: Binary) -> Result<Op, OnnxError> {
    let axis = if form.opset < 7 {
        form.attributes.flag("broadcast", 0)?;
        form.attributes.int("axis")?
    } else {
        None
    };
    Ok(Op::Binary { binary, axis })
}

pub(super) fn gemm(form: &Form<'_>) -> Result<Op, OnnxError> {
    let attributes = &form.attributes;
    if form.opset < 7 {
        attributes.flag("broadcast", 0)?;
    }
    Ok(Op::Gemm {
        alpha: attributes.float("alpha")?.unwrap_or(1.0),
        beta: attributes.float("beta")?.unwrap_or(1.0),
        transpose_a: attributes.flag("transA", 0)?,
        transpose_b: attributes.flag("transB", 0)?,
    })
}

pub(super) fn batch_norm(form: &Form<'_>) -> Result<Op, OnnxError> {
    let attributes = &form.attributes;
    if form.opset < 7 && !attributes.flag("is_test", 0)? {
        return Err(attributes.form("is in its training form (is_test=0)"));
    }
    if form.opset < 9 && !attributes.flag("spatial", 1)? {
        return Err(attributes.form("normalises each position by itself (spatial=0)"));
    }
    if attributes.flag("training_mode", 0)? {
        return Err(attributes.form("is in its training form (training_mode=1)"));
    }
    Ok(Op::BatchNorm { epsilon: attributes.float("epsilon")?.unwrap_or(1e-5) })
}

pub(super) fn local_response(form: &Form<'_>) -> Result<Op, OnnxError> {
    let attributes = &form.attributes;
    let size = attributes.int("size")?.and_then(|size| usize::try_from(size).ok());
    let Some(size) = size.filter(|&size| size > 0) else {
        return Err(attributes.form("lacks a positive attribute size"));
    };
    Ok(Op::LocalResponse {
        alpha: attributes.float("alpha")?.unwrap_or(1e-4),
        beta: attributes.float("beta")?.unwrap_or(0.75),
        bias: attributes.float("bias")?.unwrap_or(1.0),
        size,
    })
}

/// Up to version 12 all dimensions from the stated one on are one.
pub(super) fn softmax(form: &Form<'_>) -> Result<Op, OnnxError> {
    let flattened = form.opset < 13;
    let default = if flattened { 1 } else { -1 };
    Ok(Op::Softmax { axis: form.attributes.int("axis")?.unwrap_or(default), flattened })
}

/// From version 18 on the dimensions are an input.
pub(super) fn mean(form: &Form<'_>) -> Result<Op, OnnxError> {
    let attributes = &form.attributes;
    let keep = attributes.flag("keepdims", 1)?;
    let nothing = attributes.flag("noop_with_empty_axes", 0)?;
    let axes = if form.opset < 18 {
        Axes::Stated(attributes.ints("axes")?.unwrap_or_default())
    } else {
        Axes::Input
    };
    if nothing && form.inputs < 2 {
        return Ok(Op::Identity);
    }
    Ok(Op::Mean { axes, keep })
}

/// Of `Squeeze` and `Unsqueeze`: an input from version 13 on.
pub(super) fn axes(form: &Form<'_>) -> Result<Axes, OnnxError> {
    match form.attributes.ints("axes")? {
        Some(axes) => Ok(Axes::Stated(axes)),
        None => Ok(Axes::Input),
    }
}

pub(super) fn quant(form: &Form<'_>) -> Result<Op, OnnxError> {
    let attributes = &form.attributes;
    let rounding = attributes.text("rounding_mode")?.unwrap_or_else(|| "ROUND".to_owned());
    let rounding = match rounding.to_uppercase().as_str() {
        "ROUND" => QuantRounding::Even,
        "CEIL" => QuantRounding::Ceil,
        "FLOOR" => QuantRounding::Floor,
        "ROUND_TO_ZERO" => QuantRounding::Zero,
        other => {
            let other = crate::text::shown(other);
            return Err(attributes.form(format!("has rounding_mode={other}, which is not known")));
        }
    };
    Ok(Op::Quant {
        signed: attributes.flag("signed", 1)?,
        narrow: attributes.flag("narrow", 0)?,
        rounding,
    })
}

/// The dimension of scales and zero points, of `QuantizeLinear` and `DequantizeLinear`.
pub(super) fn quantiser(form: &Form<'_>) -> Result<i64, OnnxError> {
    let attributes = &form.attributes;
    // Of 8-bit floats, which are not read.
    attributes.flag("saturate", 1)?;
    for name in ["block_size", "output_dtype"] {
        let value = attributes.int(name)?.unwrap_or(0);
        if value != 0 {
            return Err(attributes.form(format!("has {name}={value}, which is not supported")));
        }
    }
    Ok(attributes.int("axis")?.unwrap_or(1))
}

/// Inference only; a third input that switches training on is checked by the reader.
pub(super) fn dropout(form: &Form<'_>) -> Result<Op, OnnxError> {
    form.attributes.float("ratio")?;
    if form.opset < 7 {
        form.attributes.flag("is_test", 0)?;
    }
    Ok(Op::Dropout)
}

/// Up to version 9 the bounds are attributes.
pub(super) fn slice(form: &Form<'_>) -> Result<Op, OnnxError> {
    if form.opset >= 10 {
        return Ok(Op::Slice { stated: None });
    }
    let list = |name| form.attributes.ints(name);
    let (Some(starts), Some(ends)) = (list("starts")?, list("ends")?) else {
        return Err(form.attributes.form("lacks its attributes starts and ends"));
    };
    Ok(Op::Slice { stated: Some((starts, ends, list("axes")?.unwrap_or_default())) })
}

/// Up to version 10 pads and value are attributes.
pub(super) fn pad(form: &Form<'_>) -> Result<Op, OnnxError> {
    let attributes = &form.attributes;
    let mode = attributes.text("mode")?.unwrap_or_else(|| "constant".to_owned());
    let edge = match mode.as_str() {
        "constant" => Edge::Constant,
        "edge" => Edge::Repeat,
        "reflect" => Edge::Reflect,
        other => {
            let mode = crate::text::shown(other);
            return Err(attributes.form(format!("has mode={mode}, which is not supported")));
        }
    };
    if form.opset >= 11 {
        return Ok(Op::Pad { edge, stated: None });
    }
    let value = attributes.float("value")?.unwrap_or(0.0);
    match attributes.ints("pads")? {
        Some(pads) => Ok(Op::Pad { edge, stated: Some((pads, value)) }),
        None => Err(attributes.form("lacks its attribute pads")),
    }
}

pub(super) fn cast(form: &Form<'_>) -> Result<Op, OnnxError> {
    form.attributes.int("saturate")?;
    Ok(Op::Cast(match form.attributes.int("to")? {
        Some(1) => CastTo::F32,
        Some(2) => CastTo::U8,
        Some(3) => CastTo::I8,
        Some(6) => CastTo::I32,
        Some(7) => CastTo::I64,
        Some(9) => CastTo::Bool,
        Some(10) => CastTo::F16,
        Some(11) => CastTo::F64,
        Some(16) => CastTo::Bf16,
        Some(code) => {
            let why = format!("casts to type {code}, which is not supported");
            return Err(form.attributes.form(why));
        }
        None => return Err(form.attributes.form("lacks its attribute to")),
    }))
}

/// A tensor, or from version 12 on a number or a list of numbers.
pub(super) fn constant(form: &Form<'_>) -> Result<Tensor, OnnxError> {
    let attributes = &form.attributes;
    if let Some(tensor) = attributes.tensor("value")? {
        return Ok(tensor);
    }
    if let Some(value) = attributes.float("value_float")? {
        return Ok(Tensor::scalar(value));
    }
    if let Some(values) = attributes.floats("value_floats")? {
        return Ok(Tensor::vector(values));
    }
    if let Some(value) = attributes.int("value_int")? {
        return Tensor::integers(vec![value])
            .reshaped([])
            .map_err(|error| attributes.form(error.to_string()));
    }
    match attributes.ints("value_ints")? {
        Some(values) => Ok(Tensor::integers(values)),
        None => Err(attributes.form("has no value that is a tensor or numbers")),
    }
}

pub(super) fn constant_of_shape(form: &Form<'_>) -> Result<Op, OnnxError> {
    let value = form.attributes.tensor("value")?.unwrap_or_else(|| Tensor::scalar(0.0));
    if value.len() != 1 {
        return Err(form.attributes.form(format!("has a value of {} numbers", value.len())));
    }
    Ok(Op::ConstantOfShape { value })
}
