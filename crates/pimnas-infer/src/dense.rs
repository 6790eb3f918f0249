//! Layers with weights in floating point: exact arithmetic, and fixed point by quantised values.

use pimnas_network::Shape;
use rayon::prelude::*;

use crate::crossbar::geometry::Geometry;
use crate::kernel::{Isa, Product, apply_stages, multiply};
use crate::stage::Stage;
use crate::tensor::Tensor;

/// A convolution or fully connected layer of floats.
#[derive(Clone, Debug)]
pub(crate) struct DenseLayer {
    pub geometry: Geometry,
    pub groups: usize,
    /// Output channels of a group.
    pub outputs: usize,
    /// Output of all groups × row.
    pub weights: Vec<f32>,
    pub isa: Isa,
}

impl DenseLayer {
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
        outputs
            .par_chunks_mut(self.groups * self.outputs * positions)
            .zip(input.data().par_chunks(size.max(1)))
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
            geometry
                .pad(channel, place, |values, place| place[..values.len()].copy_from_slice(values));
        }
        buffers.gathered.resize(rows * lanes, 0.0);
        let runs = geometry.runs(0..lanes, 0);
        let of_group = self.outputs * lanes;
        for (group, outputs) in outputs.chunks_exact_mut(of_group).enumerate() {
            let source = &buffers.padded[group * geometry.channels * plane..];
            geometry.gather((source, &runs), 0..rows, (&mut buffers.gathered, lanes));
            let weights = &self.weights[group * self.outputs * rows..];
            let shape = Product { outputs: self.outputs, rows, lanes };
            multiply(shape, (weights, &buffers.gathered), outputs);
        }
    }

    /// Items × features times the transposed weights, as the transposed product.
    fn vectors(&self, values: &[f32], (items, size): (usize, usize), outputs: &mut [f32]) {
        if self.groups != 1 || self.geometry.window() != 1 {
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
}
