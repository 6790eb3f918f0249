//! Block elimination: the exact transfer matrix.
//!
//! With the word lines eliminated, the voltages b_i of the bit lines at row i satisfy
//! K_i·b_i - g·b_(i-1) - g·b_(i+1) = s_i·V_i, where g is the conductance of a bit-line segment. Rows
//! are eliminated from the top: P_i = K_i - g²·P_(i-1)⁻¹, and what row i drives arrives at the
//! columns' ends as g·P_(m-1)⁻¹ … g·P_i⁻¹·s_i.

use super::WiredArray;
use super::lines::WordLine;
use crate::error::DeviceError;

/// Pivots that are eliminated together, so that a matrix is passed over once for all of them.
const BLOCK: usize = 8;

/// The transfer matrix, columns × rows.
pub(super) fn transfer(array: &WiredArray<'_>) -> Result<Vec<f64>, DeviceError> {
    let (rows, columns) = (array.rows, array.columns);
    // What each row driven so far makes of the bit lines at the current row: columns × rows.
    let mut driven = vec![0.0; rows * columns];
    // P⁻¹ of the row above, times g.
    let mut above: Option<Vec<f64>> = None;
    for row in 0..rows {
        let (loads, source) = eliminate_word_line(array, row);
        for (driven, source) in driven.chunks_exact_mut(rows).zip(source) {
            driven[row] = source;
        }
        let Some(segment) = array.bit_line() else { continue };
        let mut carry = pivot((loads, columns), segment, above.as_deref());
        if !invert(&mut carry, columns) {
            let (residual, iterations) = (f64::INFINITY, row);
            return Err(DeviceError::NotConverged { rows, columns, residual, iterations });
        }
        carry.iter_mut().for_each(|value| *value *= segment);
        driven = product((&carry, columns), (&driven, rows), row + 1);
        above = Some(carry);
    }
    // Each g·P⁻¹ turns currents into currents, so `driven` is what the last segments carry.
    Ok(driven)
}

/// P_i = K_i - g²·P_(i-1)⁻¹, from the loads of the word line.
fn pivot((mut loads, columns): (Vec<f64>, usize), segment: f64, above: Option<&[f64]>) -> Vec<f64> {
    let segments = if above.is_some() { 2.0 } else { 1.0 };
    for value in loads.iter_mut().step_by(columns + 1) {
        *value += segment * segments;
    }
    for (value, above) in loads.iter_mut().zip(above.into_iter().flatten()) {
        *value -= segment * above;
    }
    loads
}

/// The product of a square matrix and the first `used` columns of another one.
fn product(
    (left, size): (&[f64], usize),
    (right, stride): (&[f64], usize),
    used: usize,
) -> Vec<f64> {
    let mut result = vec![0.0; right.len()];
    for first in (0..size).step_by(BLOCK) {
        let end = (first + BLOCK).min(size);
        let panel = &right[first * stride..end * stride];
        for (values, left) in result.chunks_exact_mut(stride).zip(left.chunks_exact(size)) {
            subtract(&mut values[..used], &left[first..end], (panel, stride));
        }
    }
    // What was subtracted is what should have been added.
    result.iter_mut().for_each(|value| *value = -*value);
    result
}

/// Subtracts from `values` the rows of a panel, each times its factor; at most [`BLOCK`] rows.
fn subtract(values: &mut [f64], factors: &[f64], (panel, stride): (&[f64], usize)) {
    let length = values.len();
    if let &[a, b, c, d, e, f, g, h] = factors {
        let row = |index: usize| &panel[index * stride..index * stride + length];
        let (p, q, r, s) = (row(0), row(1), row(2), row(3));
        let (t, u, v, w) = (row(4), row(5), row(6), row(7));
        for (i, value) in values.iter_mut().enumerate() {
            let first = (a * p[i] + b * q[i]) + (c * r[i] + d * s[i]);
            *value -= first + ((e * t[i] + f * u[i]) + (g * v[i] + h * w[i]));
        }
        return;
    }
    for (factor, row) in factors.iter().zip(panel.chunks(stride)) {
        for (value, row) in values.iter_mut().zip(row) {
            *value -= factor * row;
        }
    }
}

/// What a word line with its cells is to the bit lines: the conductance matrix D - D·A⁻¹·D, and the
/// currents into the bit lines at 0 V when the row is at 1 V.
fn eliminate_word_line(array: &WiredArray<'_>, row: usize) -> (Vec<f64>, Vec<f64>) {
    let cells = array.row(row);
    let columns = array.columns;
    let mut matrix = vec![0.0; columns * columns];
    for (index, &cell) in cells.iter().enumerate() {
        matrix[index * (columns + 1)] = cell;
    }
    let Some(segment) = array.word_line() else { return (matrix, cells.to_vec()) };
    let line = WordLine::new(cells, segment);
    let mut values = vec![0.0; columns];
    for (column, &cell) in cells.iter().enumerate().filter(|(_, cell)| **cell > 0.0) {
        values.fill(0.0);
        values[column] = cell;
        line.solve(&mut values);
        let place = &mut matrix[column * columns..(column + 1) * columns];
        for ((place, value), other) in place.iter_mut().zip(&values).zip(cells) {
            *place -= value * other;
        }
    }
    values.fill(0.0);
    values[0] = segment;
    line.solve(&mut values);
    let source = values.iter().zip(cells).map(|(value, cell)| value * cell).collect();
    (matrix, source)
}

/// Inverts a symmetric positive definite matrix in place by Gauss–Jordan elimination of blocks,
/// without pivoting; says whether it was positive definite to rounding.
fn invert(matrix: &mut [f64], size: usize) -> bool {
    for first in (0..size).step_by(BLOCK) {
        let block = first..(first + BLOCK).min(size);
        let width = block.len();
        let rows = block.start * size..block.end * size;
        let mut panel = matrix[rows.clone()].to_vec();
        if !eliminate(&mut panel, size, first) {
            return false;
        }
        let mut factors = [0.0; BLOCK];
        for (row, values) in matrix.chunks_exact_mut(size).enumerate() {
            if !block.contains(&row) {
                factors[..width].copy_from_slice(&values[block.clone()]);
                values[block.clone()].fill(0.0);
                subtract(values, &factors[..width], (&panel, size));
            }
        }
        matrix[rows].copy_from_slice(&panel);
    }
    true
}

/// Eliminates the rows of a panel among themselves; their pivots begin at that column.
fn eliminate(panel: &mut [f64], size: usize, first: usize) -> bool {
    let mut line = vec![0.0; size];
    for index in 0..panel.len() / size {
        let pivot = first + index;
        let diagonal = panel[index * size + pivot];
        if diagonal <= 0.0 || !diagonal.is_finite() {
            return false;
        }
        line.copy_from_slice(&panel[index * size..(index + 1) * size]);
        line.iter_mut().for_each(|value| *value /= diagonal);
        line[pivot] = 1.0 / diagonal;
        for (row, values) in panel.chunks_exact_mut(size).enumerate() {
            if row == index {
                values.copy_from_slice(&line);
            } else {
                let factor = std::mem::take(&mut values[pivot]);
                subtract(values, &[factor], (&line, size));
            }
        }
    }
    true
}
