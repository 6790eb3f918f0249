//! Operations value by value, tensors repeated to one shape.

use super::op::{Binary, CastTo, Op, QuantRounding};
use super::run::{Inputs, bounded, floats, integers, required};
use super::trouble::{Trouble, shape};
use crate::tensor::{Tensor, TensorData};

/// The shape to which both can be repeated: dimensions from the last on are equal or 1.
pub(super) fn common(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let rank = left.len().max(right.len());
    let at = |dims: &[usize], axis: usize| {
        (axis + dims.len()).checked_sub(rank).and_then(|place| dims.get(place)).copied().unwrap_or(1)
    };
    (0..rank)
        .map(|axis| match (at(left, axis), at(right, axis)) {
            (left, right) if left == right => Some(left),
            (1, other) | (other, 1) => Some(other),
            _ => None,
        })
        .collect()
}

/// For each element of a shape the element of a tensor that is repeated to it.
pub(super) fn places(dims: &[usize], to: &[usize]) -> impl Iterator<Item = usize> {
    let mut steps = vec![0; to.len()];
    let mut step = 1;
    for (place, &dim) in steps.iter_mut().rev().zip(dims.iter().rev()) {
        *place = if dim == 1 { 0 } else { step };
        step *= dim;
    }
    let to = to.to_vec();
    let count = if to.contains(&0) { 0 } else { to.iter().product() };
    let mut position = vec![0; to.len()];
    let mut next = 0_usize;
    (0..count).map(move |_| {
        let now = next;
        for ((place, &dim), &step) in position.iter_mut().zip(&to).zip(&steps).rev() {
            *place += 1;
            next += step;
            if *place < dim {
                break;
            }
            next -= dim * step;
            *place = 0;
        }
        now
    })
}

/// Joins one or more inputs, from the first on.
pub(super) fn fold(
    binary: Binary,
    axis: Option<i64>,
    inputs: &Inputs<'_>,
    limit: usize,
) -> Result<Tensor, Trouble> {
    let mut result = required(inputs, 0)?.clone();
    for position in 1..inputs.len() {
        let mut other = required(inputs, position)?.clone();
        if let Some(axis) = axis {
            other = behind(axis, result.dims().len(), other)?;
        }
        result = pair(binary, &result, &other, limit)?;
    }
    Ok(result)
}

/// A tensor with dimensions of one behind its own, which begin at that of a larger one.
fn behind(axis: i64, rank: usize, tensor: Tensor) -> Result<Tensor, Trouble> {
    let axis = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let ones = usize::try_from(axis)
        .ok()
        .and_then(|axis| rank.checked_sub(axis)?.checked_sub(tensor.dims().len()));
    let Some(ones) = ones else {
        return shape(format!("dimensions {:?} do not begin at {axis}", tensor.dims()));
    };
    let mut dims = tensor.dims().to_vec();
    dims.extend(vec![1; ones]);
    Ok(tensor.reshaped(dims)?)
}

/// Joins two tensors.
pub(super) fn pair(
    binary: Binary,
    left: &Tensor,
    right: &Tensor,
    limit: usize,
) -> Result<Tensor, Trouble> {
    let Some(dims) = common(left.dims(), right.dims()) else {
        return shape(format!("{:?} and {:?} do not fit", left.dims(), right.dims()));
    };
    bounded(&dims, limit)?;
    let data = match (left.data(), right.data()) {
        (TensorData::F32(a), TensorData::F32(b)) => {
            let join = of_floats(binary);
            TensorData::F32(joined((a, left.dims()), (b, right.dims()), &dims, join))
        }
        (TensorData::I64(a), TensorData::I64(b)) => {
            if binary == Binary::Div && b.contains(&0) {
                return shape("it divides an integer by zero");
            }
            let join = of_integers(binary);
            TensorData::I64(joined((a, left.dims()), (b, right.dims()), &dims, join))
        }
        (TensorData::F32(_) | TensorData::I64(_), other) | (other, _) => {
            return Err(Trouble::Type(other.type_name()));
        }
    };
    Ok(Tensor::new(dims, data)?)
}

fn joined<T: Copy>(
    (left, left_dims): (&[T], &[usize]),
    (right, right_dims): (&[T], &[usize]),
    dims: &[usize],
    join: fn(T, T) -> T,
) -> Vec<T> {
    if left_dims == right_dims {
        return left.iter().zip(right).map(|(&left, &right)| join(left, right)).collect();
    }
    let pairs = places(left_dims, dims).zip(places(right_dims, dims));
    pairs.filter_map(|(l, r)| Some(join(*left.get(l)?, *right.get(r)?))).collect()
}

fn of_floats(binary: Binary) -> fn(f32, f32) -> f32 {
    match binary {
        Binary::Add => |a, b| a + b,
        Binary::Sub => |a, b| a - b,
        Binary::Mul => |a, b| a * b,
        Binary::Div => |a, b| a / b,
        Binary::Max => f32::max,
        Binary::Min => f32::min,
    }
}

fn of_integers(binary: Binary) -> fn(i64, i64) -> i64 {
    match binary {
        Binary::Add => i64::wrapping_add,
        Binary::Sub => i64::wrapping_sub,
        Binary::Mul => i64::wrapping_mul,
        Binary::Div => |a, b| a.checked_div(b).unwrap_or(i64::MAX),
        Binary::Max => Ord::max,
        Binary::Min => Ord::min,
    }
}

/// min(max(x, low), high); the bounds may be inputs.
pub(super) fn clip(
    inputs: &Inputs<'_>,
    (low, high): (Option<f32>, Option<f32>),
) -> Result<Tensor, Trouble> {
    let data = required(inputs, 0)?;
    let bound = |position: usize, stated: Option<f32>| match inputs.get(position).copied().flatten() {
        Some(bound) => match floats(bound)? {
            &[bound] => Ok(Some(bound)),
            _ => shape("a bound is not one number"),
        },
        None => Ok(stated),
    };
    let low = bound(1, low)?.unwrap_or(f32::NEG_INFINITY);
    let high = bound(2, high)?.unwrap_or(f32::INFINITY);
    let values = floats(data)?.iter().map(|value| value.max(low).min(high)).collect();
    Ok(Tensor::f32(data.dims(), values)?)
}

/// Numbers of another type; floats become integers towards zero.
pub(super) fn cast(data: &Tensor, to: CastTo) -> Result<Tensor, Trouble> {
    let values = data.data();
    let whole = || match values.to_i64() {
        Some(integers) => integers,
        None => match values {
            TensorData::F64(values) => values.iter().map(|&value| value as i64).collect(),
            _ => values.to_f32().iter().map(|&value| value as i64).collect(),
        },
    };
    let cast = match to {
        CastTo::F32 => TensorData::F32(values.to_f32()),
        CastTo::F64 => match values {
            TensorData::F64(values) => TensorData::F64(values.clone()),
            TensorData::I64(values) => TensorData::F64(values.iter().map(|&v| v as f64).collect()),
            _ => TensorData::F64(values.to_f32().into_iter().map(f64::from).collect()),
        },
        CastTo::I64 => TensorData::I64(whole()),
        CastTo::I32 => TensorData::I32(whole().into_iter().map(|value| value as i32).collect()),
        CastTo::I8 => TensorData::I8(whole().into_iter().map(|value| value as i8).collect()),
        CastTo::U8 => TensorData::U8(whole().into_iter().map(|value| value as u8).collect()),
        CastTo::Bool => {
            TensorData::Bool(values.to_f32().into_iter().map(|value| value != 0.0).collect())
        }
    };
    Ok(Tensor::new(data.dims(), cast)?)
}

/// Rounds to codes of a scale and zero point, and back.
pub(super) fn quant(op: &Op, inputs: &Inputs<'_>, limit: usize) -> Result<Tensor, Trouble> {
    let &Op::Quant { signed, narrow, rounding } = op else {
        return Err(Trouble::Unsupported("another operator".to_owned()));
    };
    let (data, scale) = (required(inputs, 0)?, required(inputs, 1)?);
    let (zero, bits) = (required(inputs, 2)?, required(inputs, 3)?);
    let bits = match bits.to_f32().as_slice() {
        &[bits] if (1.0..=32.0).contains(&bits) => bits,
        _ => return shape("its bits are not one number of 1 to 32"),
    };
    let codes = 2_f32.powf(bits - f32::from(u8::from(signed)));
    let narrowed = f32::from(u8::from(narrow));
    let (lowest, highest) =
        if signed { (-codes + narrowed, codes - 1.0) } else { (0.0, codes - 1.0 - narrowed) };
    let scaled = pair(Binary::Div, data, scale, limit)?;
    let shifted = pair(Binary::Add, &scaled, zero, limit)?;
    if shifted.dims() != data.dims() {
        return shape("its scale or zero point is larger than the data");
    }
    let round = match rounding {
        QuantRounding::Even => f32::round_ties_even,
        QuantRounding::Ceil => f32::ceil,
        QuantRounding::Floor => f32::floor,
        QuantRounding::Zero => f32::trunc,
    };
    let codes = floats(&shifted)?.iter().map(|&value| round(value.max(lowest).min(highest)));
    let codes = Tensor::f32(data.dims(), codes.collect())?;
    let centred = pair(Binary::Sub, &codes, zero, limit)?;
    pair(Binary::Mul, &centred, scale, limit)
}

/// One integer for each of these.
pub(super) fn integer_list(tensor: &Tensor) -> Result<Vec<i64>, Trouble> {
    if tensor.dims().len() > 1 {
        return shape(format!("{:?} is not a list", tensor.dims()));
    }
    integers(tensor)
}
