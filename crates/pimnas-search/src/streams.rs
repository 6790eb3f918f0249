//! Random numbers that are the same on every machine and for every number of threads.

use num_bigint::BigUint;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of random numbers is for; streams of one seed are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Drawing a rollout.
    Sample,
    /// Changing a rollout.
    Mutation,
    /// Mixing two rollouts.
    Crossover,
    /// Choosing parents, and everything else that a controller decides.
    Propose,
    /// What an evaluation draws: device variation, noise, data.
    Evaluate,
    /// Fitting a model of trials.
    Model,
}

impl Purpose {
    /// Number that stands for the purpose in a stream's key; never to be changed.
    const fn tag(self) -> u64 {
        match self {
            Self::Sample => 1,
            Self::Mutation => 2,
            Self::Crossover => 3,
            Self::Propose => 4,
            Self::Evaluate => 5,
            Self::Model => 6,
        }
    }
}

/// Leading word of every key, so that streams of the search differ from those of other rooms
/// with the same seed: "pimnasSE" as little-endian ASCII.
const DOMAIN: u64 = u64::from_le_bytes(*b"pimnasSE");

/// All random numbers of a run: a stream follows from the seed, the trial and the purpose, so
/// that a trial gets the same numbers whoever runs it and whatever ran before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of that seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The stream of a trial for a purpose, from its start. Its ChaCha8 key is the domain, the
    /// seed, the trial and the purpose's number, as little-endian 64-bit words.
    #[must_use]
    pub fn stream(&self, trial: u64, purpose: Purpose) -> Stream {
        let mut key = [0; 32];
        let words = [DOMAIN, self.seed, trial, purpose.tag()];
        for (place, word) in key.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        Stream(ChaCha8Rng::from_seed(key))
    }
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// An index below `end`, each equally likely; 0 for 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        if end == 0 {
            return 0;
        }
        // Numbers past the last multiple of `end` would make small ones more likely.
        let whole = u64::MAX - u64::MAX % end;
        loop {
            let number = self.0.next_u64();
            if number < whole {
                return (number % end) as usize;
            }
        }
    }

    /// A number below `end`, each equally likely; 0 for 0.
    pub fn below_big(&mut self, end: &BigUint) -> BigUint {
        let bits = end.bits();
        let digits = bits.div_ceil(32) as usize;
        let spare = (digits as u64 * 32).saturating_sub(bits) as u32;
        loop {
            let mut words: Vec<u32> = (0..digits).map(|_| self.0.next_u32()).collect();
            if let Some(last) = words.last_mut() {
                *last >>= spare;
            }
            let number = BigUint::new(words);
            if number < *end || digits == 0 {
                return number;
            }
        }
    }

    /// A number from 0 to below 1, in steps of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 * STEP
    }

    /// An index with a probability proportional to its weight; `None` where no weight is
    /// positive. Weights that are negative or not finite count as 0.
    pub fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let sound = |weight: f64| if weight.is_finite() && weight > 0.0 { weight } else { 0.0 };
        let total: f64 = weights.iter().map(|&weight| sound(weight)).sum();
        let mut left = self.unit() * total;
        let mut last = None;
        for (index, &weight) in weights.iter().enumerate() {
            let weight = sound(weight);
            if weight == 0.0 {
                continue;
            }
            last = Some(index);
            if left < weight {
                return last;
            }
            left -= weight;
        }
        // Rounding can leave a rest behind the last weight.
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_trial_and_purpose_and_are_frozen() {
        let first =
            |seed, trial, purpose| Streams::new(seed).stream(trial, purpose).below(usize::MAX);
        let numbers = [
            first(1, 0, Purpose::Sample),
            first(2, 0, Purpose::Sample),
            first(1, 1, Purpose::Sample),
            first(1, 0, Purpose::Mutation),
            first(1, 0, Purpose::Crossover),
        ];
        for (index, number) in numbers.iter().enumerate() {
            assert!(!numbers[..index].contains(number));
        }
        let mut stream = Streams::new(7).stream(3, Purpose::Sample);
        let drawn: Vec<usize> = (0..8).map(|_| stream.below(100)).collect();
        assert_eq!(drawn, FROZEN);
    }

    /// What the stream of seed 7, trial 3 gave first; a change would change every result.
    const FROZEN: [usize; 8] = [16, 16, 79, 6, 97, 15, 17, 44];

    #[test]
    fn big_numbers_below_a_bound_are_spread_evenly() {
        let end = BigUint::from(5_u32) << 70;
        let mut stream = Streams::new(1).stream(0, Purpose::Sample);
        let mut counts = [0_usize; 5];
        for _ in 0..5000 {
            let number: BigUint = stream.below_big(&end) >> 70;
            counts[usize::try_from(number).unwrap()] += 1;
        }
        // Standard deviation of each count: sqrt(5000 · 1/5 · 4/5) = 28.
        assert!(counts.iter().all(|count| (860..1140).contains(count)), "{counts:?}");
        assert_eq!(stream.below_big(&BigUint::ZERO), BigUint::ZERO);
    }

    #[test]
    fn weights_are_shares() {
        let mut stream = Streams::new(1).stream(0, Purpose::Sample);
        let mut counts = [0; 4];
        for _ in 0..4000 {
            counts[stream.weighted(&[1.0, 0.0, 3.0, f64::NAN]).unwrap()] += 1;
        }
        assert!((890..1110).contains(&counts[0]) && counts[1] == 0 && counts[3] == 0, "{counts:?}");
        assert_eq!(stream.weighted(&[0.0, -1.0]), None);
    }
}
