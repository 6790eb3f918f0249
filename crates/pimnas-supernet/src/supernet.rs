//! The super net.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn_tensor::{Device, Tensor, TensorData};
use pimnas_search::{Candidate, PaddingFlag, Rollout, Space};
use pimnas_train::{
    Activations, ForwardPass, LayerState, Leaves, Model, Output, PassOptions, TrainError, Update,
};

use crate::cover::{Edges, cover, edges};
use crate::error::SupernetError;
use crate::select::Selection;
use crate::shared::SharedStore;
use crate::subnet::{Subnet, asks, names};

/// Running statistics of a layer's slice, for all shared channels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statistics {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
    pub scale: Option<f32>,
}

/// All networks of a space with the weights that they share.
#[derive(Clone)]
pub struct SuperNet {
    space: Arc<dyn Space>,
    /// How narrow layers choose their channels.
    pub selection: Selection,
    pub(crate) shared: SharedStore,
    pub(crate) statistics: BTreeMap<String, Statistics>,
    edges: Edges,
}

/// Leaves of a rollout's graph in the order of its slices.
pub(crate) struct Grown {
    pub leaves: Leaves,
    pub tensors: Vec<Tensor<1>>,
}

impl SuperNet {
    /// The super net of a space with first values by the seed, as large as the rollouts at the
    /// space's edges ask for.
    ///
    /// # Errors
    /// A space of which nothing decodes.
    pub fn new(
        space: Arc<dyn Space>,
        (selection, seed): (Selection, u64),
    ) -> Result<Self, SupernetError> {
        let Some(edges) = edges(space.as_ref()) else {
            let last = space.decode(&space.decisions().assign(|_| usize::MAX).rollout);
            let why = last.err().map(|rejection| rejection.to_string()).unwrap_or_default();
            return Err(SupernetError::Empty { space: space.name().to_owned(), why });
        };
        let shared = SharedStore::new(seed);
        let mut net =
            Self { space, selection, shared, statistics: BTreeMap::new(), edges: edges.clone() };
        // In two rounds: bounds of first values follow from the sizes that are asked for first.
        let mut largest: Vec<(String, crate::shared::Role, [usize; 4])> = Vec::new();
        for rollout in [edges.largest.clone()].into_iter().chain(cover(net.space(), &edges)) {
            let Ok(candidate) = net.space.decode(&rollout) else { continue };
            let network = &candidate.network;
            for (name, layer) in names(network).iter().zip(&network.layers) {
                for ask in asks(name, &layer.operation) {
                    match largest.iter_mut().find(|(name, _, _)| *name == ask.name) {
                        Some((_, _, held)) => {
                            held.iter_mut().zip(ask.dims).for_each(|(h, a)| *h = (*h).max(a));
                        }
                        None => largest.push((ask.name, ask.role, ask.dims)),
                    }
                }
            }
        }
        for (name, role, dims) in largest {
            net.shared.ask(&name, role, dims);
        }
        Ok(net)
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> &dyn Space {
        self.space.as_ref()
    }

    /// The rollouts of the largest and the smallest network.
    #[must_use]
    pub fn edges(&self) -> &Edges {
        &self.edges
    }

    /// The shared tensors.
    #[must_use]
    pub fn shared(&self) -> &SharedStore {
        &self.shared
    }

    /// The part of a rollout.
    ///
    /// # Errors
    /// A rollout that does not decode, or that asks for more than there is
    /// ([`Self::grow`] makes room).
    pub fn subnet(&self, rollout: &Rollout) -> Result<Subnet, SupernetError> {
        self.part(rollout, self.space.decode(rollout)?)
    }

    /// The part of a decoded rollout.
    pub(crate) fn part(
        &self,
        rollout: &Rollout,
        candidate: Candidate,
    ) -> Result<Subnet, SupernetError> {
        Subnet::new(rollout, candidate, (&self.shared, self.selection))
    }

    /// Makes room for what a rollout asks for. Values that are there stay as they are; parts of
    /// other rollouts must be made anew.
    ///
    /// # Errors
    /// A rollout that does not decode.
    pub fn grow(&mut self, rollout: &Rollout) -> Result<Candidate, SupernetError> {
        let candidate = self.space.decode(rollout)?;
        let network = &candidate.network;
        for (name, layer) in names(network).iter().zip(&network.layers) {
            for ask in asks(name, &layer.operation) {
                self.shared.ask(&ask.name, ask.role, ask.dims);
            }
        }
        Ok(candidate)
    }

    /// The running statistics of a rollout's layers, where its slices have been trained; what
    /// even kernels lose is the rollout's.
    #[must_use]
    pub fn states(&self, subnet: &Subnet) -> Vec<LayerState> {
        let states = first_states(&subnet.candidate, 0).into_iter().zip(&subnet.states);
        states
            .map(|(mut state, place)| {
                if let Some(kept) = self.statistics.get(&place.key) {
                    let part = |values: &[f32], to: &mut Vec<f32>| {
                        for (to, &channel) in to.iter_mut().zip(&place.channels) {
                            *to = values.get(channel).copied().unwrap_or(*to);
                        }
                    };
                    part(&kept.mean, &mut state.mean);
                    part(&kept.variance, &mut state.variance);
                    state.scale = kept.scale;
                }
                state
            })
            .collect()
    }

    /// Takes what a batch changed into the running statistics of a rollout's slices.
    pub(crate) fn apply(&mut self, subnet: &Subnet, updates: &[(usize, Update)]) {
        let mut states = self.states(subnet);
        for (layer, update) in updates {
            let (Some(state), Some(place)) = (states.get_mut(*layer), subnet.states.get(*layer))
            else {
                continue;
            };
            state.apply(update);
            let kept = self.statistics.entry(place.key.clone()).or_default();
            let put = |values: &mut Vec<f32>, from: &[f32], first: f32| {
                for (&channel, &value) in place.channels.iter().zip(from) {
                    if values.len() <= channel {
                        values.resize(channel + 1, first);
                    }
                    values[channel] = value;
                }
            };
            put(&mut kept.mean, &state.mean, 0.0);
            put(&mut kept.variance, &state.variance, 1.0);
            kept.scale = state.scale;
        }
    }

    /// The rollout's parameters as leaves of a graph on a device, whether it differentiates or
    /// not.
    pub(crate) fn leaves(&self, subnet: &Subnet, device: &Device) -> Grown {
        let mut grown = Grown { leaves: Leaves::default(), tensors: Vec::new() };
        for slice in &subnet.slices {
            let values = slice.gather(&self.shared);
            let count = values.len();
            let tensor = Tensor::<1>::from_data(TensorData::new(values, [count]), device);
            let tensor = tensor.require_grad();
            grown.leaves.insert(slice.name.clone(), tensor.clone());
            grown.tensors.push(tensor);
        }
        grown
    }

    /// Runs a rollout's part of the super net on a batch, with given statistics.
    ///
    /// # Errors
    /// What a forward pass may say.
    pub fn forward(
        &self,
        (subnet, states): (&Subnet, &[LayerState]),
        input: Activations,
        options: PassOptions,
    ) -> Result<Output, SupernetError> {
        let mut leaves = Leaves::default();
        for slice in &subnet.slices {
            let values = slice.gather(&self.shared);
            let count = values.len();
            let data = TensorData::new(values, [count]);
            leaves.insert(slice.name.clone(), Tensor::from_data(data, &Device::flex()));
        }
        run((subnet, states, &leaves), input, options)
    }
}

/// First states of a candidate's layers; what even kernels lose is as it decides.
fn first_states(candidate: &Candidate, seed: u64) -> Vec<LayerState> {
    let mut states = LayerState::initial(&candidate.network, seed);
    for (state, flag) in states.iter_mut().zip(&candidate.padding_flags) {
        state.drops_first = *flag == Some(PaddingFlag::First);
    }
    states
}

/// A decoded candidate's network with first weights of its own, to be trained without a super net.
///
/// # Errors
/// A network that does not fit together, takes no images or gives no vector.
pub fn own_model(candidate: &Candidate, seed: u64) -> Result<Model, TrainError> {
    let mut model = Model::new(&candidate.network, seed)?;
    model.states = first_states(candidate, seed);
    Ok(model)
}

/// A forward pass of a rollout.
pub(crate) fn run(
    (subnet, states, leaves): (&Subnet, &[LayerState], &Leaves),
    input: Activations,
    options: PassOptions,
) -> Result<Output, SupernetError> {
    let pass = ForwardPass {
        network: &subnet.candidate.network,
        steps: &subnet.steps,
        states,
        leaves,
        options,
        updates: Vec::new(),
    };
    Ok(pass.run(input)?)
}
