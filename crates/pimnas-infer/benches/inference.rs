#![allow(missing_docs, clippy::expect_used)]
//! One convolution on crossbars, by each set of instructions and for several digits. The
//! throughput is in products of digits: outputs × positions × rows × cycles × slices.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pimnas_config::hardware::Subtraction;
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, Kernels, Mode, Parameters,
    Tensor,
};
use pimnas_network::{Network, ShapedNetwork};

const CHANNELS: usize = 64;
const SIDE: usize = 16;
const IMAGES: usize = 4;
/// Magnitude bits of inputs and weights.
const BITS: u32 = 8;

/// Numbers between 0 and 1 without an order.
fn random(count: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    (0..count).map(|_| next()).collect()
}

fn tensor(dims: &[usize], values: Vec<f32>) -> Tensor {
    Tensor::new(dims, values).expect("as many values as the dimensions say")
}

fn parameters() -> Parameters {
    let mut parameters = Parameters::new();
    let part = 28;
    for (index, first) in (0..CHANNELS).step_by(part).enumerate() {
        let inputs = part.min(CHANNELS - first);
        let values = random(CHANNELS * inputs * 9).into_iter().map(|x| 2.0 * x - 1.0).collect();
        let name = format!("layer_list.0.layer_list.{index}.weight");
        parameters.insert(name, tensor(&[CHANNELS, inputs, 3, 3], values));
    }
    let step = 1.0 / 255.0;
    let scales = vec![9.0, step, 9.0, step, 9.0, 40.0 * step];
    parameters.insert("layer_list.0.bit_scale_list", tensor(&[3, 2], scales));
    parameters.insert("layer_list.0.last_value", tensor(&[1], vec![40.0]));
    parameters
}

fn convolution(criterion: &mut Criterion) {
    let json = format!(
        r#"{{"input_shape": [1, {CHANNELS}, {SIDE}, {SIDE}],
            "input": {{"activation_scale": 0.00392156862745098, "activation_bit": 9}},
            "layers": [{{"type": "conv", "in_channels": {CHANNELS}, "out_channels": {CHANNELS},
                "kernel_size": 3, "stride": 1, "padding": 1, "weight_bit": 9,
                "activation_bit": 9, "point_shift": -2, "input_index": [-1]}}]}}"#
    );
    let network = Network::from_layer_list_json(json).expect("a network");
    let shaped = ShapedNetwork::new(&network).expect("shapes");
    let size = CHANNELS * SIDE * SIDE;
    let input = tensor(&[IMAGES, CHANNELS, SIDE, SIDE], random(IMAGES * size));
    for (name, dac_bits, cell_bits) in [("1×1", 1, 1), ("2×2", 2, 2), ("4×4", 4, 4), ("8×8", 8, 8)]
    {
        let mut group = criterion.benchmark_group(format!("digits of {name} bits"));
        let passes = (BITS / dac_bits) as usize * (BITS / cell_bits) as usize;
        group.throughput(Throughput::Elements((IMAGES * size * CHANNELS * 9 * passes) as u64));
        for kernels in [Kernels::Portable, Kernels::Avx2, Kernels::Avx512] {
            let hardware = CrossbarHardware {
                rows: 256,
                cell_bits,
                dac_bits,
                adc_bits: 8,
                subtraction: Subtraction::Analog,
            };
            let mode = Mode::Crossbar(AdcRange::Scale);
            let options = InferenceOptions { kernels, ..InferenceOptions::new(mode, hardware) };
            // Instructions that this processor lacks are left out.
            let Ok(compiled) = CompiledNetwork::new(&shaped, &parameters(), &options) else {
                continue;
            };
            group.bench_function(format!("{kernels:?}"), |bencher| {
                bencher.iter(|| compiled.run(&input));
            });
        }
    }
}

criterion_group!(benches, convolution);
criterion_main!(benches);
