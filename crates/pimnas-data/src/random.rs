//! Random numbers that are the same on every machine and for every number of threads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of random numbers is for; streams of one seed are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Order of the images in an epoch.
    Order,
    /// Choice of a sample.
    Sample,
    /// Augmentation of an image in an epoch.
    Augmentation,
}

/// A stream of random numbers for a purpose; `place` tells those of one purpose apart.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub fn new(seed: u64, purpose: Purpose, (major, minor): (u64, u64)) -> Self {
        let mut key = [0; 32];
        let tag: u64 = match purpose {
            Purpose::Order => 1,
            Purpose::Sample => 2,
            Purpose::Augmentation => 3,
        };
        for (place, word) in key.as_chunks_mut::<8>().0.iter_mut().zip([seed, tag, major, minor]) {
            *place = word.to_le_bytes();
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// An integer below that one, each equally likely; 0 for 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 {
            return 0;
        }
        // Numbers past the last multiple of `end` would make small ones more likely.
        let whole = u64::MAX - u64::MAX % end;
        loop {
            let number = self.0.next_u64();
            if number < whole {
                return number % end;
            }
        }
    }

    /// Puts items into a random order, each order equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_seed_differ_by_purpose_and_place() {
        let first = |purpose, place| Stream::new(7, purpose, place).below(u64::MAX);
        let numbers = [
            first(Purpose::Order, (0, 0)),
            first(Purpose::Order, (0, 1)),
            first(Purpose::Order, (1, 0)),
            first(Purpose::Sample, (0, 0)),
            first(Purpose::Augmentation, (0, 0)),
        ];
        for (i, number) in numbers.iter().enumerate() {
            assert!(!numbers[..i].contains(number));
        }
        assert_eq!(first(Purpose::Order, (0, 0)), numbers[0]);
    }

    #[test]
    fn a_shuffle_is_frozen() {
        let mut items: Vec<u32> = (0..8).collect();
        Stream::new(1, Purpose::Order, (0, 0)).shuffle(&mut items);
        assert_eq!(items, [1, 0, 2, 6, 4, 5, 7, 3]);
    }

    #[test]
    fn every_number_below_is_about_as_likely() {
        let mut counts = [0; 3];
        let mut stream = Stream::new(1, Purpose::Sample, (0, 0));
        for _ in 0..3000 {
            counts[stream.below(3) as usize] += 1;
        }
        // Standard deviation of each count: sqrt(3000 · 1/3 · 2/3) = 26.
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
