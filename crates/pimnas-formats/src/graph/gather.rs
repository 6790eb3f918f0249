//! Operators that put values to other places.

use super::elementwise::integer_list;
use super::layout::{axes_of, axis_of};
use super::op::Edge;
use super::run::{Inputs, bounded, integers, required};
use super::trouble::{Trouble, shape};
use crate::tensor::{Tensor, TensorData, map_type};

/// The values at these places; places outside are left out.
fn at_places(data: &TensorData, places: &[usize]) -> TensorData {
    map_type!(data, values => places.iter().filter_map(|&place| values.get(place).copied()).collect())
}

/// For each dimension which entries are taken, in the order of the result; all combinations of
/// them, in the places of the data.
fn combined(dims: &[usize], taken: &[Vec<usize>]) -> Vec<usize> {
    let mut places = vec![0];
    for (axis, entries) in taken.iter().enumerate() {
        let dim = dims.get(axis).copied().unwrap_or(1);
        let inner =
            places.iter().flat_map(|&place| entries.iter().map(move |&entry| place * dim + entry));
        places = inner.collect();
    }
    places
}

/// Dimensions in another order.
pub(super) fn transpose(data: &Tensor, order: &[usize]) -> Result<Tensor, Trouble> {
    let rank = data.dims().len();
    let order: Vec<usize> =
        if order.is_empty() { (0..rank).rev().collect() } else { order.to_vec() };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return shape(format!("{order:?} is not an order of {rank} dimensions"));
    }
    let mut steps = vec![1; rank];
    for axis in (1..rank).rev() {
        if let (Some(&step), Some(&dim)) = (steps.get(axis), data.dims().get(axis))
            && let Some(place) = steps.get_mut(axis - 1)
        {
            *place = step * dim;
        }
    }
    let pick = |list: &[usize]| -> Vec<usize> {
        order.iter().filter_map(|&axis| list.get(axis).copied()).collect()
    };
    let (dims, steps) = (pick(data.dims()), pick(&steps));
    let mut places = vec![0];
    for (&dim, &step) in dims.iter().zip(&steps) {
        places = places.iter().flat_map(|&p| (0..dim).map(move |i| p + i * step)).collect();
    }
    Ok(Tensor::new(dims, at_places(data.data(), &places))?)
}

/// One behind the other along a dimension.
pub(super) fn concat(axis: i64, inputs: &Inputs<'_>, limit: usize) -> Result<Tensor, Trouble> {
    let first = required(inputs, 0)?;
    let axis = axis_of(axis, first.dims().len())?;
    let mut parts = Vec::with_capacity(inputs.len());
    let mut dims = first.dims().to_vec();
    let mut joined = 0_usize;
    for position in 0..inputs.len() {
        let part = required(inputs, position)?;
        let mut expected = first.dims().to_vec();
        let own = part.dims().get(axis).copied().unwrap_or(0);
        if let Some(dim) = expected.get_mut(axis) {
            *dim = own;
        }
        if part.dims() != expected {
            return shape(format!("{:?} does not continue {:?}", part.dims(), first.dims()));
        }
        if part.data().type_name() != first.data().type_name() {
            return Err(Trouble::Type(part.data().type_name()));
        }
        joined = joined.saturating_add(own);
        parts.push(part);
    }
    if let Some(dim) = dims.get_mut(axis) {
        *dim = joined;
    }
    bounded(&dims, limit)?;
    let outer: usize = dims.iter().take(axis).product();
    let data = map_type!(first.data(), values => {
        let mut all = Vec::new();
        let _same_type = values;
        for index in 0..outer {
            for part in &parts {
                let size = part.len() / outer.max(1);
                extend(&mut all, part.data(), index * size..(index + 1) * size);
            }
        }
        all
    });
    Ok(Tensor::new(dims, data)?)
}

/// A number type that a tensor can have.
trait Number: Copy {
    fn of(data: &TensorData) -> Option<&[Self]>;
}

macro_rules! number {
    ($type:ty, $variant:ident) => {
        impl Number for $type {
            fn of(data: &TensorData) -> Option<&[Self]> {
                if let TensorData::$variant(values) = data { Some(values) } else { None }
            }
        }
    };
}
number!(f32, F32);
number!(f64, F64);
number!(i64, I64);
number!(i32, I32);
number!(i16, I16);
number!(i8, I8);
number!(u8, U8);
number!(bool, Bool);

fn extend<T: Number>(all: &mut Vec<T>, data: &TensorData, range: std::ops::Range<usize>) {
    all.extend_from_slice(T::of(data).and_then(|values| values.get(range)).unwrap_or_default());
}

/// Starts, ends and axes of a slice.
type Stated = (Vec<i64>, Vec<i64>, Vec<i64>);

/// A part along some dimensions.
pub(super) fn slice(stated: Option<&Stated>, inputs: &Inputs<'_>) -> Result<Tensor, Trouble> {
    let data = required(inputs, 0)?;
    let list = |position: usize| inputs.get(position).copied().flatten().map(integer_list);
    let (starts, ends, axes, steps) = match stated {
        Some((starts, ends, axes)) => (starts.clone(), ends.clone(), axes.clone(), Vec::new()),
        None => (
            list(1).transpose()?.unwrap_or_default(),
            list(2).transpose()?.unwrap_or_default(),
            list(3).transpose()?.unwrap_or_default(),
            list(4).transpose()?.unwrap_or_default(),
        ),
    };
    let axes = if axes.is_empty() { (0..starts.len() as i64).collect() } else { axes };
    let steps = if steps.is_empty() { vec![1; starts.len()] } else { steps };
    if [ends.len(), axes.len(), steps.len()].iter().any(|&length| length != starts.len()) {
        return shape("its starts, ends, axes and steps are not as many");
    }
    let mut taken: Vec<Vec<usize>> = data.dims().iter().map(|&dim| (0..dim).collect()).collect();
    let axes = axes_of(&axes, data.dims().len())?;
    for (((axis, start), end), step) in axes.into_iter().zip(starts).zip(ends).zip(steps) {
        if let (Some(place), Some(&dim)) = (taken.get_mut(axis), data.dims().get(axis)) {
            *place = range(dim, (start, end), step)?;
        }
    }
    let dims: Vec<usize> = taken.iter().map(Vec::len).collect();
    let places = combined(data.dims(), &taken);
    Ok(Tensor::new(dims, at_places(data.data(), &places))?)
}

/// The entries of a dimension from a start to an end.
fn range(dim: usize, (start, end): (i64, i64), step: i64) -> Result<Vec<usize>, Trouble> {
    let size = i64::try_from(dim).unwrap_or(i64::MAX);
    let absolute = |bound: i64| if bound < 0 { bound.saturating_add(size) } else { bound };
    let (start, end) = (absolute(start), absolute(end));
    let mut entries = Vec::new();
    match step {
        0 => return shape("a step of it is 0"),
        1.. => {
            let mut at = start.clamp(0, size);
            while at < end.clamp(0, size) {
                entries.push(at as usize);
                at = at.saturating_add(step);
            }
        }
        _ => {
            let mut at = start.clamp(-1, size - 1);
            while at > end.clamp(-1, size - 1) {
                entries.push(at as usize);
                at = at.saturating_add(step);
            }
        }
    }
    Ok(entries)
}

/// Entries by their indices.
pub(super) fn gather(axis: i64, inputs: &Inputs<'_>, limit: usize) -> Result<Tensor, Trouble> {
    let (data, indices) = (required(inputs, 0)?, required(inputs, 1)?);
    let axis = axis_of(axis, data.dims().len())?;
    let dim = data.dims().get(axis).copied().unwrap_or(0);
    let entries: Result<Vec<usize>, Trouble> =
        integers(indices)?.into_iter().map(|index| axis_of(index, dim)).collect();
    let (outer, inner) = (data.dims().get(..axis), data.dims().get(axis + 1..));
    let dims = [outer.unwrap_or_default(), indices.dims(), inner.unwrap_or_default()].concat();
    bounded(&dims, limit)?;
    let mut taken: Vec<Vec<usize>> = data.dims().iter().map(|&dim| (0..dim).collect()).collect();
    if let Some(place) = taken.get_mut(axis) {
        *place = entries?;
    }
    let places = combined(data.dims(), &taken);
    Ok(Tensor::new(dims, at_places(data.data(), &places))?)
}

/// Values around the data.
pub(super) fn pad(
    edge: Edge,
    stated: Option<&(Vec<i64>, f32)>,
    inputs: &Inputs<'_>,
    limit: usize,
) -> Result<Tensor, Trouble> {
    let data = required(inputs, 0)?;
    let (pads, value) = match stated {
        Some((pads, value)) => (pads.clone(), *value),
        None => {
            if inputs.get(3).copied().flatten().is_some() {
                return Err(Trouble::Unsupported("padding of chosen axes".to_owned()));
            }
            let value = inputs.get(2).copied().flatten().map(Tensor::to_f32);
            let value = value.and_then(|values| values.first().copied()).unwrap_or(0.0);
            (integer_list(required(inputs, 1)?)?, value)
        }
    };
    let rank = data.dims().len();
    let pads: Result<Vec<usize>, _> = pads.into_iter().map(usize::try_from).collect();
    let Ok(pads) = pads else { return Err(Trouble::Unsupported("negative padding".to_owned())) };
    if pads.len() != 2 * rank {
        return shape(format!("{} pads are given for {rank} dimensions", pads.len()));
    }
    let (before, after) = pads.split_at(rank);
    let mirrored = match edge {
        Edge::Constant => None,
        Edge::Repeat => Some(false),
        Edge::Reflect => Some(true),
    };
    if let Some(mirrored) = mirrored {
        return around(data, (before, after), (mirrored, limit));
    }
    let ends = data.dims().iter().zip(before).zip(after);
    let dims: Vec<usize> =
        ends.map(|((&d, &b), &a)| d.saturating_add(b).saturating_add(a)).collect();
    let mut values = vec![value; bounded(&dims, limit)?];
    let taken: Vec<Vec<usize>> =
        data.dims().iter().zip(before).map(|(&dim, &b)| (b..b + dim).collect()).collect();
    let from = super::run::floats(data)?;
    for (place, &value) in combined(&dims, &taken).into_iter().zip(from) {
        if let Some(to) = values.get_mut(place) {
            *to = value;
        }
    }
    Ok(Tensor::f32(dims, values)?)
}

/// The data with its own values around it: the outermost ones, or all mirrored at those.
fn around(
    data: &Tensor,
    (before, after): (&[usize], &[usize]),
    (mirrored, limit): (bool, usize),
) -> Result<Tensor, Trouble> {
    let (mut dims, mut taken) = (Vec::new(), Vec::new());
    for ((&dim, &before), &after) in data.dims().iter().zip(before).zip(after) {
        let largest = if mirrored { dim.saturating_sub(1) } else { usize::MAX };
        if before > largest || after > largest || (dim == 0 && before.max(after) > 0) {
            return shape(format!(
                "a dimension of {dim} has no values for pads of {before} and {after}"
            ));
        }
        dims.push(dim.saturating_add(before).saturating_add(after));
        bounded(&dims, limit)?;
        let inside = |place: usize| match (place.checked_sub(before), mirrored) {
            (Some(place), _) if place < dim => place,
            (Some(_), false) => dim - 1,
            // What lies behind the last is as far in front of it.
            (Some(place), true) => 2 * (dim - 1) - place,
            (None, false) => 0,
            (None, true) => before - place,
        };
        taken.push((0..dim + before + after).map(inside).collect::<Vec<usize>>());
    }
    let places = combined(data.dims(), &taken);
    Ok(Tensor::new(dims, at_places(data.data(), &places))?)
}
