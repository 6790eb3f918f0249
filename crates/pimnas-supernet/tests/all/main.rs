//! One test program: linking takes longer than running.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod candidates;
mod common;
mod evaluator;
mod onnx;
mod slices;
mod training;
