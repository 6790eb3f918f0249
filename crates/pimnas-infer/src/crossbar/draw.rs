//! One draw of non-ideal hardware for a layer.

use pimnas_device::{ArrayPlace, Cells, DeviceError, PreparedCells, Streams};
use rayon::prelude::*;

use super::arrays::{Array, digits_of, places};
use super::layer::{CrossbarLayer, Meeting};
use super::real::{ArrayNoise, RealArrays};
use crate::kernel::RealCells;

impl CrossbarLayer {
    /// Replaces all arrays by those of a draw; `index` is the layer's in the network.
    pub fn draw(
        &mut self,
        index: usize,
        (cells, streams): (&PreparedCells, &Streams),
    ) -> Result<(), DeviceError> {
        let splits = self.splits.len().max(1);
        let arrays: Result<Vec<Array>, DeviceError> = places(self)
            .into_par_iter()
            .enumerate()
            .map(|(i, (group, rows))| {
                let place = ArrayPlace {
                    layer: index as u32,
                    group: group as u32,
                    split: (i % splits) as u32,
                    array: 0,
                };
                let digits = |array| digits_of(self, (group, &rows), array);
                let drawn = Drawn { layer: self, cells, streams, place, rows: rows.len() };
                Ok(Array::Conductances(drawn.arrays(&digits)?))
            })
            .collect();
        self.arrays = arrays?;
        Ok(())
    }
}

struct Drawn<'a> {
    layer: &'a CrossbarLayer,
    cells: &'a PreparedCells,
    streams: &'a Streams,
    place: ArrayPlace,
    rows: usize,
}

impl Drawn<'_> {
    /// The arrays of one group and row split.
    fn arrays(&self, digits: &dyn Fn(usize) -> Vec<i32>) -> Result<RealArrays, DeviceError> {
        let mut drawn = RealArrays::default();
        let mut noise = self.cells.read_noise().map(ArrayNoise::new);
        for array in 0..self.layer.slicing.arrays() {
            let digits = digits(array);
            let place = self.place(array);
            let mut values = self.conductances(place, digits.iter().copied())?;
            let partner = match self.layer.slicing.meeting {
                Meeting::Analogue => {
                    Some(self.conductances(place.partner(), digits.iter().map(|digit| -digit))?)
                }
                Meeting::Digital => None,
            };
            if let Some(noise) = &mut noise {
                noise.add(self.streams, (place, self.rows), (&values, partner.as_deref()));
            }
            if let Some(partner) = partner {
                for (value, partner) in values.iter_mut().zip(partner) {
                    *value -= partner;
                }
            }
            drawn.cells.push(RealCells::new(&values, self.rows));
            let faults = self.cells.adc_faults(self.streams, place, self.layer.outputs);
            drawn.faults.extend(faults);
        }
        drawn.noise = noise;
        Ok(drawn)
    }

    /// The physical array that holds the (positive) digits.
    fn place(&self, array: usize) -> ArrayPlace {
        let array = match self.layer.slicing.meeting {
            Meeting::Analogue => 2 * array,
            Meeting::Digital => array,
        };
        ArrayPlace { array: array as u32, ..self.place }
    }

    /// Conductances of an array that holds the positive ones of these digits.
    fn conductances(
        &self,
        place: ArrayPlace,
        digits: impl Iterator<Item = i32>,
    ) -> Result<Vec<f32>, DeviceError> {
        let levels: Vec<u8> = digits.map(|digit| digit.clamp(0, 255) as u8).collect();
        self.cells.conductances(self.streams, &Cells { place, levels: &levels, rows: self.rows })
    }
}
