//! Reading descriptions.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pimnas::{Network, RawConfig, ShapedNetwork, resolve, zoo};

fn parse(criterion: &mut Criterion) {
    let config = RawConfig::reference_default();
    let ini = config.to_ini();
    let toml = config.to_toml();
    let network = zoo::build("resnet18", zoo::ZooOptions::default()).unwrap();
    let json = network.to_layer_list_json();
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Bytes(ini.len() as u64));
    group.bench_function("ini", |bench| {
        bench.iter(|| RawConfig::from_ini(ini.as_bytes()).unwrap());
    });
    group.throughput(Throughput::Bytes(toml.len() as u64));
    group.bench_function("toml", |bench| {
        bench.iter(|| RawConfig::from_toml(toml.as_bytes()).unwrap());
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("resolve", |bench| bench.iter(|| resolve(&config).unwrap()));
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("resnet18-json", |bench| {
        bench.iter(|| Network::from_json(json.as_bytes()).unwrap());
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("resnet18-shapes", |bench| {
        bench.iter(|| ShapedNetwork::new(&network).unwrap().output());
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
