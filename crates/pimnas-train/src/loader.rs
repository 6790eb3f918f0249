//! Batches for training: a seeded order, random changes, channels innermost.

use pimnas_data::{Dataset, Normalisation, Pixels};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::random::{Purpose, Stream};

/// Random changes of an image, made anew in every epoch, before the normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Mirrored left to right with probability 1/2.
    pub flip: Flip,
    /// Pixels of zeros around the image, of which a random part of its size is taken.
    pub pad_crop: usize,
    /// Side of a random square that is set to zero; its centre is in the image.
    pub cutout: usize,
}

/// Whether images are mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// Never.
    #[default]
    Never,
    /// Left to right with probability 1/2.
    Half,
}

/// A batch: items × rows × columns × channels.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainBatch {
    /// The images.
    pub images: Vec<f32>,
    /// The label of each.
    pub labels: Vec<u32>,
    /// Dimensions of the images.
    pub dims: [usize; 4],
}

/// A data set as training goes through it.
#[derive(Clone, Debug)]
pub struct Loader<'a> {
    /// The images.
    pub dataset: &'a Dataset,
    /// Items of a batch.
    pub batch: usize,
    /// Changes of pixels.
    pub normalisation: &'a Normalisation,
    /// Random changes.
    pub changes: Changes,
    /// Seed of everything random.
    pub seed: u64,
}

impl Loader<'_> {
    /// Batches of an epoch; a last one that is not whole is left out, unless it is the only one.
    #[must_use]
    pub fn batches(&self) -> usize {
        let whole = self.dataset.len() / self.batch.max(1);
        if whole == 0 { usize::from(!self.dataset.is_empty()) } else { whole }
    }

    /// The order of the images in an epoch.
    #[must_use]
    pub fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.dataset.len()).collect();
        Stream::new(self.seed, Purpose::Order, (epoch, 0)).shuffle(&mut order);
        order
    }

    /// A batch of an epoch with that order.
    #[must_use]
    pub fn batch(&self, order: &[usize], (epoch, index): (u64, usize)) -> TrainBatch {
        let start = index * self.batch;
        let indices = &order[start.min(order.len())..(start + self.batch).min(order.len())];
        self.gather(indices, Some(epoch))
    }

    /// Images as they are, for evaluation.
    #[must_use]
    pub fn plain(&self, range: std::ops::Range<usize>) -> TrainBatch {
        self.gather(&range.collect::<Vec<_>>(), None)
    }

    fn gather(&self, indices: &[usize], epoch: Option<u64>) -> TrainBatch {
        let shape = self.dataset.shape();
        let size = shape.elements().unwrap_or(0);
        let mut images = vec![0.0; indices.len() * size];
        images.par_chunks_mut(size.max(1)).zip(indices).for_each(|(image, &index)| {
            let change = match epoch {
                Some(epoch) => Change::draw(self, (epoch, index)),
                None => Change::default(),
            };
            self.image(index, &change, image);
        });
        let label = |&index: &usize| self.dataset.labels().get(index).copied().unwrap_or(0);
        let dims = [indices.len(), shape.height, shape.width, shape.channels];
        TrainBatch { images, labels: indices.iter().map(label).collect(), dims }
    }

    /// Writes a changed, normalised image, channels innermost.
    fn image(&self, index: usize, change: &Change, image: &mut [f32]) {
        let shape = self.dataset.shape();
        let start = index * image.len();
        let normalisation = self.normalisation;
        for channel in 0..shape.channels {
            let mean = normalisation.mean.get(channel).copied().unwrap_or(0.0);
            let deviation = normalisation.deviation.get(channel).copied().unwrap_or(1.0);
            for row in 0..shape.height {
                for column in 0..shape.width {
                    let place = change.source((row, column), (shape.height, shape.width));
                    let raw = place.map_or(0.0, |(row, column)| {
                        let at = (channel * shape.height + row) * shape.width + column;
                        pixel(self.dataset.pixels(), start + at)
                    });
                    let to = (row * shape.width + column) * shape.channels + channel;
                    image[to] = (raw * normalisation.factor - mean) / deviation;
                }
            }
        }
    }
}

fn pixel(pixels: &Pixels, at: usize) -> f32 {
    match pixels {
        Pixels::U8(values) => values.get(at).copied().map_or(0.0, f32::from),
        Pixels::F32(values) => values.get(at).copied().unwrap_or(0.0),
    }
}

/// The changes of one image.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    mirrored: bool,
    /// How far the image moves down and right.
    moved: (isize, isize),
    /// Centre and side of the square of zeros.
    hole: Option<((usize, usize), usize)>,
}

impl Change {
    fn draw(loader: &Loader<'_>, (epoch, index): (u64, usize)) -> Self {
        let place = (epoch, index as u64);
        let mut stream = Stream::new(loader.seed, Purpose::Augmentation, place);
        let shape = loader.dataset.shape();
        let mirrored = match loader.changes.flip {
            Flip::Never => false,
            Flip::Half => stream.below(2) == 1,
        };
        let mut offset = |most: usize| stream.below(2 * most as u64 + 1) as isize - most as isize;
        let padding = loader.changes.pad_crop;
        let moved = (offset(padding.min(shape.height)), offset(padding.min(shape.width)));
        let hole = (loader.changes.cutout > 0).then(|| {
            let row = stream.below(shape.height as u64) as usize;
            let column = stream.below(shape.width as u64) as usize;
            ((row, column), loader.changes.cutout)
        });
        Self { mirrored, moved, hole }
    }

    /// Where a pixel of the changed image comes from; none for zeros.
    fn source(
        &self,
        (row, column): (usize, usize),
        (height, width): (usize, usize),
    ) -> Option<(usize, usize)> {
        if let Some(((y, x), side)) = self.hole {
            // From centre - side/2, as many as the side says.
            let inside = |at: usize, centre: usize| {
                let first = centre as isize - (side / 2) as isize;
                (first..first + side as isize).contains(&(at as isize))
            };
            if inside(row, y) && inside(column, x) {
                return None;
            }
        }
        let row = row as isize - self.moved.0;
        let column = column as isize - self.moved.1;
        let inside = (0..height as isize).contains(&row) && (0..width as isize).contains(&column);
        let column = if self.mirrored { width as isize - 1 - column } else { column };
        inside.then_some((row as usize, column as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimnas_data::ImageShape;

    fn dataset() -> Dataset {
        let shape = ImageShape { channels: 2, height: 4, width: 4 };
        let pixels = (0..32 * 50).map(|i| (i % 200 + 1) as u8).collect();
        Dataset::new(shape, Pixels::U8(pixels), vec![0; 50], 1).unwrap()
    }

    fn loader<'a>(d: &'a Dataset, n: &'a Normalisation, changes: Changes) -> Loader<'a> {
        Loader { dataset: d, batch: 8, normalisation: n, changes, seed: 3 }
    }

    #[test]
    fn plain_images_have_channels_innermost() {
        let (d, n) = (dataset(), Normalisation::identity());
        let batch = loader(&d, &n, Changes::default()).plain(0..1);
        assert_eq!(batch.images[..4], [1.0, 17.0, 2.0, 18.0]);
        assert_eq!(batch.dims, [1, 4, 4, 2]);
    }

    #[test]
    fn every_image_comes_once_an_epoch_in_another_order() {
        let (d, n) = (dataset(), Normalisation::identity());
        let loader = loader(&d, &n, Changes::default());
        let (mut first, second) = (loader.order(0), loader.order(1));
        assert_ne!(first, second);
        first.sort_unstable();
        assert_eq!(first, (0..50).collect::<Vec<_>>());
        assert_eq!(loader.batches(), 6);
    }

    #[test]
    fn a_hole_has_its_side_and_zeros_come_in_from_the_edge() {
        let hole = Change { hole: Some(((2, 2), 2)), ..Change::default() };
        let cells = (0..16).map(|i| (i / 4, i % 4));
        assert_eq!(cells.filter(|&at| hole.source(at, (4, 4)).is_none()).count(), 4);
        let moved = Change { moved: (1, 0), mirrored: true, ..Change::default() };
        assert_eq!(moved.source((0, 0), (4, 4)), None);
        assert_eq!(moved.source((1, 0), (4, 4)), Some((0, 3)));
    }

    #[test]
    fn changes_hang_on_the_epoch_and_the_image_alone() {
        let (d, n) = (dataset(), Normalisation::identity());
        let changes = Changes { flip: Flip::Half, pad_crop: 2, cutout: 1 };
        let loader = loader(&d, &n, changes);
        let order: Vec<usize> = (0..50).collect();
        let turned: Vec<usize> = (0..50).rev().collect();
        let (a, b) = (loader.batch(&order, (4, 0)), loader.batch(&turned, (4, 0)));
        assert_ne!(a, b);
        let last = Loader { batch: 50, ..loader.clone() }.batch(&turned, (4, 0));
        assert_eq!(a.images[..32], last.images[49 * 32..]);
        assert_ne!(a, loader.batch(&order, (5, 0)));
    }
}
