//! Which shared channels a rollout's layers have.

use std::borrow::Cow;

use pimnas_network::{Network, Operation, Shape, ShapedNetwork, Source};
use serde::{Deserialize, Serialize};

use crate::shared::{Role, SharedStore};

/// How a layer with fewer channels than the largest chooses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// The first ones.
    #[default]
    Ordinal,
    /// Those whose weights have the largest sums of magnitudes, in their order. Layers that meet
    /// in a sum choose the same by their sums together; the classes, and what is filled with zero
    /// channels or meets the network's input, stay in their order.
    LargestNorm,
}

/// For each layer the shared channels (or features) that its output has.
pub(crate) fn channels(
    (shaped, names): (&ShapedNetwork<'_>, &[Cow<'_, str>]),
    (selection, shared): (Selection, &SharedStore),
) -> Vec<Vec<usize>> {
    let network = shaped.network;
    let mut ties = match selection {
        Selection::Ordinal => None,
        Selection::LargestNorm => Some(Ties::new(network)),
    };
    let mut chosen: Vec<Vec<usize>> = Vec::with_capacity(network.layers.len());
    for (index, layer) in network.layers.iter().enumerate() {
        let taken = match layer.inputs.first() {
            Some(Source::Layer(from)) => chosen.get(*from).cloned().unwrap_or_default(),
            Some(Source::Input) | None => (0..first_dimension(network.input.shape)).collect(),
        };
        let count = first_dimension(shaped.output_of(index));
        let given = match layer.operation {
            Operation::Convolution(_) | Operation::FullyConnected { .. } => match &mut ties {
                None => (0..count).collect(),
                Some(ties) => ties.choose((network, names, index), (count, shared)),
            },
            Operation::Expand { .. } => (0..count).collect(),
            Operation::View | Operation::Flatten { .. } => {
                // Channel by channel, each with all its places.
                let places = count.checked_div(taken.len()).unwrap_or(1);
                taken.iter().flat_map(|id| id * places..(id + 1) * places).collect()
            }
            Operation::BatchNorm { .. }
            | Operation::Relu
            | Operation::HardTanh
            | Operation::Dropout
            | Operation::Pooling(_)
            | Operation::AdaptiveAveragePooling { .. }
            | Operation::ElementSum
            | Operation::Downsample => taken,
        };
        chosen.push(given);
    }
    chosen
}

fn first_dimension(shape: Shape) -> usize {
    match shape {
        Shape::Map { channels, .. } => channels,
        Shape::Vector { features } => features,
    }
}

/// Layers whose outputs must have the same channels: a forest over layers, and one node more for
/// what stays in its order.
struct Ties {
    parent: Vec<usize>,
    fixed: usize,
    chosen: Vec<Option<Vec<usize>>>,
}

impl Ties {
    fn new(network: &Network) -> Self {
        let count = network.layers.len();
        let mut ties =
            Self { parent: (0..=count).collect(), fixed: count, chosen: vec![None; count + 1] };
        for (index, layer) in network.layers.iter().enumerate() {
            let from = |source: &Source| match *source {
                Source::Input => count,
                Source::Layer(from) => from,
            };
            match layer.operation {
                Operation::Convolution(_) | Operation::FullyConnected { .. } => {}
                Operation::Expand { .. } => {
                    ties.join(index, count);
                    layer.inputs.iter().for_each(|source| ties.join(from(source), count));
                }
                Operation::BatchNorm { .. }
                | Operation::Relu
                | Operation::HardTanh
                | Operation::View
                | Operation::Flatten { .. }
                | Operation::Dropout
                | Operation::Pooling(_)
                | Operation::AdaptiveAveragePooling { .. }
                | Operation::ElementSum
                | Operation::Downsample => {
                    layer.inputs.iter().for_each(|source| ties.join(from(source), index));
                }
            }
        }
        if let Some(last) = count.checked_sub(1) {
            ties.join(last, count);
        }
        ties
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parent[one] = other;
    }

    fn choose(
        &mut self,
        (network, names, layer): (&Network, &[Cow<'_, str>], usize),
        (count, shared): (usize, &SharedStore),
    ) -> Vec<usize> {
        let root = self.root(layer);
        if root == self.root(self.fixed) {
            return (0..count).collect();
        }
        if let Some(known) = &self.chosen[root] {
            return known.clone();
        }
        let mut sums: Option<Vec<f32>> = None;
        for (index, member) in network.layers.iter().enumerate() {
            let weighted = matches!(
                member.operation,
                Operation::Convolution(_) | Operation::FullyConnected { .. }
            );
            if !weighted || self.root(index) != root {
                continue;
            }
            let tensor = names.get(index).and_then(|name| shared.get(&format!("{name}.weight")));
            let Some(tensor) =
                tensor.filter(|t| matches!(t.role, Role::Convolution | Role::Linear))
            else {
                continue;
            };
            let norms = tensor.norms();
            sums = Some(match sums {
                None => norms,
                Some(sums) => sums.iter().zip(&norms).map(|(a, b)| a + b).collect(),
            });
        }
        let sums = sums.unwrap_or_default();
        let mut order: Vec<usize> = (0..sums.len()).collect();
        order.sort_by(|&a, &b| sums[b].total_cmp(&sums[a]).then(a.cmp(&b)));
        order.truncate(count);
        order.sort_unstable();
        self.chosen[root] = Some(order.clone());
        order
    }
}
