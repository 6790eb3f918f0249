//! What a network's graph looks like, in a few numbers.

use pimnas_network::{Network, Operation, Source};

/// Numbers that describe a network, whatever space it comes from: networks that are the same but
/// for the names and the order of their layers have the same.
pub(super) const COLUMNS: usize = 16;
/// Steps of a column for each doubling of what it measures.
const STEPS: f64 = 8.0;

/// Along the paths that lead from the input to a layer.
#[derive(Clone, Copy, Debug, Default)]
struct Paths {
    /// Layers with weights on the longest and on the shortest.
    longest: f64,
    shortest: f64,
    /// Of a walk back that takes each input as likely: layers with weights, with kernels above 1,
    /// and poolings.
    weighted: f64,
    wide: f64,
    pooled: f64,
    /// Number of paths, as a logarithm.
    count: f64,
}

/// The numbers.
pub(super) fn describe(network: &Network) -> [u16; COLUMNS] {
    let mut paths: Vec<Paths> = Vec::with_capacity(network.layers.len());
    let (mut kernels, mut pools, mut sums, mut branches) = ([0.0; 3], 0.0, 0.0, 0.0);
    let (mut weights, mut bits) = (0.0, 0.0);
    for layer in &network.layers {
        let inputs: Vec<Paths> = layer
            .inputs
            .iter()
            .map(|source| match source {
                Source::Input => Paths::default(),
                Source::Layer(index) => paths.get(*index).copied().unwrap_or_default(),
            })
            .collect();
        let mut here = joined(&inputs);
        let mut weighs = |count: f64| {
            weights += count;
            bits += count * f64::from(layer.weight_bits.unwrap_or(0));
            here.longest += 1.0;
            here.shortest += 1.0;
            here.weighted += 1.0;
        };
        match layer.operation {
            Operation::Convolution(conv) => {
                let window = (conv.kernel_size * conv.kernel_size) as f64;
                let fan = conv.in_channels as f64 / conv.groups.max(1) as f64;
                weighs(fan * conv.out_channels as f64 * window);
                here.wide += f64::from(u8::from(conv.kernel_size > 1));
                kernels[conv.kernel_size.clamp(1, 3) - 1] += 1.0;
            }
            Operation::FullyConnected { in_features, out_features } => {
                weighs(in_features as f64 * out_features as f64);
            }
            Operation::Pooling(_)
            | Operation::AdaptiveAveragePooling { .. }
            | Operation::Downsample => {
                pools += 1.0;
                here.pooled += 1.0;
            }
            Operation::ElementSum => {
                sums += 1.0;
                branches += layer.inputs.len() as f64;
            }
            Operation::BatchNorm { .. }
            | Operation::Relu
            | Operation::HardTanh
            | Operation::View
            | Operation::Flatten { .. }
            | Operation::Dropout
            | Operation::Expand { .. } => {}
        }
        paths.push(here);
    }
    let end = paths.last().copied().unwrap_or_default();
    let layers = network.layers.len() as f64;
    [
        layers,
        kernels[0],
        kernels[1],
        kernels[2],
        pools,
        sums,
        branches,
        end.longest,
        end.shortest,
        end.weighted,
        end.wide,
        end.pooled,
        end.count,
        weights,
        bits,
        bits / f64::max(weights, 1.0),
    ]
    .map(column)
}

fn joined(inputs: &[Paths]) -> Paths {
    let mut all = Paths { shortest: f64::INFINITY, ..Paths::default() };
    let count = inputs.len().max(1) as f64;
    let mut paths = 0.0;
    for input in inputs {
        all.longest = all.longest.max(input.longest);
        all.shortest = all.shortest.min(input.shortest);
        all.weighted += input.weighted / count;
        all.wide += input.wide / count;
        all.pooled += input.pooled / count;
        paths += input.count.exp2();
    }
    if inputs.is_empty() {
        all.shortest = 0.0;
    }
    all.count = f64::max(paths, 1.0).log2();
    all
}

/// On a logarithmic scale: a doubling is as much anywhere.
fn column(value: f64) -> u16 {
    ((value.max(0.0) + 1.0).log2() * STEPS).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Space as _;
    use crate::spaces;

    #[test]
    fn cells_that_are_the_same_network_are_described_alike() {
        let space = spaces::build("nasbench201").unwrap();
        let of = |operations: [usize; 6]| {
            let assignment = space.decisions().assign(|index| operations[index]);
            describe(&space.decode(&assignment.rollout).unwrap().network)
        };
        // Edges 01, 02, 12, 03, 13, 23; 0 is none, 1 skip, 3 the 3×3 convolution. Two
        // convolutions in a row beside a shortcut, through node 1 or node 2.
        let through_1 = of([3, 2, 4, 1, 3, 0]);
        let through_2 = of([2, 3, 0, 1, 0, 3]);
        assert_eq!(through_1, through_2);
        assert_ne!(through_1, of([3, 2, 4, 1, 2, 0]));
        assert_ne!(through_1, of([3, 0, 0, 1, 0, 0]));
    }
}
