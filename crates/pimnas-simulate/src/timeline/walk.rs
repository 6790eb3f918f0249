//! The walk over the output positions of all layers.

use std::cmp::Ordering;

use pimnas_hardware::{Quirk, Quirks};
use pimnas_units::Nanoseconds;

use crate::graph::{HardwareGraph, HardwareLayer, LayerKind, Producer};
use crate::options::{InnerPipeline, Options};
use crate::timeline::LayerTiming;
use crate::timeline::cost::{Copy, LayerCost, PositionClass};
use crate::timeline::need::{Needs, later};
use crate::timeline::occupancy::union_length;

/// What the walk remembers of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Where its finish times start.
    pub start: usize,
    /// How many there are: one for each position, one for a fully connected layer.
    pub count: usize,
    /// Columns of each copy.
    pub split: Vec<usize>,
}

impl Record {
    /// The layer's finish times.
    pub fn of<'t>(&self, finish: &'t [Nanoseconds]) -> &'t [Nanoseconds] {
        &finish[self.start..self.start + self.count]
    }
}

/// The walk: finish times of the positions of the layers done.
pub(crate) struct Walk<'a> {
    graph: &'a HardwareGraph,
    options: &'a Options,
    quirks: Quirks,
    finish: Vec<Nanoseconds>,
    records: Vec<Record>,
    intervals: Vec<(Nanoseconds, Nanoseconds)>,
}

impl<'a> Walk<'a> {
    /// A walk over no layer yet.
    pub fn new(graph: &'a HardwareGraph, options: &'a Options, quirks: Quirks) -> Self {
        let positions = graph.layers.iter().map(|layer| layer.out_size.positions()).sum();
        Self {
            graph,
            options,
            quirks,
            finish: Vec::with_capacity(positions),
            records: Vec::with_capacity(graph.layers.len()),
            intervals: Vec::new(),
        }
    }

    /// Walks the next layer, whose index is given.
    pub fn layer(&mut self, index: usize, cost: &LayerCost) -> LayerTiming {
        let layer = &self.graph.layers[index];
        let start = self.finish.len();
        let split = self.split(index);
        let timing = match self.options.inner_pipeline {
            InnerPipeline::Disabled => self.after_inputs(layer, cost, &split),
            InnerPipeline::Enabled => match layer.kind {
                LayerKind::FullyConnected => self.after_inputs(layer, cost, &split),
                LayerKind::Convolution | LayerKind::Pooling | LayerKind::ElementSum => {
                    self.with_inputs(layer, cost, &split)
                }
            },
        };
        self.records.push(Record { start, count: self.finish.len() - start, split });
        timing
    }

    /// Columns of each copy of a layer; the first copies take one more where they do not divide.
    fn split(&self, index: usize) -> Vec<usize> {
        let layer = &self.graph.layers[index];
        let sequential = self.options.inner_pipeline == InnerPipeline::Disabled;
        let alone = sequential && self.quirks.keeps(Quirk::CopiesIdleWithoutPipeline);
        let copies = if alone { 1 } else { self.options.copies(index).max(1) as usize };
        let width = layer.out_size.width;
        (0..copies).map(|copy| width / copies + usize::from(copy < width % copies)).collect()
    }

    /// A layer that begins when all its inputs are complete.
    fn after_inputs(
        &mut self,
        layer: &HardwareLayer,
        cost: &LayerCost,
        split: &[usize],
    ) -> LayerTiming {
        let eager = layer.kind == LayerKind::ElementSum
            && self.quirks.keeps(Quirk::EagerSumWithoutPipeline);
        if eager {
            return self.eager_sum(layer, cost);
        }
        let complete = self.inputs_complete(layer);
        match layer.kind {
            LayerKind::FullyConnected => {
                let finish = complete + cost.positions[0];
                self.finish.push(finish);
                LayerTiming {
                    begin: complete,
                    finish,
                    first_finish: finish,
                    outputs: layer.out_channels,
                    occupancy: 1.0,
                    spent: cost.spent([1, 0, 0, 0], Copy::First),
                }
            }
            LayerKind::Convolution | LayerKind::Pooling | LayerKind::ElementSum => {
                self.positions(layer, cost, split, complete, |_, _, _| Nanoseconds::ZERO)
            }
        }
    }

    /// A layer that begins a position when the inputs that the position needs are there.
    fn with_inputs(
        &mut self,
        layer: &HardwareLayer,
        cost: &LayerCost,
        split: &[usize],
    ) -> LayerTiming {
        let records = std::mem::take(&mut self.records);
        let needs = Needs::new(layer, self.graph, &records, self.quirks);
        let copies_mixed = split.len() > 1 || needs.is_fed_by_copies();
        let start = Nanoseconds::ZERO;
        let timing = if copies_mixed && layer.kind != LayerKind::ElementSum {
            if self.quirks.keeps(Quirk::ReplicaWaitFromOneWidth) {
                // The reference looks at the producer's copies from replicated layers only, and
                // counts columns from the left edge of the copy.
                let looks = split.len() > 1;
                self.positions(layer, cost, split, start, |done, row, at| {
                    needs.reference_copies(done, row, at.column - at.first_column, looks)
                })
            } else {
                self.positions(layer, cost, split, start, |done, row, at| {
                    needs.whole_window(done, row, at.column)
                })
            }
        } else if let Some(single) = needs.single() {
            self.positions(layer, cost, split, start, |done, row, at| {
                single.at(done, row, at.column)
            })
        } else {
            self.positions(layer, cost, split, start, |done, row, at| {
                needs.last_of_window(done, row, at.column)
            })
        };
        self.records = records;
        timing
    }

    /// Walks the positions of a layer in row order; each copy works on its own columns.
    fn positions(
        &mut self,
        layer: &HardwareLayer,
        cost: &LayerCost,
        split: &[usize],
        start: Nanoseconds,
        ready: impl Fn(&[Nanoseconds], usize, At) -> Nanoseconds,
    ) -> LayerTiming {
        if let &[width] = split {
            return self.one_copy(layer, cost, (start, width), ready);
        }
        let height = layer.out_size.height;
        let first = self.finish.len();
        let mut previous = vec![start; split.len()];
        self.intervals.clear();
        for row in 0..height {
            let mut first_column = 0;
            for (copy, &width) in split.iter().enumerate() {
                let times = cost.of_copy(which(copy));
                let (at_edge, inside) = classes(row);
                for column in 0..width {
                    let at = At { first_column, column: first_column + column };
                    let class = if column == 0 { at_edge } else { inside };
                    let begin = later(ready(&self.finish, row, at), previous[copy]);
                    let finish = begin + times[class as usize];
                    previous[copy] = finish;
                    self.finish.push(finish);
                    self.intervals.push((begin, finish));
                }
                first_column += width;
            }
        }
        let mut timing = self.overlapping(first);
        for (copy, &width) in split.iter().enumerate() {
            timing.spent += cost.spent(counts(height, width), which(copy));
        }
        timing
    }

    /// Walks the positions of a layer without copies, one after the other.
    fn one_copy(
        &mut self,
        layer: &HardwareLayer,
        cost: &LayerCost,
        (start, width): (Nanoseconds, usize),
        ready: impl Fn(&[Nanoseconds], usize, At) -> Nanoseconds,
    ) -> LayerTiming {
        let height = layer.out_size.height;
        let first = self.finish.len();
        // Producers are done: what is read lies before `first`, what is written behind it.
        self.finish.resize(first + height * width, Nanoseconds::ZERO);
        let (done, positions) = self.finish.split_at_mut(first);
        let begin = later(ready(done, 0, At { first_column: 0, column: 0 }), start);
        let mut previous = start;
        for (row, finish) in positions.chunks_exact_mut(width.max(1)).enumerate() {
            let (at_edge, inside) = classes(row);
            let mut time = cost.positions[at_edge as usize];
            for (column, finish) in finish.iter_mut().enumerate() {
                let at = At { first_column: 0, column };
                previous = later(ready(done, row, at), previous) + time;
                *finish = previous;
                time = cost.positions[inside as usize];
            }
        }
        let counts = counts(height, width);
        let active: Nanoseconds =
            cost.positions.iter().zip(counts).map(|(&time, count)| time * count as f64).sum();
        let first_finish = self.finish.get(first).copied().unwrap_or(begin);
        LayerTiming {
            begin,
            finish: previous,
            first_finish,
            outputs: height * width,
            occupancy: share(active, previous - begin),
            spent: cost.spent(counts, Copy::First),
        }
    }

    /// A sum that adds each position as soon as its inputs are there, several at once.
    fn eager_sum(&mut self, layer: &HardwareLayer, cost: &LayerCost) -> LayerTiming {
        let needs = Needs::new(layer, self.graph, &self.records, self.quirks);
        let (height, width) = (layer.out_size.height, layer.out_size.width);
        let first = self.finish.len();
        self.intervals.clear();
        for row in 0..height {
            for column in 0..width {
                let begin = needs.last_of_window(&self.finish, row, column);
                let finish = begin + cost.positions[0];
                self.finish.push(finish);
                self.intervals.push((begin, finish));
            }
        }
        let mut timing = self.overlapping(first);
        timing.spent = cost.spent(counts(height, width), Copy::First);
        timing
    }

    /// Timing, but for the time by part, of positions that may overlap.
    fn overlapping(&mut self, first: usize) -> LayerTiming {
        let finish = &self.finish[first..];
        // Runs of each copy are in order already, which this sort makes use of.
        self.intervals.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
        let begin = self.intervals.first().map_or(Nanoseconds::ZERO, |&(begin, _)| begin);
        let last = finish.iter().copied().fold(Nanoseconds::ZERO, later);
        let active = union_length(self.intervals.iter().copied());
        LayerTiming {
            begin,
            finish: last,
            first_finish: finish.first().copied().unwrap_or(begin),
            outputs: finish.len(),
            occupancy: share(active, last - begin),
            ..LayerTiming::default()
        }
    }

    /// When all inputs of a layer are complete.
    fn inputs_complete(&self, layer: &HardwareLayer) -> Nanoseconds {
        let last_only = self.quirks.keeps(Quirk::ReplicaWaitFromOneWidth);
        let complete = layer.inputs.iter().map(|&input| match input {
            Producer::Input => Nanoseconds::ZERO,
            Producer::Layer(from) => {
                let finish = self.records[from].of(&self.finish);
                if last_only || self.records[from].split.len() == 1 {
                    finish.last().copied().unwrap_or_default()
                } else {
                    finish.iter().copied().fold(Nanoseconds::ZERO, later)
                }
            }
        });
        complete.fold(Nanoseconds::ZERO, later)
    }

    /// Latency of the network.
    pub fn total(&self, layers: &[LayerTiming], quirks: Quirks) -> Nanoseconds {
        if quirks.keeps(Quirk::LexicographicTotalLatency) {
            let last = (0..layers.len()).max_by(|&a, &b| self.compare_finishes(layers, a, b));
            last.map_or(Nanoseconds::ZERO, |layer| layers[layer].finish)
        } else {
            layers.iter().map(|layer| layer.finish).fold(Nanoseconds::ZERO, later)
        }
    }

    /// Lexicographic order of two layers' finish times; a prefix comes first.
    fn compare_finishes(&self, layers: &[LayerTiming], a: usize, b: usize) -> Ordering {
        let by_first = layers[a].first_finish.0.total_cmp(&layers[b].first_finish.0);
        by_first.then_with(|| {
            let times = |layer: usize| {
                let record = &self.records[layer];
                let finish = record.of(&self.finish);
                // A fully connected layer has one time for all its outputs.
                let repeated = layers[layer].outputs.saturating_sub(finish.len());
                let last = finish.last().copied().unwrap_or_default();
                finish.iter().copied().chain(std::iter::repeat_n(last, repeated)).map(|t| t.0)
            };
            times(a).partial_cmp(times(b)).unwrap_or(Ordering::Equal)
        })
    }
}

/// A position's column, and the first column of the copy that works on it.
#[derive(Clone, Copy)]
struct At {
    first_column: usize,
    column: usize,
}

/// Classes of the first and of the other positions of a row.
fn classes(row: usize) -> (PositionClass, PositionClass) {
    if row == 0 {
        (PositionClass::First, PositionClass::FirstRow)
    } else {
        (PositionClass::RowStart, PositionClass::Interior)
    }
}

fn which(copy: usize) -> Copy {
    if copy == 0 { Copy::First } else { Copy::Inner }
}

/// Positions of each class in a map.
fn counts(height: usize, width: usize) -> [usize; 4] {
    if height == 0 || width == 0 {
        return [0; 4];
    }
    [1, height - 1, width - 1, (height - 1) * (width - 1)]
}

/// Share of a time; at most 1, which rounding may exceed.
fn share(active: Nanoseconds, whole: Nanoseconds) -> f64 {
    if whole.0 > 0.0 { (active / whole).min(1.0) } else { 0.0 }
}
