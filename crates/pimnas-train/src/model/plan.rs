//! The layers of a network as steps, element-wise ones taken into the step before them.

use pimnas_network::{Network, Operation, Source};

use crate::kernel::element::Activation;

/// A step of a forward pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The layer that it computes.
    pub layer: usize,
    /// The layer whose output it gives: that one, or the activation behind it.
    pub gives: usize,
    /// The activation behind it.
    pub activation: Activation,
}

fn activation(operation: &Operation) -> Option<Activation> {
    match operation {
        Operation::Relu => Some(Activation::Relu),
        Operation::HardTanh => Some(Activation::HardTanh),
        Operation::Convolution(_)
        | Operation::FullyConnected { .. }
        | Operation::BatchNorm { .. }
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::Pooling(_)
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::ElementSum
        | Operation::Expand { .. }
        | Operation::Downsample => None,
    }
}

fn takes_activation(operation: &Operation) -> bool {
    match operation {
        Operation::BatchNorm { .. } | Operation::ElementSum => true,
        Operation::Convolution(_)
        | Operation::FullyConnected { .. }
        | Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::Pooling(_)
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::Expand { .. }
        | Operation::Downsample => false,
    }
}

/// The steps of a network: an activation that alone reads a batch normalisation or sum is
/// computed with it.
#[must_use]
pub fn steps(network: &Network) -> Vec<Step> {
    let count = network.layers.len();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, layer) in network.layers.iter().enumerate() {
        for source in &layer.inputs {
            if let Source::Layer(from) = source
                && let Some(list) = readers.get_mut(*from)
            {
                list.push(index);
            }
        }
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut taken = vec![false; count];
    for (index, layer) in network.layers.iter().enumerate() {
        if taken[index] {
            continue;
        }
        let mut step = Step { layer: index, gives: index, activation: Activation::Identity };
        if let [reader] = *readers[index]
            && takes_activation(&layer.operation)
            && let Some(found) = activation(&network.layers[reader].operation)
        {
            step = Step { gives: reader, activation: found, ..step };
            taken[reader] = true;
        }
        steps.push(step);
    }
    steps
}
