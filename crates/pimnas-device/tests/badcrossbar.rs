//! IR drop against what `badcrossbar` computed (`xtask/reference/ir_drop.py`).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use pimnas_device::{WiredArray, Wires};
use pimnas_units::Ohms;
use serde_json::Value;

/// Digits from 0 to 3, as the script draws them.
struct Digits(u64);

impl Digits {
    fn take(&mut self, count: usize) -> Vec<usize> {
        let mut next = || {
            self.0 = (1_103_515_245 * self.0 + 12_345) % (1 << 31);
            (self.0 >> 16 & 3) as usize
        };
        (0..count).map(|_| next()).collect()
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Largest difference of the currents, relative to each current.
fn error(currents: &[f64], expected: &[f64]) -> f64 {
    let pairs = currents.iter().zip(expected);
    pairs.fold(0.0, |largest: f64, (current, expected)| {
        largest.max((current / expected - 1.0).abs())
    })
}

#[test]
fn both_solvers_agree_with_badcrossbar() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ir_drop.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let levels = numbers(&file["levels_ohm"]);
    let read_volts = file["read_V"].as_f64().unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let integer = |key: &str| case[key].as_u64().unwrap();
        let ohms = |key: &str| Ohms(case[key].as_f64().unwrap());
        let (rows, columns) = (integer("rows") as usize, integer("columns") as usize);
        let mut digits = Digits(integer("seed"));
        let cells: Vec<f64> =
            digits.take(rows * columns).iter().map(|&digit| 1.0 / levels[digit]).collect();
        let voltages: Vec<f64> =
            digits.take(rows).iter().map(|&digit| read_volts * digit as f64 / 3.0).collect();
        let wires = Wires { word_line: ohms("word_line_ohm"), bit_line: ohms("bit_line_ohm") };
        let array = WiredArray::new(&cells, rows, wires).unwrap();
        let expected = numbers(&case["currents_A"]);
        let iterated = array.solve(&voltages, 1e-9).unwrap().currents;
        let transfer = array.transfer().unwrap();
        let eliminated: Vec<f64> = transfer
            .chunks_exact(rows)
            .map(|line| line.iter().zip(&voltages).map(|(g, v)| g * v).sum())
            .collect();
        let errors = (error(&iterated, &expected), error(&eliminated, &expected));
        println!(
            "{rows}×{columns} {wires:?}: iterated {:.1e}, eliminated {:.1e}",
            errors.0, errors.1
        );
        assert!(errors.0 < 1e-8 && errors.1 < 1e-8, "{rows}×{columns}: {errors:?}");
    }
}
