//! Values that several layers read: their gradients are added here, in the order of the uses.
//!
//! Burn adds gradients that meet in a node by its own addition, into fresh memory and in the order
//! in which they come.

use std::sync::{Arc, Mutex, PoisonError};

use burn_flex::FlexTensor;

use super::flex::add;
use super::recycle::recycle;
use crate::kernel::element::Activation;

/// One of the uses of a value.
#[derive(Clone, Debug)]
pub struct Use {
    /// The gradients of all uses, as far as they have come.
    gradients: Arc<Mutex<Vec<Option<FlexTensor>>>>,
    place: usize,
}

impl Use {
    /// All uses of a value. Each must have a gradient in the backward pass: the sum is there with the last one.
    #[must_use]
    pub fn all(count: usize) -> Vec<Self> {
        let gradients = Arc::new(Mutex::new(vec![None; count]));
        (0..count).map(|place| Self { gradients: Arc::clone(&gradients), place }).collect()
    }

    /// Takes the gradient of this use; the sum where it was the last one.
    pub(super) fn complete(self, gradient: FlexTensor) -> Option<FlexTensor> {
        let mut places = self.gradients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get_mut(self.place) {
            *place = Some(gradient);
        }
        if places.iter().any(Option::is_none) {
            return None;
        }
        let all = places.iter_mut().filter_map(Option::take);
        all.reduce(|left, right| {
            let sum = add(&left, &right, Activation::Identity);
            [left, right].into_iter().for_each(recycle);
            sum
        })
    }
}
