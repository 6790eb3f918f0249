//! ADCs that are not alike.

use std::num::NonZeroUsize;

use crate::error::{DeviceError, NOT_NEGATIVE, check};
use crate::stream::{ArrayPlace, Purpose, Streams};

/// Offset and gain of each ADC, normally distributed from ADC to ADC and constant in time.
///
/// An ADC converts a column that it ideally scales to s steps as round((1 + γ)·s + o), clamped to
/// its codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdcError {
    /// Standard deviation of the offset o, in steps of the ADC (LSB).
    pub offset_lsb: f64,
    /// Standard deviation of the gain error γ.
    pub gain: f64,
    /// Neighbouring columns that take turns at one ADC.
    pub columns_per_adc: NonZeroUsize,
}

/// The error of one ADC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdcFault {
    /// What an unrounded code is multiplied by, ideally 1.
    pub gain: f32,
    /// What is added to it, ideally 0.
    pub offset: f32,
}

impl AdcError {
    pub(crate) fn check(&self) -> Result<(), DeviceError> {
        check("the deviation of the ADC offset", self.offset_lsb, NOT_NEGATIVE)?;
        check("the deviation of the ADC gain", self.gain, NOT_NEGATIVE)
    }

    /// The error that each column of an array sees.
    pub(crate) fn faults(
        &self,
        streams: &Streams,
        place: ArrayPlace,
        columns: usize,
    ) -> Vec<AdcFault> {
        let mut stream = streams.stream(Purpose::Adc, place);
        let mut numbers = vec![0.0; 2 * columns.div_ceil(self.columns_per_adc.get())];
        stream.normals(0, &mut numbers);
        let fault = |column: usize| {
            let first = 2 * (column / self.columns_per_adc.get());
            AdcFault {
                gain: (self.gain as f32).mul_add(numbers[first], 1.0),
                offset: self.offset_lsb as f32 * numbers[first + 1],
            }
        };
        (0..columns).map(fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draw, Seed};

    fn faults(columns_per_adc: usize) -> Vec<AdcFault> {
        let columns_per_adc = NonZeroUsize::new(columns_per_adc).unwrap();
        let error = AdcError { offset_lsb: 0.5, gain: 0.02, columns_per_adc };
        error.faults(&Streams::new(Seed(3), Draw(0)), ArrayPlace::default(), 4096)
    }

    #[test]
    fn columns_of_an_adc_share_its_error() {
        let faults = faults(8);
        for columns in faults.chunks(8) {
            assert!(columns.iter().all(|fault| *fault == columns[0]));
        }
        assert_ne!(faults[0], faults[8]);
    }

    #[test]
    fn offsets_and_gains_have_the_stated_deviations() {
        let faults = faults(1);
        let deviation = |value: fn(&AdcFault) -> f32| {
            let squares = faults.iter().map(|fault| f64::from(value(fault)).powi(2));
            (squares.sum::<f64>() / faults.len() as f64).sqrt()
        };
        let share = 4.0 / (2.0 * faults.len() as f64).sqrt();
        assert!((deviation(|fault| fault.gain - 1.0) / 0.02 - 1.0).abs() < share);
        assert!((deviation(|fault| fault.offset) / 0.5 - 1.0).abs() < share);
    }
}
