//! Conjugate gradients on the bit lines.
//!
//! Word lines are eliminated: S·b = f with S = B - D·A⁻¹·D, where A and B are the matrices of all
//! word and bit lines and D the cells. B is the preconditioner; both are chains, solved directly.

use super::lines::{BitLines, WordLine};
use super::{Solution, WiredArray};
use crate::error::DeviceError;

/// Iterations after which an array counts as unsolvable.
const MOST_ITERATIONS: usize = 20_000;
/// Iterations between two looks at the error bound.
const BETWEEN_LOOKS: usize = 4;

/// Solves an array for the voltages of its rows.
pub(super) fn solve(
    array: &WiredArray<'_>,
    voltages: &[f64],
    error: f64,
) -> Result<Solution, DeviceError> {
    let network = Network::new(array, voltages);
    let Some(bit_lines) = &network.bit_lines else {
        let bit_line = vec![0.0; array.conductances.len()];
        return Ok(network.solution(bit_line, 0));
    };
    let mut bit_line = vec![0.0; array.conductances.len()];
    let mut residual = network.injected(&network.word_line(&bit_line));
    let mut step = residual.clone();
    bit_lines.solve(&mut step);
    let mut preconditioned = step.clone();
    let mut product = dot(&residual, &preconditioned);
    let mut last = None;
    for iteration in 0..MOST_ITERATIONS {
        if iteration % BETWEEN_LOOKS == 0 || product <= 0.0 {
            let solution = network.solution(bit_line.clone(), iteration);
            let total: f64 = solution.currents.iter().map(|current| current.abs()).sum();
            if solution.violation <= error * total {
                return Ok(solution);
            }
            // Rounding ends all progress.
            if product <= 0.0 {
                last = Some((iteration, solution.violation / total));
                break;
            }
            last = Some((iteration, solution.violation / total));
        }
        let image = network.image(&step);
        let length = product / dot(&step, &image);
        for ((value, residual), (step, image)) in
            bit_line.iter_mut().zip(&mut residual).zip(step.iter().zip(&image))
        {
            *value += length * step;
            *residual -= length * image;
        }
        preconditioned.copy_from_slice(&residual);
        bit_lines.solve(&mut preconditioned);
        let next = dot(&residual, &preconditioned);
        let share = next / product;
        product = next;
        for (step, preconditioned) in step.iter_mut().zip(&preconditioned) {
            *step = preconditioned + share * *step;
        }
    }
    let (iterations, residual) = last.unwrap_or((0, f64::INFINITY));
    let (rows, columns) = (array.rows, array.columns);
    Err(DeviceError::NotConverged { rows, columns, residual, iterations })
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

struct Network<'a> {
    array: &'a WiredArray<'a>,
    voltages: &'a [f64],
    /// Of each row; none for ideal word lines.
    word_lines: Vec<WordLine>,
    /// None for ideal bit lines.
    bit_lines: Option<BitLines>,
}

impl<'a> Network<'a> {
    fn new(array: &'a WiredArray<'a>, voltages: &'a [f64]) -> Self {
        let word_lines = array.word_line().map_or_else(Vec::new, |segment| {
            (0..array.rows).map(|row| WordLine::new(array.row(row), segment)).collect()
        });
        let bit_lines = array
            .bit_line()
            .map(|segment| BitLines::new(array.conductances, array.columns, segment));
        Self { array, voltages, word_lines, bit_lines }
    }

    /// Voltages of the word lines over those of the bit lines.
    fn word_line(&self, bit_line: &[f64]) -> Vec<f64> {
        let columns = self.array.columns;
        let Some(segment) = self.array.word_line() else {
            let repeat = |&voltage| std::iter::repeat_n(voltage, columns);
            return self.voltages.iter().flat_map(repeat).collect();
        };
        let mut values: Vec<f64> =
            self.array.conductances.iter().zip(bit_line).map(|(cell, bit)| cell * bit).collect();
        for ((values, line), voltage) in
            values.chunks_exact_mut(columns).zip(&self.word_lines).zip(self.voltages)
        {
            values[0] += segment * voltage;
            line.solve(values);
        }
        values
    }

    /// Currents that the word lines put into the bit lines at 0 V.
    fn injected(&self, word_line: &[f64]) -> Vec<f64> {
        self.array.conductances.iter().zip(word_line).map(|(cell, word)| cell * word).collect()
    }

    /// S times a vector of bit-line voltages.
    fn image(&self, values: &[f64]) -> Vec<f64> {
        let array = self.array;
        let columns = array.columns;
        let mut image: Vec<f64> =
            array.conductances.iter().zip(values).map(|(cell, value)| cell * value).collect();
        if !self.word_lines.is_empty() {
            let mut word = image.clone();
            for (word, line) in word.chunks_exact_mut(columns).zip(&self.word_lines) {
                line.solve(word);
            }
            for ((image, word), cell) in image.iter_mut().zip(&word).zip(array.conductances) {
                *image -= cell * word;
            }
        }
        self.add_bit_lines(values, &mut image);
        image
    }

    /// Adds the currents that leave each node along its bit line.
    fn add_bit_lines(&self, values: &[f64], currents: &mut [f64]) {
        let Some(segment) = self.array.bit_line() else { return };
        let columns = self.array.columns;
        let rows = self.array.rows;
        for row in 0..rows {
            let here = row * columns;
            for column in 0..columns {
                let value = values[here + column];
                let below = if row + 1 == rows { 0.0 } else { values[here + columns + column] };
                let down = segment * (value - below);
                currents[here + column] += down;
                if row + 1 < rows {
                    currents[here + columns + column] -= down;
                }
            }
        }
    }

    /// The currents of the columns for these bit-line voltages, with the violation of Kirchhoff's
    /// current law at every node of both kinds of lines.
    fn solution(&self, bit_line: Vec<f64>, iterations: usize) -> Solution {
        let array = self.array;
        let columns = array.columns;
        let word_line = self.word_line(&bit_line);
        let cells: Vec<f64> = array
            .conductances
            .iter()
            .zip(word_line.iter().zip(&bit_line))
            .map(|(cell, (word, bit))| cell * (word - bit))
            .collect();
        let currents = match array.bit_line() {
            Some(segment) => {
                let last = &bit_line[(array.rows - 1) * columns..];
                last.iter().map(|bit| segment * bit).collect()
            }
            None => {
                (0..columns).map(|column| cells[column..].iter().step_by(columns).sum()).collect()
            }
        };
        let violation = self.violation((&word_line, &bit_line), &cells);
        Solution { currents, word_line, bit_line, violation, iterations }
    }

    fn violation(&self, (word_line, bit_line): (&[f64], &[f64]), cells: &[f64]) -> f64 {
        let array = self.array;
        let mut violation = 0.0;
        if array.bit_line().is_some() {
            let mut leaving = vec![0.0; cells.len()];
            self.add_bit_lines(bit_line, &mut leaving);
            violation +=
                leaving.iter().zip(cells).map(|(out, into)| (out - into).abs()).sum::<f64>();
        }
        if let Some(segment) = array.word_line() {
            let lines =
                word_line.chunks_exact(array.columns).zip(cells.chunks_exact(array.columns));
            for ((line, cells), &voltage) in lines.zip(self.voltages) {
                let mut before = voltage;
                for (column, (&value, cell)) in line.iter().zip(cells).enumerate() {
                    let after = line.get(column + 1).map_or(0.0, |next| segment * (value - next));
                    violation += (segment * (before - value) - after - cell).abs();
                    before = value;
                }
            }
        }
        violation
    }
}
