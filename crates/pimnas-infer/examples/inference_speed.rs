//! Times a case of inference: `inference_speed CASE.json [mode] [kernels] [rounds]`.
//!
//! The case is a network with weights as the reference driver's command `weights` writes it, or a
//! recorded one; then the largest difference to the recorded output is printed too. A mode that
//! ends in `_real` has real-valued cells of the exact digits, one that ends in `_varied` cells
//! with lognormal variation, one that ends in `_noisy` read noise and errors of ADCs besides.

// This program's purpose is to print what it measures.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use pimnas_config::{RawConfig, resolve};
use pimnas_device::{AdcError, Draw, NonIdealities, ReadNoise, Seed, Variation, VariationLaw};
use pimnas_hardware::Quirks;
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, Kernels, Mode, Parameters,
    Tensor,
};
use pimnas_network::{Network, ShapedNetwork};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize| arguments.get(place).map(String::as_str);
    let path = Path::new(argument(0).ok_or("which case?")?);
    let mode = argument(1).unwrap_or("crossbar_scale");
    let kernels = match argument(2).unwrap_or("fastest") {
        "portable" => Kernels::Portable,
        "avx2" => Kernels::Avx2,
        "avx512" => Kernels::Avx512,
        _ => Kernels::Fastest,
    };
    let rounds: usize = argument(3).unwrap_or("5").parse()?;

    let case: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let mut config = RawConfig::reference_default();
    for (section, values) in case["config_overrides"].as_object().into_iter().flatten() {
        for (key, value) in values.as_object().into_iter().flatten() {
            config.set(&format!("{section}/{key}"), value.as_str().ok_or("not a text")?)?;
        }
    }
    let network = Network::from_layer_list_json(case["network"].to_string())?;
    let hardware = CrossbarHardware::from_hardware(&resolve(&config)?, Quirks::reference())?;
    let arithmetic = match mode {
        "float" => Mode::Float,
        mode if mode.starts_with("crossbar_fix") => Mode::Crossbar(AdcRange::Fix),
        _ => Mode::Crossbar(AdcRange::Scale),
    };
    let options = InferenceOptions { kernels, ..InferenceOptions::new(arithmetic, hardware) };

    let file = std::fs::read(path.with_extension("safetensors"))?;
    let begin = Instant::now();
    let compiled = CompiledNetwork::new(
        &ShapedNetwork::new(&network)?,
        &Parameters::from_safetensors(&file)?,
        &options,
    )?;
    let compiled = with_cells(compiled, mode)?;
    let compile = begin.elapsed().as_secs_f64();
    let input = Tensor::from_safetensors(&file, "input")?;
    let (images, mut best, mut output) = (input.dims()[0], f64::INFINITY, None);
    for _ in 0..rounds {
        let begin = Instant::now();
        output = Some(compiled.run(&input)?);
        best = best.min(begin.elapsed().as_secs_f64());
    }
    let output = output.ok_or("no rounds")?;
    let hash = output.data().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
        (hash ^ u64::from(value.to_bits())).wrapping_mul(0x100_0000_01b3)
    });
    let difference = Tensor::from_safetensors(&file, mode).ok().map(|expected| {
        let pairs = expected.data().iter().zip(output.data());
        pairs.fold(0_f32, |largest, (a, b)| largest.max((a - b).abs()))
    });
    println!(
        "{} {mode} {kernels:?}: compile {compile:.2} s, {:.3} ms an image, hash {hash:016x}, \
         difference {difference:?}",
        path.file_stem().unwrap_or_default().display(),
        best * 1e3 / images as f64,
    );
    Ok(())
}

/// The network with the cells that the end of the mode asks for.
fn with_cells(network: CompiledNetwork, mode: &str) -> Result<CompiledNetwork, Box<dyn Error>> {
    let variation = Some(Variation::percent(VariationLaw::LogNormal, 10.0));
    let varied = NonIdealities { variation, ..NonIdealities::default() };
    let columns_per_adc = NonZeroUsize::new(8).ok_or("no columns")?;
    let adc = Some(AdcError { offset_lsb: 0.5, gain: 0.02, columns_per_adc });
    let read_noise = Some(ReadNoise { relative: 0.05 });
    Ok(match mode.rsplit('_').next() {
        Some("real") => network.with_conductances(|cells| {
            Some(cells.digits.iter().map(|&digit| digit as f32).collect())
        })?,
        Some("varied") => network.with_draw(&varied, Seed(1), Draw(0))?,
        Some("noisy") => {
            network.with_draw(&NonIdealities { read_noise, adc, ..varied }, Seed(1), Draw(0))?
        }
        _ => network,
    })
}
