//! Quirks of the timeline: what a layer waits for and how long it takes, with each quirk and
//! without.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{
    close, conv, fc, hardware, layer, network, pair, pair_with, pointwise, pool, residual,
    sequential_pair, sum, view, with,
};
use pimnas_hardware::Quirk;
use pimnas_simulate::{InnerPipeline, LayerTiming, Options, SimReport};
use serde_json::json;

fn timing(report: &SimReport, layer: usize) -> LayerTiming {
    report.timeline.layers[layer]
}

/// Time of a position of a layer all of whose positions take the same.
fn per_position(report: &SimReport, layer: usize) -> f64 {
    let timing = timing(report, layer);
    (timing.first_finish - timing.begin).value()
}

#[test]
fn eager_sum_without_pipeline() {
    let network = network((3, 8, 8), &residual());
    let both = sequential_pair(Quirk::EagerSumWithoutPipeline, &hardware(&[]), &network);
    let inputs_complete = timing(&both.kept, 0).finish.max(timing(&both.kept, 2).finish);
    // Corrected: one position after the other, from when both branches are complete.
    let corrected = timing(&both.corrected, 3);
    assert_eq!(corrected.begin, inputs_complete);
    let time = per_position(&both.corrected, 3);
    close((corrected.finish - corrected.begin).value(), 64.0 * time);
    // With the quirk each position begins with the slower of its two inputs.
    let kept = timing(&both.kept, 3);
    assert_eq!(kept.begin, timing(&both.kept, 2).first_finish);
    close(kept.finish.value(), inputs_complete.value() + time);
    assert!(kept.begin < inputs_complete);
}

#[test]
fn lexicographic_total_latency() {
    // The first layer writes 32 × 32 outputs that nothing reads; the path beside it is short
    // and ends in a layer whose first output comes later than the first of the long layer.
    let short = with(conv((3, 4), (8, 8, 0)), "input_index", vec![-2]);
    let layers = [pointwise(3, 8), short, view(), fc(64, 10)];
    let both =
        pair(Quirk::LexicographicTotalLatency, &hardware(&[]), &network((3, 32, 32), &layers));
    let (long, last) = (timing(&both.kept, 0), timing(&both.kept, 2));
    assert!(last.first_finish > long.first_finish && last.finish < long.finish);
    assert_eq!(both.kept.timeline.total, last.finish);
    assert_eq!(both.corrected.timeline.total, long.finish);
}

#[test]
fn first_layer_timed_as_convolution() {
    let network = network((3, 8, 8), &[pool(2), pointwise(3, 8)]);
    let both = pair(Quirk::FirstLayerTimedAsConvolution, &hardware(&[]), &network);
    let (kept, corrected) = (timing(&both.kept, 0).spent, timing(&both.corrected, 0).spent);
    // 16 positions of one pass of 100 ns: 3 channels on 64 units, 4 elements on windows of 9.
    close(corrected.modules.pooling.value(), 16.0 * 100.0);
    assert!(corrected.merge.value() > 0.0);
    assert_eq!(kept.modules.pooling.value(), 0.0);
    // Nothing is in crossbars: what a convolution of no rows and columns takes is transfer.
    close(kept.transfer.value(), corrected.transfer.value());
    assert!(timing(&both.kept, 0).finish < timing(&both.corrected, 0).finish);
}

#[test]
fn resize_keeps_positions() {
    let layers = [pointwise(3, 8), layer("downsample", json!({}), &[-1]), pointwise(8, 2)];
    let both = pair(Quirk::ResizeKeepsPositions, &hardware(&[]), &network((3, 8, 8), &layers));
    let (first, second) = (per_position(&both.kept, 0), per_position(&both.kept, 1));
    // The second layer keeps up, so its end is that of the position that it waits for last:
    // the last of 8 × 8, or (with the quirk) the one of the number of the last of 4 × 4.
    assert!(second <= first);
    close(timing(&both.corrected, 1).finish.value(), 64.0 * first + second);
    close(timing(&both.kept, 1).finish.value(), 16.0 * first + second);
}

#[test]
fn resize_keeps_positions_of_sums() {
    // The sum is 4 × 4; the reference takes the size of the layer before the resizing one.
    let branch = conv((8, 8), (3, 2, 1));
    let layers = [
        pointwise(3, 8),
        layer("downsample", json!({}), &[-1]),
        with(branch, "input_index", vec![-2]),
        sum(&[-2, -1]),
    ];
    let both = pair(Quirk::ResizeKeepsPositions, &hardware(&[]), &network((3, 8, 8), &layers));
    assert_eq!(timing(&both.kept, 2).outputs, 64);
    assert_eq!(timing(&both.corrected, 2).outputs, 16);
}

fn copies(replication: &[u32]) -> impl Fn(&Options) -> Options {
    move |options| Options { replication: replication.to_vec(), ..options.clone() }
}

#[test]
fn replica_wait_from_one_width() {
    let network = network((3, 8, 8), &[pointwise(3, 8), pointwise(8, 2)]);
    let hardware = hardware(&[]);
    let both = pair_with(Quirk::ReplicaWaitFromOneWidth, (&hardware, &network), copies(&[1, 2]));
    let (first, second) = (per_position(&both.kept, 0), per_position(&both.kept, 1));
    assert!(second <= first);
    // The second copy works on columns 4 to 7. With the quirk it waits for columns 0 to 3, so
    // the last position waited for is the fourth of the last row.
    close(timing(&both.corrected, 1).finish.value(), 64.0 * first + second);
    close(timing(&both.kept, 1).finish.value(), (7.0 * 8.0 + 4.0) * first + second);
}

#[test]
fn copies_idle_without_pipeline() {
    let network = network((3, 8, 8), &[pointwise(3, 8), pointwise(8, 2)]);
    let hardware = hardware(&[]);
    let change =
        |options: &Options| copies(&[4, 1])(options).with_inner_pipeline(InnerPipeline::Disabled);
    let both = pair_with(Quirk::CopiesIdleWithoutPipeline, (&hardware, &network), change);
    let time = per_position(&both.kept, 0);
    close(timing(&both.kept, 0).finish.value(), 64.0 * time);
    // Four copies take two columns each.
    close(timing(&both.corrected, 0).finish.value(), 8.0 * 2.0 * time);
    close(timing(&both.corrected, 1).begin.value(), 8.0 * 2.0 * time);
}
