//! Windows in ONNX's form.

use pimnas_network::Convolution;

/// Rows and columns.
pub(super) type Sides = (usize, usize);

/// A convolution's kernel with the zeros around its input.
pub(super) struct Padded {
    /// Weights, output × input of a group × rows × columns.
    pub weights: Vec<f32>,
    /// Side of the kernel.
    pub kernel: usize,
    /// Zeros above, left, below, right.
    pub pads: [usize; 4],
}

/// The kernel and pads that give a layer's output at once. `edges` has for each input channel of
/// all groups what an even kernel's output loses (0 the first, 1 the last row and column); none
/// where it loses nothing.
///
/// Fewer zeros on one side leave the row and column out. Where that is not possible (the stride is
/// larger than the padding, or channels differ), the kernel gets zeros of its own instead.
pub(super) fn padded(
    conv: &Convolution,
    (weights, edges): (Vec<f32>, &[f32]),
    (input, output): (Sides, Sides),
) -> Padded {
    let (kernel, padding) = (conv.kernel_size, conv.padding);
    let plain = |pads: [usize; 4], weights: Vec<f32>| Padded { weights, kernel, pads };
    let Some(&first) = edges.first() else { return plain([padding; 4], weights) };
    if edges.iter().all(|&edge| edge == first) {
        let pads = if first == 0.0 {
            let before = padding.checked_sub(conv.stride);
            before.map(|before| [before, before, padding, padding])
        } else {
            let after = |(size, outputs): (usize, usize)| {
                (0..padding).find(|after| {
                    let room = (size + padding + after).checked_sub(kernel);
                    room.is_some_and(|room| room / conv.stride.max(1) + 1 == outputs)
                })
            };
            let below = after((input.0, output.0));
            below.zip(after((input.1, output.1))).map(|(b, r)| [padding, padding, b, r])
        };
        if let Some(pads) = pads {
            return plain(pads, weights);
        }
    }
    enlarged(conv, &weights, edges)
}

/// The kernel inside one that is larger by the stride: at its end for channels that lose their
/// first row and column, at its beginning for those that lose the last.
fn enlarged(conv: &Convolution, weights: &[f32], edges: &[f32]) -> Padded {
    let (side, large) = (conv.kernel_size, conv.kernel_size + conv.stride);
    let groups = conv.groups.max(1);
    let (inputs, outputs) = (conv.in_channels / groups, (conv.out_channels / groups).max(1));
    let mut all = vec![0.0; weights.len() / (side * side).max(1) * large * large];
    let kernels = weights.chunks_exact((side * side).max(1));
    for (at, (from, to)) in kernels.zip(all.chunks_exact_mut(large * large)).enumerate() {
        let (output, input) = (at / inputs.max(1), at % inputs.max(1));
        let channel = output / outputs * inputs + input;
        let shift = if edges.get(channel) == Some(&0.0) { conv.stride } else { 0 };
        for (row, values) in from.chunks_exact(side.max(1)).enumerate() {
            let start = (row + shift) * large + shift;
            if let Some(place) = to.get_mut(start..start + side) {
                place.copy_from_slice(values);
            }
        }
    }
    Padded { weights: all, kernel: large, pads: [conv.padding; 4] }
}

/// Size and step of the windows that give so many means of so many values, from floor(i · in /
/// out) to ceil((i + 1) · in / out); `None` where they are not all the same.
pub(super) fn even_windows(input: usize, output: usize) -> Option<(usize, usize)> {
    let window =
        |at: usize| (at * input / output.max(1), ((at + 1) * input).div_ceil(output.max(1)));
    let (start, end) = window(0);
    let size = end - start;
    let step = if output > 1 { window(1).0 } else { size };
    let same = |at: usize| window(at) == (at * step, at * step + size);
    (output > 0 && (0..output).all(same)).then_some((size, step))
}

/// The matrix of those means, output × input.
pub(super) fn means(input: usize, output: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; input * output];
    for (at, row) in matrix.chunks_exact_mut(input.max(1)).enumerate() {
        let (start, end) = (at * input / output, ((at + 1) * input).div_ceil(output));
        if let Some(window) = row.get_mut(start..end) {
            window.fill(1.0 / (end - start) as f32);
        }
    }
    matrix
}

/// A matrix of so many columns, turned.
pub(super) fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    let column = |at: usize| matrix.iter().skip(at).step_by(columns.max(1)).copied();
    (0..columns).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halved_sides_have_even_windows() {
        for input in 2..40 {
            let size = if input % 2 == 0 { 2 } else { 3 };
            let expected = if input == 3 { (3, 3) } else { (size, 2) };
            assert_eq!(even_windows(input, input / 2), Some(expected), "{input}");
        }
        assert_eq!((even_windows(7, 7), even_windows(7, 1)), (Some((1, 1)), Some((7, 7))));
        assert_eq!((even_windows(3, 2), even_windows(8, 3)), (Some((2, 1)), None));
    }

    #[test]
    fn means_of_uneven_windows_overlap() {
        let third = 1.0 / 3.0;
        assert_eq!(means(3, 1), [third; 3]);
        assert_eq!(means(3, 2), [0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
    }
}
