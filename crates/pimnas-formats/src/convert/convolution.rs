//! Layers with weights.

use pimnas_network::{Convolution, Operation, Source};

use super::activation::{Activation, Zeros};
use super::affine::{Affine, of_channels};
use super::arithmetic;
use super::emit::Converter;
use super::error::{Refusal, refuse};
use super::nodes::described;
use crate::graph::{Node, Op, Placed, Window, place};
use crate::tensor::{Tensor, elements};

const HINT: &str = "layers convolve square kernels with one stride and padding: choose others";
/// By how much more elements a kernel may have with zeros around and between its own.
const EXPANSION: usize = 64;
/// Elements that it may have in any case.
const FREE_ELEMENTS: usize = 1 << 20;
const VECTOR: &str = "flatten the activation before it: batch × features";

/// Fewest and most zeros behind a map that give the same windows; `None` where the last window
/// reaches beyond the padding.
fn behind(axis: &Placed) -> Option<(usize, usize)> {
    let last = axis.outputs.checked_sub(1)? * axis.stride + axis.reach();
    let before = axis.before + axis.size;
    let fewest = last.saturating_sub(before);
    let most = (last + axis.stride - 1).checked_sub(before)?;
    (fewest <= axis.after).then_some((fewest, most))
}

/// The pads in front and behind that give the same windows, equal where that is possible.
pub(super) fn balanced(axis: &Placed) -> Option<(usize, usize)> {
    let (fewest, most) = behind(axis)?;
    Some((axis.before, axis.before.clamp(fewest, most)))
}

/// A kernel inside a square one of zeros.
struct Square {
    /// Side.
    kernel: usize,
    padding: usize,
    /// Rows and columns of zeros in front.
    lead: (usize, usize),
    /// What an even kernel drops: its flag.
    flag: Option<f32>,
}

/// The smallest square kernel with one padding that computes the same.
fn square(rows: &Placed, columns: &Placed) -> Result<Square, Refusal> {
    if rows.stride != columns.stride {
        let why = format!("its strides are {} and {}", rows.stride, columns.stride);
        return refuse(why, HINT);
    }
    let (Some(vertical), Some(horizontal)) = (balanced(rows), balanced(columns)) else {
        return refuse("its last window reaches beyond the padding", HINT);
    };
    let same = vertical == horizontal && rows.reach() == columns.reach();
    let ((before, after), reach) = (vertical, rows.reach());
    let even = reach.is_multiple_of(2) && rows.stride == 1 && reach / 2 == before.max(after);
    if same && even && before.abs_diff(after) == 1 {
        // The layer pads reach / 2 and drops the last or first row and column.
        let flag = if before > after { 1.0 } else { 0.0 };
        return Ok(Square { kernel: reach, padding: reach / 2, lead: (0, 0), flag: Some(flag) });
    }
    // A kernel of side k with padding p on both sides computes the same with zeros around it and
    // a larger padding; k - 2p stays. Zeros behind the map that no window sees change it.
    let shared = overlap(rows, columns);
    let fitting = shared.into_iter().flatten().filter_map(|excess| {
        let after =
            |axis: &Placed| usize::try_from(axis.reach() as i64 - axis.before as i64 - excess);
        let pads = [rows.before, columns.before, after(rows).ok()?, after(columns).ok()?];
        let padding = pads.into_iter().max()?;
        let kernel = usize::try_from(excess + 2 * padding as i64).ok()?;
        Some((kernel, padding))
    });
    let Some((kernel, padding)) = fitting.min() else {
        let why = format!(
            "its kernel of {}×{} with pads {vertical:?} and {horizontal:?} fits no square one",
            rows.reach(),
            columns.reach()
        );
        return refuse(why, HINT);
    };
    if kernel.is_multiple_of(2) && padding >= kernel / 2 {
        let why = format!("its even kernel of {kernel} has a padding of {padding} on both sides");
        return refuse(why, "pad an even kernel by less than half of it, or take an odd one");
    }
    let lead = (padding - rows.before, padding - columns.before);
    Ok(Square { kernel, padding, lead, flag: None })
}

/// Kernel less pads that rows and columns can both have.
fn overlap(rows: &Placed, columns: &Placed) -> Option<std::ops::RangeInclusive<i64>> {
    let range = |axis: &Placed| {
        let (fewest, most) = behind(axis)?;
        let largest = axis.reach() as i64 - axis.before as i64;
        Some((largest - most as i64, largest - fewest as i64))
    };
    let (rows, columns) = (range(rows)?, range(columns)?);
    Some(rows.0.max(columns.0)..=rows.1.min(columns.1))
}

/// A convolution: data, weights, perhaps a bias.
pub(super) fn convolution(
    converter: &mut Converter<'_>,
    node: &Node,
    (window, groups): (&Window, usize),
) -> Result<Activation, Refusal> {
    let (dims, values) = converter.floats(node, 1)?;
    let (activation, zeros) = padded(converter, node)?;
    let (&[items, channels, height, width], &[outputs, of_group, ref kernel @ ..]) =
        (activation.dims.as_slice(), dims.as_slice())
    else {
        return refuse(format!("its data has dimensions {:?}", activation.dims), HINT);
    };
    if Some(channels) != of_group.checked_mul(groups) || !outputs.is_multiple_of(groups.max(1)) {
        let why = format!("weights {dims:?} in {groups} groups do not fit {channels} channels");
        return refuse(why, "export the network again");
    }
    let placed = place(window, kernel, &[height, width]);
    let mut placed = placed.or_else(|trouble| refuse(described(&trouble), HINT))?;
    let [rows, columns] = placed.as_mut_slice() else {
        return refuse("its kernel is not one of rows and columns", HINT);
    };
    if let Some(zeros) = zeros {
        for (axis, before, after) in [
            (&mut *rows, zeros.before.0, zeros.after.0),
            (&mut *columns, zeros.before.1, zeros.after.1),
        ] {
            axis.size -= before + after;
            axis.before += before;
            axis.after += after;
        }
    }
    let sides = (rows.outputs, columns.outputs);
    let square = square(rows, columns)?;
    let weights = expanded(&values, (outputs * of_group, &square), (rows, columns));
    let side = square.kernel;
    if (side, side) != (rows.kernel, columns.kernel) {
        let (height, width) = (rows.kernel, columns.kernel);
        converter.note(format!(
            "its kernel of {height}×{width} sits in one of {side}×{side}, with zeros"
        ));
    }
    let weights = weights.and_then(|w| Tensor::f32([outputs, of_group, side, side], w).ok());
    let Some(weights) = weights.filter(|w| w.len() <= converter.graph.max_elements) else {
        return refuse("its kernel with the zeros around it is too large", HINT);
    };
    let layer = converter.push(
        Operation::Convolution(Convolution {
            in_channels: channels,
            out_channels: outputs,
            kernel_size: side,
            stride: rows.stride,
            padding: square.padding,
            groups,
        }),
        vec![activation.source],
    );
    converter.parameters.insert(format!("{layer}.weight"), weights);
    if let Some(flag) = square.flag {
        converter.parameters.insert(format!("{layer}.padding_flag"), Tensor::vector(vec![flag]));
    }
    let mut result = Activation::of(Source::Layer(layer), vec![items, outputs, sides.0, sides.1]);
    result.weighted = Some(layer);
    biased(converter, node, result, 1.0)
}

/// The data of a convolution, and zeros around it that it is to take.
fn padded(
    converter: &mut Converter<'_>,
    node: &Node,
) -> Result<(Activation, Option<Zeros>), Refusal> {
    let (_, mut activation) = converter.activation(node, 0)?;
    match activation.zeros.take() {
        None => Ok((converter.ready(node, 0)?, None)),
        Some(zeros) => Ok((converter.without_zeros(activation)?, Some(zeros))),
    }
}

/// Each kernel with the zeros around it and between its elements; `None` where that is too large.
fn expanded(
    values: &[f32],
    (kernels, square): (usize, &Square),
    (rows, columns): (&Placed, &Placed),
) -> Option<Vec<f32>> {
    let side = square.kernel;
    if (side, side) == (rows.kernel, columns.kernel) {
        return Some(values.to_vec());
    }
    let count = elements(&[kernels, side, side]);
    let most = values.len().saturating_mul(EXPANSION).max(FREE_ELEMENTS);
    let count = count.filter(|&count| count <= most)?;
    let mut all = vec![0.0; count];
    let size = rows.kernel * columns.kernel;
    for (kernel, to) in values.chunks(size.max(1)).zip(all.chunks_mut(side * side)) {
        for (index, &value) in kernel.iter().enumerate() {
            let row = square.lead.0 + index / columns.kernel * rows.dilation;
            let column = square.lead.1 + index % columns.kernel * columns.dilation;
            if let Some(place) = to.get_mut(row * side + column) {
                *place = value;
            }
        }
    }
    Some(all)
}

/// Adds the third input, times a factor, if there is one.
fn biased(
    converter: &mut Converter<'_>,
    node: &Node,
    activation: Activation,
    factor: f32,
) -> Result<Activation, Refusal> {
    if converter.given(node, 2).is_none() {
        return Ok(activation);
    }
    converter.floats(node, 2)?;
    let bias = converter.constant(node, 2)?;
    let channels = activation.channels();
    // A convolution's bias is a vector of channels, not of columns.
    let axis = (bias.dims().len() == 1).then_some(1);
    let values = of_channels(&bias, axis, &activation.dims)?;
    let summands = values.into_iter().map(|value| value * f64::from(factor)).collect();
    let affine = Affine { factors: vec![1.0; channels], summands };
    arithmetic::affine(converter, activation, &affine)
}

/// alpha · A · B + beta · C with constant B and C.
pub(super) fn gemm(converter: &mut Converter<'_>, node: &Node) -> Result<Activation, Refusal> {
    let &Op::Gemm { alpha, beta, transpose_a, transpose_b } = &node.op else {
        return refuse("it is no product", HINT);
    };
    if transpose_a {
        return refuse("it transposes its activation (transA=1)", "export it with transA=0");
    }
    let (dims, values) = converter.floats(node, 1)?;
    let product = Product { dims: &dims, values: &values, transposed: transpose_b, factor: alpha };
    let activation = connected(converter, node, &product)?;
    biased(converter, node, activation, beta)
}

/// Product of an activation and a constant matrix.
pub(super) fn matmul(converter: &mut Converter<'_>, node: &Node) -> Result<Activation, Refusal> {
    let (dims, values) = converter.floats(node, 1)?;
    let product = Product { dims: &dims, values: &values, transposed: false, factor: 1.0 };
    connected(converter, node, &product)
}

/// A constant matrix on the right.
struct Product<'a> {
    dims: &'a [usize],
    values: &'a [f32],
    /// Whether it is output × input.
    transposed: bool,
    factor: f32,
}

fn connected(
    converter: &mut Converter<'_>,
    node: &Node,
    product: &Product<'_>,
) -> Result<Activation, Refusal> {
    let activation = converter.ready(node, 0)?;
    let (&[items, features], &[first, second]) = (activation.dims.as_slice(), product.dims) else {
        let why = format!("it multiplies {:?} and {:?}", activation.dims, product.dims);
        return refuse(why, VECTOR);
    };
    let (inputs, outputs) = if product.transposed { (second, first) } else { (first, second) };
    if inputs != features {
        let why = format!("a matrix for {inputs} features multiplies {features}");
        return refuse(why, "export the network again");
    }
    let at = |i: usize| {
        let (output, input) = (i / inputs, i % inputs);
        let place = if product.transposed { i } else { input * outputs + output };
        product.values.get(place).copied().unwrap_or(0.0) * product.factor
    };
    let weights = Tensor::f32([outputs, inputs], (0..outputs * inputs).map(at).collect());
    let Ok(weights) = weights else { return refuse("its matrix is empty", VECTOR) };
    let operation = Operation::FullyConnected { in_features: inputs, out_features: outputs };
    let layer = converter.push(operation, vec![activation.source]);
    converter.parameters.insert(format!("{layer}.weight"), weights);
    let mut result = Activation::of(Source::Layer(layer), vec![items, outputs]);
    result.weighted = Some(layer);
    Ok(result)
}
