//! From a network and a configuration in memory to all results.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pimnas::{InnerPipeline, Options, RawConfig, resolve, simulate, zoo};

fn networks(criterion: &mut Criterion) {
    let config = RawConfig::reference_default();
    let mut group = criterion.benchmark_group("simulate");
    for name in zoo::NAMES {
        let network = zoo::build(name, zoo::ZooOptions::default()).unwrap();
        group.bench_function(name, |bench| {
            let options = Options::default();
            bench.iter(|| simulate(&resolve(&config).unwrap(), &network, &options).unwrap());
        });
        group.bench_function(format!("{name}-no-inner-pipeline"), |bench| {
            let options = Options::default().with_inner_pipeline(InnerPipeline::Disabled);
            bench.iter(|| simulate(&resolve(&config).unwrap(), &network, &options).unwrap());
        });
    }
    group.finish();
}

/// Cost over the number of output positions.
fn scaling(criterion: &mut Criterion) {
    let mut config = RawConfig::reference_default();
    config.set("Architecture level/Tile_Num", "64,64").unwrap();
    let hardware = resolve(&config).unwrap();
    let options = Options::default();
    let mut group = criterion.benchmark_group("simulate-resnet18-pixels");
    for input in [32, 64, 128, 224] {
        let network = zoo::build("resnet18", zoo::ZooOptions { classes: 10, input }).unwrap();
        let report = simulate(&hardware, &network, &options).unwrap();
        let positions: usize = report.timeline.layers.iter().map(|layer| layer.outputs).sum();
        group.throughput(Throughput::Elements(positions as u64 + report.mapping.used_tiles));
        group.bench_function(BenchmarkId::from_parameter(input), |bench| {
            bench.iter(|| simulate(&hardware, &network, &options).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, networks, scaling);
criterion_main!(benches);
