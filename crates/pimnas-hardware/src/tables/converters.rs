//! Published DACs and ADCs.

/// Figures of a published converter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedConverter {
    /// Area of one, µm².
    pub area_um2: f64,
    /// Resolution, bits.
    pub precision_bits: u32,
    /// Power of one, W.
    pub power_w: f64,
    /// Sample rate, GSamples/s.
    pub sample_rate_gsps: f64,
    /// Where the figures were published.
    pub source: &'static str,
}

const ISAAC: &str = "ISAAC: A Convolutional Neural Network Accelerator with In-Situ Analog \
                     Arithmetic in Crossbars, ISCA 2016";

const fn dac(precision_bits: u32, area_um2: f64, power_w: f64) -> PublishedConverter {
    PublishedConverter { area_um2, precision_bits, power_w, sample_rate_gsps: 1.0, source: ISAAC }
}

/// DACs by `DAC_Choice` - 1. Power of the last is the corrected one, see [`DAC_8_BIT_REFERENCE_W`].
pub const DACS: [PublishedConverter; 6] = [
    dac(1, 0.166, 0.0039e-3),
    dac(2, 0.332, 0.0078e-3),
    dac(3, 0.664, 0.0156e-3),
    dac(4, 1.328, 0.0312e-3),
    dac(6, 5.312, 0.1248e-3),
    dac(8, 21.248, 0.4992e-3),
];

/// Power of the 8-bit DAC in the reference simulator, W: the milliwatts taken for watts.
pub const DAC_8_BIT_REFERENCE_W: f64 = 0.4992;

const fn adc(
    precision_bits: u32,
    (area_um2, power_w, sample_rate_gsps): (f64, f64, f64),
    source: &'static str,
) -> PublishedConverter {
    PublishedConverter { area_um2, precision_bits, power_w, sample_rate_gsps, source }
}

/// ADCs by `ADC_Choice` - 1.
pub const ADCS: [PublishedConverter; 7] = [
    adc(
        10,
        (1600.0, 6.92e-3, 1.5),
        "A 10b 1.5GS/s Pipelined-SAR ADC with Background Second-Stage Common-Mode Regulation \
         and Offset Calibration in 14nm CMOS FinFET",
    ),
    adc(8, (1200.0, 2e-3, 1.28), ISAAC),
    adc(
        8,
        (1650.0, 4e-3, 1.1),
        "A >3GHz ERBW 1.1GS/s 8b Two-Step SAR ADC with Recursive-Weight DAC",
    ),
    adc(
        6,
        (580.0, 1.26e-3, 1.0),
        "Area-Efficient 1GS/s 6b SAR ADC with Charge-Injection-Cell-Based DAC",
    ),
    adc(8, (1650.0, 4e-3, 1.1), "ASP-DAC configuration 1 of the reference simulator"),
    adc(6, (1650.0, 1.26e-3, 1.0), "ASP-DAC configuration 2 of the reference simulator"),
    adc(4, (500.0, 0.7e-3, 1.0), "ASP-DAC configuration 3 of the reference simulator"),
];
