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

/// How many steps that the network's output depends on read each layer's output, and which steps
/// those are.
#[must_use]
pub fn uses(network: &Network, steps: &[Step]) -> (Vec<usize>, Vec<bool>) {
    let mut counts = vec![0; network.layers.len()];
    if let Some(last) = counts.last_mut() {
        *last = 1;
    }
    let mut counted = vec![false; steps.len()];
    for (step, counted) in steps.iter().zip(&mut counted).rev() {
        *counted = counts.get(step.gives).is_some_and(|&count| count > 0);
        if !*counted {
            continue;
        }
        for source in &network.layers[step.layer].inputs {
            if let Source::Layer(from) = source
                && let Some(count) = counts.get_mut(*from)
            {
                *count += 1;
            }
        }
    }
    (counts, counted)
}

#[cfg(test)]
mod tests {
    use pimnas_network::{
        DEFAULT_INPUT_STEP, Layer, Network, NetworkInput, Operation, Shape, Source,
    };

    use super::{steps, uses};

    /// Layer 1 leads nowhere, so its reading of layer 0 brings no gradient.
    #[test]
    fn only_layers_that_the_output_depends_on_count_as_readers() {
        let fc = Operation::FullyConnected { in_features: 4, out_features: 4 };
        let layers = vec![
            Layer::new(fc, vec![Source::Input]),
            Layer::new(fc, vec![Source::Layer(0)]),
            Layer::new(fc, vec![Source::Layer(0)]),
            Layer::new(Operation::ElementSum, vec![Source::Layer(0), Source::Layer(2)]),
        ];
        let shape = Shape::Vector { features: 4 };
        let input = NetworkInput { shape, bits: 9, step: DEFAULT_INPUT_STEP };
        let network = Network { name: "branch".to_owned(), input, layers };
        let (counts, counted) = uses(&network, &steps(&network));
        assert_eq!(counts, [2, 0, 1, 1]);
        assert_eq!(counted, [true, false, true, true]);
    }
}
