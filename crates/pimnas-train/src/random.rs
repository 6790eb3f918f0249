//! Random numbers that depend on a seed, a purpose and a place alone, so that a run can go on
//! anywhere and the number of threads changes nothing.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of random numbers is for; streams of one seed are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// First weights of a layer.
    Weights,
    /// What an even kernel's output loses.
    Edges,
    /// Order of the images in an epoch.
    Order,
    /// Augmentation of an image in an epoch.
    Augmentation,
    /// Dropout of a layer in a step.
    Dropout,
    /// Variation of a layer's weights in a step.
    Variation,
}

/// A stream of random numbers for a purpose; the place tells those of one purpose apart.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub fn new(seed: u64, purpose: Purpose, (major, minor): (u64, u64)) -> Self {
        let tag: u64 = match purpose {
            Purpose::Weights => 101,
            Purpose::Edges => 102,
            Purpose::Order => 103,
            Purpose::Augmentation => 104,
            Purpose::Dropout => 105,
            Purpose::Variation => 106,
        };
        let mut key = [0; 32];
        for (place, word) in key.as_chunks_mut::<8>().0.iter_mut().zip([seed, tag, major, minor]) {
            *place = word.to_le_bytes();
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// An integer below that one, each equally likely; 0 for 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 {
            return 0;
        }
        // Numbers past the last multiple of `end` would make small ones more likely.
        let whole = u64::MAX - u64::MAX % end;
        loop {
            let number = self.next();
            if number < whole {
                return number % end;
            }
        }
    }

    /// A number from 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of the standard normal distribution (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Puts items into a random order, each order equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}
