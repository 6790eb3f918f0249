//! What the targets do with what they have read: the rest of the way that a file goes.

use pimnas_config::{Format, Hardware, RawConfig, check, describe, resolve};
use pimnas_formats::NamedTensors;
use pimnas_hardware::Fidelity;
use pimnas_network::{Network, Shape, ShapedNetwork, zoo};
use pimnas_simulate::{InnerPipeline, Options, simulate};

/// Most output positions of a network that is simulated: larger ones only take longer.
const MOST_POSITIONS: usize = 1 << 16;

/// A configuration from its bytes to a simulation of LeNet, and back to text.
///
/// # Panics
/// Where a text that was written is not read as what it was written from: that is a finding.
pub fn config(bytes: &[u8], format: Format) {
    let Ok(raw) = RawConfig::from_bytes(bytes, format) else { return };
    let problems = check(&raw);
    let _ = (problems.to_string(), describe(&raw));
    let resolved = resolve(&raw);
    for (text, format) in [(raw.to_ini(), Format::Ini), (raw.to_toml(), Format::Toml)] {
        let again = RawConfig::from_bytes(text.as_bytes(), format);
        if let (Ok(hardware), Ok(again)) = (&resolved, &again) {
            assert_eq!(Ok(hardware), resolve(again).as_ref(), "written as {format:?}:\n{text}");
        } else if resolved.is_ok() {
            panic!("not read again as {format:?}: {again:?}\n{text}");
        }
    }
    if let Ok(hardware) = resolved
        && let Ok(lenet) = zoo::build("lenet", zoo::ZooOptions::default())
    {
        on_hardware(&hardware, &lenet);
    }
}

/// A network from its shapes to a simulation on the default hardware.
pub fn network(network: &Network) {
    let Ok(shaped) = ShapedNetwork::new(network) else { return };
    let positions = |shape: Shape| match shape {
        Shape::Map { height, width, .. } => height.saturating_mul(width),
        Shape::Vector { .. } => 1,
    };
    let outputs = (0..network.layers.len()).map(|layer| positions(shaped.output_of(layer)));
    if outputs.fold(0, usize::saturating_add) > MOST_POSITIONS {
        return;
    }
    if let Ok(hardware) = resolve(&RawConfig::reference_default()) {
        on_hardware(&hardware, network);
    }
}

fn on_hardware(hardware: &Hardware, network: &Network) {
    for fidelity in [Fidelity::Reference, Fidelity::Corrected] {
        for pipeline in [InnerPipeline::Enabled, InnerPipeline::Disabled] {
            let options = Options::new(fidelity).with_inner_pipeline(pipeline);
            match simulate(hardware, network, &options) {
                Ok(report) => {
                    let metrics = report.metrics();
                    let all = [metrics.latency_ms, metrics.energy_mj];
                    assert!(all.iter().all(|figure| figure.is_finite()), "{metrics:?}");
                }
                Err(error) => drop((error.to_string(), error.hint())),
            }
        }
    }
}

/// Tensors of a weights file: what the commands look at.
///
/// # Panics
/// Where tensors that were written are not read as what they were written from.
pub fn tensors(tensors: &NamedTensors) {
    for (_, tensor) in tensors.iter() {
        assert_eq!(tensor.to_f32().len(), tensor.len());
    }
    let _ = tensors.joined();
    if let Ok(file) = tensors.to_safetensors() {
        let again = NamedTensors::from_safetensors(&file).map(|again| again.len());
        assert_eq!(again.ok(), Some(tensors.len()));
    }
}
