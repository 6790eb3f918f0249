//! Where the inputs of an output position are.

use std::ops::Range;

use pimnas_network::{Convolution, Shape};

use crate::bind::{Edge, Edges};

/// A convolution of one group, or a fully connected layer as a 1×1 convolution of one position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    /// Channels of a group's input.
    pub channels: usize,
    /// Rows and columns of the input with its padding.
    pub padded: (usize, usize),
    /// Rows and columns of the input.
    pub sides: (usize, usize),
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Rows and columns of the output.
    pub outputs: (usize, usize),
}

impl Geometry {
    pub fn convolution(conv: &Convolution, (input, output): (Shape, Shape)) -> Self {
        let (sides, outputs) = (sides(input), sides(output));
        let plain = conv.kernel_size == 1 && conv.stride == 1 && conv.padding == 0;
        // A point-wise convolution may as well see its maps as single rows.
        let (sides, outputs) = if plain {
            ((1, sides.0 * sides.1), (1, outputs.0 * outputs.1))
        } else {
            (sides, outputs)
        };
        Self {
            channels: conv.in_channels / conv.groups,
            padded: (sides.0 + 2 * conv.padding, sides.1 + 2 * conv.padding),
            sides,
            kernel: conv.kernel_size,
            stride: conv.stride,
            padding: conv.padding,
            outputs,
        }
    }

    pub fn fully_connected(features: usize) -> Self {
        Self {
            channels: features,
            padded: (1, 1),
            sides: (1, 1),
            kernel: 1,
            stride: 1,
            padding: 0,
            outputs: (1, 1),
        }
    }

    /// Whether this is a fully connected layer, or a convolution that is like one.
    pub fn is_vector(&self) -> bool {
        self.kernel == 1 && self.padded == (1, 1)
    }

    /// Cells of one channel of the kernel.
    pub fn window(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Rows of all channels.
    pub fn rows(&self) -> usize {
        self.channels * self.window()
    }

    /// Positions of an output map.
    pub fn positions(&self) -> usize {
        self.outputs.0 * self.outputs.1
    }

    /// Elements of a padded channel.
    pub fn plane(&self) -> usize {
        self.padded.0 * self.padded.1
    }

    /// Copies a channel into the middle of its padded place.
    pub fn pad<T: Copy>(&self, channel: &[T], place: &mut [T]) {
        let (_, width) = self.sides;
        let start = self.padding * self.padded.1 + self.padding;
        if self.padding == 0 {
            place[..channel.len()].copy_from_slice(channel);
            return;
        }
        for (y, row) in channel.chunks_exact(width).enumerate() {
            let at = start + y * self.padded.1;
            copy_run(&mut place[at..at + width], row, 1);
        }
    }

    /// The runs of positions that lie side by side in an output row; `image` is the distance of
    /// two images in the padded input.
    pub fn runs(&self, positions: Range<usize>, image: usize) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut position = positions.start;
        while position < positions.end {
            let (item, within) = (position / self.positions(), position % self.positions());
            let (y, x) = (within / self.outputs.1, within % self.outputs.1);
            let length = (self.outputs.1 - x).min(positions.end - position);
            let (y, x) = (y * self.stride, x * self.stride);
            let source = item * image + y * self.padded.1 + x;
            runs.push(Run { place: position - positions.start, source, length });
            position += length;
        }
        runs
    }

    /// Where a row's inputs begin, relative to the source of a run.
    fn offset(&self, row: usize) -> usize {
        let (channel, cell) = (row / self.window(), row % self.window());
        channel * self.plane() + cell / self.kernel * self.padded.1 + cell % self.kernel
    }

    /// Where each input channel of all groups begins to be read: an output without its first row
    /// and column has windows that lie one stride further down and right.
    pub fn starts(&self, groups: usize, edges: &Edges) -> Vec<usize> {
        let shifted = self.stride * (self.padded.1 + 1);
        let start = |edge: Option<&Edge>| if edge == Some(&Edge::First) { shifted } else { 0 };
        (0..groups * self.channels).map(|channel| start(edges.0.get(channel))).collect()
    }

    /// The inputs of the given rows at the runs' positions, rows × lanes. `starts` are those of
    /// the group's channels.
    pub fn gather<T: Copy>(
        &self,
        (source, starts, runs): (&[T], &[usize], &[Run]),
        rows: Range<usize>,
        (gathered, lanes): (&mut [T], usize),
    ) {
        for (row, line) in rows.zip(gathered.chunks_exact_mut(lanes)) {
            let offset = self.offset(row) + starts[row / self.window()];
            for run in runs {
                let place = &mut line[run.place..run.place + run.length];
                copy_run(place, &source[run.source + offset..], self.stride);
            }
        }
    }
}

/// Rows and columns of a shape.
fn sides(shape: Shape) -> (usize, usize) {
    match shape {
        Shape::Map { height, width, .. } => (height, width),
        Shape::Vector { .. } => (1, 1),
    }
}

/// Positions side by side in an output row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// First lane.
    pub place: usize,
    /// Where the first position's inputs begin.
    pub source: usize,
    /// Positions.
    pub length: usize,
}

#[inline(always)]
fn copy_run<T: Copy>(place: &mut [T], source: &[T], stride: usize) {
    if stride != 1 {
        for (place, value) in place.iter_mut().zip(source.iter().step_by(stride)) {
            *place = *value;
        }
        return;
    }
    // Widths of the usual maps, so that the copy is a few instructions.
    match place.len() {
        32 => fixed::<T, 32>(place, source),
        28 => fixed::<T, 28>(place, source),
        16 => fixed::<T, 16>(place, source),
        14 => fixed::<T, 14>(place, source),
        8 => fixed::<T, 8>(place, source),
        7 => fixed::<T, 7>(place, source),
        4 => fixed::<T, 4>(place, source),
        2 => fixed::<T, 2>(place, source),
        length => place.copy_from_slice(&source[..length]),
    }
}

#[inline(always)]
fn fixed<T: Copy, const N: usize>(place: &mut [T], source: &[T]) {
    if let (Some(place), Some(source)) = (place.first_chunk_mut::<N>(), source.first_chunk::<N>()) {
        *place = *source;
    }
}
