//! Block elimination: the exact transfer matrix.
//!
//! With the word lines eliminated, the voltages b_i of the bit lines at row i satisfy
//! K_i·b_i - g·b_(i-1) - g·b_(i+1) = s_i·V_i, where g is the conductance of a bit-line segment. Rows
//! are eliminated from the top: P_i = K_i - g²·P_(i-1)⁻¹, and what row i drives arrives at the
//! columns' ends as g·P_(m-1)⁻¹ … g·P_i⁻¹·s_i.

use super::WiredArray;
use super::lines::WordLine;
use crate::error::DeviceError;

/// The transfer matrix, columns × rows.
pub(super) fn transfer(array: &WiredArray<'_>) -> Result<Vec<f64>, DeviceError> {
    let (rows, columns) = (array.rows, array.columns);
    let mut driven = Vec::with_capacity(rows * columns);
    // P⁻¹ of the row above, times g.
    let mut above: Option<Vec<f64>> = None;
    for row in 0..rows {
        let (loads, source) = eliminate_word_line(array, row);
        let Some(segment) = array.bit_line() else {
            driven.extend(source);
            continue;
        };
        let mut pivot = loads;
        for (index, value) in pivot.iter_mut().enumerate() {
            if index % (columns + 1) == 0 {
                *value += segment * if row == 0 { 1.0 } else { 2.0 };
            }
            if let Some(above) = &above {
                *value -= segment * above[index];
            }
        }
        let mut carry = inverse(pivot, columns).ok_or(DeviceError::NotConverged {
            rows,
            columns,
            residual: f64::INFINITY,
            iterations: row,
        })?;
        carry.iter_mut().for_each(|value| *value *= segment);
        driven.extend(source);
        let mut moved = vec![0.0; columns];
        for vector in driven.chunks_exact_mut(columns) {
            for (moved, line) in moved.iter_mut().zip(carry.chunks_exact(columns)) {
                *moved = line.iter().zip(&*vector).map(|(a, b)| a * b).sum();
            }
            vector.copy_from_slice(&moved);
        }
        above = Some(carry);
    }
    // Currents are what the last segments carry: g·b. The factor of each row is g·P⁻¹ and that of
    // the source is in amperes, so `driven` is g·b already.
    let at = |index: usize| driven[index % rows * columns + index / rows];
    Ok((0..rows * columns).map(at).collect())
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

/// The inverse of a symmetric positive definite matrix by Gauss–Jordan elimination without
/// pivoting; `None` if it is not positive definite to rounding.
fn inverse(mut matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    let mut line = vec![0.0; size];
    for pivot in 0..size {
        let diagonal = matrix[pivot * (size + 1)];
        if diagonal <= 0.0 || !diagonal.is_finite() {
            return None;
        }
        let reciprocal = 1.0 / diagonal;
        line.copy_from_slice(&matrix[pivot * size..(pivot + 1) * size]);
        line.iter_mut().for_each(|value| *value *= reciprocal);
        line[pivot] = reciprocal;
        for (row, values) in matrix.chunks_exact_mut(size).enumerate() {
            if row == pivot {
                values.copy_from_slice(&line);
                continue;
            }
            let factor = std::mem::take(&mut values[pivot]);
            if factor != 0.0 {
                for (value, line) in values.iter_mut().zip(&line) {
                    *value -= factor * line;
                }
            }
        }
    }
    Some(matrix)
}
