//! Layers with weights in floating point: exact arithmetic, and fixed point by quantised values.
//!
//! A value that falls on a boundary of a quantiser is rounded to either side by the last bit of a
//! sum, so the order of a convolution's sums is that of the library behind the reference: blocks
//! of input channels, in a block each cell of the kernel with all its channels, block sums added
//! one after another.

use std::ops::Range;

use pimnas_network::Shape;
use rayon::prelude::*;

use crate::crossbar::geometry::Geometry;
use crate::jobs::Worth;
use crate::kernel::{Isa, Product, apply_stages, multiply};
use crate::stage::Stage;
use crate::tensor::Tensor;

/// Input channels of a block, for kernels of more than one cell.
const CHANNELS: usize = 16;
/// The same for point-wise convolutions.
const POINTWISE_CHANNELS: usize = 256;

/// A convolution or fully connected layer of floats.
#[derive(Clone, Debug)]
pub(crate) struct DenseLayer {
    geometry: Geometry,
    /// Where each input channel of all groups begins to be read.
    starts: Vec<usize>,
    groups: usize,
    /// Output channels of a group.
    outputs: usize,
    /// Rows in the order in which they are summed.
    order: Vec<usize>,
    /// The blocks of that order.
    blocks: Vec<Range<usize>>,
    /// Group by group, block by block, output × row of the block.
    weights: Vec<f32>,
    isa: Isa,
}

/// What a layer of floats is made from.
pub(crate) struct DenseSettings {
    pub geometry: Geometry,
    /// Where each input channel of all groups begins to be read.
    pub starts: Vec<usize>,
    pub groups: usize,
    /// Output channels of a group.
    pub outputs: usize,
    /// Output of all groups × row.
    pub weights: Vec<f32>,
    pub isa: Isa,
}

impl DenseLayer {
    pub fn new(settings: DenseSettings) -> Self {
        let DenseSettings { geometry, starts, groups, outputs, weights, isa } = settings;
        let (window, channels) = (geometry.window(), geometry.channels);
        let together = match (window, geometry.is_vector()) {
            (_, true) => channels,
            (1, false) => POINTWISE_CHANNELS,
            _ => CHANNELS,
        };
        let mut order = Vec::with_capacity(geometry.rows());
        let mut blocks = Vec::new();
        for start in (0..channels).step_by(together.max(1)) {
            let first = order.len();
            let block = start..(start + together).min(channels);
            for cell in 0..window {
                order.extend(block.clone().map(|channel| channel * window + cell));
            }
            blocks.push(first..order.len());
        }
        let mut ordered = Vec::with_capacity(weights.len());
        for group in weights.chunks_exact((outputs * order.len()).max(1)) {
            for block in &blocks {
                for output in group.chunks_exact(order.len()) {
                    ordered.extend(order[block.clone()].iter().map(|&row| output[row]));
                }
            }
        }
        Self { geometry, starts, groups, outputs, order, blocks, weights: ordered, isa }
    }

    /// The layer's outputs in the given shape, after the given stages.
    pub fn run(&self, input: &Tensor, stages: &[Stage], shape: Shape) -> Tensor {
        let items = input.batch();
        let size = input.data().len() / items.max(1);
        let positions = self.geometry.positions();
        let mut outputs = vec![0.0; items * self.groups * self.outputs * positions];
        if positions == 1 {
            // Vectors: one product for the batch, transposed.
            self.vectors(input.data(), (items, size), &mut outputs);
            let channels = self.groups * self.outputs;
            for (i, value) in outputs.iter_mut().enumerate() {
                apply_stages(self.isa, stages, i % channels, std::slice::from_mut(value));
            }
            return Tensor::batch_of(items, shape, outputs);
        }
        let products = self.groups * self.outputs * positions * self.geometry.rows();
        outputs
            .par_chunks_mut(self.groups * self.outputs * positions)
            .zip(input.data().par_chunks(size.max(1)))
            .with_min_len(Worth::Products.jobs(products))
            .for_each_init(Buffers::default, |buffers, (outputs, item)| {
                self.item(item, buffers, outputs);
                for (channel, values) in outputs.chunks_exact_mut(positions).enumerate() {
                    apply_stages(self.isa, stages, channel, values);
                }
            });
        Tensor::batch_of(items, shape, outputs)
    }

    fn item(&self, item: &[f32], buffers: &mut Buffers, outputs: &mut [f32]) {
        let geometry = &self.geometry;
        let (plane, rows, lanes) = (geometry.plane(), geometry.rows(), geometry.positions());
        let side = geometry.sides.0 * geometry.sides.1;
        let channels = self.groups * geometry.channels;
        buffers.padded.clear();
        buffers.padded.resize(channels * plane, 0.0);
        for (channel, place) in item.chunks_exact(side).zip(buffers.padded.chunks_exact_mut(plane))
        {
            geometry.pad(channel, place);
        }
        buffers.gathered.resize(rows * lanes, 0.0);
        let runs = geometry.runs(0..lanes, 0);
        let of_group = self.outputs * lanes;
        for (group, outputs) in outputs.chunks_exact_mut(of_group).enumerate() {
            let source = &buffers.padded[group * geometry.channels * plane..];
            let starts = &self.starts[group * geometry.channels..];
            for (&row, line) in self.order.iter().zip(buffers.gathered.chunks_exact_mut(lanes)) {
                geometry.gather((source, starts, &runs), row..row + 1, (line, lanes));
            }
            let weights = &self.weights[group * self.outputs * rows..];
            self.sum(weights, &buffers.gathered, (&mut buffers.block, outputs));
        }
    }

    /// Adds up the products of the blocks.
    fn sum(&self, weights: &[f32], gathered: &[f32], (sums, outputs): (&mut Vec<f32>, &mut [f32])) {
        let lanes = outputs.len() / self.outputs.max(1);
        for (index, block) in self.blocks.iter().enumerate() {
            let shape = Product { outputs: self.outputs, rows: block.len(), lanes };
            let factors =
                (&weights[block.start * self.outputs..], &gathered[block.start * lanes..]);
            if index == 0 {
                multiply(shape, factors, outputs);
                continue;
            }
            sums.resize(outputs.len(), 0.0);
            multiply(shape, factors, sums);
            for (output, &sum) in outputs.iter_mut().zip(&*sums) {
                *output += sum;
            }
        }
    }

    /// Items × features times the transposed weights, as the transposed product.
    fn vectors(&self, values: &[f32], (items, size): (usize, usize), outputs: &mut [f32]) {
        if self.groups != 1 || !self.geometry.is_vector() {
            let chunk = self.groups * self.outputs;
            let mut buffers = Buffers::default();
            for (outputs, item) in outputs.chunks_exact_mut(chunk).zip(values.chunks_exact(size)) {
                self.item(item, &mut buffers, outputs);
            }
            return;
        }
        let turned: Vec<f32> =
            (0..size * items).map(|i| values[i % items.max(1) * size + i / items.max(1)]).collect();
        let mut sums = vec![0.0; self.outputs * items];
        let shape = Product { outputs: self.outputs, rows: size, lanes: items };
        multiply(shape, (&self.weights, &turned), &mut sums);
        for (i, value) in outputs.iter_mut().enumerate() {
            *value = sums[i % self.outputs * items + i / self.outputs];
        }
    }
}

#[derive(Default)]
struct Buffers {
    padded: Vec<f32>,
    gathered: Vec<f32>,
    /// Sums of a block.
    block: Vec<f32>,
}
