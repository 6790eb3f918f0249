//! A network that is ready to run.

use pimnas_device::{CellBits, Draw, NonIdealities, Seed, Streams};
use pimnas_network::{Shape, ShapedNetwork, Source};
use rayon::prelude::*;

use crate::compile::{Op, Step, compile};
use crate::crossbar::CellArray;
use crate::error::InferError;
use crate::jobs::Worth;
use crate::kernel::{Isa, apply_stages};
use crate::options::{InferenceOptions, Mode};
use crate::parameters::Parameters;
use crate::quirk::InferenceQuirk;
use crate::resize;
use crate::stage::Stage;
use crate::tensor::Tensor;

/// The output of a layer, as an observer sees it.
#[derive(Clone, Copy, Debug)]
pub struct LayerOutput<'a> {
    /// Index of the layer in the network; of fused layers the last.
    pub layer: usize,
    /// Its output for the whole batch.
    pub output: &'a Tensor,
}

/// Number of an item in a data set. Read noise belongs to it, so that cutting a data set into other
/// batches changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemNumber(pub u64);

/// A network bound to its weights, in one arithmetic: compiled once, run often.
///
/// It holds no other state: the same input gives the same output, on any number of threads.
#[derive(Clone, Debug)]
pub struct CompiledNetwork {
    input: Shape,
    input_stages: Vec<Stage>,
    steps: Vec<Step>,
    /// For each step and, last, for the network's input, the steps that read it.
    readers: Vec<usize>,
    isa: Isa,
}

impl CompiledNetwork {
    /// Binds the parameters to the network, quantises and cuts its weights.
    ///
    /// # Errors
    /// Parameters that are missing, of another shape or not finite; scales that are not positive;
    /// kernels larger than a crossbar; precisions outside of what the arithmetic covers.
    pub fn new(
        network: &ShapedNetwork<'_>,
        parameters: &Parameters,
        options: &InferenceOptions,
    ) -> Result<Self, InferError> {
        let steps = compile(network, parameters, options)?;
        let mut readers = vec![0; steps.len() + 1];
        let count = steps.len();
        for source in steps.iter().flat_map(|step| &step.inputs) {
            readers[place(*source, count)] += 1;
        }
        let description = &network.network.input;
        let candidate = network.network.layers.iter().any(|layer| layer.scales.is_some());
        let quantised = match options.mode {
            Mode::Float => false,
            Mode::FixedPoint if candidate => true,
            Mode::FixedPoint | Mode::Crossbar(_) => {
                !options.quirks.keeps(InferenceQuirk::UnquantisedInput)
            }
        };
        let mut input_stages = Vec::new();
        if quantised {
            let steps = crate::quantise::max_code(description.bits);
            let scale = (description.step * f64::from(steps)) as f32;
            input_stages.push(Stage::quantise(description.bits, scale));
        }
        let isa = options.kernels.resolve()?;
        Ok(Self { input: description.shape, input_stages, steps, readers, isa })
    }

    /// The network's outputs for a batch of inputs.
    ///
    /// # Errors
    /// [`InferError::InputShape`] for items of another shape, [`InferError::InputNotFinite`] for
    /// values that are no numbers.
    pub fn run(&self, input: &Tensor) -> Result<Tensor, InferError> {
        self.run_observed(input, &mut |_| {})
    }

    /// As [`CompiledNetwork::run`], and shows each layer's output to an observer. Compile with
    /// [`Fusion::Separate`](crate::Fusion::Separate) to see those of fused layers too.
    ///
    /// # Errors
    /// As [`CompiledNetwork::run`].
    pub fn run_observed(
        &self,
        input: &Tensor,
        observe: &mut dyn FnMut(LayerOutput<'_>),
    ) -> Result<Tensor, InferError> {
        self.run_items(input, ItemNumber(0), observe)
    }

    /// As [`CompiledNetwork::run_observed`], for a batch that begins with that item of a data set.
    ///
    /// # Errors
    /// As [`CompiledNetwork::run`].
    pub fn run_items(
        &self,
        input: &Tensor,
        first: ItemNumber,
        observe: &mut dyn FnMut(LayerOutput<'_>),
    ) -> Result<Tensor, InferError> {
        if !input.is_batch_of(self.input) {
            let (expected, found) = (self.input.to_string(), input.dims().to_vec());
            return Err(InferError::InputShape { expected, found });
        }
        check_finite(input)?;
        let quantised;
        let input = if self.input_stages.is_empty() {
            input
        } else {
            quantised = self.staged(input.clone(), &self.input_stages, self.input, self.input);
            &quantised
        };
        let count = self.steps.len();
        let mut readers = self.readers.clone();
        let mut values: Vec<Option<Tensor>> = vec![None; count];
        let mut last = None;
        for (index, step) in self.steps.iter().enumerate() {
            let read: Vec<&Tensor> = step
                .inputs
                .iter()
                .filter_map(|&source| match source {
                    Source::Input => Some(input),
                    Source::Layer(step) => values[step].as_ref(),
                })
                .collect();
            let output = self.compute(step, &read, first);
            observe(LayerOutput { layer: step.layer, output: &output });
            for &source in &step.inputs {
                let place = place(source, count);
                readers[place] = readers[place].saturating_sub(1);
                if let (Source::Layer(step), 0) = (source, readers[place]) {
                    values[step] = None;
                }
            }
            if index + 1 == count {
                last = Some(output);
            } else {
                values[index] = Some(output);
            }
        }
        Ok(last.unwrap_or_else(|| input.clone()))
    }

    fn compute(&self, step: &Step, inputs: &[&Tensor], item: ItemNumber) -> Tensor {
        let [first, others @ ..] = inputs else {
            return Tensor::batch_of(0, step.shape, Vec::new());
        };
        let shapes = (step.from, step.computed);
        let computed = match &step.op {
            Op::Crossbar(layer) => return layer.run((first, item), &step.stages, step.shape),
            Op::Dense(layer) => return layer.run(first, &step.stages, step.shape),
            Op::Pool(pooling) => resize::pool(first, pooling, shapes),
            Op::AdaptiveMean => resize::adaptive_mean(first, shapes),
            Op::Expand => resize::expand(first, step.computed),
            Op::Sum => resize::sum(first, others, step.computed),
            Op::Keep => (*first).clone(),
        };
        self.staged(computed, &step.stages, step.computed, step.shape)
    }

    /// Difference of neighbouring values of the output, if it is quantised: that of the last
    /// quantiser on the first path to it.
    #[must_use]
    pub fn output_step(&self) -> Option<f32> {
        let mut step = self.steps.last();
        while let Some(current) = step {
            let found = current.stages.iter().rev().find_map(Stage::step);
            if found.is_some() {
                return found;
            }
            step = match current.inputs.first() {
                Some(&Source::Layer(index)) => self.steps.get(index),
                Some(Source::Input) | None => None,
            };
        }
        self.input_stages.iter().rev().find_map(Stage::step)
    }

    /// Applies stages to a batch of items of a shape, and gives it another.
    fn staged(&self, mut tensor: Tensor, stages: &[Stage], from: Shape, to: Shape) -> Tensor {
        let items = tensor.batch();
        if !stages.is_empty() {
            let (channels, plane) = match from {
                Shape::Map { channels, height, width } => (channels, height * width),
                // Only batch normalisation tells the features of a vector apart.
                Shape::Vector { features } if stages.iter().any(Stage::is_by_channel) => {
                    (features, 1)
                }
                Shape::Vector { features } => (1, features),
            };
            tensor
                .data_mut()
                .par_chunks_mut(plane.max(1))
                .with_min_len(Worth::Values.jobs(plane))
                .enumerate()
                .for_each(|(i, values)| apply_stages(self.isa, stages, i % channels, values));
        }
        if from == to { tensor } else { Tensor::batch_of(items, to, tensor.into_data()) }
    }

    /// Replaces cells by conductances: for each array that holds digits of the network's weights,
    /// `conductances` gives the value of each cell pair (positive less negative) in units of a
    /// digit, or `None` to leave the array exact.
    ///
    /// # Errors
    /// [`InferError::NoCrossbars`] outside the crossbar modes; [`InferError::CellCount`] for
    /// another number of values than digits.
    pub fn with_conductances(
        &self,
        mut conductances: impl FnMut(&CellArray) -> Option<Vec<f32>>,
    ) -> Result<Self, InferError> {
        let mut changed = self.clone();
        let mut any = false;
        for step in &mut changed.steps {
            if let Op::Crossbar(layer) = &mut step.op {
                any = true;
                layer.replace_cells(step.operation, &mut conductances)?;
            }
        }
        if any { Ok(changed) } else { Err(InferError::NoCrossbars { layer: 0 }) }
    }
}

fn check_finite(input: &Tensor) -> Result<(), InferError> {
    let Some(place) = input.data().iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    let size = (input.data().len() / input.batch().max(1)).max(1);
    let (item, position, value) = (place / size, place % size, input.data()[place]);
    Err(InferError::InputNotFinite { item, position, value })
}

impl CompiledNetwork {
    /// The network on one specimen of non-ideal hardware: all of its cells and ADCs drawn anew.
    ///
    /// A number that is drawn belongs to seed, draw, layer, array and cell (and, for read noise, to
    /// item, position and cycle): the same draw gives the same outputs on any number of threads.
    /// Ideal hardware leaves the network as it is. Equations: `docs/NONIDEALITIES.md`.
    ///
    /// # Errors
    /// [`InferError::NoCrossbars`] outside the crossbar modes; [`InferError::Device`] for figures
    /// out of their range and lists without a level of the cells.
    pub fn with_draw(
        &self,
        non_idealities: &NonIdealities,
        seed: Seed,
        draw: Draw,
    ) -> Result<Self, InferError> {
        let mut drawn = self.clone();
        let streams = Streams::new(seed, draw);
        let mut any = false;
        for step in &mut drawn.steps {
            if let Op::Crossbar(layer) = &mut step.op {
                any = true;
                let cells = non_idealities.prepare(CellBits(layer.slicing.cell_bits))?;
                if !non_idealities.is_ideal() {
                    layer.draw(step.layer, (&cells, &streams))?;
                }
            }
        }
        if any { Ok(drawn) } else { Err(InferError::NoCrossbars { layer: 0 }) }
    }
}

/// Where the readers of a source are counted.
fn place(source: Source, steps: usize) -> usize {
    match source {
        Source::Input => steps,
        Source::Layer(step) => step,
    }
}
