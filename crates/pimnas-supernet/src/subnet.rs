//! A rollout's part of the super net: its network and the shared values that it has.

use std::borrow::Cow;
use std::ops::Range;

use pimnas_network::{Convolution, Network, Operation, ShapedNetwork};
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
    /// Its values, row by row, as runs of neighbours in the shared tensor; none twice.
    pub runs: Vec<Range<usize>>,
}

impl Slice {
    /// The values.
    #[must_use]
    pub fn gather(&self, store: &SharedStore) -> Vec<f32> {
        let values = store.at(self.shared).map_or(&[][..], |shared| &shared.values);
        let mut gathered = Vec::with_capacity(self.len());
        self.runs.iter().for_each(|run| gathered.extend_from_slice(&values[run.clone()]));
        gathered
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For each of its values, row by row, the position in the shared tensor.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.runs.iter().flat_map(Range::clone)
    }
}

/// Positions as runs of neighbours.
fn joined(positions: &[usize]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for &position in positions {
        match runs.last_mut() {
            Some(last) if last.end == position => last.end += 1,
            Some(_) | None => runs.push(position..position + 1),
        }
    }
    runs
}

/// Adds runs behind `start`; the first goes on with the last one where it begins at its end.
fn extend(runs: &mut Vec<Range<usize>>, start: usize, behind: &[Range<usize>]) {
    for run in behind {
        let run = start + run.start..start + run.end;
        match runs.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            Some(_) | None => runs.push(run),
        }
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
    pub part: &'static str,
    pub role: Role,
    pub dims: [usize; 4],
}

/// Under which name each layer's parameters are shared: its own, or, of layers without one, their
/// operation and how many of its kind without a name come before (`#fc0`).
pub(crate) fn names(network: &Network) -> Vec<Cow<'_, str>> {
    let mut unnamed: Vec<&'static str> = Vec::new();
    let mut names = Vec::with_capacity(network.layers.len());
    for layer in &network.layers {
        names.push(match &layer.name {
            Some(name) => Cow::Borrowed(name.as_str()),
            None => {
                let kind = layer.operation.name();
                let before = unnamed.iter().filter(|&&other| other == kind).count();
                unnamed.push(kind);
                Cow::Owned(format!("#{kind}{before}"))
            }
        });
    }
    names
}

/// Side of the shared kernel that holds a kernel of that side at its centre: odd.
fn shared_side(side: usize) -> usize {
    side / 2 * 2 + 1
}

/// What a layer of that name asks for.
pub(crate) fn asks(name: &str, operation: &Operation) -> Vec<Ask> {
    let ask = |part, role, dims| Ask { name: format!("{name}.{part}"), part, role, dims };
    match *operation {
        Operation::Convolution(conv) => {
            let side = shared_side(conv.kernel_size);
            let dims = [conv.out_channels, side, side, conv.in_channels];
            vec![ask("weight", Role::Convolution, dims)]
        }
        Operation::FullyConnected { in_features, out_features } => {
            vec![ask("weight", Role::Linear, [out_features, 1, 1, in_features])]
        }
        Operation::BatchNorm { features } => vec![
            ask("weight", Role::Factor, [features, 1, 1, 1]),
            ask("bias", Role::Offset, [features, 1, 1, 1]),
        ],
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
    }
}

impl Subnet {
    /// The part of a decoded rollout.
    ///
    /// # Errors
    /// A network that does not fit together; a rollout that asks for more than there is.
    pub(crate) fn new(
        rollout: &Rollout,
        candidate: Candidate,
        (store, selection): (&SharedStore, Selection),
    ) -> Result<Self, SupernetError> {
        let network = &candidate.network;
        let shaped = ShapedNetwork::new(network).map_err(TrainError::Network)?;
        let names = names(network);
        let chosen = channels((&shaped, &names), (selection, store));
        let input: Vec<usize> = (0..channels_of(network.input.shape)).collect();
        let mut slices = Vec::new();
        let mut states = Vec::with_capacity(network.layers.len());
        for (index, layer) in network.layers.iter().enumerate() {
            let taken = match layer.inputs.first() {
                Some(pimnas_network::Source::Layer(from)) => &chosen[*from],
                Some(pimnas_network::Source::Input) | None => &input,
            };
            let flag = candidate.padding_flags.get(index).copied().flatten();
            for ask in asks(&names[index], &layer.operation) {
                let mut largest = ask.dims;
                largest[0] = chosen[index].iter().max().map_or(0, |id| id + 1);
                if matches!(ask.role, Role::Convolution | Role::Linear) {
                    largest[3] = taken.iter().max().map_or(0, |id| id + 1);
                }
                let (shared, tensor) = store.holding(&ask.name, largest)?;
                let mut runs = Vec::new();
                let dims = match (ask.role, layer.operation) {
                    (Role::Convolution, Operation::Convolution(conv)) => {
                        let cut = Cut { conv, flag, shared: tensor.dims };
                        cut.runs((&chosen[index], taken), &mut runs)
                    }
                    (Role::Linear, _) => {
                        let behind = joined(taken);
                        for output in &chosen[index] {
                            extend(&mut runs, output * tensor.dims[3], &behind);
                        }
                        vec![chosen[index].len(), taken.len()]
                    }
                    (Role::Convolution | Role::Factor | Role::Offset, _) => {
                        runs = joined(&chosen[index]);
                        vec![chosen[index].len()]
                    }
                };
                let name = format!("{index}.{}", ask.part);
                slices.push(Slice { name, shared, dims, runs });
            }
            states.push(StateKey {
                key: state_key(&names[index], &layer.operation, chosen[index].len()),
                channels: chosen[index].clone(),
            });
        }
        drop(names);
        let steps = steps(network);
        Ok(Self { rollout: rollout.clone(), steps, slices, states, candidate })
    }

    /// Number of values of its parameters.
    #[must_use]
    pub fn values(&self) -> usize {
        self.slices.iter().map(Slice::len).sum()
    }
}

fn channels_of(shape: pimnas_network::Shape) -> usize {
    match shape {
        pimnas_network::Shape::Map { channels, .. } => channels,
        pimnas_network::Shape::Vector { features } => features,
    }
}

/// Statistics are kept apart by the size of a layer's slice: its outputs and, of a convolution,
/// its inputs, kernel and groups.
fn state_key(name: &str, operation: &Operation, outputs: usize) -> String {
    match *operation {
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

    /// Adds the runs of values and gives their dimensions (output, kernel row, kernel column, input
    /// of a group). Outputs of a group take the inputs of that group: blocks on the diagonal of the
    /// dense tensor.
    fn runs(
        &self,
        (outputs, inputs): (&[usize], &[usize]),
        runs: &mut Vec<Range<usize>>,
    ) -> Vec<usize> {
        let (side, groups) = (self.conv.kernel_size, self.conv.groups.max(1));
        let [_, rows, columns, width] = self.shared;
        let (of_outputs, of_inputs) = (outputs.len() / groups, inputs.len() / groups);
        let first = self.first();
        let of_groups: Vec<_> = inputs.chunks_exact(of_inputs.max(1)).map(joined).collect();
        for (at, output) in outputs.iter().enumerate() {
            let group = at.checked_div(of_outputs).unwrap_or(0);
            let taken = of_groups.get(group).map_or(&[][..], Vec::as_slice);
            for row in first..first + side {
                for column in first..first + side {
                    extend(runs, ((output * rows + row) * columns + column) * width, taken);
                }
            }
        }
        vec![outputs.len(), side, side, of_inputs]
    }
}
