//! Pooling over any number of spatial dimensions.

use rayon::prelude::*;

use super::elementwise::cast;
use super::op::{CastTo, PlaceOrder, Reduction, Window};
use super::run::{bounded, floats};
use super::trouble::{Trouble, shape};
use super::window::{Placed, place};
use crate::tensor::{Tensor, TensorData};

/// Reduces the windows of each channel.
pub(crate) fn pool(
    window: &Window,
    reduction: Reduction,
    data: &Tensor,
    limit: usize,
) -> Result<Tensor, Trouble> {
    let &[items, channels, ref spatial @ ..] = data.dims() else {
        return shape(format!("its data of {:?} has no channels", data.dims()));
    };
    let placed = place(window, &window.kernel, spatial)?;
    let mut dims = vec![items, channels];
    dims.extend(placed.iter().map(|axis| axis.outputs));
    let mut values = vec![0.0; bounded(&dims, limit)?];
    let plane: usize = spatial.iter().product();
    let positions: usize = placed.iter().map(|axis| axis.outputs).product();
    if let (Reduction::Max, TensorData::U8(_) | TensorData::I8(_)) = (reduction, data.data()) {
        // Bytes are exact as floats.
        let as_floats = Tensor::f32(data.dims(), data.to_f32())?;
        let to = if data.data().type_name() == "u8" { CastTo::U8 } else { CastTo::I8 };
        return cast(&pool(window, reduction, &as_floats, limit)?, to);
    }
    let data = floats(data)?;
    if positions > 0 && plane > 0 {
        values.par_chunks_mut(positions).zip(data.par_chunks(plane)).for_each(|(to, from)| {
            for (position, value) in to.iter_mut().enumerate() {
                *value = reduce(&placed, reduction, from, position);
            }
        });
    }
    Ok(Tensor::f32(dims, values)?)
}

/// Reduces the window at that position of one channel.
fn reduce(placed: &[Placed], reduction: Reduction, map: &[f32], position: usize) -> f32 {
    let mut state = State { largest: f32::NEG_INFINITY, sum: 0.0, inside: 0 };
    let mut starts = vec![0; placed.len()];
    let (mut rest, mut padded) = (position, 1);
    for (start, axis) in starts.iter_mut().zip(placed).rev() {
        *start = rest % axis.outputs;
        rest /= axis.outputs;
        // The padding ends where it is stated to, wherever the window does.
        let end = axis.before + axis.size + axis.after;
        let first = *start * axis.stride;
        padded *= (0..axis.kernel).filter(|e| first + e * axis.dilation < end).count();
    }
    walk(placed, &starts, map, &mut state);
    match reduction {
        Reduction::Max => state.largest,
        Reduction::MeanInside => state.sum / state.inside as f32,
        Reduction::MeanPadded => state.sum / padded as f32,
    }
}

struct State {
    largest: f32,
    sum: f32,
    inside: usize,
}

/// Goes over the elements of a window, dimension by dimension.
fn walk(placed: &[Placed], starts: &[usize], map: &[f32], state: &mut State) {
    let (Some((axis, inner)), Some((&start, inner_starts))) =
        (placed.split_first(), starts.split_first())
    else {
        if let &[value] = map {
            state.largest = state.largest.max(value);
            state.sum += value;
            state.inside += 1;
        }
        return;
    };
    let size = map.len() / axis.size.max(1);
    for element in 0..axis.kernel {
        if let Some(place) = axis.inside(start, element) {
            let part = map.get(place * size..(place + 1) * size).unwrap_or_default();
            walk(inner, inner_starts, part, state);
        }
    }
}

/// The largest value of each window, and its place in the data: that of the first of equal ones.
pub(super) fn max_with_places(
    (window, order): (&Window, PlaceOrder),
    data: &Tensor,
    limit: usize,
) -> Result<Vec<Tensor>, Trouble> {
    let largest = pool(window, Reduction::Max, data, limit)?;
    let spatial = data.dims().get(2..).unwrap_or_default();
    let placed = place(window, &window.kernel, spatial)?;
    let plane: usize = spatial.iter().product();
    let positions: usize = placed.iter().map(|axis| axis.outputs).product();
    let mut places = Vec::with_capacity(largest.len());
    let (values, wanted) = (data.to_f32(), largest.to_f32());
    let channels = wanted.chunks(positions.max(1)).zip(values.chunks(plane.max(1)));
    for (channel, (wanted, map)) in channels.enumerate() {
        for (position, &wanted) in wanted.iter().enumerate() {
            let found = find(&placed, position, (map, wanted));
            let found = found.map(|at| counted(&at, spatial, order) + channel * plane);
            // An empty window has no place.
            places.push(found.map_or(-1, |found| found as i64));
        }
    }
    let places = Tensor::integers(places).reshaped(largest.dims())?;
    Ok(vec![largest, places])
}

/// The coordinates of the first element of a window that has that value.
fn find(placed: &[Placed], position: usize, (map, wanted): (&[f32], f32)) -> Option<Vec<usize>> {
    let (mut starts, mut rest) = (vec![0; placed.len()], position);
    let mut elements = 1_usize;
    for (start, axis) in starts.iter_mut().zip(placed).rev() {
        *start = rest % axis.outputs;
        rest /= axis.outputs;
        elements *= axis.kernel;
    }
    (0..elements).find_map(|element| {
        let (mut at, mut rest) = (vec![0; placed.len()], element);
        for ((at, axis), &start) in at.iter_mut().zip(placed).zip(&starts).rev() {
            *at = axis.inside(start, rest % axis.kernel)?;
            rest /= axis.kernel;
        }
        let place = at.iter().zip(placed).fold(0, |place, (at, axis)| place * axis.size + at);
        (map.get(place) == Some(&wanted)).then_some(at)
    })
}

/// The number of a place.
fn counted(at: &[usize], dims: &[usize], order: PlaceOrder) -> usize {
    let count = |place: usize, (&at, &dim): (&usize, &usize)| place * dim + at;
    match order {
        PlaceOrder::RowMajor => at.iter().zip(dims).fold(0, count),
        PlaceOrder::ColumnMajor => at.iter().zip(dims).rev().fold(0, count),
    }
}

/// Reduces each channel to one value.
pub(crate) fn global(reduction: Reduction, data: &Tensor) -> Result<Tensor, Trouble> {
    let &[items, channels, ref spatial @ ..] = data.dims() else {
        return shape(format!("its data of {:?} has no channels", data.dims()));
    };
    let plane: usize = spatial.iter().product();
    let mut dims = vec![items, channels];
    dims.extend(vec![1; spatial.len()]);
    let reduced = floats(data)?.chunks(plane.max(1)).map(|map| match reduction {
        Reduction::Max => map.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        Reduction::MeanInside | Reduction::MeanPadded => {
            map.iter().map(|&value| f64::from(value)).sum::<f64>() as f32 / map.len() as f32
        }
    });
    Ok(Tensor::f32(dims, reduced.collect())?)
}
