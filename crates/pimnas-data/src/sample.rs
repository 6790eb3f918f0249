//! Samples with as many images of each class.

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::random::{Purpose, Stream};

impl Dataset {
    /// A sample with that many images of each class, chosen by the seed, in a random order.
    ///
    /// # Errors
    /// [`DataError::TooFew`] where a class has fewer.
    pub fn balanced_sample(&self, of_each: usize, seed: u64) -> Result<Self, DataError> {
        let mut chosen = Vec::new();
        for class in 0..self.classes() {
            let labels = self.labels().iter().enumerate();
            let mut indices: Vec<usize> =
                labels.filter(|&(_, &label)| label as usize == class).map(|(i, _)| i).collect();
            if indices.len() < of_each {
                let (found, wanted) = (indices.len(), of_each);
                return Err(DataError::TooFew { class, found, wanted });
            }
            Stream::new(seed, Purpose::Sample, (0, class as u64)).shuffle(&mut indices);
            chosen.extend(indices.into_iter().take(of_each));
        }
        Stream::new(seed, Purpose::Sample, (1, 0)).shuffle(&mut chosen);
        Ok(self.select(&chosen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{ImageShape, Pixels};

    #[test]
    fn a_sample_has_as_many_images_of_each_class_and_none_twice() {
        let shape = ImageShape { channels: 1, height: 1, width: 1 };
        let labels: Vec<u32> = (0..90).map(|i| i % 3).collect();
        let all = Dataset::new(shape, Pixels::U8((0..90).collect()), labels, 3).unwrap();
        let sample = all.balanced_sample(7, 5).unwrap();
        assert_eq!(sample.counts(), [7, 7, 7]);
        let Pixels::U8(mut pixels) = sample.pixels().clone() else { panic!("bytes stay bytes") };
        pixels.sort_unstable();
        pixels.dedup();
        assert_eq!(pixels.len(), 21);
        assert_ne!(sample, all.balanced_sample(7, 6).unwrap());
        assert!(matches!(
            all.balanced_sample(31, 5),
            Err(DataError::TooFew { class: 0, found: 30, wanted: 31 })
        ));
    }
}
