//! Quirks of the components and of the totals of area, power and energy: the equation of each
//! figure that a quirk changes, with the quirk and without.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{
    close, conv, hardware, network, pair, pair_with, pointwise, pool, residual, sequential_pair,
};
use pimnas_hardware::Quirk;
use pimnas_simulate::{Options, SimReport};

/// Energy of the circuits and buffers of a layer's tiles, adders included.
fn tiles(report: &SimReport, layer: usize) -> f64 {
    let energy = &report.energy.layers[layer];
    (energy.modules.total() + energy.buffer_read + energy.buffer_write).value()
}

#[test]
fn adders_outside_energy() {
    let network = network((3, 8, 8), &[conv((3, 16), (3, 1, 1)), pointwise(16, 8)]);
    let both = pair(Quirk::AddersOutsideEnergy, &hardware(&[]), &network);
    let mut adders = 0.0;
    for layer in 0..2 {
        let adder = both.kept.power.layers[layer].modules.adder
            * both.kept.timeline.layers[layer].spent.modules.adder;
        assert!(adder.value() > 0.0);
        let total = |report: &SimReport| report.energy.layers[layer].total.value();
        close(total(&both.corrected), tiles(&both.corrected, layer));
        close(total(&both.kept), tiles(&both.kept, layer) - adder.value());
        adders += adder.value();
    }
    let total = |report: &SimReport| report.energy.total.value();
    close(total(&both.corrected), total(&both.kept) + adders);
}

#[test]
fn accumulator_outside_totals() {
    let both =
        pair(Quirk::AccumulatorOutsideTotals, &hardware(&[]), &network((3, 8, 8), &residual()));
    let SimReport { area, power, energy, .. } = &both.kept;
    let area_of_layers: f64 = area.layers.iter().map(|area| area.value()).sum();
    let power_of_layers: f64 = power.layers.iter().map(|power| power.total().value()).sum();
    let energy_of_tiles: f64 = (0..4).map(|layer| tiles(&both.kept, layer)).sum();
    close(area.total.value(), area_of_layers);
    close(power.total.value(), power_of_layers);
    close(energy.total.value(), energy_of_tiles);
    let accumulator = (area.accumulator_adders + area.accumulator_buffer).value();
    assert!(accumulator > 0.0);
    let SimReport { area, power, energy, .. } = &both.corrected;
    close(area.total.value(), area_of_layers + accumulator);
    close(power.total.value(), power_of_layers + power.accumulator.total().value());
    close(energy.total.value(), energy_of_tiles + energy.accumulator.total().value());
    assert!(energy.accumulator.total().value() > 0.0);
}

#[test]
fn accumulator_energy_once() {
    let both = pair(Quirk::AccumulatorEnergyOnce, &hardware(&[]), &network((3, 8, 8), &residual()));
    // 2 inputs × 8 channels / 2 adders, 64 positions of 10 ns, at 500 MHz.
    let (adders, positions, frequency_mhz) = (8.0, 64.0, 500.0);
    let power = &both.kept.power.accumulator;
    close(power.adders.value(), adders * power.adder.value());
    let kept = &both.kept.energy.accumulator;
    close(kept.adders.value(), power.adders.value() / frequency_mhz);
    assert_eq!((kept.buffer_read.value(), kept.buffer_write.value()), (0.0, 0.0));
    let corrected = &both.corrected.energy.accumulator;
    close(corrected.adders.value(), adders * power.adder.value() * 10.0 * positions);
    let spent = &both.corrected.timeline.layers[3].spent;
    close(corrected.buffer_read.value(), (power.buffer_read * spent.buffer_read).value());
    close(corrected.buffer_write.value(), (power.buffer_write * spent.buffer_write).value());
    assert!(corrected.buffer_read.value() > 0.0);
}

#[test]
fn dac_8_bit_in_watts() {
    let hardware = hardware(&[("Interface level/DAC_Choice", "6")]);
    let network = network((3, 8, 8), &[conv((3, 16), (3, 1, 1))]);
    let both = pair(Quirk::Dac8BitInWatts, &hardware, &network);
    let dac = |report: &SimReport| report.power.modules().dac.value();
    close(dac(&both.kept), 1000.0 * dac(&both.corrected));
    let total = |report: &SimReport| report.power.total.value();
    close(total(&both.kept) - total(&both.corrected), dac(&both.kept) - dac(&both.corrected));
    // 8 bits in 4 crossbar groups of 2-bit cells; 64 DACs for 256 rows: 1 in 4 of the 27 rows.
    close(dac(&both.corrected), 4.0 * 7.0 * 0.4992e-3);
}

#[test]
fn the_other_dacs_are_in_watts_anyway() {
    let hardware = hardware(&[("Interface level/DAC_Choice", "5")]);
    let network = network((3, 8, 8), &[conv((3, 16), (3, 1, 1))]);
    let both = pair(Quirk::Dac8BitInWatts, &hardware, &network);
    assert_eq!(both.kept, both.corrected);
}

#[test]
fn constant_buffer_cycle() {
    let network = network((3, 8, 8), &[conv((3, 16), (3, 1, 1))]);
    let both = pair(Quirk::ConstantBufferCycle, &hardware(&[]), &network);
    // Buffers of at most 2 KB on a 64-bit bus at 90 nm: 0.429117 ns a word in the table.
    assert!(both.kept.mapping.input_buffer.value() <= 2.0);
    assert!(both.kept.mapping.output_buffer.value() <= 2.0);
    let spent = |report: &SimReport| report.timeline.layers[0].spent.buffer().value();
    close(spent(&both.kept) / 20.0, spent(&both.corrected) / 0.429_117);
    // The energy of an access is given, so a shorter cycle is more power: E / cycle + leakage.
    let (read_nj, leakage_w) = (0.007_569_5, 1.006_428e-3);
    let power = |report: &SimReport| report.power.layers[0].buffer_read.value();
    // The input buffer of one PE and the output buffer of one tile.
    close(power(&both.kept), 2.0 * (read_nj / 20.0 + leakage_w));
    close(power(&both.corrected), 2.0 * (read_nj / 0.429_117 + leakage_w));
}

#[test]
fn free_pooling_off_table() {
    let network = network((3, 8, 8), &[conv((3, 16), (3, 1, 1)), pool(2)]);
    let circuit = |report: &SimReport| {
        let tiles = report.mapping.used_tiles as f64;
        (
            report.area.modules.pooling.value() / tiles,
            report.power.layers[1].modules.pooling.value(),
        )
    };
    // The table has 64 units of 3×3 at 65 nm.
    let (area, power) = (91_917.156_2, 3.082e-3);
    let other = hardware(&[("Tile level/Pooling_shape", "2,2")]);
    let both = pair(Quirk::FreePoolingOffTable, &other, &network);
    assert_eq!(circuit(&both.kept), (0.0, 0.0));
    close(circuit(&both.corrected).0, area * 4.0 / 9.0);
    close(circuit(&both.corrected).1, power * 4.0 / 9.0);
    let listed = hardware(&[]);
    let both = pair(Quirk::FreePoolingOffTable, &listed, &network);
    assert_eq!(both.kept, both.corrected);
    close(circuit(&both.kept).0, area);
    close(circuit(&both.kept).1, power);
}

#[test]
fn written_figures_ignored() {
    let written = hardware(&[
        ("Interface level/ADC_Area", "77"),
        ("Interface level/ADC_Power", "0.5"),
        ("Tile level/Pooling_area", "4321"),
        ("Architecture level/Buffer_ReadPower", "250"),
    ]);
    let network = network((3, 8, 8), &[conv((3, 16), (3, 1, 1)), pool(2)]);
    let both = pair(Quirk::WrittenFiguresIgnored, &written, &network);
    let as_if_unwritten = pair(Quirk::WrittenFiguresIgnored, &hardware(&[]), &network);
    assert_eq!(both.kept, as_if_unwritten.kept);
    // 2 tiles × 4 PEs × 8 groups × 4 ADCs; the table's third ADC has 1650 µm² and 4 mW.
    let adcs = 2.0 * 4.0 * 8.0 * 4.0;
    close(both.kept.area.modules.adc.value(), adcs * 1650.0);
    close(both.corrected.area.modules.adc.value(), adcs * 77.0);
    close(both.corrected.area.modules.pooling.value(), 2.0 * 4321.0);
    let adc = |report: &SimReport| report.power.layers[0].modules.adc.value();
    close(adc(&both.corrected) / adc(&both.kept), 0.5 / 4e-3);
    // Read power in the file is in mW: the input buffer of one PE, the output buffer of one tile.
    close(both.corrected.power.layers[0].buffer_read.value(), 0.25 + 0.25);
}

#[test]
fn accumulator_takes_local_buffer_size() {
    let network = network((3, 8, 8), &residual());
    let large = hardware(&[("Process element level/PE_inBuf_Size", "64")]);
    let both = pair(Quirk::AccumulatorTakesLocalBufferSize, &large, &network);
    // The accumulator needs 2 × 8 × 9 bits: the smallest buffer of the table, 2 KB.
    close(both.kept.mapping.accumulator.buffer.value(), 32.0 / 1024.0);
    close(both.corrected.area.accumulator_buffer.value(), 0.040_580_3e6);
    // With the quirk it has the area of the PE's 64 KB.
    let tiles = both.kept.mapping.used_tiles as f64;
    let smallest = 0.040_580_3e6;
    let in_pes = both.kept.area.buffer.value() / tiles - smallest;
    close(both.kept.area.accumulator_buffer.value(), in_pes / 4.0);
    assert!(both.kept.area.accumulator_buffer.value() > smallest);
}

#[test]
fn copies_multiply_energy() {
    let network = network((3, 8, 8), &[pointwise(3, 16), pointwise(16, 8)]);
    let copies = |options: &Options| Options { replication: vec![4, 1], ..options.clone() };
    let hardware = hardware(&[]);
    let both = pair_with(Quirk::CopiesMultiplyEnergy, (&hardware, &network), copies);
    let energy = |report: &SimReport, layer: usize| report.energy.layers[layer].total.value();
    close(energy(&both.kept, 0), 4.0 * energy(&both.corrected, 0));
    close(energy(&both.kept, 1), energy(&both.corrected, 1));
    // Four copies have four times the power of one.
    let single = pair(Quirk::CopiesMultiplyEnergy, &hardware, &network);
    let power = |report: &SimReport| report.power.layers[0].modules.crossbar.value();
    close(power(&both.kept), 4.0 * power(&single.kept));
    let crossbar = |report: &SimReport| report.energy.layers[0].modules.crossbar.value();
    close(crossbar(&both.corrected), crossbar(&single.corrected));
}

#[test]
fn unreported_merge_without_pipeline() {
    let network = network((3, 8, 8), &[pointwise(3, 16), pointwise(16, 8)]);
    let both = sequential_pair(Quirk::UnreportedMergeWithoutPipeline, &hardware(&[]), &network);
    for layer in 0..2 {
        let spent = |report: &SimReport| report.timeline.layers[layer].spent;
        let (kept, corrected) = (spent(&both.kept), spent(&both.corrected));
        assert_eq!((kept.merge.value(), kept.transfer.value()), (0.0, 0.0));
        // A hop carries 9 bits of each channel at 20 bit/ns.
        let channels = both.kept.graph.layers[layer].out_channels as f64;
        let hops = both.kept.mapping.distances[layer].transfer;
        close(corrected.transfer.value(), 64.0 * hops * channels * 9.0 / 20.0);
        // The output buffer is read in words of 64 bits; nothing is merged between tiles.
        assert_eq!(both.kept.mapping.distances[layer].in_layer, 0.0);
        let words = (channels * 9.0 / 64.0_f64).ceil();
        close(corrected.merge.value(), 64.0 * words * 0.429_117);
        // The time passes all the same.
        let finish = |report: &SimReport| report.timeline.layers[layer].finish.value();
        assert_eq!(finish(&both.kept), finish(&both.corrected));
    }
    assert!(both.corrected.timeline.layers[0].spent.transfer.value() > 0.0);
}
