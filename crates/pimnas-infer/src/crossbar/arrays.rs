//! The arrays of a layer: digits in cells, or conductances.

use std::ops::Range;

use rayon::prelude::*;

use super::layer::CrossbarLayer;
use super::real::RealArrays;
use crate::error::InferError;
use crate::kernel::{Cells, Packed, RealCells};

/// The arrays of one group and row split.
#[derive(Clone, Debug)]
pub(crate) enum Array {
    /// Exact digits.
    Digits(Packed),
    /// Real conductances.
    Conductances(RealArrays),
}

/// The cells that hold one digit of the weights of one group and row split.
///
/// A column holds the weights of an output, a row those of an input. `digits` is outputs × rows;
/// a positive digit sits in the positive array of the pair and its partner in the negative array
/// is 0, and the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellArray {
    /// Index of the layer in the network.
    pub layer: usize,
    /// Group of a grouped convolution.
    pub group: usize,
    /// Row split.
    pub split: usize,
    /// Digit of the weight, the lowest first.
    pub slice: usize,
    /// Rows in use.
    pub rows: usize,
    /// Signed digits.
    pub digits: Vec<i32>,
}

/// Cuts the weight codes of a layer into its arrays.
pub(crate) fn slice_arrays(layer: &CrossbarLayer) -> Vec<Array> {
    places(layer)
        .into_par_iter()
        .map(|(group, rows)| {
            let arrays: Vec<Vec<i32>> = (0..layer.slicing.arrays())
                .map(|array| digits_of(layer, (group, &rows), array))
                .collect();
            let cells: Vec<Cells<'_>> =
                arrays.iter().map(|digits| Cells { digits, rows: rows.len() }).collect();
            Array::Digits(layer.packer.pack(&cells, layer.outputs))
        })
        .collect()
}

/// Groups and row splits in the order of the arrays.
pub(crate) fn places(layer: &CrossbarLayer) -> Vec<(usize, Range<usize>)> {
    (0..layer.groups)
        .flat_map(|group| layer.splits.iter().map(move |rows| (group, rows.clone())))
        .collect()
}

/// Signed digits of an array: outputs × rows.
pub(crate) fn digits_of(
    layer: &CrossbarLayer,
    place: (usize, &Range<usize>),
    array: usize,
) -> Vec<i32> {
    let (group, rows) = place;
    let all = layer.geometry.rows();
    let codes = &layer.codes[group * layer.outputs * all..(group + 1) * layer.outputs * all];
    codes
        .chunks_exact(all)
        .flat_map(|codes| &codes[rows.clone()])
        .map(|&code| layer.slicing.digit(code, array))
        .collect()
}

impl CrossbarLayer {
    /// Replaces the arrays for which `conductances` gives some: values in units of a digit,
    /// positive less negative, as many as the array has digits.
    pub fn replace_cells(
        &mut self,
        index: usize,
        conductances: &mut dyn FnMut(&CellArray) -> Option<Vec<f32>>,
    ) -> Result<(), InferError> {
        let splits = self.splits.len();
        for (place, (group, rows)) in places(self).into_iter().enumerate() {
            let mut replaced = Vec::new();
            let mut any = false;
            for array in 0..self.slicing.arrays() {
                let cells = CellArray {
                    layer: index,
                    group,
                    split: place % splits,
                    slice: self.slicing.slice_of(array).0 as usize,
                    rows: rows.len(),
                    digits: digits_of(self, (group, &rows), array),
                };
                let values = conductances(&cells);
                any |= values.is_some();
                let expected = cells.digits.len();
                let values = values
                    .unwrap_or_else(|| cells.digits.iter().map(|&digit| digit as f32).collect());
                if values.len() != expected {
                    let found = values.len();
                    return Err(InferError::CellCount { layer: index, expected, found });
                }
                replaced.push(RealCells::new(&values, rows.len()));
            }
            if any {
                self.arrays[place] =
                    Array::Conductances(RealArrays { cells: replaced, ..Default::default() });
            }
        }
        Ok(())
    }
}
