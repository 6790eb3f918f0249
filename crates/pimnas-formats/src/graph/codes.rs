//! Integer codes of a scale and a zero point.

use super::elementwise::places;
use super::run::{Inputs, floats, integers, required};
use super::trouble::{Trouble, shape};
use crate::tensor::{Tensor, TensorData};

/// For each value of the data the place of its scale, which is one for all or one along an axis.
fn each(axis: i64, data: &Tensor, scale: &Tensor) -> Result<Vec<usize>, Trouble> {
    let dims = data.dims();
    if scale.len() == 1 {
        return Ok(vec![0; data.len()]);
    }
    let rank = i64::try_from(dims.len()).unwrap_or(i64::MAX);
    let axis = if axis < 0 { axis.saturating_add(rank) } else { axis };
    let along = usize::try_from(axis).ok().filter(|&axis| dims.get(axis) == Some(&scale.len()));
    let (Some(along), 1) = (along, scale.dims().len()) else {
        let (own, axis) = (scale.dims(), axis);
        return shape(format!(
            "scales of {own:?} are not one for each of dimension {axis} of {dims:?}"
        ));
    };
    let mut spread = vec![1; dims.len()];
    if let Some(place) = spread.get_mut(along) {
        *place = scale.len();
    }
    Ok(places(&spread, dims).collect())
}

/// The zero points; none are 0.
fn zeros(inputs: &Inputs<'_>, count: usize) -> Result<Vec<i64>, Trouble> {
    match inputs.get(2).copied().flatten() {
        None => Ok(vec![0; count]),
        Some(zero) if zero.len() == count => integers(zero),
        Some(zero) => shape(format!("{} zero points are given for {count} scales", zero.len())),
    }
}

/// round(x / scale) + zero, halves to even, as far as the type of the zero point goes (unsigned of 8
/// bits without one).
pub(super) fn quantise(axis: i64, inputs: &Inputs<'_>) -> Result<Tensor, Trouble> {
    let (data, scale) = (required(inputs, 0)?, required(inputs, 1)?);
    let (values, scales) = (floats(data)?, floats(scale)?);
    let zeros = zeros(inputs, scale.len())?;
    let unsigned = TensorData::U8(Vec::new());
    let of = inputs.get(2).copied().flatten().map_or(&unsigned, Tensor::data);
    let (lowest, highest) = match of {
        TensorData::U8(_) => (0, i64::from(u8::MAX)),
        TensorData::I8(_) => (i64::from(i8::MIN), i64::from(i8::MAX)),
        TensorData::I16(_) => (i64::from(i16::MIN), i64::from(i16::MAX)),
        // Unsigned numbers of 16 bits are kept as these.
        TensorData::I32(_) => (0, i64::from(u16::MAX)),
        other @ (TensorData::F32(_)
        | TensorData::F64(_)
        | TensorData::I64(_)
        | TensorData::Bool(_)) => return Err(Trouble::Type(other.type_name())),
    };
    let code = |(&value, place): (&f32, usize)| {
        let scale = scales.get(place).copied().unwrap_or(1.0);
        let zero = zeros.get(place).copied().unwrap_or(0);
        let rounded = (value / scale).round_ties_even() as i64;
        rounded.saturating_add(zero).clamp(lowest, highest)
    };
    let codes = values.iter().zip(each(axis, data, scale)?).map(code);
    let codes = match of {
        TensorData::I8(_) => TensorData::I8(codes.map(|code| code as i8).collect()),
        TensorData::I16(_) => TensorData::I16(codes.map(|code| code as i16).collect()),
        TensorData::I32(_) => TensorData::I32(codes.map(|code| code as i32).collect()),
        TensorData::U8(_)
        | TensorData::F32(_)
        | TensorData::F64(_)
        | TensorData::I64(_)
        | TensorData::Bool(_) => TensorData::U8(codes.map(|code| code as u8).collect()),
    };
    Ok(Tensor::new(data.dims(), codes)?)
}

/// (code − zero) · scale.
pub(super) fn dequantise(axis: i64, inputs: &Inputs<'_>) -> Result<Tensor, Trouble> {
    let (data, scale) = (required(inputs, 0)?, required(inputs, 1)?);
    let (codes, scales) = (integers(data)?, floats(scale)?);
    let zeros = zeros(inputs, scale.len())?;
    let number = |(code, place): (i64, usize)| {
        let zero = zeros.get(place).copied().unwrap_or(0);
        code.saturating_sub(zero) as f32 * scales.get(place).copied().unwrap_or(1.0)
    };
    let values = codes.into_iter().zip(each(axis, data, scale)?).map(number).collect();
    Ok(Tensor::f32(data.dims(), values)?)
}
