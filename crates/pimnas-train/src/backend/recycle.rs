//! Buffers that are used again: the maps of a step have the sizes of those of the step before,
//! and fresh memory costs more than what is computed in it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn_flex::FlexTensor;

/// Smaller buffers are cheap.
const SMALLEST: usize = 16 << 10;
/// Buffers that come back between two looks at what was not needed: some steps of a large net.
const PERIOD: usize = 512;

/// Buffers of one length.
#[derive(Default)]
struct Shelf {
    free: Vec<Vec<f32>>,
    /// The fewest that were free since the last look: so many were not needed.
    idle: usize,
}

#[derive(Default)]
struct Pool {
    shelves: HashMap<usize, Shelf>,
    returned: usize,
}

impl Pool {
    fn take(&mut self, length: usize) -> Option<Vec<f32>> {
        let shelf = self.shelves.get_mut(&length)?;
        let found = shelf.free.pop();
        shelf.idle = shelf.idle.min(shelf.free.len());
        found
    }

    fn put(&mut self, buffer: Vec<f32>) {
        self.shelves.entry(buffer.len()).or_default().free.push(buffer);
        self.returned += 1;
        if self.returned >= PERIOD {
            self.returned = 0;
            self.shed();
        }
    }

    /// Drops what was free all the time. More comes back than is asked for: images, gradients that
    /// others made, maps of a network that is done with. Without this they would pile up.
    fn shed(&mut self) {
        self.shelves.retain(|_, shelf| {
            shelf.free.truncate(shelf.free.len() - shelf.idle.min(shelf.free.len()));
            shelf.idle = shelf.free.len();
            !shelf.free.is_empty()
        });
    }
}

static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(Mutex::default);

/// A buffer of that many floats of any values, to be written over.
pub(super) fn buffer(length: usize) -> Vec<f32> {
    if length >= SMALLEST {
        let found = POOL.lock().unwrap_or_else(PoisonError::into_inner).take(length);
        if let Some(found) = found {
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
    if buffer.len() == length {
        POOL.lock().unwrap_or_else(PoisonError::into_inner).put(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::{PERIOD, Pool};

    fn held(pool: &Pool) -> usize {
        pool.shelves.values().map(|shelf| shelf.free.len()).sum()
    }

    /// Each step takes three buffers and gives four back.
    #[test]
    fn what_is_given_back_beyond_need_does_not_pile_up() {
        let mut pool = Pool::default();
        for _ in 0..20 * PERIOD {
            let taken: Vec<_> = (0..3).map(|_| pool.take(8).unwrap_or(vec![0.0; 8])).collect();
            taken.into_iter().for_each(|buffer| pool.put(buffer));
            pool.put(vec![0.0; 8]);
        }
        assert!((3..=PERIOD).contains(&held(&pool)), "{}", held(&pool));
    }

    /// A length that is not asked for any more is gone after two looks.
    #[test]
    fn lengths_that_are_done_with_are_dropped() {
        let mut pool = Pool::default();
        pool.put(vec![0.0; 9]);
        for _ in 0..3 * PERIOD {
            let buffer = pool.take(8).unwrap_or(vec![0.0; 8]);
            pool.put(buffer);
        }
        assert!(!pool.shelves.contains_key(&9));
        assert_eq!(held(&pool), 1);
    }
}
