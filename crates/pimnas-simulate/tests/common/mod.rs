//! Small networks and hardware for tests whose figures can be worked out by hand.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]

use pimnas_config::{Hardware, RawConfig, resolve};
use pimnas_hardware::{Quirk, Quirks};
use pimnas_network::Network;
use pimnas_simulate::{InnerPipeline, Options, SimReport, simulate};
use serde_json::{Value, json};

/// The default hardware with changes.
pub fn hardware(changes: &[(&str, &str)]) -> Hardware {
    let mut config = RawConfig::reference_default();
    for (path, value) in changes {
        config.set(path, value).unwrap();
    }
    resolve(&config).unwrap()
}

/// A network on an input of (channels, height, width), 9 bits unless a layer says otherwise.
pub fn network((channels, height, width): (usize, usize, usize), layers: &[Value]) -> Network {
    let json = json!({
        "input_shape": [1, channels, height, width],
        "input": {"activation_scale": 1.0 / 255.0, "activation_bit": 9},
        "layers": layers,
    });
    Network::from_layer_list_json(json.to_string()).unwrap()
}

/// A layer that reads from these places before it.
pub fn layer(kind: &str, fields: Value, inputs: &[i64]) -> Value {
    let mut layer = json!({
        "type": kind, "weight_bit": 9, "activation_bit": 9, "point_shift": -2,
        "input_index": inputs,
    });
    for (key, value) in fields.as_object().unwrap() {
        layer[key] = value.clone();
    }
    layer
}

/// A 1×1 convolution behind the layer before: every position takes the same time.
pub fn pointwise(inputs: usize, outputs: usize) -> Value {
    conv((inputs, outputs), (1, 1, 0))
}

/// A convolution of (input, output) channels with (kernel, stride, padding).
pub fn conv(channels: (usize, usize), window: (usize, usize, usize)) -> Value {
    let (inputs, outputs) = channels;
    let (kernel, stride, padding) = window;
    let fields = json!({
        "in_channels": inputs, "out_channels": outputs,
        "kernel_size": kernel, "stride": stride, "padding": padding,
    });
    layer("conv", fields, &[-1])
}

/// The layer with another value of a field.
pub fn with(mut layer: Value, key: &str, value: impl Into<Value>) -> Value {
    layer[key] = value.into();
    layer
}

/// Maximum over windows that do not overlap.
pub fn pool(side: usize) -> Value {
    layer("pooling", json!({"mode": "MAX", "kernel_size": side, "stride": side}), &[-1])
}

/// A fully connected layer.
pub fn fc(inputs: usize, outputs: usize) -> Value {
    layer("fc", json!({"in_features": inputs, "out_features": outputs}), &[-1])
}

/// From a map to a vector.
pub fn view() -> Value {
    layer("view", json!({}), &[-1])
}

/// The sum of the outputs at these places.
pub fn sum(inputs: &[i64]) -> Value {
    layer("element_sum", json!({}), inputs)
}

/// A stem, a branch of two convolutions, and the sum of the stem and the branch.
pub fn residual() -> Vec<Value> {
    vec![conv((3, 8), (3, 1, 1)), conv((8, 8), (3, 1, 1)), pointwise(8, 8), sum(&[-1, -3])]
}

/// Options that keep these quirks and no other.
pub fn keeping(quirks: &[Quirk]) -> Options {
    let quirks = quirks.iter().fold(Quirks::corrected(), |kept, &quirk| kept.with(quirk));
    Options { quirks, ..Options::default() }
}

/// A network on a hardware with one quirk alone, and with none.
pub struct Pair {
    /// With the quirk.
    pub kept: SimReport,
    /// Without.
    pub corrected: SimReport,
}

/// Simulates with one quirk alone and with none, with the inner pipeline.
pub fn pair(quirk: Quirk, hardware: &Hardware, network: &Network) -> Pair {
    pair_with(quirk, (hardware, network), Options::clone)
}

/// Simulates with one quirk alone and with none, without the inner pipeline.
pub fn sequential_pair(quirk: Quirk, hardware: &Hardware, network: &Network) -> Pair {
    pair_with(quirk, (hardware, network), |options| {
        options.clone().with_inner_pipeline(InnerPipeline::Disabled)
    })
}

/// Simulates with one quirk alone and with none, with changed options.
pub fn pair_with(
    quirk: Quirk,
    (hardware, network): (&Hardware, &Network),
    change: impl Fn(&Options) -> Options,
) -> Pair {
    Pair {
        kept: simulate(hardware, network, &change(&keeping(&[quirk]))).unwrap(),
        corrected: simulate(hardware, network, &change(&keeping(&[]))).unwrap(),
    }
}

/// Asserts that two figures are equal but for rounding.
#[track_caller]
pub fn close(got: f64, expected: f64) {
    let error = (got - expected).abs();
    assert!(error <= 1e-11 * got.abs().max(expected.abs()), "got {got}, expected {expected}");
}
