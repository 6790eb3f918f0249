//! What the tests share.

#![allow(dead_code, reason = "each test uses a part")]

use std::sync::Arc;

use pimnas_network::Shape;
use pimnas_search::{Purpose, Rollout, Space, Streams, spaces};
use pimnas_supernet::{Selection, SuperNet};
use pimnas_train::TrainBatch;

/// The super net of a shipped space.
pub fn supernet(name: &str, selection: Selection) -> SuperNet {
    SuperNet::new(Arc::new(spaces::build(name).unwrap()), (selection, 3)).unwrap()
}

/// Random rollouts that decode.
pub fn rollouts(space: &dyn Space, count: usize, seed: u64) -> Vec<Rollout> {
    (0..)
        .map(|trial| {
            let mut stream = Streams::new(seed).stream(trial, Purpose::Sample);
            space.decisions().sample(&mut stream).unwrap()
        })
        .filter(|rollout| space.decode(rollout).is_ok())
        .take(count)
        .collect()
}

/// Random images as a space takes them.
pub fn batch(net: &SuperNet, items: usize, seed: u64) -> TrainBatch {
    let network = net.space().decode(&net.edges().smallest).unwrap().network;
    let Shape::Map { channels, height, width } = network.input.shape else { panic!("images") };
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut pixel = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 56) as f32) / 255.0
    };
    let images = (0..items * channels * height * width).map(|_| pixel()).collect();
    let labels = (0..items).map(|item| (item % 10) as u32).collect();
    TrainBatch { images, labels, dims: [items, height, width, channels] }
}
