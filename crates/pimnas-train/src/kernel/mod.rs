//! Kernels of the CPU: functions on slices of floats.
//!
//! The only unsafe code of this crate. Nothing here depends on the number of threads.
#![allow(unsafe_code)]
// Indices of registers: counted loops of constant length, which the compiler unrolls.
#![allow(clippy::needless_range_loop)]

pub(crate) mod conv;
pub(crate) mod element;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod norm;
pub(crate) mod pool;
pub(crate) mod simd;
