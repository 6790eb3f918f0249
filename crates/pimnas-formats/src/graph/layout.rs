//! Dimensions without values: reshaping and shape arithmetic.

use super::elementwise::integer_list;
use super::normalise::axes_list;
use super::op::Op;
use super::run::{Inputs, bounded, required};
use super::trouble::{Trouble, shape};
use crate::tensor::{Tensor, elements, map_type};

/// A dimension counted from the front; negative ones count from the end.
pub(super) fn axis_of(axis: i64, rank: usize) -> Result<usize, Trouble> {
    let absolute = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    match usize::try_from(absolute) {
        Ok(absolute) if absolute < rank => Ok(absolute),
        Ok(_) | Err(_) => shape(format!("dimension {axis} does not exist among {rank}")),
    }
}

/// Several of them, none twice.
pub(crate) fn axes_of(axes: &[i64], rank: usize) -> Result<Vec<usize>, Trouble> {
    let axes: Result<Vec<usize>, Trouble> = axes.iter().map(|&axis| axis_of(axis, rank)).collect();
    let axes = axes?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() == axes.len() { Ok(axes) } else { shape("it names a dimension twice") }
}

/// The new dimensions of an operator that only changes them.
/// `dims` are those of the data, of which nothing else is needed.
pub(crate) fn reshaped(
    op: &Op,
    dims: &[usize],
    inputs: &Inputs<'_>,
) -> Result<Vec<usize>, Trouble> {
    let list = || required(inputs, 1).and_then(integer_list);
    match op {
        Op::Flatten { axis } => flattened(dims, *axis),
        Op::Reshape { zero_is_zero } => resolved(dims, &list()?, *zero_is_zero),
        Op::Squeeze(axes) => squeezed(dims, axes_list(axes, inputs)?),
        Op::Unsqueeze(axes) => unsqueezed(dims, &axes_list(axes, inputs)?.unwrap_or_default()),
        _ => Err(Trouble::Unsupported("another operator".to_owned())),
    }
}

fn flattened(dims: &[usize], axis: i64) -> Result<Vec<usize>, Trouble> {
    let rank = dims.len();
    let axis = if axis == rank as i64 { rank } else { axis_of(axis, rank)? };
    let (outer, inner) = dims.split_at(axis);
    Ok(vec![outer.iter().product(), inner.iter().product()])
}

/// Dimensions in which 0 stands for the input's own and −1 for what is left.
fn resolved(dims: &[usize], wanted: &[i64], zero_is_zero: bool) -> Result<Vec<usize>, Trouble> {
    let misfit = || shape(format!("{dims:?} cannot have the dimensions {wanted:?}"));
    let mut open = None;
    let mut result = Vec::with_capacity(wanted.len());
    for (axis, &dim) in wanted.iter().enumerate() {
        match (dim, usize::try_from(dim)) {
            (0, _) if !zero_is_zero => match dims.get(axis) {
                Some(&dim) => result.push(dim),
                None => return misfit(),
            },
            (_, Ok(dim)) => result.push(dim),
            (-1, Err(_)) if open.is_none() => {
                open = Some(axis);
                result.push(1);
            }
            (_, Err(_)) => return misfit(),
        }
    }
    let (Some(count), Some(known)) = (elements(dims), elements(&result)) else { return misfit() };
    if let Some(place) = open.and_then(|axis| result.get_mut(axis)) {
        match count.checked_div(known) {
            Some(rest) if rest * known == count => *place = rest,
            Some(_) | None => return misfit(),
        }
    }
    if elements(&result) == Some(count) { Ok(result) } else { misfit() }
}

fn squeezed(dims: &[usize], axes: Option<Vec<i64>>) -> Result<Vec<usize>, Trouble> {
    let axes = match axes {
        Some(axes) => axes_of(&axes, dims.len())?,
        None => (0..dims.len()).filter(|&axis| dims.get(axis) == Some(&1)).collect(),
    };
    if axes.iter().any(|&axis| dims.get(axis) != Some(&1)) {
        return shape(format!("a dimension to squeeze of {dims:?} is not 1"));
    }
    let kept = dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    Ok(kept.map(|(_, &dim)| dim).collect())
}

fn unsqueezed(dims: &[usize], axes: &[i64]) -> Result<Vec<usize>, Trouble> {
    let rank = dims.len() + axes.len();
    let axes = axes_of(axes, rank)?;
    let mut own = dims.iter().copied();
    let dim = |axis| if axes.contains(&axis) { Some(1) } else { own.next() };
    Ok((0..rank).filter_map(dim).collect())
}

/// The dimensions of a tensor as a vector, those from `start` to `end`.
pub(crate) fn shape_of(data: &Tensor, start: i64, end: Option<i64>) -> Tensor {
    let rank = data.dims().len() as i64;
    let clamped = |axis: i64| {
        let absolute = if axis < 0 { axis.saturating_add(rank) } else { axis };
        absolute.clamp(0, rank) as usize
    };
    let (start, end) = (clamped(start), clamped(end.unwrap_or(rank)));
    let dims = data.dims().get(start..end.max(start)).unwrap_or_default();
    Tensor::integers(dims.iter().map(|&dim| dim as i64).collect())
}

/// One value in dimensions that are a vector.
pub(super) fn constant_of_shape(
    value: &Tensor,
    dims: &Tensor,
    limit: usize,
) -> Result<Tensor, Trouble> {
    let dims: Result<Vec<usize>, _> =
        integer_list(dims)?.into_iter().map(usize::try_from).collect();
    let Ok(dims) = dims else { return shape("a dimension is negative") };
    let count = bounded(&dims, limit)?;
    let data = map_type!(value.data(), values => match values.first() {
        Some(&value) => vec![value; count],
        None => return shape("its value is empty"),
    });
    Ok(Tensor::new(dims, data)?)
}
