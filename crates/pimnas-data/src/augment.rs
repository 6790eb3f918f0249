//! Random changes of images that keep what they show.

use crate::dataset::ImageShape;
use crate::random::Stream;

/// Random changes of an image, made anew in every epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Augmentation {
    /// None.
    #[default]
    None,
    /// Mirrored left to right with probability 1/2.
    Flip,
    /// Moved by up to that many pixels up or down and left or right; zeros come in.
    Shift {
        /// Most pixels in each direction.
        pixels: usize,
    },
    /// Both.
    FlipAndShift {
        /// Most pixels in each direction.
        pixels: usize,
    },
}

impl Augmentation {
    /// Changes an image.
    pub(crate) fn apply(self, image: &mut [f32], shape: ImageShape, stream: &mut Stream) {
        let (flips, pixels) = match self {
            Self::None => return,
            Self::Flip => (true, 0),
            Self::Shift { pixels } => (false, pixels),
            Self::FlipAndShift { pixels } => (true, pixels),
        };
        if flips && stream.below(2) == 1 {
            for row in image.chunks_mut(shape.width.max(1)) {
                row.reverse();
            }
        }
        if pixels > 0 {
            let mut offset = |side: usize| {
                let most = pixels.min(side) as i64;
                stream.below(2 * most as u64 + 1) as i64 - most
            };
            let (down, right) = (offset(shape.height), offset(shape.width));
            shift(image, shape, (down, right));
        }
    }
}

fn shift(image: &mut [f32], shape: ImageShape, (down, right): (i64, i64)) {
    let before = image.to_vec();
    let from = |position: usize, by: i64, side: usize| {
        usize::try_from(position as i64 - by).ok().filter(|&from| from < side)
    };
    for (i, value) in image.iter_mut().enumerate() {
        let (row, column) = (i / shape.width % shape.height, i % shape.width);
        let plane = i - row * shape.width - column;
        let source = from(row, down, shape.height).zip(from(column, right, shape.width));
        *value = source
            .and_then(|(row, column)| before.get(plane + row * shape.width + column))
            .copied()
            .unwrap_or(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    const SHAPE: ImageShape = ImageShape { channels: 2, height: 2, width: 2 };

    #[test]
    fn a_shift_moves_every_channel_and_brings_zeros_in() {
        let mut image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        shift(&mut image, SHAPE, (1, 0));
        assert_eq!(image, [0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 5.0, 6.0]);
        shift(&mut image, SHAPE, (-1, -1));
        assert_eq!(image, [2.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn half_of_the_images_are_mirrored() {
        let flipped = (0..1000).filter(|&index| {
            let mut image = [1.0, 2.0];
            let shape = ImageShape { channels: 1, height: 1, width: 2 };
            let mut stream = Stream::new(3, Purpose::Augmentation, (0, index));
            Augmentation::Flip.apply(&mut image, shape, &mut stream);
            image == [2.0, 1.0]
        });
        // Standard deviation of the count: 16.
        assert!((440..560).contains(&flipped.count()));
    }
}
