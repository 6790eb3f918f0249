//! Batch normalisation, softmax and the like.

use super::elementwise::integer_list;
use super::layout::{axes_of, axis_of};
use super::op::{Axes, Op};
use super::run::{Inputs, floats, required};
use super::trouble::{Trouble, shape};
use crate::tensor::Tensor;

/// (x − mean) / sqrt(variance + epsilon) · scale + shift, a channel.
pub(super) fn batch_norm(epsilon: f32, inputs: &Inputs<'_>) -> Result<Tensor, Trouble> {
    let data = required(inputs, 0)?;
    let &[_, channels, ref spatial @ ..] = data.dims() else {
        return shape(format!("its data of {:?} has no channels", data.dims()));
    };
    let vector = |position: usize| -> Result<&[f32], Trouble> {
        let tensor = required(inputs, position)?;
        if tensor.len() != channels {
            let why =
                format!("its input {position} has {} values for {channels} channels", tensor.len());
            return shape(why);
        }
        floats(tensor)
    };
    let (scale, shift) = (vector(1)?, vector(2)?);
    let (mean, variance) = (vector(3)?, vector(4)?);
    let plane: usize = spatial.iter().product();
    let mut values = floats(data)?.to_vec();
    let parameters = scale.iter().zip(shift).zip(mean.iter().zip(variance)).cycle();
    for (map, ((scale, shift), (mean, variance))) in values.chunks_mut(plane.max(1)).zip(parameters)
    {
        let factor = scale / (variance + epsilon).sqrt();
        for value in map {
            *value = (*value - mean) * factor + shift;
        }
    }
    Ok(Tensor::f32(data.dims(), values)?)
}

/// x / (bias + alpha / size · Σ x²)^beta over neighbouring channels.
pub(super) fn local_response(op: &Op, data: &Tensor) -> Result<Tensor, Trouble> {
    let &Op::LocalResponse { alpha, beta, bias, size } = op else {
        return Err(Trouble::Unsupported("another operator".to_owned()));
    };
    let &[items, channels, ref spatial @ ..] = data.dims() else {
        return shape(format!("its data of {:?} has no channels", data.dims()));
    };
    let plane: usize = spatial.iter().product();
    let from = floats(data)?;
    let mut values = vec![0.0; from.len()];
    let at = |item: usize, channel: usize, position: usize| {
        from.get((item * channels + channel) * plane + position).copied().unwrap_or(0.0)
    };
    for item in 0..items {
        for channel in 0..channels {
            let first = channel.saturating_sub(size.saturating_sub(1) / 2);
            let end = (channel + size / 2 + 1).min(channels);
            for position in 0..plane {
                let squares: f32 = (first..end).map(|c| at(item, c, position).powi(2)).sum();
                let divisor = (bias + alpha / size as f32 * squares).powf(beta);
                if let Some(value) = values.get_mut((item * channels + channel) * plane + position)
                {
                    *value = at(item, channel, position) / divisor;
                }
            }
        }
    }
    Ok(Tensor::f32(data.dims(), values)?)
}

/// e^x / Σ e^x over a dimension, or over all from it on.
pub(super) fn softmax(axis: i64, flattened: bool, data: &Tensor) -> Result<Tensor, Trouble> {
    let axis = axis_of(axis, data.dims().len())?;
    let (outer, rest) = data.dims().split_at(axis);
    let (size, step) = match rest.split_first() {
        Some((&size, inner)) if !flattened => (size, inner.iter().product::<usize>()),
        Some(_) | None => (rest.iter().product(), 1),
    };
    let outer: usize = outer.iter().product();
    let mut values = floats(data)?.to_vec();
    for part in values.chunks_mut((size * step).max(1)).take(outer) {
        for offset in 0..step {
            let line = || part.iter().skip(offset).step_by(step.max(1));
            let largest = line().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = line().map(|value| (value - largest).exp()).sum();
            for value in part.iter_mut().skip(offset).step_by(step.max(1)) {
                *value = (*value - largest).exp() / sum;
            }
        }
    }
    Ok(Tensor::f32(data.dims(), values)?)
}

/// Mean over dimensions, which stay as ones or go.
pub(super) fn mean(axes: &Axes, keep: bool, inputs: &Inputs<'_>) -> Result<Tensor, Trouble> {
    let data = required(inputs, 0)?;
    let rank = data.dims().len();
    let axes = match axes_list(axes, inputs)? {
        Some(axes) if !axes.is_empty() => axes_of(&axes, rank)?,
        Some(_) | None => (0..rank).collect(),
    };
    let mut sums = vec![0.0_f64; 1];
    let kept: Vec<usize> = (0..rank)
        .map(
            |axis| {
                if axes.contains(&axis) { 1 } else { data.dims().get(axis).copied().unwrap_or(1) }
            },
        )
        .collect();
    sums.resize(kept.iter().product(), 0.0);
    let places = super::elementwise::places(&kept, data.dims());
    for (&value, place) in floats(data)?.iter().zip(places) {
        if let Some(sum) = sums.get_mut(place) {
            *sum += f64::from(value);
        }
    }
    let count = data.len().checked_div(sums.len()).unwrap_or(0) as f64;
    let means = sums.iter().map(|sum| (sum / count) as f32).collect();
    let dims = if keep {
        kept
    } else {
        kept.into_iter()
            .enumerate()
            .filter(|(axis, _)| !axes.contains(axis))
            .map(|(_, d)| d)
            .collect()
    };
    Ok(Tensor::f32(dims, means)?)
}

/// The dimensions that a node states or takes; `None` where it does neither.
pub(crate) fn axes_list(axes: &Axes, inputs: &Inputs<'_>) -> Result<Option<Vec<i64>>, Trouble> {
    match axes {
        Axes::Stated(axes) => Ok(Some(axes.clone())),
        Axes::Input => inputs.get(1).copied().flatten().map(integer_list).transpose(),
    }
}
