//! Networks that learn.

mod export;
mod forward;
mod noise;
mod ordered;
mod parameters;
mod parts;
mod plan;
mod state;

use burn_tensor::{Device, Tensor};
use pimnas_network::{Network, Operation, Shape, ShapedNetwork};

pub use forward::{Activations, ForwardPass, Output, PassOptions, PassPurpose, Precision, images};
pub use noise::{AdcNoise, Noise};
pub use parameters::{Leaves, Parameter, ParameterStore};
pub use plan::{Step, steps};
pub use state::{LayerState, Update};

use crate::error::TrainError;
use crate::random::{Purpose, Stream};

/// A network with its parameters and the state of its layers.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// What learns.
    pub parameters: ParameterStore,
    /// What is kept beside, for each layer.
    pub states: Vec<LayerState>,
    steps: Vec<Step>,
}

impl Model {
    /// A network with random weights: of convolutions even between ±√(6 / inputs) (He's rule for
    /// rectified layers), of fully connected layers between ±√(1 / inputs).
    ///
    /// # Errors
    /// A network that does not fit together, takes no images or gives no vector.
    pub fn new(network: &Network, seed: u64) -> Result<Self, TrainError> {
        let shaped = ShapedNetwork::new(network).map_err(TrainError::Network)?;
        if let Shape::Map { .. } = shaped.output() {
            let layer = network.layers.len().saturating_sub(1);
            let kind = network.layers.last().map_or("none", |last| last.operation.name());
            let why = format!("it gives {}, not a vector of classes", shaped.output());
            return Err(TrainError::Layer { layer, kind, why });
        }
        let mut parameters = ParameterStore::default();
        for (index, layer) in network.layers.iter().enumerate() {
            let mut stream = Stream::new(seed, Purpose::Weights, (index as u64, 0));
            let mut even = |count: usize, bound: f64| -> Vec<f32> {
                (0..count).map(|_| ((stream.unit() * 2.0 - 1.0) * bound) as f32).collect()
            };
            match layer.operation {
                Operation::Convolution(conv) => {
                    let (side, inputs) = (conv.kernel_size, conv.in_channels / conv.groups.max(1));
                    let dims = [conv.out_channels, side, side, inputs];
                    let bound = (6.0 / (side * side * inputs).max(1) as f64).sqrt();
                    let values = even(dims.iter().product(), bound);
                    parameters.insert(format!("{index}.weight"), &dims, values);
                }
                Operation::FullyConnected { in_features, out_features } => {
                    let dims = [out_features, in_features];
                    let values = even(out_features * in_features, (in_features as f64).powf(-0.5));
                    parameters.insert(format!("{index}.weight"), &dims, values);
                }
                Operation::BatchNorm { features } => {
                    parameters.insert(format!("{index}.weight"), &[features], vec![1.0; features]);
                    parameters.insert(format!("{index}.bias"), &[features], vec![0.0; features]);
                }
                Operation::Relu
                | Operation::HardTanh
                | Operation::View
                | Operation::Flatten { .. }
                | Operation::Dropout
                | Operation::Pooling(_)
                | Operation::AdaptiveAveragePooling { .. }
                | Operation::ElementSum
                | Operation::Expand { .. }
                | Operation::Downsample => {}
            }
        }
        Ok(Self {
            states: LayerState::initial(network, seed),
            steps: steps(network),
            network: network.clone(),
            parameters,
        })
    }

    /// Runs the network.
    ///
    /// # Errors
    /// As [`ForwardPass::run`].
    pub fn forward(
        &self,
        leaves: &Leaves,
        input: Activations,
        options: PassOptions,
    ) -> Result<Output, TrainError> {
        let pass = ForwardPass {
            network: &self.network,
            steps: &self.steps,
            states: &self.states,
            leaves,
            options,
            updates: Vec::new(),
        };
        pass.run(input)
    }

    /// The logits of a batch in evaluation.
    ///
    /// # Errors
    /// As [`ForwardPass::run`].
    pub fn evaluate(
        &self,
        input: Activations,
        precision: Precision,
    ) -> Result<Tensor<2>, TrainError> {
        let options =
            PassOptions { purpose: PassPurpose::Evaluate, precision, noise: Noise::default() };
        Ok(self.forward(&self.parameters.constants(), input, options)?.logits)
    }

    /// Takes what a batch changed into the states.
    pub fn apply(&mut self, updates: &[(usize, Update)]) {
        for (layer, update) in updates {
            if let Some(state) = self.states.get_mut(*layer) {
                state.apply(update);
            }
        }
    }

    /// The device of a training on the processor.
    #[must_use]
    pub fn cpu() -> Device {
        Device::flex().autodiff()
    }
}
