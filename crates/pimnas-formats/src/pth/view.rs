//! Views of storages: sizes, strides and offset to a dense tensor.

use super::error::PthError;
use super::state::Storages;
use super::value::{Storage, View};
use crate::tensor::{ByteOrder, Tensor, elements};
use crate::text::shown;

/// Bytes that tensors may take for each byte of their file: views may share numbers or repeat
/// them, but not without end.
const SHARING: usize = 16;
/// Bytes that tensors may take in any case.
const FREE_BYTES: usize = 1 << 20;

/// Bytes that a file of that many bytes may take in memory.
pub(super) fn memory_limit(bytes: usize) -> usize {
    bytes.saturating_mul(SHARING).saturating_add(FREE_BYTES)
}

/// Bytes that may still be spent on tensors, and how numbers are stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left: usize,
    limit: usize,
    order: ByteOrder,
}

impl Budget {
    /// For a file of that many bytes.
    pub fn of_file(bytes: usize, order: ByteOrder) -> Self {
        let limit = memory_limit(bytes);
        Self { left: limit, limit, order }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), PthError> {
        let what = "tensors";
        self.left =
            self.left.checked_sub(bytes).ok_or(PthError::TooLarge { what, limit: self.limit })?;
        Ok(())
    }
}

/// Reads a tensor.
pub(super) fn materialise(
    name: &str,
    (view, storage): (&View, &Storage<'_>),
    storages: &mut dyn Storages,
    budget: &mut Budget,
) -> Result<Tensor, PthError> {
    let storage_error =
        |why: String| PthError::Storage { name: shown(name), key: shown(storage.key), why };
    let bytes = storages.bytes(storage.key).map_err(storage_error)?;
    let size = storage.kind.size();
    let stored = bytes.len() / size;
    let stated = (usize::try_from(storage.start), usize::try_from(storage.elements));
    let (Ok(start), Ok(length)) = stated else {
        return Err(storage_error("has a negative size".to_owned()));
    };
    let part = start
        .checked_add(length)
        .and_then(|end| Some(start.checked_mul(size)?..end.checked_mul(size)?))
        .and_then(|range| bytes.get(range));
    let Some(part) = part else {
        return Err(storage_error(format!("has {stored} numbers instead of {length}")));
    };
    let Some((dims, gather)) = Gather::new(view, length) else {
        return Err(PthError::Range {
            name: shown(name),
            sizes: view.sizes.iter().copied().take(8).collect(),
            strides: view.strides.iter().copied().take(8).collect(),
            offset: view.offset,
            elements: length,
        });
    };
    budget.spend(gather.count.saturating_mul(8))?;
    let dense = gather.bytes(part, size);
    let data = storage.kind.decode(&dense, budget.order);
    Tensor::new(dims, data).map_err(|error| storage_error(error.to_string()))
}

/// Positions in a storage, in the order of the tensor, all of them inside.
struct Gather {
    /// (size, stride) of each dimension.
    steps: Vec<(usize, usize)>,
    offset: usize,
    count: usize,
}

impl Gather {
    /// `None` where sizes, strides or offset are negative or lead outside.
    fn new(view: &View, length: usize) -> Option<(Vec<usize>, Self)> {
        let natural = |values: &[i64]| -> Option<Vec<usize>> {
            values.iter().map(|&value| usize::try_from(value).ok()).collect()
        };
        let (dims, strides) = (natural(&view.sizes)?, natural(&view.strides)?);
        let offset = usize::try_from(view.offset).ok()?;
        let count = elements(&dims)?;
        let steps: Vec<(usize, usize)> = dims.iter().copied().zip(strides).collect();
        if count > 0 {
            let last = steps.iter().try_fold(offset, |last, &(size, stride)| {
                last.checked_add((size - 1).checked_mul(stride)?)
            })?;
            (last < length).then_some(())?;
        }
        Some((dims, Self { steps, offset, count }))
    }

    fn bytes(&self, part: &[u8], size: usize) -> Vec<u8> {
        if self.is_contiguous() {
            let start = self.offset * size;
            return part.get(start..start + self.count * size).unwrap_or_default().to_vec();
        }
        let mut dense = Vec::with_capacity(self.count * size);
        let mut place = vec![0; self.steps.len()];
        let mut at = self.offset;
        for _ in 0..self.count {
            dense.extend_from_slice(part.get(at * size..(at + 1) * size).unwrap_or_default());
            for (position, &(length, stride)) in place.iter_mut().zip(&self.steps).rev() {
                *position += 1;
                at += stride;
                if *position < length {
                    break;
                }
                at -= length * stride;
                *position = 0;
            }
        }
        dense
    }

    fn is_contiguous(&self) -> bool {
        if self.count == 0 {
            return true;
        }
        let mut expected = 1;
        self.steps.iter().rev().all(|&(size, stride)| {
            let fits = size == 1 || stride == expected;
            expected *= size;
            fits
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(sizes: &[i64], strides: &[i64], offset: i64) -> View {
        View { storage: 0, offset, sizes: sizes.to_vec(), strides: strides.to_vec() }
    }

    fn gathered(view: &View, part: &[u8]) -> Option<Vec<u8>> {
        Gather::new(view, part.len()).map(|(_, gather)| gather.bytes(part, 1))
    }

    #[test]
    fn strided_views_come_in_the_order_of_the_tensor() {
        let part = [0, 1, 2, 3, 4, 5];
        assert_eq!(gathered(&view(&[3, 2], &[1, 3], 0), &part).unwrap(), [0, 3, 1, 4, 2, 5]);
        assert_eq!(gathered(&view(&[2, 2], &[3, 2], 0), &part).unwrap(), [0, 2, 3, 5]);
        assert_eq!(gathered(&view(&[1, 4], &[9, 1], 1), &part).unwrap(), [1, 2, 3, 4]);
        assert_eq!(gathered(&view(&[3], &[0], 5), &part).unwrap(), [5, 5, 5]);
        assert_eq!(gathered(&view(&[], &[], 2), &part).unwrap(), [2]);
    }

    #[test]
    fn views_outside_their_storage_are_none() {
        let part = [0, 1, 2, 3];
        for (sizes, strides, offset) in [
            (&[2_i64, 2][..], &[2_i64, 1][..], 1),
            (&[5], &[1], 0),
            (&[2], &[-1], 3),
            (&[-1], &[1], 0),
            (&[2], &[i64::MAX], 0),
            (&[i64::MAX, i64::MAX], &[0, 0], 0),
        ] {
            assert_eq!(gathered(&view(sizes, strides, offset), &part), None, "{sizes:?}");
        }
        assert_eq!(gathered(&view(&[0, 3], &[3, 1], 99), &part), Some(Vec::new()));
    }
}
