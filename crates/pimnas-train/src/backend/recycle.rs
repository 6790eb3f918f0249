//! Buffers that are used again: the maps of a step have the sizes of those of the step before,
//! and fresh memory costs more than what is computed in it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn::backend::flex::FlexTensor;

/// Smaller buffers are cheap.
const SMALLEST: usize = 16 << 10;
/// Floats that are kept at most.
const MOST: usize = 512 << 20;

#[derive(Default)]
struct Pool {
    free: HashMap<usize, Vec<Vec<f32>>>,
    held: usize,
}

static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(Mutex::default);

/// A buffer of that many floats of any values, to be written over.
pub(super) fn buffer(length: usize) -> Vec<f32> {
    if length >= SMALLEST {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = pool.free.get_mut(&length).and_then(Vec::pop) {
            pool.held -= length;
            return found;
        }
    }
    vec![0.0; length]
}

/// Keeps the buffer of a tensor that nobody else holds.
pub(super) fn recycle(tensor: FlexTensor) {
    let length = tensor.layout().num_elements();
    if length < SMALLEST || !tensor.is_unique() || tensor.as_slice::<f32>().is_none() {
        return;
    }
    let Ok(buffer) = tensor.into_data().try_into_vec::<f32>() else { return };
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.held + length <= MOST && buffer.len() == length {
        pool.held += length;
        pool.free.entry(length).or_default().push(buffer);
    }
}
