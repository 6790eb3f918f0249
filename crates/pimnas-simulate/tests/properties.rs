//! Properties of any simulation: parts add up, better parts do not make it slower, and the same
//! inputs give the same bits.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{conv, fc, layer, network, pointwise, pool, residual, sum, view};
use pimnas_config::{Hardware, RawConfig, resolve};
use pimnas_hardware::Fidelity;
use pimnas_network::Network;
use pimnas_simulate::report::wire;
use pimnas_simulate::{InnerPipeline, Options, SimReport, simulate};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Layers that keep a map of `channels` channels.
fn block(channels: usize) -> impl Strategy<Value = Vec<Value>> {
    let grouped = move |groups: usize| {
        let fields = json!({
            "in_channels": channels, "out_channels": channels, "kernel_size": 3, "stride": 1,
            "padding": 1, "groups": groups,
        });
        layer("group_conv", fields, &[-1])
    };
    prop_oneof![
        (1..3_usize)
            .prop_map(move |half| vec![conv((channels, channels), (2 * half - 1, 1, half - 1))]),
        Just(vec![pointwise(channels, channels), sum(&[-1, -2])]),
        Just(vec![pointwise(channels, channels), pointwise(channels, channels), sum(&[-3, -1])]),
        prop_oneof![Just(2_usize), Just(4)].prop_map(move |groups| vec![grouped(groups)]),
        Just(vec![layer("relu", json!({}), &[-1])]),
    ]
}

fn any_network() -> impl Strategy<Value = Network> {
    let channels = prop_oneof![Just(4_usize), Just(16), Just(64)];
    let side = prop_oneof![Just(4_usize), Just(8), Just(12)];
    (channels, side).prop_flat_map(|(channels, side)| {
        prop::collection::vec(block(channels), 1..4).prop_map(move |blocks| {
            let mut layers = vec![conv((3, channels), (3, 1, 1))];
            layers.extend(blocks.into_iter().flatten());
            let features = channels * (side / 2) * (side / 2);
            layers.extend([pool(2), view(), fc(features, 10)]);
            network((3, side, side), &layers)
        })
    })
}

fn setting(
    path: &'static str,
    values: &'static [&'static str],
) -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(values).prop_map(move |value| (path, value))
}

fn any_config() -> impl Strategy<Value = RawConfig> {
    let settings = (
        setting("Crossbar level/Xbar_Size", &["64,64", "128,256", "256,128"]),
        setting("Interface level/DAC_Choice", &["1", "2", "6"]),
        setting("Interface level/ADC_Choice", &["1", "3", "7"]),
        setting("Process element level/Group_Num", &["1", "4", "8"]),
        setting("Process element level/Xbar_Polarity", &["1", "2"]),
        setting("Tile level/PE_Num", &["1,1", "2,2", "1,3"]),
        setting("Tile level/Pooling_shape", &["2,2", "3,3"]),
        setting("Architecture level/Tile_Connection", &["0", "1", "2", "3"]),
        setting("Architecture level/Buffer_Bitwidth", &["32", "256"]),
    );
    settings.prop_map(|(a, b, c, d, e, f, g, h, i)| {
        let mut config = RawConfig::reference_default();
        for (path, value) in [a, b, c, d, e, f, g, h, i] {
            config.set(path, value).unwrap();
        }
        config
    })
}

fn any_pipeline() -> impl Strategy<Value = InnerPipeline> {
    prop_oneof![Just(InnerPipeline::Enabled), Just(InnerPipeline::Disabled)]
}

fn corrected(pipeline: InnerPipeline) -> Options {
    Options::new(Fidelity::Corrected).with_inner_pipeline(pipeline)
}

#[track_caller]
fn equal(whole: f64, parts: f64) -> Result<(), TestCaseError> {
    let error = (whole - parts).abs();
    prop_assert!(error <= 1e-12 * whole.abs().max(parts.abs()), "{whole} against {parts}");
    Ok(())
}

/// Layers, modules and totals of area, power and energy add up.
fn parts_add_up(report: &SimReport) -> Result<(), TestCaseError> {
    let SimReport { area, power, energy, .. } = report;

    let accumulator = (area.accumulator_adders + area.accumulator_buffer).value();
    let layers: f64 = area.layers.iter().map(|area| area.value()).sum();
    equal(area.total.value(), layers + accumulator)?;
    equal(area.total.value(), (area.modules.total() + area.buffer).value() + accumulator)?;

    let accumulator = power.accumulator.total().value();
    let layers: f64 = power.layers.iter().map(|power| power.total().value()).sum();
    let buffers: f64 =
        power.layers.iter().map(|power| (power.buffer_read + power.buffer_write).value()).sum();
    equal(power.total.value(), layers + accumulator)?;
    equal(power.total.value(), power.modules().total().value() + buffers + accumulator)?;

    let accumulator = energy.accumulator.total().value();
    let layers: f64 = energy.layers.iter().map(|energy| energy.total.value()).sum();
    let buffers: f64 =
        energy.layers.iter().map(|energy| (energy.buffer_read + energy.buffer_write).value()).sum();
    equal(energy.total.value(), layers)?;
    equal(energy.total.value(), energy.modules().total().value() + buffers + accumulator)?;
    for layer in &energy.layers {
        let buffers = layer.buffer_read + layer.buffer_write;
        let parts = layer.modules.total() + buffers + layer.accumulator.total();
        equal(layer.total.value(), parts.value())?;
    }
    Ok(())
}

/// Knobs of the hardware: a slower and a faster setting.
const FASTER: [(&str, &str, &str); 7] = [
    ("Digital module/Digital_Frequency", "300", "600"),
    ("Tile level/Inter_Tile_Bandwidth", "7", "20"),
    ("Tile level/Intra_Tile_Bandwidth", "256", "1024"),
    ("Process element level/ADC_Num", "2", "8"),
    ("Process element level/DAC_Num", "16", "64"),
    ("Device level/Read_Latency", "50", "3.16"),
    ("Tile level/Pooling_unit_num", "2", "64"),
];

fn hardware_with(config: &RawConfig, path: &str, value: &str) -> Hardware {
    let mut config = config.clone();
    config.set(path, value).unwrap();
    resolve(&config).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn corrected_totals_are_the_sum_of_their_parts(
        network in any_network(), config in any_config(), pipeline in any_pipeline(),
    ) {
        let hardware = resolve(&config).unwrap();
        parts_add_up(&simulate(&hardware, &network, &corrected(pipeline)).unwrap())?;
    }

    #[test]
    fn nothing_works_longer_than_it_lasts(
        network in any_network(), config in any_config(), pipeline in any_pipeline(),
    ) {
        let hardware = resolve(&config).unwrap();
        let report = simulate(&hardware, &network, &corrected(pipeline)).unwrap();
        for layer in &report.timeline.layers {
            prop_assert!(layer.begin <= layer.first_finish && layer.first_finish <= layer.finish);
            prop_assert!(layer.finish <= report.timeline.total);
            prop_assert!((0.0..=1.0).contains(&layer.occupancy));
        }
        let used = report.area.utilisation;
        prop_assert!([used.crossbar, used.dac, used.adc].iter().all(|share| *share > 0.0));
    }

    #[test]
    fn faster_parts_do_not_make_it_slower(
        network in any_network(), config in any_config(), pipeline in any_pipeline(),
    ) {
        for (path, slow, fast) in FASTER {
            let total = |value: &str| {
                let hardware = hardware_with(&config, path, value);
                simulate(&hardware, &network, &corrected(pipeline)).unwrap().timeline.total
            };
            let (slow, fast) = (total(slow), total(fast));
            prop_assert!(fast <= slow, "{path}: {fast:?} > {slow:?}");
        }
    }

    #[test]
    fn larger_tiles_are_fewer_and_hold_more(network in any_network(), config in any_config()) {
        let at = |pes: &str| {
            let hardware = hardware_with(&config, "Tile level/PE_Num", pes);
            simulate(&hardware, &network, &corrected(InnerPipeline::Enabled)).unwrap()
        };
        let (small, large) = (at("1,1"), at("4,4"));
        prop_assert!(large.mapping.used_tiles <= small.mapping.used_tiles);
        prop_assert!(large.area.modules.crossbar >= small.area.modules.crossbar);
    }

    #[test]
    fn the_same_inputs_give_the_same_bits(
        network in any_network(), config in any_config(), pipeline in any_pipeline(),
    ) {
        let hardware = resolve(&config).unwrap();
        let options = Options::default().with_inner_pipeline(pipeline);
        let text = || {
            let report = simulate(&hardware, &network, &options).unwrap();
            serde_json::to_string(&wire::Report::from(&report)).unwrap()
        };
        prop_assert_eq!(text(), text());
    }
}

#[test]
fn the_reference_does_not_add_up() {
    // What the quirks of the totals are about: else the properties above would be vacuous.
    let hardware = resolve(&RawConfig::reference_default()).unwrap();
    let network = network((3, 8, 8), &residual());
    let report = simulate(&hardware, &network, &Options::default()).unwrap();
    assert!(parts_add_up(&report).is_err());
}
