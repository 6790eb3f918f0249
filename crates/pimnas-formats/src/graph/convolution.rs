//! Convolutions of any number of spatial dimensions, as products of gathered windows.

use rayon::prelude::*;

use super::op::Window;
use super::product::{Matrix, Threads, multiply};
use super::run::{Inputs, bounded, floats, required};
use super::trouble::{Trouble, shape};
use super::window::{Placed, place};
use crate::tensor::Tensor;

/// Floats of gathered windows at a time: about what fits beside the weights into a cache.
const GATHERED: usize = 1 << 19;

/// Sizes of a convolution.
struct Plan {
    placed: Vec<Placed>,
    /// Input channels of a group.
    channels: usize,
    /// Output channels of a group.
    outputs: usize,
    groups: usize,
    /// Elements of a map of an input channel.
    plane: usize,
}

impl Plan {
    /// Windows of an output channel.
    fn positions(&self) -> usize {
        self.placed.iter().map(|axis| axis.outputs).product()
    }

    /// Weights of an output channel.
    fn rows(&self) -> usize {
        self.channels * self.placed.iter().map(|axis| axis.kernel).product::<usize>()
    }

    fn outer(&self) -> &[Placed] {
        self.placed.split_last().map_or(&[], |(_, outer)| outer)
    }

    fn last(&self) -> Option<&Placed> {
        self.placed.last()
    }
}

/// Convolves data (N × C × …) with weights (O × C/groups × …), adds a bias (O) if there is one.
pub(crate) fn convolve(
    window: &Window,
    groups: usize,
    inputs: &Inputs<'_>,
    limit: usize,
) -> Result<Tensor, Trouble> {
    let (data, weights) = (required(inputs, 0)?, required(inputs, 1)?);
    let plan = plan(window, groups, (data.dims(), weights.dims()))?;
    let items = data.dims().first().copied().unwrap_or(0);
    let outputs = plan.groups * plan.outputs;
    let mut dims = vec![items, outputs];
    dims.extend(plan.placed.iter().map(|axis| axis.outputs));
    let mut values = vec![0.0; bounded(&dims, limit)?];
    let of_group = plan.outputs * plan.positions();
    let read = plan.channels * plan.plane;
    let (data, weights) = (floats(data)?, floats(weights)?);
    let size = plan.outputs * plan.rows();
    let group = |index: usize, result: &mut [f32], threads| {
        let group = index % plan.groups;
        let from = data.get(index * read..(index + 1) * read).unwrap_or_default();
        let weights = weights.get(group * size..(group + 1) * size).unwrap_or_default();
        convolve_group(&plan, (from, weights), result, threads);
    };
    if of_group > 0 && read > 0 {
        let tasks = items * plan.groups;
        if tasks >= rayon::current_num_threads() {
            let results = values.par_chunks_mut(of_group).enumerate();
            results.for_each(|(index, result)| group(index, result, Threads::One));
        } else {
            for (index, result) in values.chunks_mut(of_group).enumerate() {
                group(index, result, Threads::All);
            }
        }
    }
    if let Some(bias) = inputs.get(2).copied().flatten() {
        if bias.len() != outputs {
            return shape(format!("its bias has {} values for {outputs} channels", bias.len()));
        }
        add_bias(&mut values, floats(bias)?, plan.positions());
    }
    Ok(Tensor::f32(dims, values)?)
}

fn add_bias(values: &mut [f32], bias: &[f32], positions: usize) {
    for (map, bias) in values.chunks_mut(positions.max(1)).zip(bias.iter().cycle()) {
        for value in map {
            *value += bias;
        }
    }
}

fn plan(
    window: &Window,
    groups: usize,
    (data, weights): (&[usize], &[usize]),
) -> Result<Plan, Trouble> {
    let (&[_, channels, ref spatial @ ..], &[outputs, of_group, ref kernel @ ..]) = (data, weights)
    else {
        return shape(format!("its data {data:?} or weights {weights:?} lack dimensions"));
    };
    if !window.kernel.is_empty() && window.kernel != kernel {
        return shape(format!("its kernel_shape {:?} is not that of {weights:?}", window.kernel));
    }
    if spatial.is_empty() || groups == 0 || Some(channels) != of_group.checked_mul(groups) {
        let why = format!("weights {weights:?} in {groups} groups do not fit data {data:?}");
        return shape(why);
    }
    if !outputs.is_multiple_of(groups) {
        return shape(format!("its {outputs} outputs do not divide into {groups} groups"));
    }
    let placed = place(window, kernel, spatial)?;
    let plane = spatial.iter().product();
    Ok(Plan { placed, channels: of_group, outputs: outputs / groups, groups, plane })
}

/// One group of one item.
fn convolve_group(
    plan: &Plan,
    (data, weights): (&[f32], &[f32]),
    result: &mut [f32],
    threads: Threads,
) {
    let (rows, positions) = (plan.rows(), plan.positions());
    let Some(last) = plan.last() else { return };
    // Whole lines of windows at a time.
    let lines = positions / last.outputs.max(1);
    let at_once = (GATHERED / (rows * last.outputs).max(1)).clamp(1, lines.max(1));
    let mut gathered = vec![0.0; rows * at_once * last.outputs];
    for start in (0..lines).step_by(at_once) {
        let count = at_once.min(lines - start);
        let lanes = count * last.outputs;
        gather(plan, data, (start, count), &mut gathered);
        let left = Matrix { data: weights, rows: plan.outputs, columns: rows, steps: (rows, 1) };
        let right = Matrix { data: &gathered, rows, columns: lanes, steps: (lanes, 1) };
        let place = result.get_mut(start * last.outputs..).unwrap_or_default();
        multiply((left, right), (place, positions), threads);
    }
}

/// Fills the rows (channel and element of the kernel) with what lies under that many lines of
/// windows.
fn gather(plan: &Plan, data: &[f32], (start, count): (usize, usize), gathered: &mut [f32]) {
    let Some(last) = plan.last() else { return };
    let outer = plan.outer();
    let lanes = count * last.outputs;
    let elements: usize = plan.placed.iter().map(|axis| axis.kernel).product();
    for (row, values) in gathered.chunks_mut(lanes).take(plan.rows()).enumerate() {
        let (channel, element) = (row / elements, row % elements);
        let map = data.get(channel * plan.plane..(channel + 1) * plan.plane).unwrap_or_default();
        let (outer_element, last_element) = (element / last.kernel, element % last.kernel);
        for (line, values) in values.chunks_mut(last.outputs).enumerate() {
            match line_start(outer, start + line, outer_element) {
                Some(place) => {
                    let from = place * last.size;
                    let from = map.get(from..from + last.size).unwrap_or_default();
                    copy_line(last, last_element, from, values);
                }
                None => values.fill(0.0),
            }
        }
    }
}

/// The line of the map under a line of windows, if it is inside.
fn line_start(outer: &[Placed], mut line: usize, mut element: usize) -> Option<usize> {
    let (mut place, mut scale) = (0, 1);
    for axis in outer.iter().rev() {
        let inside = axis.inside(line % axis.outputs.max(1), element % axis.kernel)?;
        place += inside * scale;
        scale *= axis.size;
        line /= axis.outputs.max(1);
        element /= axis.kernel;
    }
    Some(place)
}

/// What lies under one element of each window of a line.
fn copy_line(axis: &Placed, element: usize, from: &[f32], to: &mut [f32]) {
    let offset = element * axis.dilation;
    if axis.stride == 1 {
        // Windows whose element lies in front of the map, inside it, behind it.
        let front = axis.before.saturating_sub(offset).min(to.len());
        let first = offset.saturating_sub(axis.before).min(from.len());
        let inside = (from.len() - first).min(to.len() - front);
        let (zeros, rest) = to.split_at_mut(front);
        let (values, behind) = rest.split_at_mut(inside);
        zeros.fill(0.0);
        values.copy_from_slice(&from[first..first + inside]);
        behind.fill(0.0);
        return;
    }
    for (output, value) in to.iter_mut().enumerate() {
        let inside = axis.inside(output, element);
        *value = inside.and_then(|place| from.get(place)).copied().unwrap_or(0.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::op::{Padding, Rounding};
    use super::*;

    /// The same by its definition.
    fn direct(plan: &Plan, data: &[f32], weights: &[f32]) -> Vec<f32> {
        let (positions, rows) = (plan.positions(), plan.rows());
        let mut all = vec![0.0; rows * positions];
        gather_directly(plan, data, &mut all);
        let mut result = vec![0.0; plan.outputs * positions];
        for (i, value) in result.iter_mut().enumerate() {
            let (output, position) = (i / positions, i % positions);
            *value = (0..rows)
                .map(|row| weights[output * rows + row] * all[row * positions + position])
                .sum();
        }
        result
    }

    fn gather_directly(plan: &Plan, data: &[f32], all: &mut [f32]) {
        let [y, x] = plan.placed[..] else { panic!("two dimensions") };
        let window = y.kernel * x.kernel;
        for (i, value) in all.iter_mut().enumerate() {
            let (row, position) = (i / plan.positions(), i % plan.positions());
            let (channel, element) = (row / window, row % window);
            let place = y
                .inside(position / x.outputs, element / x.kernel)
                .zip(x.inside(position % x.outputs, element % x.kernel));
            *value = place
                .map_or(0.0, |(y, x)| data[channel * plan.plane + y * plan.placed[1].size + x]);
        }
    }

    proptest! {
        #[test]
        fn windows_are_gathered_as_defined(
            sizes in (1..9_usize, 1..9_usize),
            kernel in (1..4_usize, 1..4_usize),
            strides in (1..4_usize, 1..4_usize),
            dilations in (1..3_usize, 1..3_usize),
            pads in prop::array::uniform4(0..3_usize),
            channels in 1..3_usize,
        ) {
            let window = Window {
                kernel: Vec::new(),
                strides: vec![strides.0, strides.1],
                dilations: vec![dilations.0, dilations.1],
                padding: Padding::Explicit(pads.to_vec()),
                rounding: Rounding::Floor,
            };
            let data = [1, channels, sizes.0, sizes.1];
            let Ok(plan) = plan(&window, 1, (&data, &[2, channels, kernel.0, kernel.1])) else {
                return Ok(());
            };
            let numbers = |count: usize| (0..count).map(|i| (i * 7 % 11) as f32 - 5.0).collect();
            let (data, weights): (Vec<f32>, Vec<f32>) =
                (numbers(data.iter().product()), numbers(2 * plan.rows()));
            let mut result = vec![0.0; 2 * plan.positions()];
            convolve_group(&plan, (&data, &weights), &mut result, Threads::One);
            // Small integers are exact in any order.
            prop_assert_eq!(result, direct(&plan, &data, &weights));
        }
    }
}
