//! Time and error of the IR-drop methods on random arrays:
//! `cargo run --release -p pimnas-device --example ir_drop`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use pimnas_device::{ArrayPlace, DeviceError, Draw, Purpose, Seed, Streams, WiredArray, Wires};
use pimnas_units::Ohms;

/// Conductance of the low-resistance state, S.
const TOP: f64 = 3e-4;
/// Inputs over which errors are taken.
const INPUTS: u64 = 32;

fn main() -> Result<(), DeviceError> {
    println!("errors of a column's current, as a share of the largest column's: RMS (worst)");
    for (size, ohms, share) in [
        (32, 2.82, 0.5),
        (64, 2.82, 0.5),
        (128, 2.82, 0.5),
        (256, 2.82, 0.5),
        (256, 2.82, 0.1),
        (256, 0.282, 0.1),
    ] {
        report(size, ohms, share)?;
    }
    Ok(())
}

/// One size and wire; `share` of the cells conduct, with 1 to 3 thirds of the largest conductance.
fn report(size: usize, ohms: f64, share: f64) -> Result<(), DeviceError> {
    let cells: Vec<f64> = uniforms(0, size * size)
        .iter()
        .map(|number| {
            if *number < share { TOP / 3.0 * (1.0 + (number / share * 3.0).floor()) } else { 1e-7 }
        })
        .collect();
    let wires = Wires { word_line: Ohms(ohms), bit_line: Ohms(ohms) };
    let array = WiredArray::new(&cells, size, wires)?;
    let (exact, exact_ms) = timed(1, || array.transfer())?;
    let (solution, solve_ms) = timed(9, || array.solve(&vec![0.5; size], 1e-9))?;
    let (effective, fast_ms) = timed(9, || array.effective(1e-4))?;
    let (mut squares, mut worst, mut ideal_squares) = (0.0, 0.0_f64, 0.0);
    for input in 1..=INPUTS {
        let voltages: Vec<f64> =
            uniforms(input, size).iter().map(|number| (number * 4.0).floor() / 6.0).collect();
        let dot = |cells: &mut dyn Iterator<Item = f64>| -> f64 {
            cells.zip(&voltages).map(|(cell, voltage)| cell * voltage).sum()
        };
        let column =
            |of: &[f64], column: usize| dot(&mut of[column..].iter().step_by(size).copied());
        let currents: Vec<f64> =
            exact.chunks_exact(size).map(|line| dot(&mut line.iter().copied())).collect();
        let scale = currents.iter().fold(0.0_f64, |scale, current| scale.max(*current));
        for (index, current) in currents.iter().enumerate() {
            let error = (column(&effective, index) - current) / scale;
            worst = worst.max(error.abs());
            squares += error * error;
            ideal_squares += ((column(&cells, index) - current) / scale).powi(2);
        }
    }
    let count = (INPUTS * size as u64) as f64;
    println!(
        "{size}×{size}, {ohms} Ω, {share} conduct: exact {exact_ms:.1} ms; one solution to 1e-9 \
         {solve_ms:.1} ms ({} iterations); equal inputs {fast_ms:.1} ms, error {:.2e} ({worst:.2e}); \
         without wires {:.2e}",
        solution.iterations,
        (squares / count).sqrt(),
        (ideal_squares / count).sqrt(),
    );
    Ok(())
}

/// What a computation gives, and the shortest of some times, ms.
fn timed<T>(
    times: usize,
    compute: impl Fn() -> Result<T, DeviceError>,
) -> Result<(T, f64), DeviceError> {
    let mut shortest = f64::INFINITY;
    for _ in 1..times {
        let started = Instant::now();
        compute()?;
        shortest = shortest.min(started.elapsed().as_secs_f64());
    }
    let started = Instant::now();
    let result = compute()?;
    Ok((result, shortest.min(started.elapsed().as_secs_f64()) * 1e3))
}

fn uniforms(seed: u64, count: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; count];
    let streams = Streams::new(Seed(seed), Draw(0));
    streams.stream(Purpose::Variation, ArrayPlace::default()).uniforms(0, &mut numbers);
    numbers
}
