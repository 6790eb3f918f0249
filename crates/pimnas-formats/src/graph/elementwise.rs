//! Operations value by value, tensors repeated to one shape.

use half::{bf16, f16};

use super::op::{Binary, CastTo, Op, QuantRounding};
use super::run::{Inputs, bounded, floats, integers, required};
use super::trouble::{Trouble, shape};
use crate::tensor::{Tensor, TensorData};

/// What a [`Binary`] does with two floats.
macro_rules! of_floats {
    ($binary:expr, $type:ty) => {
        match $binary {
            Binary::Add => |a: $type, b: $type| a + b,
            Binary::Sub => |a: $type, b: $type| a - b,
            Binary::Mul => |a: $type, b: $type| a * b,
            Binary::Div => |a: $type, b: $type| a / b,
            Binary::Max => <$type>::max,
            Binary::Min => <$type>::min,
        }
    };
}

/// What a [`Binary`] does with two integers; a division by zero is refused before.
macro_rules! of_integers {
    ($binary:expr, $type:ty) => {
        match $binary {
            Binary::Add => <$type>::wrapping_add,
            Binary::Sub => <$type>::wrapping_sub,
            Binary::Mul => <$type>::wrapping_mul,
            Binary::Div => |a: $type, b: $type| a.checked_div(b).unwrap_or(<$type>::MAX),
            Binary::Max => Ord::max,
            Binary::Min => Ord::min,
        }
    };
}

/// The shape to which both can be repeated: dimensions from the last on are equal or 1.
pub(super) fn common(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let rank = left.len().max(right.len());
    let at = |dims: &[usize], axis: usize| {
        (axis + dims.len())
            .checked_sub(rank)
            .and_then(|place| dims.get(place))
            .copied()
            .unwrap_or(1)
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
    let shapes = (left.dims(), right.dims(), dims.as_slice());
    let zero = |tensor: &Tensor| tensor.data().to_i64().is_some_and(|values| values.contains(&0));
    if binary == Binary::Div && zero(right) {
        return shape("it divides an integer by zero");
    }
    let data = match (left.data(), right.data()) {
        (TensorData::F32(a), TensorData::F32(b)) => {
            TensorData::F32(joined((a, b), shapes, of_floats!(binary, f32)))
        }
        (TensorData::F64(a), TensorData::F64(b)) => {
            TensorData::F64(joined((a, b), shapes, of_floats!(binary, f64)))
        }
        (TensorData::I64(a), TensorData::I64(b)) => {
            TensorData::I64(joined((a, b), shapes, of_integers!(binary, i64)))
        }
        (TensorData::I32(a), TensorData::I32(b)) => {
            TensorData::I32(joined((a, b), shapes, of_integers!(binary, i32)))
        }
        (TensorData::I16(a), TensorData::I16(b)) => {
            TensorData::I16(joined((a, b), shapes, of_integers!(binary, i16)))
        }
        (TensorData::I8(a), TensorData::I8(b)) => {
            TensorData::I8(joined((a, b), shapes, of_integers!(binary, i8)))
        }
        (TensorData::U8(a), TensorData::U8(b)) => {
            TensorData::U8(joined((a, b), shapes, of_integers!(binary, u8)))
        }
        (_, other) => return Err(Trouble::Type(other.type_name())),
    };
    Ok(Tensor::new(dims, data)?)
}

fn joined<T: Copy>(
    (left, right): (&[T], &[T]),
    (left_dims, right_dims, dims): (&[usize], &[usize], &[usize]),
    join: fn(T, T) -> T,
) -> Vec<T> {
    if left_dims == right_dims {
        return left.iter().zip(right).map(|(&left, &right)| join(left, right)).collect();
    }
    let pairs = places(left_dims, dims).zip(places(right_dims, dims));
    pairs.filter_map(|(l, r)| Some(join(*left.get(l)?, *right.get(r)?))).collect()
}

/// min(max(x, low), high); the bounds may be inputs.
pub(super) fn clip(
    inputs: &Inputs<'_>,
    (low, high): (Option<f32>, Option<f32>),
    limit: usize,
) -> Result<Tensor, Trouble> {
    let mut result = required(inputs, 0)?.clone();
    for (binary, position, stated) in [(Binary::Max, 1, low), (Binary::Min, 2, high)] {
        let stated = stated.map(Tensor::scalar);
        let bound = inputs.get(position).copied().flatten().or(stated.as_ref());
        if let Some(bound) = bound {
            if bound.len() != 1 || bound.dims().len() > result.dims().len() {
                return shape("a bound is not one number");
            }
            result = pair(binary, &result, bound, limit)?;
        }
    }
    Ok(result)
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
        CastTo::F16 => {
            // From the value itself, so that nothing is rounded twice.
            let half = |value: f64| f16::from_f64(value).to_f32();
            TensorData::F32(doubles(values).into_iter().map(half).collect())
        }
        CastTo::Bf16 => {
            let half = |value: f64| bf16::from_f64(value).to_f32();
            TensorData::F32(doubles(values).into_iter().map(half).collect())
        }
        CastTo::F64 => TensorData::F64(doubles(values)),
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

/// The values as 64-bit floats.
fn doubles(data: &TensorData) -> Vec<f64> {
    match (data, data.to_i64()) {
        (TensorData::F64(values), _) => values.clone(),
        (_, Some(integers)) => integers.into_iter().map(|value| value as f64).collect(),
        (_, None) => data.to_f32().into_iter().map(f64::from).collect(),
    }
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
