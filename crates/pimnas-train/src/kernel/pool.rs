//! Windows without weights: pooling, means over given numbers of windows, more channels.

use pimnas_network::{Pooling, PoolingMode};
use rayon::prelude::*;

use super::conv::MapShape;

/// Rows and columns that a position reads.
#[derive(Clone, Debug)]
pub(crate) struct Spans {
    rows: Vec<Span>,
    columns: Vec<Span>,
}

/// Places along one direction, and by how many a mean divides.
#[derive(Clone, Debug)]
struct Span {
    inside: std::ops::Range<usize>,
    size: usize,
}

impl Spans {
    /// Those of a pooling layer; padding counts for the size.
    pub fn pooling(pooling: &Pooling, from: &MapShape, to: &MapShape) -> Self {
        let along = |side: usize, positions: usize| {
            let span = |position: usize| {
                let start = position * pooling.stride;
                let end = (start + pooling.kernel_size).min(side + 2 * pooling.padding);
                let first = start.saturating_sub(pooling.padding);
                let inside = first..end.saturating_sub(pooling.padding).min(side).max(first);
                Span { inside, size: end - start }
            };
            (0..positions).map(span).collect()
        };
        Self { rows: along(from.height, to.height), columns: along(from.width, to.width) }
    }

    /// Windows that give an output size: from floor(i · in / out) to ceil((i + 1) · in / out).
    pub fn adaptive(from: &MapShape, to: &MapShape) -> Self {
        let along = |side: usize, positions: usize| {
            let span = |i: usize| {
                let inside = i * side / positions..((i + 1) * side).div_ceil(positions);
                Span { size: inside.len(), inside }
            };
            (0..positions).map(span).collect()
        };
        Self { rows: along(from.height, to.height), columns: along(from.width, to.width) }
    }

    /// Each position's place in the output and its windows.
    fn each(&self, mut run: impl FnMut(usize, &Span, &Span)) {
        for (y, rows) in self.rows.iter().enumerate() {
            for (x, columns) in self.columns.iter().enumerate() {
                run(y * self.columns.len() + x, rows, columns);
            }
        }
    }
}

/// Places of a window's values in a map, in floats.
fn places<'a>(
    (rows, columns): (&'a Span, &'a Span),
    from: &'a MapShape,
) -> impl Iterator<Item = usize> + use<'a> {
    rows.inside.clone().flat_map(move |y| {
        columns.inside.clone().map(move |x| (y * from.width + x) * from.channels)
    })
}

/// Runs a function on each item of two batches.
fn each_item(
    (from, to): (&[f32], &mut [f32]),
    (size, out): (usize, usize),
    run: impl Fn(&[f32], &mut [f32]) + Sync,
) {
    to.par_chunks_mut(out.max(1))
        .zip(from.par_chunks(size.max(1)))
        .for_each(|(to, from)| run(from, to));
}

/// Pools a batch.
pub(crate) fn forward(
    (spans, mode): (&Spans, PoolingMode),
    (from, to): (&MapShape, &MapShape),
    input: &[f32],
    output: &mut [f32],
) {
    let c = from.channels;
    each_item((input, output), (from.item(), to.item()), |input, output| {
        spans.each(|position, rows, columns| {
            let sums = &mut output[position * c..(position + 1) * c];
            match mode {
                PoolingMode::Max => {
                    sums.fill(f32::NEG_INFINITY);
                    for place in places((rows, columns), from) {
                        for (most, &value) in sums.iter_mut().zip(&input[place..place + c]) {
                            *most = most.max(value);
                        }
                    }
                }
                PoolingMode::Average => {
                    sums.fill(0.0);
                    for place in places((rows, columns), from) {
                        for (sum, &value) in sums.iter_mut().zip(&input[place..place + c]) {
                            *sum += value;
                        }
                    }
                    let size = (rows.size * columns.size) as f32;
                    sums.iter_mut().for_each(|sum| *sum /= size);
                }
            }
        });
    });
}

/// The gradient of the input; of equal largest values the first takes it.
pub(crate) fn backward(
    (spans, mode): (&Spans, PoolingMode),
    (from, to): (&MapShape, &MapShape),
    (input, output): (&[f32], &[f32]),
    (gradient, result): (&[f32], &mut [f32]),
) {
    let c = from.channels;
    let items = gradient.par_chunks(to.item().max(1)).enumerate();
    result.par_chunks_mut(from.item().max(1)).zip(items).for_each(|(result, (item, gradient))| {
        result.fill(0.0);
        spans.each(|position, rows, columns| {
            let gradient = &gradient[position * c..(position + 1) * c];
            match mode {
                PoolingMode::Max => {
                    let start = item * to.item() + position * c;
                    let most = &output[start..start + c];
                    let input = &input[item * from.item()..(item + 1) * from.item()];
                    let window = (rows, columns);
                    pass_to_first((window, from), (input, most), (gradient, result));
                }
                PoolingMode::Average => {
                    let size = (rows.size * columns.size) as f32;
                    for place in places((rows, columns), from) {
                        for (sum, &value) in result[place..place + c].iter_mut().zip(gradient) {
                            *sum += value / size;
                        }
                    }
                }
            }
        });
    });
}

fn pass_to_first(
    (window, from): ((&Span, &Span), &MapShape),
    (input, most): (&[f32], &[f32]),
    (gradient, result): (&[f32], &mut [f32]),
) {
    for (channel, (&most, &gradient)) in most.iter().zip(gradient).enumerate() {
        let first = places(window, from).find(|place| input[place + channel] == most);
        if let Some(place) = first {
            result[place + channel] += gradient;
        }
    }
}

/// Copies the first channels of each position and zeros behind them.
pub(crate) fn channels(input: &[f32], from: usize, (to, output): (usize, &mut [f32])) {
    let kept = from.min(to);
    let rows = (super::element::CHUNK / from.max(to).max(1)).max(1);
    output.par_chunks_mut(rows * to).zip(input.par_chunks(rows * from)).for_each(
        |(output, input)| {
            for (to, from) in output.chunks_exact_mut(to).zip(input.chunks_exact(from)) {
                to[..kept].copy_from_slice(&from[..kept]);
                to[kept..].fill(0.0);
            }
        },
    );
}
