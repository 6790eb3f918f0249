//! Input demultiplexers (one DAC to many rows) and output multiplexers (many columns to one ADC).

use pimnas_units::{Nanoseconds, SquareMicrometres, Watts};

use crate::digital::Circuit;
use crate::tables::digital::{
    DECODER_STAGE_NS, MULTIPLEXER_STAGE_NS, MULTIPLEXER_TRANSISTORS, TRANSISTOR_F2,
    TRANSISTOR_POWER_W,
};

/// A tree of 2-way (de)multiplexers with at least `ways` ends.
#[must_use]
pub fn circuit(ways: u32, transistor_tech_nm: f64) -> Circuit {
    let [.., last] = MULTIPLEXER_TRANSISTORS;
    let (_, transistors) =
        MULTIPLEXER_TRANSISTORS.into_iter().find(|&(bound, _)| ways <= bound).unwrap_or(last);
    // nm² to µm²
    let transistor_um2 = TRANSISTOR_F2 * transistor_tech_nm * transistor_tech_nm / 1e6;
    Circuit {
        area: SquareMicrometres(transistors * transistor_um2),
        power: Watts(transistors * TRANSISTOR_POWER_W),
    }
}

/// Number of 8-way stages between `ways` ends and one, counted as the reference does: one, and
/// one more for each division by 8 until nothing is left.
fn stages(ways: u32) -> f64 {
    let mut left = ways;
    let mut stages = 1;
    while left > 0 {
        left /= 8;
        stages += 1;
    }
    f64::from(stages)
}

/// Latency of the row decoder when each DAC drives `rows_per_dac` rows.
#[must_use]
pub fn decoder_latency(rows_per_dac: u32) -> Nanoseconds {
    Nanoseconds(stages(rows_per_dac) * DECODER_STAGE_NS)
}

/// Latency of the column multiplexer when each ADC serves `columns_per_adc` columns.
#[must_use]
pub fn multiplexer_latency(columns_per_adc: u32) -> Nanoseconds {
    Nanoseconds(stages(columns_per_adc) * MULTIPLEXER_STAGE_NS)
}
