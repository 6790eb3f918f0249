//! Assembly of candidates.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use pimnas_search::{Purpose, Rollout, Space, Streams, spaces};
use pimnas_supernet::{Selection, SuperNet};
use pimnas_train::{Precision, TrainBatch};

fn batch(space: &dyn Space, rollout: &Rollout) -> TrainBatch {
    let pimnas_network::Shape::Map { channels, height, width } =
        space.decode(rollout).unwrap().network.input.shape
    else {
        unreachable!("images")
    };
    let size = 2 * channels * height * width;
    let images = (0..size).map(|at| (at * 7919 % 256) as f32 / 255.0).collect();
    TrainBatch { images, labels: vec![0; 2], dims: [2, height, width, channels] }
}

fn assembly(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assemble");
    for name in spaces::NAMES {
        let space = Arc::new(spaces::build(name).unwrap());
        let net = SuperNet::new(space.clone(), (Selection::Ordinal, 1)).unwrap();
        let largest = net.edges().largest.clone();
        let drawn = (0..)
            .map(|trial| {
                let mut stream = Streams::new(1).stream(trial, Purpose::Sample);
                space.decisions().sample(&mut stream).unwrap()
            })
            .find(|rollout| space.decode(rollout).is_ok())
            .unwrap();
        for (kind, rollout) in [("random", drawn), ("largest", largest)] {
            let weights = net.subnet(&rollout).unwrap().values();
            group.bench_function(format!("{name}/{kind}/{weights}-values"), |bench| {
                bench.iter(|| net.assemble_candidate(&rollout).unwrap());
            });
            let mut assembled = net.assemble_candidate(&rollout).unwrap();
            assembled.calibrate(&[batch(space.as_ref(), &rollout)], Precision::Quantised).unwrap();
            group.bench_function(format!("{name}/{kind}/graph-and-parameters"), |bench| {
                bench.iter(|| assembled.graph_and_parameters().unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, assembly);
criterion_main!(benches);
