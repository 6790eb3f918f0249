//! Sums over windows: the plan that the forward pass and the gradient of the input share.
//!
//! An output position reads, for each *tap* (cell of the kernel), the channels at one place of
//! the source. Taps whose places follow one another in memory are one *segment*: a row of the
//! kernel where the channels are not grouped.

use super::geometry::{ConvGeometry, MapShape};
use super::padded::Frame;

/// A run of source values that one position reads, relative to its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Floats behind the base.
    pub offset: usize,
    /// Floats.
    pub length: usize,
}

/// A cell of the kernel and where it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    /// Floats behind the base.
    pub offset: usize,
    /// Cell of the kernel: row × side + column.
    pub cell: usize,
}

/// Output positions that read alike: all of a forward pass, and those of one phase of the stride
/// of an input gradient.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    /// The source with room around it.
    pub frame: Frame,
    /// Where each position of an item reads, in floats.
    pub bases: Vec<usize>,
    /// Where each position of an item writes, in floats.
    pub places: Vec<usize>,
    /// What each reads, in the order of memory.
    pub taps: Vec<Tap>,
    /// The same, joined.
    pub segments: Vec<Segment>,
}

/// Along one direction: positions `(index, base)` and taps `(shift, kernel index)`.
struct Line {
    positions: Vec<(usize, isize)>,
    taps: Vec<(isize, usize)>,
}

impl Line {
    /// Positions y of the output, which begin to read at y · stride + origin.
    fn forward(geometry: &ConvGeometry, side: usize) -> Self {
        let at = |y: usize| (y * geometry.stride) as isize + geometry.origin;
        Self {
            positions: (0..side).map(|y| (y, at(y))).collect(),
            taps: (0..geometry.kernel).map(|k| (k as isize, k)).collect(),
        }
    }

    /// Positions y of the input with y mod stride = phase: y takes part in output t of cell k
    /// where t · stride + origin + k = y.
    fn backward(geometry: &ConvGeometry, side: usize, phase: usize) -> Self {
        let stride = geometry.stride as isize;
        let reach = |k: usize| phase as isize - geometry.origin - k as isize;
        let cells = (0..geometry.kernel).rev().filter(|&k| reach(k).rem_euclid(stride) == 0);
        Self {
            positions: (phase..side)
                .step_by(geometry.stride)
                .map(|y| (y, (y / geometry.stride) as isize))
                .collect(),
            taps: cells.map(|k| (reach(k).div_euclid(stride), k)).collect(),
        }
    }

    /// First and one past the last place that is read.
    fn range(&self) -> (isize, isize) {
        let shifts = || self.taps.iter().map(|&(shift, _)| shift);
        let bases = || self.positions.iter().map(|&(_, base)| base);
        let (low, high) = (shifts().min().unwrap_or(0), shifts().max().unwrap_or(0));
        let first = bases().min().unwrap_or(0) + low;
        let last = bases().max().unwrap_or(0) + high;
        (first, last + 1)
    }

    fn first_tap(&self) -> isize {
        self.taps.iter().map(|&(shift, _)| shift).min().unwrap_or(0)
    }
}

impl Windows {
    /// Those of the forward pass.
    pub fn forward(geometry: &ConvGeometry) -> Self {
        let rows = Line::forward(geometry, geometry.output.height);
        let columns = Line::forward(geometry, geometry.output.width);
        Self::new(geometry, (geometry.input, geometry.output), (&rows, &columns))
    }

    /// Those of the gradient of the input, by phases of the stride. Some may have no taps: where
    /// the stride is larger than the kernel, no output reads that input.
    pub fn backward(geometry: &ConvGeometry) -> Vec<Self> {
        let input = geometry.input;
        let phases = |side: usize| 0..geometry.stride.min(side);
        let mut windows = Vec::new();
        for row in phases(input.height) {
            let rows = Line::backward(geometry, input.height, row);
            for column in phases(input.width) {
                let columns = Line::backward(geometry, input.width, column);
                windows.push(Self::new(geometry, (geometry.output, input), (&rows, &columns)));
            }
        }
        windows
    }

    fn new(
        geometry: &ConvGeometry,
        (source, target): (MapShape, MapShape),
        (rows, columns): (&Line, &Line),
    ) -> Self {
        let frame = Frame::new(source, rows.range(), columns.range());
        let corner = (rows.first_tap(), columns.first_tap());
        let mut bases = Vec::new();
        let mut places = Vec::new();
        for &(y, row) in &rows.positions {
            for &(x, column) in &columns.positions {
                bases.push(frame.at(row + corner.0, column + corner.1));
                places.push((y * target.width + x) * target.channels);
            }
        }
        let wide = frame.sides.1;
        let mut taps = Vec::new();
        for &(down, row) in &rows.taps {
            for &(right, column) in &columns.taps {
                let place = (down - corner.0) as usize * wide + (right - corner.1) as usize;
                let cell = row * geometry.kernel + column;
                taps.push(Tap { offset: place * source.channels, cell });
            }
        }
        let segments = join(&taps, source.channels / geometry.groups);
        Self { frame, bases, places, taps, segments }
    }
}

/// Joins taps that follow one another.
fn join(taps: &[Tap], length: usize) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for tap in taps {
        match segments.last_mut() {
            Some(last) if last.offset + last.length == tap.offset => last.length += length,
            Some(_) | None => segments.push(Segment { offset: tap.offset, length }),
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::super::geometry::{ConvOptions, EvenEdge};
    use super::*;

    fn geometry(kernel: usize, stride: usize, groups: usize) -> ConvGeometry {
        let input = MapShape { items: 1, height: 6, width: 6, channels: 4 };
        let edge = EvenEdge::Last;
        let options = ConvOptions { stride, padding: kernel / 2, groups, edge };
        ConvGeometry::new(input, (4, kernel), options)
    }

    #[test]
    fn rows_of_a_dense_kernel_are_one_segment() {
        let dense = Windows::forward(&geometry(3, 1, 1));
        assert_eq!(dense.segments.len(), 3);
        assert!(dense.segments.iter().all(|segment| segment.length == 12));
        let grouped = Windows::forward(&geometry(3, 1, 2));
        assert!(grouped.segments.iter().all(|segment| segment.length == 2));
        assert_eq!(grouped.segments.len(), 9);
    }

    #[test]
    fn phases_of_a_stride_share_the_cells_of_the_kernel() {
        let phases = Windows::backward(&geometry(3, 2, 1));
        let taps: Vec<usize> = phases.iter().map(|phase| phase.taps.len()).collect();
        assert_eq!(taps.iter().sum::<usize>(), 9);
        assert_eq!(taps.len(), 4);
    }
}
