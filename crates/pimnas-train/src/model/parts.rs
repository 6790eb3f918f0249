//! Models of parameters from elsewhere.

use pimnas_network::{Network, Operation, ShapedNetwork};

use super::{LayerState, Model, ParameterStore, steps};
use crate::error::TrainError;

impl Model {
    /// A network with given parameters (`<layer>.weight` and `<layer>.bias`, as [`Model::new`]
    /// makes them) and a state for each layer.
    ///
    /// # Errors
    /// A network that does not fit together; parameters that are missing or have other
    /// dimensions; not as many states as layers.
    pub fn from_parts(
        network: Network,
        parameters: ParameterStore,
        states: Vec<LayerState>,
    ) -> Result<Self, TrainError> {
        ShapedNetwork::new(&network).map_err(TrainError::Network)?;
        if states.len() != network.layers.len() {
            let name = "states".to_owned();
            let why = format!("there are {} for {} layers", states.len(), network.layers.len());
            return Err(TrainError::Tensor { name, why });
        }
        for (index, layer) in network.layers.iter().enumerate() {
            let weight = |dims: Vec<usize>| vec![(format!("{index}.weight"), dims)];
            let expected = match layer.operation {
                Operation::Convolution(conv) => {
                    let (side, inputs) = (conv.kernel_size, conv.in_channels / conv.groups.max(1));
                    weight(vec![conv.out_channels, side, side, inputs])
                }
                Operation::FullyConnected { in_features, out_features } => {
                    weight(vec![out_features, in_features])
                }
                Operation::BatchNorm { features } => {
                    let mut both = weight(vec![features]);
                    both.push((format!("{index}.bias"), vec![features]));
                    both
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
                | Operation::Downsample => Vec::new(),
            };
            for (name, dims) in expected {
                let found = parameters.get(&name).map(|parameter| parameter.dims.clone());
                if found.as_ref() != Some(&dims) {
                    let why = format!("the network needs {dims:?}, there is {found:?}");
                    return Err(TrainError::Tensor { name, why });
                }
            }
        }
        Ok(Self { steps: steps(&network), network, parameters, states })
    }
}
