//! What ADCs make of real-valued sums, compiled for each set of instructions.

use pimnas_device::AdcFault;

use super::isa::Isa;
use crate::adc::Transfer;

/// The ADCs of some columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealAdc<'a> {
    pub transfer: &'a Transfer,
    /// Errors of gain and offset.
    pub fault: Option<AdcFault>,
    /// What values are multiplied by.
    pub factor: f32,
}

/// Adds the values of the columns' sums to running sums.
pub(crate) fn add_values(isa: Isa, adc: RealAdc<'_>, columns: &[f32], sums: &mut [f32]) {
    match isa {
        Isa::Portable => add_here(adc, columns, sums),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx2` exists only where the processor has its instructions.
        Isa::Avx2 => unsafe { add_avx2(adc, columns, sums) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an `Isa::Avx512` exists only where the processor has its instructions.
        Isa::Avx512 => unsafe { add_avx512(adc, columns, sums) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_avx2(adc: RealAdc<'_>, columns: &[f32], sums: &mut [f32]) {
    add_here(adc, columns, sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
fn add_avx512(adc: RealAdc<'_>, columns: &[f32], sums: &mut [f32]) {
    add_here(adc, columns, sums);
}

#[inline(always)]
fn add_here(adc: RealAdc<'_>, columns: &[f32], sums: &mut [f32]) {
    let RealAdc { transfer, fault, factor } = adc;
    // A copy, so that what it holds stays in registers.
    let transfer = *transfer;
    let Some(fault) = fault else {
        for (sum, &column) in sums.iter_mut().zip(columns) {
            *sum += transfer.value(column) * factor;
        }
        return;
    };
    for (sum, &column) in sums.iter_mut().zip(columns) {
        *sum += transfer.value_through(fault, column) * factor;
    }
}
