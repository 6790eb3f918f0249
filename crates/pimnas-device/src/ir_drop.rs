//! IR drop as an effect: what each cell seems to conduct behind its wires.

use std::num::NonZeroUsize;

use pimnas_config::Hardware;
use pimnas_units::Ohms;

use crate::error::{DeviceError, NOT_NEGATIVE, POSITIVE, check};
use crate::wires::{WiredArray, Wires};

/// Error bound of the currents of [`IrDropMethod::EqualInputs`], far below its own error.
const SOLUTION_ERROR: f64 = 1e-4;

/// How the cells of an array with wires are reduced to conductances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IrDropMethod {
    /// The array's transfer matrix: exact for every input.
    Exact,
    /// One solution with all rows at the same voltage: exact for such inputs, else an
    /// approximation; much faster.
    EqualInputs,
}

/// Voltage lost along the wires of an array.
///
/// The cells in use sit next to the drivers of the rows and the ADCs of the columns; unused rows
/// and columns carry no current.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IrDrop {
    /// The wires.
    pub wires: Wires,
    /// Resistance of a cell that reads as the largest digit.
    pub low_resistance: Ohms,
    /// Columns of a crossbar; more outputs take further crossbars.
    pub columns: NonZeroUsize,
    /// How the array is solved.
    pub method: IrDropMethod,
}

impl IrDrop {
    /// The wires of a hardware description (`Wire_Resistance`), if they have resistance.
    #[must_use]
    pub fn from_hardware(hardware: &Hardware, method: IrDropMethod) -> Option<Self> {
        let segment = hardware.crossbar.wire_resistance;
        let low_resistance = *hardware.device.resistances.last()?;
        let columns = NonZeroUsize::new(hardware.crossbar.columns as usize)?;
        let wires = Wires { word_line: segment, bit_line: segment };
        (segment.0 > 0.0).then_some(Self { wires, low_resistance, columns, method })
    }

    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        check("the resistance of a word-line segment", self.wires.word_line.0, NOT_NEGATIVE)?;
        check("the resistance of a bit-line segment", self.wires.bit_line.0, NOT_NEGATIVE)?;
        check("the resistance of the largest digit", self.low_resistance.0, POSITIVE)
    }

    /// Replaces conductances, in units of a digit and column by column, by what they seem to be;
    /// `top` is the largest digit.
    pub(crate) fn apply(
        &self,
        values: &mut [f64],
        rows: usize,
        top: f64,
    ) -> Result<(), DeviceError> {
        if rows == 0 || self.wires == Wires::IDEAL {
            return Ok(());
        }
        let siemens = 1.0 / (self.low_resistance.0 * top);
        for values in values.chunks_mut(rows * self.columns.get()) {
            let columns = values.len() / rows;
            let at = |index: usize| values[index % columns * rows + index / columns] * siemens;
            let cells: Vec<f64> = (0..values.len()).map(at).collect();
            let array = WiredArray::new(&cells, rows, self.wires)?;
            let seeming = match self.method {
                IrDropMethod::Exact => array.transfer()?,
                IrDropMethod::EqualInputs => {
                    let effective = array.effective(SOLUTION_ERROR)?;
                    let at = |index: usize| effective[index % rows * columns + index / rows];
                    (0..effective.len()).map(at).collect()
                }
            };
            for (value, seeming) in values.iter_mut().zip(seeming) {
                *value = seeming / siemens;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drop(ohms: f64, columns: usize, method: IrDropMethod) -> IrDrop {
        IrDrop {
            wires: Wires { word_line: Ohms(ohms), bit_line: Ohms(ohms) },
            low_resistance: Ohms(3000.0),
            columns: NonZeroUsize::new(columns).unwrap(),
            method,
        }
    }

    fn applied(ir_drop: &IrDrop) -> Vec<f64> {
        // Ten columns of eight rows.
        let mut values: Vec<f64> = (0..80).map(|i| f64::from(i * 7 % 11 % 4)).collect();
        ir_drop.apply(&mut values, 8, 3.0).unwrap();
        values
    }

    #[test]
    fn wires_without_resistance_change_nothing_and_little_changes_little() {
        for method in [IrDropMethod::Exact, IrDropMethod::EqualInputs] {
            let ideal = applied(&drop(0.0, 64, method));
            assert_eq!(ideal[..4], [0.0, 3.0, 3.0, 2.0]);
            for (value, ideal) in applied(&drop(1e-6, 64, method)).iter().zip(&ideal) {
                assert!((value - ideal).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn both_methods_agree_on_the_columns_for_equal_inputs() {
        let sums = |method| -> Vec<f64> {
            applied(&drop(10.0, 64, method)).chunks(8).map(|column| column.iter().sum()).collect()
        };
        for (exact, fast) in sums(IrDropMethod::Exact).iter().zip(sums(IrDropMethod::EqualInputs)) {
            assert!((fast / exact - 1.0).abs() < 1e-3, "{fast} {exact}");
        }
    }

    #[test]
    fn outputs_beyond_the_columns_sit_in_a_crossbar_of_their_own() {
        let method = IrDropMethod::Exact;
        let (whole, halves) = (applied(&drop(10.0, 10, method)), applied(&drop(10.0, 5, method)));
        assert_ne!(whole[..40], halves[..40]);
        // Columns far from the drivers lose more.
        assert!(halves[40..].iter().sum::<f64>() > whole[40..].iter().sum::<f64>());
    }
}
