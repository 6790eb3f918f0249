//! Forward passes.

use burn_tensor::{Device, Tensor, TensorData};
use pimnas_network::{Convolution, Network, Operation, PoolingMode, Source};

use serde::{Deserialize, Serialize};

use super::noise::{Noise, NoisyLayer};
use super::ordered;
use super::parameters::Leaves;
use super::plan::{Step, uses};
use super::state::{LayerState, Update};
use crate::error::TrainError;
use crate::kernel::conv::ConvOptions;
use crate::kernel::element::{Activation, Quantiser};
use crate::kernel::norm::EPSILON;
use crate::ops::{self, Map, Tail};
use crate::random::{Purpose, Stream};

/// Whether weights and activations are quantised in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats.
    Float,
    /// As the crossbars will have them: weights with their range; outputs of layers that make new
    /// values (layers with weights, batch normalisations, sums, means) with their running range;
    /// by each layer's bits.
    #[default]
    Quantised,
}

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PassPurpose {
    /// Training: moments and ranges of the batch.
    Train {
        /// Seed of everything random in this step.
        seed: u64,
        /// Number of the step.
        step: u64,
    },
    /// Evaluation: running moments and ranges.
    Evaluate,
}

/// How a forward pass computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PassOptions {
    /// What it is for.
    pub purpose: PassPurpose,
    /// Whether values are quantised.
    pub precision: Precision,
    /// What the hardware adds.
    pub noise: Noise,
}

/// An activation between layers.
#[derive(Clone, Debug)]
pub enum Activations {
    /// Items × rows × columns × channels.
    Map(Tensor<4>),
    /// Items × features.
    Vector(Tensor<2>),
}

impl Activations {
    /// One for each layer that reads them.
    fn shared(self, uses: usize) -> Vec<Self> {
        match self {
            Self::Map(map) => ops::shared(map, uses).into_iter().map(Self::Map).collect(),
            Self::Vector(vector) => {
                ops::shared(vector, uses).into_iter().map(Self::Vector).collect()
            }
        }
    }
}

/// What a forward pass gives.
#[derive(Clone, Debug)]
pub struct Output {
    /// Items × classes.
    pub logits: Tensor<2>,
    /// What the batch changes of layers' states, each with its layer.
    pub updates: Vec<(usize, Update)>,
}

/// A network in a forward pass.
pub struct ForwardPass<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its steps.
    pub steps: &'a [Step],
    /// State of each layer.
    pub states: &'a [LayerState],
    /// Its parameters.
    pub leaves: &'a Leaves,
    /// How to compute.
    pub options: PassOptions,
    /// What the batch changes.
    pub updates: Vec<(usize, Update)>,
}

impl ForwardPass<'_> {
    /// Runs the network on a batch.
    ///
    /// # Errors
    /// A missing parameter; a layer that gets a vector where it takes a map or the reverse, which
    /// shape inference excludes.
    pub fn run(mut self, input: Activations) -> Result<Output, TrainError> {
        let input = self.quantised_input(input);
        let mut outputs: Vec<Option<Activations>> = vec![None; self.network.layers.len()];
        let mut shared: Vec<Vec<Activations>> = vec![Vec::new(); self.network.layers.len()];
        let (last, (uses, counted)) = (self.last_uses(), uses(self.network, self.steps));
        for (at, step) in self.steps.iter().enumerate() {
            let mut inputs = Vec::new();
            for source in &self.network.layers[step.layer].inputs {
                let found = match source {
                    Source::Input => Some(input.clone()),
                    Source::Layer(from) => {
                        let own = shared.get_mut(*from).filter(|_| counted[at]).and_then(Vec::pop);
                        own.or_else(|| outputs.get(*from).cloned().flatten())
                    }
                };
                let missing = || self.wrong(step.layer, "it reads a layer that comes later");
                inputs.push(found.ok_or_else(missing)?);
            }
            let result = self.step(step, inputs)?;
            if uses[step.gives] > 1 {
                shared[step.gives] = result.clone().shared(uses[step.gives]);
            }
            outputs[step.gives] = Some(result);
            for (output, &use_at) in outputs.iter_mut().zip(&last) {
                if use_at == Some(at) {
                    *output = None;
                }
            }
        }
        match outputs.pop().flatten() {
            Some(Activations::Vector(logits)) => Ok(Output { logits, updates: self.updates }),
            Some(Activations::Map(_)) | None => {
                let last = self.network.layers.len().saturating_sub(1);
                Err(self.wrong(last, "the last layer must give a vector of classes"))
            }
        }
    }

    /// The step after which each layer's output is needed no more; none for the last layer.
    fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.network.layers.len()];
        for (at, step) in self.steps.iter().enumerate() {
            for source in &self.network.layers[step.layer].inputs {
                if let Source::Layer(from) = source
                    && let Some(place) = last.get_mut(*from)
                {
                    *place = Some(at);
                }
            }
        }
        last
    }

    fn wrong(&self, layer: usize, why: &str) -> TrainError {
        let kind = self.network.layers.get(layer).map_or("none", |l| l.operation.name());
        TrainError::Layer { layer, kind, why: why.to_owned() }
    }

    fn quantised_input(&self, input: Activations) -> Activations {
        match self.options.precision {
            Precision::Float => input,
            Precision::Quantised => {
                let stated = &self.network.input;
                let codes = (1_u64 << (stated.bits.clamp(2, 22) - 1)) - 1;
                let scale = (stated.step * codes as f64) as f32;
                each(input, Map::Quantise(Quantiser::new(stated.bits, scale)))
            }
        }
    }

    fn step(&mut self, step: &Step, inputs: Vec<Activations>) -> Result<Activations, TrainError> {
        let operation = self.network.layers[step.layer].operation;
        let mut inputs = inputs.into_iter();
        let first = inputs.next().ok_or_else(|| self.wrong(step.layer, "it has no input"))?;
        match operation {
            Operation::Convolution(conv) => self.convolution(step.layer, &conv, first),
            Operation::FullyConnected { in_features, out_features } => {
                self.linear(step.layer, [out_features, in_features], first)
            }
            Operation::BatchNorm { .. } => match first {
                Activations::Map(map) => Ok(Activations::Map(self.norm(step, map)?)),
                Activations::Vector(vector) => Ok(Activations::Vector(self.norm(step, vector)?)),
            },
            Operation::Relu => Ok(each(first, Map::Activation(Activation::Relu))),
            Operation::HardTanh => Ok(each(first, Map::Activation(Activation::HardTanh))),
            Operation::View | Operation::Flatten { .. } => Ok(match first {
                Activations::Map(map) if !keeps(&operation) => {
                    Activations::Vector(ops::flatten(map))
                }
                Activations::Map(_) | Activations::Vector(_) => first,
            }),
            Operation::Dropout => Ok(self.dropout(step.layer, first)),
            Operation::Pooling(pooling) => {
                let output = each(first, Map::Pool(pooling));
                Ok(match pooling.mode {
                    PoolingMode::Max => output,
                    PoolingMode::Average => self.requantised(step.layer, output),
                })
            }
            Operation::AdaptiveAveragePooling { output_size: (height, width) } => {
                let output = match (first, self.adds_as_inference()) {
                    (Activations::Map(map), true) if (height, width) == (1, 1) => {
                        Activations::Map(ordered::mean(map))
                    }
                    (first, _) => each(first, Map::AdaptiveMean { height, width }),
                };
                Ok(self.requantised(step.layer, output))
            }
            Operation::ElementSum => self.sum(step, first, inputs),
            Operation::Expand { max_channels } => {
                Ok(each(first, Map::Expand { channels: max_channels }))
            }
            Operation::Downsample => match first {
                Activations::Map(map) => {
                    let output = Activations::Map(ops::downsample(map));
                    Ok(self.requantised(step.layer, output))
                }
                Activations::Vector(_) => Err(self.wrong(step.layer, "it takes a map")),
            },
        }
    }

    fn requantised(&mut self, layer: usize, output: Activations) -> Activations {
        match output {
            Activations::Map(map) => Activations::Map(self.quantised(layer, map)),
            Activations::Vector(vector) => Activations::Vector(self.quantised(layer, vector)),
        }
    }

    fn sum(
        &mut self,
        step: &Step,
        first: Activations,
        others: impl Iterator<Item = Activations>,
    ) -> Result<Activations, TrainError> {
        let mut others: Vec<Activations> = others.collect();
        let last = others.pop().ok_or_else(|| self.wrong(step.layer, "it has one input"))?;
        let add = |left, right, which| match (left, right) {
            (Activations::Map(left), Activations::Map(right)) => {
                Some(Activations::Map(ops::add(left, right, which)))
            }
            (Activations::Vector(left), Activations::Vector(right)) => {
                Some(Activations::Vector(ops::add(left, right, which)))
            }
            (Activations::Map(_), Activations::Vector(_))
            | (Activations::Vector(_), Activations::Map(_)) => None,
        };
        let mut total = Some(first);
        for other in others {
            total = total.and_then(|total| add(total, other, Activation::Identity));
        }
        let with = match self.options.precision {
            Precision::Float => step.activation,
            Precision::Quantised => Activation::Identity,
        };
        let total = total
            .and_then(|total| add(total, last, with))
            .ok_or_else(|| self.wrong(step.layer, "its inputs differ in shape"))?;
        match (self.options.precision, step.activation) {
            (Precision::Float, _) => Ok(total),
            (Precision::Quantised, Activation::Identity) => Ok(self.requantised(step.layer, total)),
            (Precision::Quantised, Activation::Relu | Activation::HardTanh) => {
                Ok(each(self.requantised(step.layer, total), Map::Activation(step.activation)))
            }
        }
    }

    /// The weights as the layer computes with them.
    fn weight(&self, layer: usize) -> Result<Tensor<1>, TrainError> {
        let weight = self.leaves.vector(&format!("{layer}.weight"))?;
        let weight = match (self.options.precision, self.network.layers[layer].weight_bits) {
            (Precision::Float, _) | (Precision::Quantised, None) => weight,
            (Precision::Quantised, Some(bits)) => {
                let scale = ops::range(weight.clone()).scale();
                ops::quantise(weight, Quantiser::new(bits, scale))
            }
        };
        Ok(self.noisy(layer).vary(weight))
    }

    fn noisy(&self, layer: usize) -> NoisyLayer {
        NoisyLayer { noise: self.options.noise, layer, step: self.train_step() }
    }

    /// Whether sums have the order of inference.
    fn adds_as_inference(&self) -> bool {
        match (self.options.purpose, self.options.precision) {
            (PassPurpose::Evaluate, Precision::Quantised) => true,
            (PassPurpose::Evaluate, Precision::Float) | (PassPurpose::Train { .. }, _) => false,
        }
    }

    fn train_step(&self) -> Option<(u64, u64)> {
        match self.options.purpose {
            PassPurpose::Train { seed, step } => Some((seed, step)),
            PassPurpose::Evaluate => None,
        }
    }

    fn convolution(
        &mut self,
        layer: usize,
        conv: &Convolution,
        input: Activations,
    ) -> Result<Activations, TrainError> {
        let Activations::Map(map) = input else { return Err(self.wrong(layer, "it takes a map")) };
        let side = conv.kernel_size;
        let dims = [conv.out_channels, side, side, conv.in_channels / conv.groups.max(1)];
        let weight = self.weight(layer)?.reshape(dims);
        let edge = self.states.get(layer).map(LayerState::edge).unwrap_or_default();
        let options = ConvOptions::of(conv, edge);
        let output = if self.adds_as_inference() {
            ordered::conv2d(map, weight, options)
        } else {
            self.noisy(layer).conv2d(map, weight, options)
        };
        Ok(Activations::Map(self.quantised(layer, output)))
    }

    fn linear(
        &mut self,
        layer: usize,
        dims: [usize; 2],
        input: Activations,
    ) -> Result<Activations, TrainError> {
        let Activations::Vector(vector) = input else {
            return Err(self.wrong(layer, "it takes a vector"));
        };
        let weight = self.weight(layer)?.reshape(dims);
        let output = if self.adds_as_inference() {
            ordered::linear(vector, weight)
        } else {
            self.noisy(layer).linear(vector, weight)
        };
        Ok(Activations::Vector(self.quantised(layer, output)))
    }

    /// An output quantised with the range of the batch in training and
    /// with the running one else.
    fn quantised<const D: usize>(&mut self, layer: usize, output: Tensor<D>) -> Tensor<D> {
        if self.options.precision == Precision::Float {
            return output;
        }
        let bits = self.network.layers[layer].activation_bits;
        let scale = match self.options.purpose {
            PassPurpose::Train { .. } => {
                let scale = ops::range(output.clone()).scale();
                self.updates.push((layer, Update::Scale(scale)));
                Some(scale)
            }
            PassPurpose::Evaluate => self.states.get(layer).and_then(|state| state.scale),
        };
        match scale {
            Some(scale) => ops::quantise(output, Quantiser::new(bits, scale)),
            None => output,
        }
    }

    fn norm<const D: usize>(
        &mut self,
        step: &Step,
        input: Tensor<D>,
    ) -> Result<Tensor<D>, TrainError> {
        let layer = step.layer;
        let gamma = self.leaves.vector(&format!("{layer}.weight"))?;
        let beta = self.leaves.vector(&format!("{layer}.bias"))?;
        let bits = match self.options.precision {
            Precision::Float => None,
            Precision::Quantised => Some(self.network.layers[layer].activation_bits),
        };
        match self.options.purpose {
            PassPurpose::Train { .. } => {
                let rows = input.dims().iter().rev().skip(1).product();
                let tail = Tail { bits, activation: step.activation };
                let normalised = ops::batch_norm(input, (gamma, beta), tail);
                let moments = Update::Moments(normalised.mean, normalised.variance, rows);
                self.updates.push((layer, moments));
                if let Some(scale) = normalised.scale {
                    self.updates.push((layer, Update::Scale(scale)));
                }
                Ok(normalised.output)
            }
            PassPurpose::Evaluate => {
                let state = self.states.get(layer).cloned().unwrap_or_default();
                let (gamma, beta) = (ops::values(gamma), ops::values(beta));
                let (factor, offset) = affine((&gamma, &beta), &state);
                let quantiser = bits.zip(state.scale).map(|(bits, s)| Quantiser::new(bits, s));
                let activation = step.activation;
                Ok(ops::map(input, Map::Affine { factor, offset, activation, quantiser }))
            }
        }
    }

    fn dropout(&self, layer: usize, input: Activations) -> Activations {
        match self.train_step() {
            None => input,
            Some((seed, step)) => {
                let place = (step, layer as u64);
                let seed = Stream::new(seed, Purpose::Dropout, place).next();
                each(input, Map::Dropout { seed })
            }
        }
    }
}

/// Whether a flatten leaves a map as it is.
fn keeps(operation: &Operation) -> bool {
    matches!(*operation, Operation::Flatten { start_dim, end_dim } if start_dim == end_dim)
}

/// Factor and offset of a batch normalisation with running moments.
fn affine(
    (gamma, beta): (&[f32], &[f32]),
    state: &LayerState,
) -> (std::sync::Arc<[f32]>, std::sync::Arc<[f32]>) {
    let moments = state.mean.iter().zip(&state.variance);
    gamma
        .iter()
        .zip(beta)
        .zip(moments)
        .map(|((gamma, beta), (mean, variance))| {
            let factor = 1.0 / (variance + EPSILON as f32).sqrt() * gamma;
            (factor, (-mean).mul_add(factor, *beta))
        })
        .collect::<(Vec<f32>, Vec<f32>)>()
        .into_arcs()
}

trait IntoArcs {
    fn into_arcs(self) -> (std::sync::Arc<[f32]>, std::sync::Arc<[f32]>);
}

impl IntoArcs for (Vec<f32>, Vec<f32>) {
    fn into_arcs(self) -> (std::sync::Arc<[f32]>, std::sync::Arc<[f32]>) {
        (self.0.into(), self.1.into())
    }
}

fn each(input: Activations, map: Map) -> Activations {
    match input {
        Activations::Map(tensor) => Activations::Map(ops::map(tensor, map)),
        Activations::Vector(tensor) => Activations::Vector(ops::map(tensor, map)),
    }
}

/// A batch of images as a map: items × rows × columns × channels.
#[must_use]
pub fn images(values: Vec<f32>, dims: [usize; 4], device: &Device) -> Activations {
    Activations::Map(Tensor::from_data(TensorData::new(values, dims), device))
}
