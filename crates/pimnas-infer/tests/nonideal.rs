//! A trained network on non-ideal hardware.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroUsize;

use pimnas_config::hardware::Subtraction;
use pimnas_device::{
    AdcError, CellBits, DeviceQuirks, Draw, Drift, Effect, IrDrop, IrDropMethod, NonIdealities,
    OnOffRatio, ReadNoise, Seed, StuckAt, Variation, VariationLaw, Wires,
};
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, Fusion, InferError, InferenceOptions,
    InferenceQuirks, ItemNumber, Kernels, LayerOutput, Mode, Parameters, Tensor,
};
use pimnas_network::{Network, ShapedNetwork};
use pimnas_units::Ohms;
use rstest::rstest;

const NETWORK: &str = include_str!("../../../data/networks/fashion-mnist-small.json");
const WEIGHTS: &[u8] = include_bytes!("../../../data/networks/fashion-mnist-small.safetensors");
/// Items of the test batch.
const ITEMS: usize = 12;
/// Pixels of an item.
const PIXELS: usize = 28 * 28;

fn compiled(mode: Mode, quirks: InferenceQuirks) -> CompiledNetwork {
    with_adc(8, mode, quirks)
}

fn with_adc(adc_bits: u32, mode: Mode, quirks: InferenceQuirks) -> CompiledNetwork {
    with_kernels(Kernels::Fastest, (adc_bits, mode, quirks)).unwrap()
}

fn with_kernels(
    kernels: Kernels,
    (adc_bits, mode, quirks): (u32, Mode, InferenceQuirks),
) -> Result<CompiledNetwork, InferError> {
    let network = Network::from_json(NETWORK).unwrap();
    let shaped = ShapedNetwork::new(&network).unwrap();
    let parameters = Parameters::from_safetensors(WEIGHTS).unwrap();
    let hardware = CrossbarHardware {
        rows: 64,
        cell_bits: 2,
        dac_bits: 2,
        adc_bits,
        subtraction: Subtraction::Digital,
    };
    let fusion = Fusion::Separate;
    let options =
        InferenceOptions { quirks, fusion, kernels, ..InferenceOptions::new(mode, hardware) };
    CompiledNetwork::new(&shaped, &parameters, &options)
}

/// Subtraction before the ADC.
fn analogue() -> CompiledNetwork {
    compiled(Mode::Crossbar(AdcRange::Scale), InferenceQuirks::reference())
}

/// Blobs that differ from item to item.
fn images() -> Tensor {
    let pixel = |index: usize| {
        let (item, y, x) = (index / PIXELS, index % PIXELS / 28, index % 28);
        let (dy, dx) = (y as f32 - 8.0 - item as f32, x as f32 - 14.0);
        (1.0 - (dy * dy + dx * dx * (0.5 + item as f32 / 8.0)) / 100.0).clamp(0.0, 1.0)
    };
    Tensor::new([ITEMS, 1, 28, 28], (0..ITEMS * PIXELS).map(pixel).collect()).unwrap()
}

fn some(items: std::ops::Range<usize>) -> Tensor {
    let data = images().data()[items.start * PIXELS..items.end * PIXELS].to_vec();
    Tensor::new([items.len(), 1, 28, 28], data).unwrap()
}

fn everything() -> NonIdealities {
    let wires = Wires { word_line: Ohms(0.5), bit_line: Ohms(0.5) };
    NonIdealities {
        on_off: Some(OnOffRatio::linear(50.0, CellBits(2)).unwrap()),
        variation: Some(Variation::percent(VariationLaw::LogNormal, 10.0)),
        stuck: Some(StuckAt::percent(2.0, 0.5)),
        drift: Some(Drift {
            exponent: 0.02,
            deviation: 0.01,
            seconds: 1e5,
            reference_seconds: 20.0,
        }),
        ir_drop: Some(IrDrop {
            wires,
            low_resistance: Ohms(3333.0),
            columns: NonZeroUsize::new(64).unwrap(),
            method: IrDropMethod::EqualInputs,
        }),
        read_noise: Some(ReadNoise { relative: 0.05 }),
        adc: Some(AdcError {
            offset_lsb: 0.5,
            gain: 0.02,
            columns_per_adc: NonZeroUsize::new(8).unwrap(),
        }),
        quirks: DeviceQuirks::corrected(),
    }
}

/// All effects, each of magnitude 0.
fn nothing() -> NonIdealities {
    let all = everything();
    NonIdealities {
        on_off: None,
        variation: Some(Variation::percent(VariationLaw::GaussianConductance, 0.0)),
        stuck: Some(StuckAt::percent(0.0, 0.0)),
        drift: all.drift.map(|drift| Drift { seconds: 20.0, ..drift }),
        ir_drop: all.ir_drop.map(|drop| IrDrop { wires: Wires::IDEAL, ..drop }),
        read_noise: Some(ReadNoise { relative: 0.0 }),
        adc: all.adc.map(|adc| AdcError { offset_lsb: 0.0, gain: 0.0, ..adc }),
        quirks: DeviceQuirks::corrected(),
    }
}

#[rstest]
#[case(AdcRange::Scale, InferenceQuirks::reference())]
#[case(AdcRange::Scale, InferenceQuirks::corrected())]
#[case(AdcRange::Fix, InferenceQuirks::reference())]
#[case(AdcRange::Fix, InferenceQuirks::corrected())]
fn effects_of_no_magnitude_give_the_outputs_of_the_integers(
    #[case] range: AdcRange,
    #[case] quirks: InferenceQuirks,
) {
    let network = compiled(Mode::Crossbar(range), quirks);
    let exact = network.run(&images()).unwrap();
    assert!(exact.data().iter().any(|&value| value != exact.data()[0]));
    let drawn = network.with_draw(&nothing(), Seed(1), Draw(0)).unwrap();
    assert_eq!(drawn.run(&images()).unwrap(), exact);
    let ideal = network.with_draw(&NonIdealities::default(), Seed(1), Draw(0)).unwrap();
    assert_eq!(ideal.run(&images()).unwrap(), exact);
}

#[test]
fn each_effect_alone_changes_outputs_and_repeats_with_its_seed() {
    let digital = compiled(Mode::Crossbar(AdcRange::Scale), InferenceQuirks::corrected());
    for network in [analogue(), digital] {
        let exact = network.run(&images()).unwrap();
        for effect in Effect::ALL {
            let only = everything().only(effect);
            let run = |seed, draw| {
                network.with_draw(&only, Seed(seed), Draw(draw)).unwrap().run(&images()).unwrap()
            };
            let first = run(1, 0);
            assert_ne!(first, exact, "{}", effect.name());
            assert_eq!(first, run(1, 0), "{}", effect.name());
            let random = !matches!(effect, Effect::OnOffRatio | Effect::IrDrop);
            assert_eq!(first != run(1, 1), random, "{}", effect.name());
            assert_eq!(first != run(2, 0), random, "{}", effect.name());
        }
    }
}

#[test]
fn threads_and_batches_change_nothing() {
    let outputs = [1, 2, 5].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let network = analogue().with_draw(&everything(), Seed(3), Draw(7)).unwrap();
            network.run(&images()).unwrap()
        })
    });
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
    let network = analogue().with_draw(&everything(), Seed(3), Draw(7)).unwrap();
    let parts = [0..5, 5..6, 6..12].map(|items| {
        let first = ItemNumber(items.start as u64);
        network.run_items(&some(items), first, &mut |_| {}).unwrap().data().to_vec()
    });
    assert_eq!(parts.concat(), outputs[0].data());
}

#[rstest]
#[case(AdcRange::Scale)]
#[case(AdcRange::Fix)]
fn every_set_of_instructions_gives_the_same_draw(#[case] range: AdcRange) {
    let outputs = |nonideal: &NonIdealities| -> Vec<Tensor> {
        let run = |kernels| {
            let settings = (8, Mode::Crossbar(range), InferenceQuirks::corrected());
            let network = match with_kernels(kernels, settings) {
                Err(InferError::NoInstructions { .. }) => return None,
                other => other.unwrap(),
            };
            let drawn = network.with_draw(nonideal, Seed(5), Draw(2)).unwrap();
            Some(drawn.run(&images()).unwrap())
        };
        [Kernels::Portable, Kernels::Avx2, Kernels::Avx512].into_iter().filter_map(run).collect()
    };
    for nonideal in [everything(), everything().only(Effect::Variation)] {
        let outputs = outputs(&nonideal);
        assert!(outputs.iter().all(|output| *output == outputs[0]));
    }
}

#[test]
fn read_noise_differs_from_item_to_item_and_averages_out() {
    // Of the first layer, whose sums are linear in the noise if the ADC hardly rounds.
    let network = with_adc(16, Mode::Crossbar(AdcRange::Scale), InferenceQuirks::reference());
    let sums = |network: &CompiledNetwork, item| -> Vec<f32> {
        let mut sums = Vec::new();
        let mut observe = |seen: LayerOutput<'_>| {
            if seen.layer == 0 {
                sums = seen.output.data().to_vec();
            }
        };
        network.run_items(&some(0..1), ItemNumber(item), &mut observe).unwrap();
        sums
    };
    let noise = everything().only(Effect::ReadNoise);
    let exact = sums(&network, 0);
    let noisy = network.with_draw(&noise, Seed(1), Draw(0)).unwrap();
    let reads: Vec<Vec<f32>> = (0..64).map(|item| sums(&noisy, item)).collect();
    assert_ne!(reads[0], reads[1]);
    let error_of_mean = |reads: &[Vec<f32>]| -> f32 {
        let error = |(place, exact): (usize, &f32)| {
            let sum: f32 = reads.iter().map(|read| read[place]).sum();
            (sum / reads.len() as f32 - exact).powi(2)
        };
        exact.iter().enumerate().map(error).sum::<f32>().sqrt()
    };
    let singles: f32 = reads.iter().map(|read| error_of_mean(std::slice::from_ref(read))).sum();
    let (single, mean) = (singles / 64.0, error_of_mean(&reads));
    assert!(mean < 0.3 * single, "{mean} {single}");
}

#[test]
fn drawing_needs_crossbars_and_good_figures() {
    let float = compiled(Mode::Float, InferenceQuirks::reference());
    let error = float.with_draw(&everything(), Seed(1), Draw(0)).unwrap_err();
    assert!(matches!(error, InferError::NoCrossbars { .. }));
    let bad = NonIdealities { stuck: Some(StuckAt::percent(90.0, 20.0)), ..everything() };
    let error = analogue().with_draw(&bad, Seed(1), Draw(0)).unwrap_err();
    assert!(matches!(error, InferError::Device(_)), "{error}");
}
