//! Batches of images.

use crate::augment::Augmentation;
use crate::dataset::Dataset;
use crate::normalise::Normalisation;
use crate::random::{Purpose, Stream};

/// Order of the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they stand in the data set.
    #[default]
    Stored,
    /// Random, another one in every epoch.
    Shuffled,
}

/// What happens to the images that are left when no whole batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastBatch {
    /// They are a smaller batch.
    #[default]
    Keep,
    /// They are left out of this epoch.
    Drop,
}

/// How a data set is gone through.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchOptions {
    /// Images of a batch; 0 counts as 1.
    pub size: usize,
    /// Order of the images.
    pub order: Order,
    /// What happens to the images that are left.
    pub last: LastBatch,
    /// Changes of pixels.
    pub normalisation: Normalisation,
    /// Random changes, made before the normalisation.
    pub augmentation: Augmentation,
    /// Seed of everything random.
    pub seed: u64,
    /// Number of the epoch; each has an order and changes of its own.
    pub epoch: u64,
}

impl Default for BatchOptions {
    /// Batches of 64 in the stored order, bytes as 0 to 1, nothing random.
    fn default() -> Self {
        Self {
            size: 64,
            order: Order::Stored,
            last: LastBatch::Keep,
            normalisation: Normalisation::unit(),
            augmentation: Augmentation::None,
            seed: 0,
            epoch: 0,
        }
    }
}

/// A batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Images × channels × height × width.
    pub images: Vec<f32>,
    /// The label of each image.
    pub labels: Vec<u32>,
    /// Where each image stands in the data set.
    pub indices: Vec<usize>,
}

/// The batches of one epoch.
///
/// An image's augmentation depends on the seed, the epoch and its place in the data set, not on
/// the batches that it comes in.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    dataset: &'a Dataset,
    options: BatchOptions,
    order: Vec<usize>,
    next: usize,
}

impl<'a> Batches<'a> {
    /// The batches of an epoch of that data set.
    #[must_use]
    pub fn new(dataset: &'a Dataset, options: BatchOptions) -> Self {
        let mut order: Vec<usize> = (0..dataset.len()).collect();
        match options.order {
            Order::Stored => {}
            Order::Shuffled => {
                Stream::new(options.seed, Purpose::Order, (options.epoch, 0)).shuffle(&mut order);
            }
        }
        Self { dataset, options, order, next: 0 }
    }

    fn size(&self) -> usize {
        self.options.size.max(1)
    }

    fn image(&self, index: usize, image: &mut [f32]) {
        let shape = self.dataset.shape();
        self.dataset.image_into(index, image);
        if self.options.augmentation != Augmentation::None {
            let place = (self.options.epoch, index as u64);
            let mut stream = Stream::new(self.options.seed, Purpose::Augmentation, place);
            self.options.augmentation.apply(image, shape, &mut stream);
        }
        self.options.normalisation.apply(image, shape.height * shape.width);
    }
}

impl Iterator for Batches<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let end = self.next.saturating_add(self.size()).min(self.order.len());
        let indices = self.order.get(self.next..end)?.to_vec();
        let dropped = match self.options.last {
            LastBatch::Keep => false,
            LastBatch::Drop => indices.len() < self.size(),
        };
        if indices.is_empty() || dropped {
            return None;
        }
        self.next = end;
        let size = self.dataset.shape().elements().unwrap_or(0);
        let mut images = vec![0.0; indices.len() * size];
        for (&index, image) in indices.iter().zip(images.chunks_mut(size.max(1))) {
            self.image(index, image);
        }
        let labels =
            indices.iter().filter_map(|&index| self.dataset.labels().get(index).copied()).collect();
        Some(Batch { images, labels, indices })
    }
}
