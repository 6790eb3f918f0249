//! Inference of quantised networks on memristor crossbars.
//!
//! A [`CompiledNetwork`] is a network bound to its [`Parameters`] in one arithmetic
//! ([`Mode`]): floats, fixed point, or crossbars with DACs and ADCs. On crossbars a weight is
//! quantised to a sign and a magnitude, the magnitude is cut into digits of as many bits as a
//! cell stores, and positive and negative digits sit in a pair of arrays; inputs are cut into
//! digits of as many bits as a DAC converts. Rows beyond a crossbar's go to further crossbars
//! (*row splits*, whole input channels each). For every split, input digit and weight digit an ADC
//! converts the sum of a column; shifted values are added up and the sum is quantised.
//!
//! Digits are small integers, so the sums are computed exactly, in integers. Nothing here reads
//! files or keeps state outside its values; outputs do not depend on the number of threads.

pub mod accuracy;
mod adc;
mod bind;
mod calibrate;
mod compile;
mod compiled;
mod crossbar;
mod dense;
mod error;
mod jobs;
mod kernel;
mod mean;
mod names;
mod options;
mod parameters;
mod quantise;
mod quirk;
mod resize;
mod stage;
mod tensor;
mod trace;

pub use calibrate::{
    BadPercentile, Calibrated, CalibrationRules, Percentile, RangeRule, calibrate,
};
pub use compiled::{CompiledNetwork, ItemNumber, LayerOutput};
pub use crossbar::CellArray;
pub use error::InferError;
pub use kernel::Kernels;
pub use mean::mean;
pub use options::{
    AdcRange, CrossbarHardware, Fusion, InferenceOptions, MAX_ADC_BITS, MAX_BITS, MAX_DIGIT_BITS,
    Mode,
};
pub use parameters::Parameters;
pub use quirk::{InferenceQuirk, InferenceQuirks};
pub use tensor::Tensor;
