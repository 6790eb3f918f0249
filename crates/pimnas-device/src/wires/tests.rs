use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::{ArrayPlace, Draw, Purpose, Seed, Streams};

/// Cells between an open one and 300 µS, from a seed.
fn cells(count: usize, seed: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; count];
    let streams = Streams::new(Seed(seed), Draw(0));
    streams.stream(Purpose::Variation, ArrayPlace::default()).uniforms(0, &mut numbers);
    numbers.iter().map(|number| if *number < 0.2 { 0.0 } else { 3e-4 * number }).collect()
}

fn wires(word_line: f64, bit_line: f64) -> Wires {
    Wires { word_line: Ohms(word_line), bit_line: Ohms(bit_line) }
}

fn product(transfer: &[f64], voltages: &[f64]) -> Vec<f64> {
    let current = |line: &[f64]| line.iter().zip(voltages).map(|(g, v)| g * v).sum();
    transfer.chunks_exact(voltages.len()).map(current).collect()
}

fn largest_difference(left: &[f64], right: &[f64]) -> f64 {
    let scale = right.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    let pairs = left.iter().zip(right);
    pairs.fold(0.0_f64, |largest, (left, right)| largest.max((left - right).abs())) / scale
}

#[test]
fn one_cell_is_a_series_circuit() {
    let array = WiredArray::new(&[1e-4], 1, wires(10.0, 5.0)).unwrap();
    let expected = 0.5 / (10_000.0 + 10.0 + 5.0);
    let solution = array.solve(&[0.5], 1e-12).unwrap();
    assert!((solution.currents[0] / expected - 1.0).abs() < 1e-12);
    assert!((array.transfer().unwrap()[0] * 0.5 / expected - 1.0).abs() < 1e-12);
}

#[test]
fn two_cells_of_a_row_share_its_first_segment() {
    // 10 Ω into node 0, from there 1 kΩ out and 10 Ω on to node 1, from there 1 kΩ out.
    let array = WiredArray::new(&[1e-3, 1e-3], 1, wires(10.0, 0.0)).unwrap();
    let behind = 1.0 / (1.0 / 1000.0 + 1.0 / 1010.0);
    let node = behind / (10.0 + behind);
    let expected = [node / 1000.0, node / 1010.0];
    let solution = array.solve(&[1.0], 1e-12).unwrap();
    for (current, expected) in solution.currents.iter().zip(expected) {
        assert!((current / expected - 1.0).abs() < 1e-12);
    }
    for (current, expected) in array.transfer().unwrap().iter().zip(expected) {
        assert!((current / expected - 1.0).abs() < 1e-12);
    }
}

#[rstest]
#[case(2.82, 2.82)]
#[case(0.5, 20.0)]
#[case(0.0, 3.0)]
#[case(3.0, 0.0)]
#[case(0.0, 0.0)]
#[case(1e4, 1e4)]
fn elimination_and_iteration_agree(#[case] word_line: f64, #[case] bit_line: f64) {
    let cells = cells(24 * 17, 3);
    let array = WiredArray::new(&cells, 24, wires(word_line, bit_line)).unwrap();
    let transfer = array.transfer().unwrap();
    let voltages: Vec<f64> = (0..24).map(|row| f64::from(row % 5) * 0.1 - 0.1).collect();
    let solution = array.solve(&voltages, 1e-10).unwrap();
    let exact = product(&transfer, &voltages);
    assert!(largest_difference(&solution.currents, &exact) < 1e-9);
    let error: f64 = solution.currents.iter().zip(&exact).map(|(a, b)| (a - b).abs()).sum();
    assert!(error <= solution.violation * 1.001 + 1e-15, "{error} {}", solution.violation);
}

#[test]
fn the_bound_holds_for_rough_solutions_too() {
    let cells = cells(40 * 40, 8);
    let array = WiredArray::new(&cells, 40, wires(20.0, 20.0)).unwrap();
    let exact = product(&array.transfer().unwrap(), &[0.5; 40]);
    for error in [0.3, 1e-1, 1e-2, 1e-4, 1e-8] {
        let solution = array.solve(&[0.5; 40], error).unwrap();
        let wrong: f64 = solution.currents.iter().zip(&exact).map(|(a, b)| (a - b).abs()).sum();
        let total: f64 = solution.currents.iter().sum();
        assert!(wrong <= solution.violation && solution.violation <= error * total);
    }
}

#[test]
fn what_goes_into_the_rows_comes_out_of_the_columns() {
    let cells = cells(30 * 20, 5);
    let array = WiredArray::new(&cells, 30, wires(2.0, 4.0)).unwrap();
    let solution = array.solve(&[0.3; 30], 1e-12).unwrap();
    let into: f64 = (0..30).map(|row| (0.3 - solution.word_line[row * 20]) / 2.0).sum();
    let out: f64 = solution.currents.iter().sum();
    assert!((into / out - 1.0).abs() < 1e-10);
}

#[test]
fn effective_conductances_are_exact_for_equal_voltages() {
    let cells = cells(16 * 16, 6);
    let array = WiredArray::new(&cells, 16, wires(5.0, 5.0)).unwrap();
    let effective = array.effective(1e-12).unwrap();
    let exact = product(&array.transfer().unwrap(), &[1.0; 16]);
    let sums: Vec<f64> =
        (0..16).map(|column| effective[column..].iter().step_by(16).sum()).collect();
    assert!(largest_difference(&sums, &exact) < 1e-10);
}

#[test]
fn bad_arrays_are_refused() {
    assert!(WiredArray::new(&[1.0, -1.0], 1, wires(1.0, 1.0)).is_err());
    assert!(WiredArray::new(&[1.0, f64::NAN], 1, wires(1.0, 1.0)).is_err());
    assert!(WiredArray::new(&[1.0; 5], 2, wires(1.0, 1.0)).is_err());
    assert!(WiredArray::new(&[], 0, wires(1.0, 1.0)).is_err());
    assert!(WiredArray::new(&[1.0], 1, wires(-1.0, 1.0)).is_err());
    assert!(WiredArray::new(&[1.0], 1, wires(1.0, 1.0)).unwrap().solve(&[], 0.1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn currents_fall_with_wire_resistance_to_none_and_rise_to_the_ideal(
        rows in 1_usize..12, columns in 1_usize..12, seed in 0_u64..1000,
        (word_line, bit_line) in (0.01_f64..50.0, 0.01_f64..50.0),
    ) {
        let cells = cells(rows * columns, seed);
        let total = |factor: f64| {
            let wires = wires(word_line * factor, bit_line * factor);
            let array = WiredArray::new(&cells, rows, wires).unwrap();
            array.transfer().unwrap().iter().sum::<f64>()
        };
        let ideal: f64 = cells.iter().sum();
        let totals = [0.0, 1e-6, 0.5, 1.0, 2.0, 1e3].map(total);
        prop_assert!((totals[0] - ideal).abs() <= 1e-12 * ideal);
        prop_assert!((totals[1] - ideal).abs() <= 1e-4 * ideal);
        for pair in totals.windows(2) {
            prop_assert!(pair[1] <= pair[0] * (1.0 + 1e-12));
        }
    }
}
