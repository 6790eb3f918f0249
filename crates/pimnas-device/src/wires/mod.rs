//! IR drop: currents of an array whose word and bit lines have resistance.
//!
//! Row i is driven at its left end, column j is read at its lower end; a wire segment lies before
//! the first cell of a word line, between neighbouring cells, and behind the last cell of a bit
//! line. Every cell is an ohmic resistor between its two lines, so the currents are linear in the
//! voltages: I = T·V.
//!
//! - [`WiredArray::transfer`] computes T exactly, by block elimination of the lines.
//! - [`WiredArray::solve`] computes the currents at one set of voltages by conjugate gradients,
//!   until a bound of the error, which holds whatever the iteration did, is small enough.

mod block;
mod iterate;
mod lines;

use pimnas_units::Ohms;

use crate::error::{DeviceError, NOT_NEGATIVE, check};

/// Resistance of the wires between neighbouring cells; 0 for ideal wires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wires {
    /// Of a segment of a word line.
    pub word_line: Ohms,
    /// Of a segment of a bit line.
    pub bit_line: Ohms,
}

impl Wires {
    /// Wires without resistance.
    pub const IDEAL: Self = Self { word_line: Ohms(0.0), bit_line: Ohms(0.0) };
}

/// An array of ohmic cells with its wires.
#[derive(Clone, Copy, Debug)]
pub struct WiredArray<'a> {
    conductances: &'a [f64],
    rows: usize,
    columns: usize,
    wires: Wires,
}

/// Currents and voltages of an array.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// Current of each column, A.
    pub currents: Vec<f64>,
    /// Voltage at each cell's word line, V: rows × columns.
    pub word_line: Vec<f64>,
    /// Voltage at each cell's bit line, V: rows × columns.
    pub bit_line: Vec<f64>,
    /// Sum over all nodes of what Kirchhoff's current law is violated by, A. The errors of the
    /// columns' currents together are not larger: a current put into a node leaves the array
    /// through its ends, so at most all of it through the columns.
    pub violation: f64,
    /// Iterations made.
    pub iterations: usize,
}

impl<'a> WiredArray<'a> {
    /// An array of conductances, S, rows × columns, with so many rows.
    ///
    /// # Errors
    /// Conductances that are negative or not finite or do not fill the rows; wires of negative
    /// resistance.
    pub fn new(conductances: &'a [f64], rows: usize, wires: Wires) -> Result<Self, DeviceError> {
        check("the resistance of a word-line segment", wires.word_line.0, NOT_NEGATIVE)?;
        check("the resistance of a bit-line segment", wires.bit_line.0, NOT_NEGATIVE)?;
        for &conductance in conductances {
            check("the conductance of a cell", conductance, NOT_NEGATIVE)?;
        }
        let cells = conductances.len();
        if rows == 0 || cells == 0 || !cells.is_multiple_of(rows) {
            let why = "not a divisor of the number of cells";
            let what = "the number of rows";
            return Err(DeviceError::BadFigure { what, value: rows as f64, why });
        }
        Ok(Self { conductances, rows, columns: cells / rows, wires })
    }

    /// Word lines.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Bit lines.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// The exact transfer matrix, S, columns × rows: the current of each column when one row is at
    /// 1 V and all others at 0 V. For any voltages the currents are its product with them.
    ///
    /// Takes time in proportion to rows · columns² · (rows + columns).
    ///
    /// # Errors
    /// [`DeviceError::NotConverged`] if rounding makes the elimination fail.
    pub fn transfer(&self) -> Result<Vec<f64>, DeviceError> {
        block::transfer(self)
    }

    /// Currents at the given voltages of the rows, V. The error of all currents together is at most
    /// `error` times the sum of the currents' magnitudes.
    ///
    /// # Errors
    /// [`DeviceError::NotConverged`] if the bound is not reached; voltages that are too few or not
    /// finite.
    pub fn solve(&self, voltages: &[f64], error: f64) -> Result<Solution, DeviceError> {
        if voltages.len() != self.rows || voltages.iter().any(|voltage| !voltage.is_finite()) {
            let (value, why) = (voltages.len() as f64, "not one finite voltage for each row");
            return Err(DeviceError::BadFigure { what: "the number of voltages", value, why });
        }
        iterate::solve(self, voltages, error)
    }

    /// Conductances that give each cell's current without wire resistance, S, rows × columns, when
    /// all rows are at the same voltage: exact there, an approximation for other inputs.
    ///
    /// # Errors
    /// As [`WiredArray::solve`].
    pub fn effective(&self, error: f64) -> Result<Vec<f64>, DeviceError> {
        let solution = self.solve(&vec![1.0; self.rows], error)?;
        let drops = solution.word_line.iter().zip(&solution.bit_line);
        let cells = self.conductances.iter().zip(drops);
        Ok(cells.map(|(conductance, (word, bit))| conductance * (word - bit)).collect())
    }

    fn row(&self, row: usize) -> &'a [f64] {
        &self.conductances[row * self.columns..(row + 1) * self.columns]
    }

    /// Conductance of a word-line segment, if it has resistance.
    fn word_line(&self) -> Option<f64> {
        (self.wires.word_line.0 > 0.0).then(|| 1.0 / self.wires.word_line.0)
    }

    /// Conductance of a bit-line segment, if it has resistance.
    fn bit_line(&self) -> Option<f64> {
        (self.wires.bit_line.0 > 0.0).then(|| 1.0 / self.wires.bit_line.0)
    }
}

#[cfg(test)]
mod tests;
