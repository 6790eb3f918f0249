//! Pooling.

use pimnas_network::{Operation, Pooling, PoolingMode, Source};

use super::activation::Activation;
use super::convolution::balanced;
use super::emit::Converter;
use super::error::{Refusal, refuse};
use super::nodes::described;
use crate::graph::{Node, Placed, Reduction, Window, place};

const HINT: &str = "layers pool square windows with one stride and the same padding on all sides: \
                    export it so, without ceil_mode where that adds a window";

/// A pooling whose windows the layers have.
pub(super) fn pool(
    converter: &mut Converter<'_>,
    node: &Node,
    (window, reduction): (&Window, Reduction),
) -> Result<Activation, Refusal> {
    let activation = converter.ready(node, 0)?;
    let &[items, channels, height, width] = activation.dims.as_slice() else {
        return refuse(format!("it pools dimensions {:?}", activation.dims), HINT);
    };
    let placed = place(window, &window.kernel, &[height, width]);
    let placed = placed.or_else(|trouble| refuse(described(&trouble), HINT))?;
    let &[rows, columns] = placed.as_slice() else {
        return refuse("its window is not one of rows and columns", HINT);
    };
    let dims = vec![items, channels, rows.outputs, columns.outputs];
    let whole = |axis: &Placed| axis.kernel == axis.size && axis.outputs == 1 && axis.before == 0;
    let operation = match (side(&rows), side(&columns)) {
        (Some(side), Some(other)) if side == other => {
            let (kernel_size, stride, padding) = side;
            let mode = match reduction {
                Reduction::Max => PoolingMode::Max,
                Reduction::MeanPadded => PoolingMode::Average,
                Reduction::MeanInside if padding == 0 => PoolingMode::Average,
                Reduction::MeanInside => {
                    let why = "it leaves its padding out of the mean (count_include_pad=0)";
                    return refuse(why, "export it with count_include_pad=1 or without padding");
                }
            };
            Operation::Pooling(Pooling { mode, kernel_size, stride, padding })
        }
        _ if whole(&rows) && whole(&columns) && reduction != Reduction::Max => {
            Operation::AdaptiveAveragePooling { output_size: (1, 1) }
        }
        _ => {
            let shown = |axis: &Placed| {
                let Placed { kernel, stride, before, after, dilation, outputs, .. } = axis;
                format!(
                    "kernel {kernel}, stride {stride}, pads {before} and {after}, dilation \
                     {dilation}, {outputs} windows"
                )
            };
            let why = format!("rows have {}; columns {}", shown(&rows), shown(&columns));
            return refuse(why, HINT);
        }
    };
    let layer = converter.push(operation, vec![activation.source]);
    Ok(Activation::of(Source::Layer(layer), dims))
}

/// Kernel, stride and padding along a dimension that layers have.
fn side(axis: &Placed) -> Option<(usize, usize, usize)> {
    let (before, after) = balanced(axis)?;
    let plain = axis.dilation == 1 && before == after && before <= axis.kernel / 2;
    plain.then_some((axis.kernel, axis.stride, before))
}

/// A pooling over the whole map.
pub(super) fn global(
    converter: &mut Converter<'_>,
    node: &Node,
    reduction: Reduction,
) -> Result<Activation, Refusal> {
    let activation = converter.ready(node, 0)?;
    let &[items, channels, height, width] = activation.dims.as_slice() else {
        return refuse(format!("it pools dimensions {:?}", activation.dims), HINT);
    };
    let operation = match reduction {
        Reduction::MeanInside | Reduction::MeanPadded => {
            Operation::AdaptiveAveragePooling { output_size: (1, 1) }
        }
        Reduction::Max if height == width => Operation::Pooling(Pooling {
            mode: PoolingMode::Max,
            kernel_size: height,
            stride: height,
            padding: 0,
        }),
        Reduction::Max => {
            return refuse(format!("it takes the largest of {height}×{width} values"), HINT);
        }
    };
    let layer = converter.push(operation, vec![activation.source]);
    Ok(Activation::of(Source::Layer(layer), vec![items, channels, 1, 1]))
}
