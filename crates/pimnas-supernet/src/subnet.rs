//! A rollout's part of the super net: its network and the shared values that it has.

use pimnas_network::{Convolution, Layer, Operation, ShapedNetwork};
use pimnas_search::{Candidate, PaddingFlag, Rollout};
use pimnas_train::{Step, TrainError, steps};

use crate::error::SupernetError;
use crate::select::{Selection, channels};
use crate::shared::{Role, SharedStore};

/// A parameter of a rollout's network as a slice of a shared tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Its name in the network: `<layer>.weight`, `<layer>.bias`.
    pub name: String,
    /// Position of the shared tensor.
    pub shared: usize,
    /// Its dimensions as layers take them.
    pub dims: Vec<usize>,
    /// For each of its values, row by row, the position in the shared tensor; none twice.
    pub places: Vec<usize>,
}

impl Slice {
    /// The values.
    #[must_use]
    pub fn gather(&self, store: &SharedStore) -> Vec<f32> {
        let values = store.at(self.shared).map_or(&[][..], |shared| &shared.values);
        self.places.iter().map(|&place| values[place]).collect()
    }
}

/// Running statistics of a layer of a rollout: under which key they are kept, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateKey {
    /// The layer's name and the size of its slice.
    pub key: String,
    /// The shared channels of the output.
    pub channels: Vec<usize>,
}

/// A rollout's part of the super net.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// The rollout.
    pub rollout: Rollout,
    /// Its network, what even kernels lose, its hardware.
    pub candidate: Candidate,
    /// The steps of its forward pass.
    pub steps: Vec<Step>,
    /// Its parameters in the order of the layers.
    pub slices: Vec<Slice>,
    /// Where the statistics of each layer are kept.
    pub states: Vec<StateKey>,
}

/// What a layer asks of the shared tensors.
pub(crate) struct Ask {
    pub name: String,
    pub role: Role,
    pub dims: [usize; 4],
}

pub(crate) fn weight_name(layer: &Layer) -> Option<String> {
    layer.name.as_ref().map(|name| format!("{name}.weight"))
}

/// Side of the shared kernel that holds a kernel of that side at its centre: odd.
fn shared_side(side: usize) -> usize {
    side / 2 * 2 + 1
}

/// What the layer at that position asks for.
pub(crate) fn asks(layer: usize, described: &Layer) -> Result<Vec<Ask>, SupernetError> {
    let unnamed = || SupernetError::Unnamed { layer, kind: described.operation.name() };
    let ask = |part: &str, role, dims| -> Result<Ask, SupernetError> {
        let name = described.name.as_ref().ok_or_else(unnamed)?;
        Ok(Ask { name: format!("{name}.{part}"), role, dims })
    };
    match described.operation {
        Operation::Convolution(conv) => {
            let side = shared_side(conv.kernel_size);
            let dims = [conv.out_channels, side, side, conv.in_channels];
            Ok(vec![ask("weight", Role::Convolution, dims)?])
        }
        Operation::FullyConnected { in_features, out_features } => {
            Ok(vec![ask("weight", Role::Linear, [out_features, 1, 1, in_features])?])
        }
        Operation::BatchNorm { features } => Ok(vec![
            ask("weight", Role::Factor, [features, 1, 1, 1])?,
            ask("bias", Role::Offset, [features, 1, 1, 1])?,
        ]),
        Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::Pooling(_)
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::ElementSum
        | Operation::Expand { .. }
        | Operation::Downsample => Ok(Vec::new()),
    }
}

impl Subnet {
    /// The part of a decoded rollout.
    ///
    /// # Errors
    /// A layer without a name; a rollout that asks for more than there is.
    pub(crate) fn new(
        rollout: &Rollout,
        candidate: Candidate,
        (store, selection): (&SharedStore, Selection),
    ) -> Result<Self, SupernetError> {
        let network = &candidate.network;
        let shaped = ShapedNetwork::new(network).map_err(TrainError::Network)?;
        let chosen = channels(&shaped, (selection, store));
        let mut slices = Vec::new();
        let mut states = Vec::with_capacity(network.layers.len());
        for (index, layer) in network.layers.iter().enumerate() {
            let taken = match layer.inputs.first() {
                Some(pimnas_network::Source::Layer(from)) => chosen[*from].clone(),
                Some(pimnas_network::Source::Input) | None => {
                    (0..channels_of(network.input.shape)).collect()
                }
            };
            let flag = candidate.padding_flags.get(index).copied().flatten();
            for ask in asks(index, layer)? {
                let part = ask.name.rsplit_once('.').map_or("weight", |(_, part)| part).to_owned();
                let mut largest = ask.dims;
                largest[0] = chosen[index].iter().max().map_or(0, |id| id + 1);
                if matches!(ask.role, Role::Convolution | Role::Linear) {
                    largest[3] = taken.iter().max().map_or(0, |id| id + 1);
                }
                let (shared, tensor) = store.holding(&ask.name, largest)?;
                let (dims, places) = match (ask.role, layer.operation) {
                    (Role::Convolution, Operation::Convolution(conv)) => {
                        let cut = Cut { conv, flag, shared: tensor.dims };
                        cut.places((&chosen[index], &taken))
                    }
                    (Role::Linear, _) => {
                        let inputs = tensor.dims[3];
                        let row = |&output: &usize| taken.iter().map(move |i| output * inputs + i);
                        let places = chosen[index].iter().flat_map(row).collect();
                        (vec![chosen[index].len(), taken.len()], places)
                    }
                    (Role::Convolution | Role::Factor | Role::Offset, _) => {
                        (vec![chosen[index].len()], chosen[index].clone())
                    }
                };
                slices.push(Slice { name: format!("{index}.{part}"), shared, dims, places });
            }
            states.push(StateKey {
                key: state_key(index, layer, chosen[index].len()),
                channels: chosen[index].clone(),
            });
        }
        let steps = steps(network);
        Ok(Self { rollout: rollout.clone(), steps, slices, states, candidate })
    }

    /// Number of values of its parameters.
    #[must_use]
    pub fn values(&self) -> usize {
        self.slices.iter().map(|slice| slice.places.len()).sum()
    }
}

fn channels_of(shape: pimnas_network::Shape) -> usize {
    match shape {
        pimnas_network::Shape::Map { channels, .. } => channels,
        pimnas_network::Shape::Vector { features } => features,
    }
}

/// Statistics are kept apart by the size of a layer's slice: its outputs and, of a convolution,
/// its inputs, kernel and groups. A layer without a name has its place in the network.
fn state_key(index: usize, layer: &Layer, outputs: usize) -> String {
    let name = match &layer.name {
        Some(name) => name.clone(),
        None => format!("#{index}.{}", layer.operation.name()),
    };
    match layer.operation {
        Operation::Convolution(conv) => {
            let Convolution { in_channels, kernel_size, groups, .. } = conv;
            format!("{name}|{outputs}x{in_channels}k{kernel_size}g{groups}")
        }
        Operation::FullyConnected { in_features, .. } => format!("{name}|{outputs}x{in_features}"),
        Operation::BatchNorm { .. }
        | Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::Pooling(_)
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::ElementSum
        | Operation::Expand { .. }
        | Operation::Downsample => format!("{name}|{outputs}"),
    }
}

/// A convolution cut out of a shared kernel.
struct Cut {
    conv: Convolution,
    flag: Option<PaddingFlag>,
    shared: [usize; 4],
}

impl Cut {
    /// First row and column of the kernel in the shared one. Odd kernels have the same centre. An
    /// even one that drops the last row and column of its output covers one place more before
    /// the centre than behind it, one that drops the first the reverse.
    fn first(&self) -> usize {
        let (side, shared) = (self.conv.kernel_size, self.shared[1]);
        let centre = shared / 2;
        let before = match self.flag {
            Some(PaddingFlag::First) if side.is_multiple_of(2) => (side / 2).saturating_sub(1),
            Some(PaddingFlag::First | PaddingFlag::Last) | None => side / 2,
        };
        centre.saturating_sub(before)
    }

    /// Dimensions (output, kernel row, kernel column, input of a group) and positions. Outputs of
    /// a group take the inputs of that group: blocks on the diagonal of the dense tensor.
    fn places(&self, (outputs, inputs): (&[usize], &[usize])) -> (Vec<usize>, Vec<usize>) {
        let (side, groups) = (self.conv.kernel_size, self.conv.groups.max(1));
        let [_, rows, columns, width] = self.shared;
        let (of_outputs, of_inputs) = (outputs.len() / groups, inputs.len() / groups);
        let first = self.first();
        let mut places = Vec::with_capacity(outputs.len() * side * side * of_inputs);
        for (at, output) in outputs.iter().enumerate() {
            let group = at.checked_div(of_outputs).unwrap_or(0);
            let taken = &inputs[group * of_inputs..(group + 1) * of_inputs];
            for row in first..first + side {
                for column in first..first + side {
                    let start = ((output * rows + row) * columns + column) * width;
                    places.extend(taken.iter().map(|input| start + input));
                }
            }
        }
        (vec![outputs.len(), side, side, of_inputs], places)
    }
}
