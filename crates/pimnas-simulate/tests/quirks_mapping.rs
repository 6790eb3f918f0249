//! Quirks of the mapping: slices, groups and distances, with each quirk and without.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{conv, fc, hardware, layer, network, pair, pointwise, residual, view, with};
use pimnas_hardware::Quirk;
use pimnas_simulate::mapping::Distance;
use pimnas_simulate::{Partition, SimReport};
use serde_json::json;

#[test]
fn groups_mapped_dense() {
    let grouped = |channels: (usize, usize), groups: usize| {
        let fields = json!({
            "in_channels": channels.0, "out_channels": channels.1, "kernel_size": 3, "stride": 1,
            "padding": 1, "groups": groups,
        });
        let layers = [layer("group_conv", fields, &[-1])];
        pair(Quirk::GroupsMappedDense, &hardware(&[]), &network((channels.0, 8, 8), &layers))
    };
    let shape = |report: &SimReport| {
        let Partition { down, across, occupancy, .. } = report.mapping.partitions[0];
        (down, across, occupancy.rows, occupancy.columns)
    };
    // 4 groups of 4 → 8 channels on 256 rows and columns. Dense: 4·9 rows feed all 32 columns.
    // Block-diagonal: all 4 blocks of 36 × 8 on one diagonal.
    let both = grouped((16, 32), 4);
    assert_eq!(shape(&both.kept), (1, 1, 36, 32));
    assert_eq!(shape(&both.corrected), (1, 1, 4 * 36, 4 * 8));
    // 2 groups of 64 → 64 channels: ⌊256/9⌋ = 28 channels a crossbar, 3 crossbars a group.
    let both = grouped((128, 128), 2);
    assert_eq!(shape(&both.kept), (3, 1, 28 * 9, 128));
    assert_eq!(shape(&both.corrected), (2 * 3, 1, 28 * 9, 64));
    // The input buffer holds the lines of all groups: 3 lines of 8 of 16 channels of 9 bits.
    let both = grouped((16, 32), 4);
    assert_eq!(both.kept.mapping.input_buffer.value() * 1024.0, 128.0);
    assert_eq!(both.corrected.mapping.input_buffer.value() * 1024.0, 512.0);
}

#[test]
fn one_bit_cells_in_mapping() {
    let resistances = "1e7,70000,35000,23333,17500,14000,11667,10000";
    for (levels, resistances, slices) in
        [("2", "1e7,5000", 8), ("4", "1e7,10000,5000,3333", 4), ("8", resistances, 3)]
    {
        let hardware = hardware(&[
            ("Device level/Device_Level", levels),
            ("Device level/Device_Resistance", resistances),
        ]);
        let network = network((3, 8, 8), &[conv((3, 16), (3, 1, 1))]);
        let both = pair(Quirk::OneBitCellsInMapping, &hardware, &network);
        // 9 bits, of which a pair of crossbars holds the sign.
        assert_eq!(both.kept.mapping.partitions[0].slices, 8);
        assert_eq!(both.corrected.mapping.partitions[0].slices, slices);
        assert_eq!(both.corrected.mapping.partitions[0].matrix_width, 16 * u64::from(slices));
    }
}

#[test]
fn input_bits_from_output() {
    let first = with(pointwise(3, 8), "activation_bit", 8);
    let second = with(pointwise(8, 8), "activation_bit", 4);
    let network = network((3, 8, 8), &[first, second]);
    let hardware = hardware(&[("Interface level/DAC_Choice", "2")]);
    let both = pair(Quirk::InputBitsFromOutput, &hardware, &network);
    let bits = |report: &SimReport| {
        report.graph.layers.iter().map(|layer| layer.input_bits).collect::<Vec<_>>()
    };
    assert_eq!(bits(&both.kept), [8, 4]);
    assert_eq!(bits(&both.corrected), [9, 8]);
    // A 2-bit DAC takes ⌈bits / 2⌉ turns.
    let turns = |report: &SimReport, layer: usize| {
        let spent = report.timeline.layers[layer].spent.modules.crossbar.value();
        spent / 64.0
    };
    common::close(turns(&both.corrected, 0) / turns(&both.kept, 0), 5.0 / 4.0);
    common::close(turns(&both.corrected, 1) / turns(&both.kept, 1), 4.0 / 2.0);
}

/// One PE a tile with crossbars of 32 × 32, tiles in one row.
const ROW_OF_TILES: [(&str, &str); 5] = [
    ("Crossbar level/Xbar_Size", "32,32"),
    ("Process element level/DAC_Num", "32"),
    ("Tile level/PE_Num", "1,1"),
    ("Architecture level/Tile_Num", "1,3000"),
    ("Architecture level/Tile_Connection", "0"),
];

#[test]
fn distance_cap() {
    // 64 × 32 crossbars, then 32 × 1, each a tile of the row: 0 to 2047 and 2048 to 2079.
    let network = network((2048, 1, 1), &[view(), fc(2048, 1024), fc(1024, 10)]);
    let both = pair(Quirk::DistanceCap, &hardware(&ROW_OF_TILES), &network);
    assert_eq!(both.kept.mapping.partitions[0].tiles, 2048);
    assert_eq!(both.kept.mapping.distances[0], Distance::default());
    // From tile 1024: 1024 hops to tile 0, 1055 to the last tile of the next layer.
    let far = Distance { in_layer: 1024.0, transfer: 1055.0 };
    assert_eq!(both.corrected.mapping.distances[0], far);
    assert_eq!(both.kept.mapping.distances[1], both.corrected.mapping.distances[1]);
}

#[test]
fn single_layer_unplaced() {
    // 8 tiles in a row: the farthest from the fifth is 4 hops away.
    let network = network((256, 1, 1), &[view(), fc(256, 10)]);
    let both = pair(Quirk::SingleLayerUnplaced, &hardware(&ROW_OF_TILES), &network);
    assert_eq!(both.kept.mapping.partitions[0].tiles, 8);
    assert_eq!(both.kept.mapping.distances[0], Distance::default());
    let placed = Distance { in_layer: 4.0, transfer: 0.0 };
    assert_eq!(both.corrected.mapping.distances[0], placed);
}

#[test]
fn sum_distance_to_first_tile() {
    let mut layers = residual();
    layers.push(conv((8, 128), (3, 1, 1)));
    let network = network((3, 8, 8), &layers);
    let both = pair(Quirk::SumDistanceToFirstTile, &hardware(&ROW_OF_TILES), &network);
    // One row, so the accumulator sits half a row below the first tile. Tiles: the layer behind
    // the sum follows those of the three convolutions.
    let partitions = &both.kept.mapping.partitions;
    let before: u64 = partitions[..4].iter().map(|partition| partition.tiles).sum();
    let behind = partitions[4].tiles;
    assert!(behind > 1);
    let (first, last) = (before as f64, (before + behind - 1) as f64);
    assert_eq!(both.kept.mapping.distances[3].transfer, 0.5 + first);
    assert_eq!(both.corrected.mapping.distances[3].transfer, 0.5 + last);
}
