//! One test program: linking takes longer than running.

#![allow(missing_docs)]

mod candidates;
mod common;
mod evaluator;
mod slices;
mod training;
