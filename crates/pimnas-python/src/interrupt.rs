//! Long work that Ctrl-C ends.

use std::time::{Duration, Instant};

use pimnas_infer::{CompiledNetwork, InferError, ItemNumber, Tensor};
use pyo3::prelude::*;

use crate::errors;

/// How long work runs before signals are looked at.
const PATIENCE: Duration = Duration::from_millis(200);
/// Items of the first part of a batch.
const FIRST: usize = 16;

/// Looks for signals; to be called without the interpreter's lock.
pub fn check() -> PyResult<()> {
    Python::attach(|py| py.check_signals())
}

/// Runs a batch in parts of about [`PATIENCE`], and looks for signals in between. Items do not
/// depend on each other, so that the outputs are those of the whole batch.
pub fn run(network: &CompiledNetwork, input: &Tensor) -> PyResult<Tensor> {
    let items = input.batch();
    let size = input.data().len() / items.max(1);
    if items <= FIRST || size == 0 {
        return network.run(input).map_err(|error| errors::inference(&error));
    }
    let (mut start, mut part) = (0, FIRST);
    let mut values = Vec::new();
    let mut dims = Vec::new();
    while start < items {
        let end = (start + part).min(items);
        let begin = Instant::now();
        let output = run_part(network, input, (start, end)).map_err(|e| errors::inference(&e))?;
        dims = output.dims().to_vec();
        values.extend(output.into_data());
        let share = PATIENCE.as_secs_f64() / begin.elapsed().as_secs_f64().max(1e-6);
        part = ((end - start) as f64 * share).clamp(1.0, items as f64) as usize;
        start = end;
        check()?;
    }
    if let Some(first) = dims.first_mut() {
        *first = items;
    }
    Tensor::new(dims, values).map_err(|error| errors::inference(&error))
}

fn run_part(
    network: &CompiledNetwork,
    input: &Tensor,
    (start, end): (usize, usize),
) -> Result<Tensor, InferError> {
    let size = input.data().len() / input.batch().max(1);
    let mut dims = input.dims().to_vec();
    if let Some(first) = dims.first_mut() {
        *first = end - start;
    }
    let values = input.data().get(start * size..end * size).unwrap_or_default();
    let part = Tensor::new(dims, values.to_vec())?;
    network.run_items(&part, ItemNumber(start as u64), &mut |_| {}).map_err(|error| match error {
        // Of the whole batch.
        InferError::InputNotFinite { item, position, value } => {
            InferError::InputNotFinite { item: item + start, position, value }
        }
        other => other,
    })
}
