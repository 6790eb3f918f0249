//! Slices of shared tensors, and steps that touch nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{batch, rollouts, supernet};
use pimnas_network::Operation;
use pimnas_search::{PaddingFlag, spaces};
use pimnas_supernet::{SamplerKind, Selection, SharedStore, Subnet, SupernetTrainer};
use pimnas_train::{Nesterov, Optimiser, TrainingOptions};

/// The values of a shared tensor and what the optimiser remembers of them, as bits.
fn bits(store: &SharedStore) -> BTreeMap<String, Vec<[u32; 3]>> {
    let of = |values: &[f32], at: usize| values.get(at).map_or(0, |value| value.to_bits());
    store
        .iter()
        .map(|(name, shared)| {
            let all = 0..shared.values.len();
            let bits = all
                .map(|at| [of(&shared.values, at), of(&shared.first, at), of(&shared.second, at)]);
            (name.to_owned(), bits.collect())
        })
        .collect()
}

fn touched(store: &SharedStore, subnet: &Subnet) -> BTreeMap<String, BTreeSet<usize>> {
    let names: Vec<&str> = store.iter().map(|(name, _)| name).collect();
    subnet
        .slices
        .iter()
        .map(|slice| (names[slice.shared].to_owned(), slice.places().collect()))
        .collect()
}

#[test]
fn a_step_changes_no_bit_outside_the_slices() {
    let look_ahead = Optimiser::Sgd { momentum: 0.9, nesterov: Nesterov::LookAhead };
    for selection in [Selection::Ordinal, Selection::LargestNorm] {
        for optimiser in [Optimiser::sgd(), look_ahead, Optimiser::adam()] {
            let net = supernet("grey28", selection);
            let options = TrainingOptions { optimiser, decay: 0.01, ..TrainingOptions::default() };
            let kind = SamplerKind::Uniform { rollouts: 1 };
            let mut trainer = SupernetTrainer::new(net, (options, kind)).unwrap();
            let images = batch(&trainer.net, 4, 1);
            // Momentum everywhere first, so that a step with it would be seen.
            let largest = trainer.net.edges().largest.clone();
            trainer.step(&images, (vec![largest], 0.05)).unwrap();
            for rollout in rollouts(&spaces::build("grey28").unwrap(), 3, 9) {
                let subnet = trainer.net.subnet(&rollout).unwrap();
                let places = touched(trainer.net.shared(), &subnet);
                let before = bits(trainer.net.shared());
                trainer.step(&images, (vec![rollout], 0.05)).unwrap();
                let after = bits(trainer.net.shared());
                let mut changed = 0;
                for (name, before) in &before {
                    for (at, before) in before.iter().enumerate() {
                        let inside = places.get(name).is_some_and(|places| places.contains(&at));
                        let same = after[name][at] == *before;
                        assert!(inside || same, "{name} changed at {at}");
                        changed += usize::from(!same);
                    }
                }
                // Nearly all of the slices' values change: some gradients are exactly 0.
                assert!(changed * 10 > subnet.values() * 9, "{changed} of {}", subnet.values());
            }
        }
    }
}

/// Taps of a kernel counted from the pixel that an output stands on.
fn taps(side: usize, flag: Option<PaddingFlag>) -> Vec<i64> {
    let before = match (side % 2, flag) {
        (0, Some(PaddingFlag::First)) => side as i64 / 2 - 1,
        _ => side as i64 / 2,
    };
    (0..side as i64).map(|at| at - before).collect()
}

#[test]
fn kernels_are_cut_around_their_pixel_and_groups_take_their_own_inputs() {
    let net = supernet("gibbon", Selection::Ordinal);
    let (mut grouped, mut even) = (0, 0);
    for rollout in rollouts(net.space(), 20, 5) {
        let subnet = net.subnet(&rollout).unwrap();
        for (layer, described) in subnet.candidate.network.layers.iter().enumerate() {
            let Operation::Convolution(conv) = described.operation else { continue };
            let name = format!("{}.weight", described.name.clone().unwrap());
            let shared = net.shared().get(&name).unwrap();
            let slice = subnet.slices.iter().find(|s| s.name == format!("{layer}.weight")).unwrap();
            let taps = taps(conv.kernel_size, subnet.candidate.padding_flags[layer]);
            let centre = (shared.dims[1] / 2) as i64;
            let (of_outputs, of_inputs) =
                (conv.out_channels / conv.groups, conv.in_channels / conv.groups);
            let mut expected = Vec::new();
            for output in 0..conv.out_channels {
                for row in &taps {
                    for column in &taps {
                        for input in 0..of_inputs {
                            let input = output / of_outputs * of_inputs + input;
                            let at = |tap: &i64| usize::try_from(centre + tap).unwrap();
                            expected.push(shared.position([output, at(row), at(column), input]));
                        }
                    }
                }
            }
            assert_eq!(slice.places().collect::<Vec<_>>(), expected, "{name}");
            grouped += usize::from(conv.groups > 1);
            even += usize::from(conv.kernel_size == 2);
        }
    }
    assert!(grouped > 20 && even > 20, "{grouped} {even}");
}

#[test]
fn the_largest_channels_are_taken_and_sums_agree() {
    let net = supernet("grey28", Selection::LargestNorm);
    let mut out_of_order = 0;
    for rollout in rollouts(net.space(), 10, 6) {
        let subnet = net.subnet(&rollout).unwrap();
        let network = &subnet.candidate.network;
        for (layer, described) in network.layers.iter().enumerate() {
            let chosen = &subnet.states[layer].channels;
            out_of_order += usize::from(chosen.iter().enumerate().any(|(at, &id)| at != id));
            for source in &described.inputs {
                if let (Operation::ElementSum, pimnas_network::Source::Layer(from)) =
                    (described.operation, *source)
                {
                    assert_eq!(chosen, &subnet.states[from].channels);
                }
            }
            // The stem alone decides its channels: no sum has it as a term.
            if described.name.as_deref() == Some("stem") {
                let norms = net.shared().get("stem.weight").unwrap().norms();
                let least = chosen.iter().map(|&id| norms[id]).fold(f32::INFINITY, f32::min);
                let left = (0..norms.len()).filter(|id| !chosen.contains(id));
                assert!(left.into_iter().all(|id| norms[id] <= least));
            }
        }
        let classes = &subnet.states.last().unwrap().channels;
        assert_eq!(*classes, (0..10).collect::<Vec<_>>());
    }
    assert!(out_of_order > 0);
}

#[test]
fn no_random_rollout_asks_for_more_than_the_cover_found() {
    for name in spaces::NAMES {
        let net = supernet(name, Selection::Ordinal);
        for rollout in rollouts(net.space(), 300, 77) {
            net.subnet(&rollout).unwrap();
        }
        let largest = net.subnet(&net.edges().largest).unwrap().values();
        let smallest = net.subnet(&net.edges().smallest).unwrap().values();
        println!(
            "{name}: {} shared values, networks of {smallest} to {largest}",
            net.shared().values()
        );
    }
}
