//! Labelled images and the share that a network gets right.

use std::ops::ControlFlow;

use crate::compiled::{CompiledNetwork, ItemNumber};
use crate::error::InferError;
use crate::tensor::Tensor;

/// Images that run through a network together. Fixed, so that nothing depends on the machine.
const BATCH: usize = 64;

/// Labelled images.
#[derive(Clone, Debug)]
pub struct Images {
    batches: Vec<(Tensor, Vec<u32>)>,
    count: usize,
}

/// How many images a network got right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Right answers.
    pub right: usize,
    /// Images.
    pub images: usize,
}

impl Score {
    /// Share of right answers, 0 to 1; 0 without images.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.images.max(1) as f64
    }
}

impl Images {
    /// The images (count × the shape of one) and the label of each.
    ///
    /// # Errors
    /// Another number of labels than of images.
    pub fn new(images: &Tensor, labels: &[u32]) -> Result<Self, InferError> {
        let count = images.batch();
        if count != labels.len() {
            return Err(InferError::LabelCount { images: count, labels: labels.len() });
        }
        let size = images.data().len() / count.max(1);
        let batches = images.data().chunks((BATCH * size).max(1)).zip(labels.chunks(BATCH));
        let batches: Result<Vec<_>, InferError> = batches
            .map(|(values, labels)| {
                let mut dims = images.dims().to_vec();
                dims[0] = labels.len();
                Ok((Tensor::new(dims, values.to_vec())?, labels.to_vec()))
            })
            .collect();
        Ok(Self { batches: batches?, count })
    }

    /// Checks that each label is one of so many outputs, before anything runs.
    ///
    /// # Errors
    /// [`InferError::Label`] for the first that is not.
    pub fn check_labels(&self, classes: usize) -> Result<(), InferError> {
        let labels = self.batches.iter().flat_map(|(_, labels)| labels);
        let outside = labels.enumerate().find(|&(_, &label)| label as usize >= classes);
        outside.map_or(Ok(()), |(image, &label)| Err(InferError::Label { image, label, classes }))
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first images, at most a batch of them.
    #[must_use]
    pub fn first(&self) -> Option<&Tensor> {
        self.batches.first().map(|(images, _)| images)
    }

    /// The network's score; `seen` is told the number of images after each batch and may stop it.
    ///
    /// # Errors
    /// [`InferError::Stopped`] if `seen` breaks.
    /// Images of another shape than the network's input; labels that are none of its outputs.
    pub fn score(
        &self,
        network: &CompiledNetwork,
        seen: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Score, InferError> {
        let mut right = 0;
        for (index, (images, labels)) in self.batches.iter().enumerate() {
            let first = ItemNumber((index * BATCH) as u64);
            let outputs = network.run_items(images, first, &mut |_| {})?;
            let classes = outputs.data().len() / outputs.batch().max(1);
            let outside = labels.iter().position(|&label| label as usize >= classes);
            if let Some(place) = outside {
                let (image, label) = (index * BATCH + place, labels[place]);
                return Err(InferError::Label { image, label, classes });
            }
            let answers = outputs.arg_max().into_iter().zip(labels);
            right += answers.filter(|&(answer, &label)| answer == label as usize).count();
            if seen(images.batch()).is_break() {
                return Err(InferError::Stopped);
            }
        }
        Ok(Score { right, images: self.count })
    }
}
