//! Which positions of its producers a layer waits for.

use pimnas_hardware::{Quirk, Quirks};
use pimnas_units::Nanoseconds;

use crate::graph::{HardwareGraph, HardwareLayer, LayerKind, Producer, Size};
use crate::timeline::walk::Record;

/// The later of two times. (`f64::max` would also look for NaN, which no time is.)
pub(crate) fn later(a: Nanoseconds, b: Nanoseconds) -> Nanoseconds {
    if a > b { a } else { b }
}

/// The last input row (or column) that an output row (or column) needs.
#[derive(Clone, Copy, Debug)]
struct Edge {
    first: usize,
    stride: usize,
    end: usize,
}

impl Edge {
    fn at(self, output: usize) -> usize {
        (self.first + self.stride * output).min(self.end) - 1
    }
}

/// One producer's finish times.
#[derive(Clone, Copy, Debug)]
struct Input<'a> {
    record: &'a Record,
    size: Size,
}

/// What a layer waits for.
#[derive(Clone, Debug)]
pub(crate) struct Needs<'a> {
    rows: Edge,
    columns: Edge,
    kernel: usize,
    /// First input column of an output column's window: stride × column - padding.
    stride: usize,
    padding: usize,
    /// Size of the map that the layer takes in.
    size: Size,
    inputs: Vec<Input<'a>>,
    resized: bool,
}

impl<'a> Needs<'a> {
    /// What a layer waits for from producers with those records.
    pub fn new(
        layer: &HardwareLayer,
        graph: &HardwareGraph,
        records: &'a [Record],
        quirks: Quirks,
    ) -> Self {
        let inputs = layer.inputs.iter().filter_map(|&input| match input {
            Producer::Input => None,
            Producer::Layer(from) => {
                let size = graph.layers.get(from)?.out_size;
                records.get(from).map(|record| Input { record, size })
            }
        });
        let inputs: Vec<Input<'a>> = inputs.filter(|input| input.record.count > 0).collect();
        let windowed = match layer.kind {
            LayerKind::Convolution => layer.kernel > 1,
            LayerKind::Pooling => true,
            LayerKind::ElementSum | LayerKind::FullyConnected => false,
        };
        let edge = |length: usize| {
            if windowed {
                let first = layer.kernel.saturating_sub(layer.padding).max(1);
                Edge { first, stride: layer.stride, end: length.max(1) }
            } else {
                Edge { first: 1, stride: layer.stride, end: usize::MAX }
            }
        };
        Self {
            rows: edge(layer.in_size.height),
            columns: edge(layer.in_size.width),
            kernel: layer.kernel,
            stride: layer.stride,
            padding: layer.padding,
            size: layer.in_size,
            resized: !quirks.keeps(Quirk::ResizeKeepsPositions)
                && inputs.iter().any(|input| input.size != layer.in_size),
            inputs,
        }
    }

    /// Whether a producer has copies.
    pub fn is_fed_by_copies(&self) -> bool {
        self.inputs.iter().any(|input| input.record.split.len() > 1)
    }

    /// The simple case: at most one producer, of the size that the layer takes in.
    pub fn single(&self) -> Option<Single> {
        let plain = Single {
            rows: self.rows,
            columns: self.columns,
            width: self.size.width,
            start: 0,
            count: 0,
        };
        match (self.resized, self.inputs.as_slice()) {
            (false, []) => Some(plain),
            (false, [input]) => {
                Some(Single { start: input.record.start, count: input.record.count, ..plain })
            }
            (true, _) | (false, [_, _, ..]) => None,
        }
    }

    /// When the last position of an output's window is there, of all producers.
    pub fn last_of_window(&self, finish: &[Nanoseconds], row: usize, column: usize) -> Nanoseconds {
        let (row, column) = (self.rows.at(row), self.columns.at(column));
        let ready = |input: &Input<'_>| at(input, finish, self.index(input, row, column));
        self.inputs.iter().map(ready).fold(Nanoseconds::ZERO, later)
    }

    /// When the whole last row of an output's window is there. With copies, the last column is
    /// not always the last to be ready.
    pub fn whole_window(&self, finish: &[Nanoseconds], row: usize, column: usize) -> Nanoseconds {
        let left = (self.stride * column).saturating_sub(self.padding);
        let (row, right) = (self.rows.at(row), self.columns.at(column));
        let mut ready = Nanoseconds::ZERO;
        for input in &self.inputs {
            let left = if input.record.split.len() > 1 { left.min(right) } else { right };
            for column in left..=right {
                ready = later(ready, at(input, finish, self.index(input, row, column)));
            }
        }
        ready
    }

    /// The position that the reference waits for where layers are replicated: the last of the
    /// window, or the last of the copy before where the window reaches into that.
    pub fn reference_copies(
        &self,
        finish: &[Nanoseconds],
        row: usize,
        local_column: usize,
        looks_at_copies: bool,
    ) -> Nanoseconds {
        let width = self.size.width.max(1);
        let last = self.rows.at(row) * width + self.columns.at(local_column);
        let position = |input: &Input<'_>| {
            if looks_at_copies { self.judge(input.record, last) } else { last }
        };
        let ready = |input: &Input<'_>| at(input, finish, position(input));
        self.inputs.iter().map(ready).fold(Nanoseconds::ZERO, later)
    }

    fn judge(&self, producer: &Record, last: usize) -> usize {
        let width = self.size.width.max(1);
        let (row, mut column) = ((last + 1) / width, (last + 1) % width);
        let mut before = 0;
        for &columns in &producer.split {
            if column <= columns {
                break;
            }
            column -= columns;
            before += columns;
        }
        if column >= self.kernel || before == 0 { last } else { before - 1 + row * width }
    }

    fn index(&self, input: &Input<'_>, row: usize, column: usize) -> usize {
        if self.resized {
            let row = scaled(row, input.size.height, self.size.height);
            row * input.size.width + scaled(column, input.size.width, self.size.width)
        } else {
            row * self.size.width + column
        }
    }
}

/// The last of `from` rows that row `index` of `to` depends on.
fn scaled(index: usize, from: usize, to: usize) -> usize {
    let to = to.max(1);
    (((index + 1).min(to)) * from).div_ceil(to).max(1) - 1
}

/// Finish time of a producer's position; past its end, of its last.
fn at(input: &Input<'_>, finish: &[Nanoseconds], position: usize) -> Nanoseconds {
    finish[input.record.start + position.min(input.record.count - 1)]
}

/// What a layer with at most one producer waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single {
    rows: Edge,
    columns: Edge,
    width: usize,
    start: usize,
    count: usize,
}

impl Single {
    /// When the last position of an output's window is there.
    pub fn at(&self, finish: &[Nanoseconds], row: usize, column: usize) -> Nanoseconds {
        if self.count == 0 {
            return Nanoseconds::ZERO;
        }
        let position = self.rows.at(row) * self.width + self.columns.at(column);
        finish[self.start + position.min(self.count - 1)]
    }
}
