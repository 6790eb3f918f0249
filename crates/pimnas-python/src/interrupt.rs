//! Long work that Ctrl-C ends.

use pimnas_infer::{CompiledNetwork, InferError, ItemNumber, Tensor};
use pyo3::prelude::*;

use crate::errors;

/// Items that run between two looks for signals. Fixed, so that no output depends on the machine:
/// sums of floats may be rounded otherwise in parts of other sizes.
const PART: usize = 32;

/// Looks for signals; to be called without the interpreter's lock.
pub fn check() -> PyResult<()> {
    Python::attach(|py| py.check_signals())
}

/// Runs a batch in parts, and looks for signals in between. Items do not depend on each other.
pub fn run(network: &CompiledNetwork, input: &Tensor) -> PyResult<Tensor> {
    let items = input.batch();
    if items <= PART || input.data().is_empty() {
        return network.run(input).map_err(|error| errors::inference(&error));
    }
    let mut values = Vec::new();
    let mut dims = Vec::new();
    for start in (0..items).step_by(PART) {
        let end = (start + PART).min(items);
        let output = run_part(network, input, (start, end)).map_err(|e| errors::inference(&e))?;
        dims = output.dims().to_vec();
        values.extend(output.into_data());
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
