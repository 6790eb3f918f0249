//! Hardware points a second, on all threads.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pimnas::explore::{Points, Task, sweep};
use pimnas::{Options, RawConfig, zoo};

fn grid(criterion: &mut Criterion) {
    let base = RawConfig::reference_default();
    let networks = [zoo::build("vgg8", zoo::ZooOptions::default()).unwrap()];
    let points = Points::grid(&[
        "Crossbar level/Xbar_Size=64,64;128,128;256,256;512,512",
        "Interface level/DAC_Choice=1;2;3;4",
        "Interface level/ADC_Choice=1;2;3;4;5;6;7",
    ])
    .unwrap();
    let options = Options::default();
    let task = Task { base: &base, networks: &networks, points: &points, options: &options };
    let mut group = criterion.benchmark_group("sweep");
    group.throughput(Throughput::Elements(task.len() as u64));
    group.bench_function("vgg8-112-points", |bench| {
        bench.iter(|| sweep(task, 0..task.len(), |_| ()));
    });
    group.finish();
}

criterion_group!(benches, grid);
criterion_main!(benches);
