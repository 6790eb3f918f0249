//! Random numbers by place: the same for every number of threads and every order of calls.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::normal::normal_pair;

/// What a user chooses to repeat an experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

/// One specimen of the hardware: which of the many chips that a seed describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Draw(pub u32);

/// What random numbers are for. Those of different purposes are independent, so that switching
/// one effect on leaves the numbers of the others as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Conductance after programming.
    Variation = 1,
    /// Which cells are stuck.
    StuckAt = 2,
    /// Drift exponents.
    Drift = 3,
    /// Noise of each read.
    ReadNoise = 4,
    /// Offset and gain of the ADCs.
    Adc = 5,
}

/// Which array of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ArrayPlace {
    /// Index of the layer.
    pub layer: u32,
    /// Group of a grouped convolution.
    pub group: u32,
    /// Row split.
    pub split: u32,
    /// Digit of the weight and sign of the pair: twice the digit, plus 1 for the negative array.
    pub array: u32,
}

impl ArrayPlace {
    /// The same place in the array of the other sign.
    #[must_use]
    pub const fn partner(self) -> Self {
        Self { array: self.array ^ 1, ..self }
    }
}

/// All random numbers of one draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Streams {
    /// The seed.
    pub seed: Seed,
    /// The draw.
    pub draw: Draw,
}

impl Streams {
    /// Those of a draw.
    #[must_use]
    pub const fn new(seed: Seed, draw: Draw) -> Self {
        Self { seed, draw }
    }

    /// The stream of an array for a purpose.
    ///
    /// The key of the cipher is made of all the numbers, so that no two streams overlap.
    #[must_use]
    pub fn stream(&self, purpose: Purpose, place: ArrayPlace) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.0.to_le_bytes());
        let ArrayPlace { layer, group, split, array } = place;
        let words = [self.draw.0, purpose as u32, layer, group, split, array];
        for (bytes, word) in key[8..].as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        Stream(ChaCha8Rng::from_seed(key))
    }
}

/// The random numbers of an array for a purpose; each has a position of its own.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// Turns to one of 2⁶⁴ independent lines of numbers, such as a column in a cycle.
    pub fn line(&mut self, line: u64) {
        self.0.set_stream(line);
    }

    /// Standard normal numbers from that position on.
    ///
    /// Numbers 2k and 2k + 1 are a Box–Muller pair of the words 2k and 2k + 1.
    pub fn normals(&mut self, first: u64, numbers: &mut [f32]) {
        self.0.set_word_pos(u128::from(first & !1));
        let mut numbers = numbers.iter_mut();
        if first & 1 == 1
            && let Some(number) = numbers.next()
        {
            *number = self.pair().1;
        }
        while let Some(number) = numbers.next() {
            let (even, odd) = self.pair();
            *number = even;
            if let Some(number) = numbers.next() {
                *number = odd;
            }
        }
    }

    /// The standard normal number at a position.
    pub fn normal(&mut self, position: u64) -> f32 {
        let mut number = [0.0];
        self.normals(position, &mut number);
        number[0]
    }

    /// Numbers from 0 (included) to 1 (excluded), each equally likely, from that position on.
    pub fn uniforms(&mut self, first: u64, numbers: &mut [f64]) {
        self.0.set_word_pos(u128::from(first));
        for number in numbers {
            *number = f64::from(self.0.next_u32()) / 4_294_967_296.0;
        }
    }

    fn pair(&mut self) -> (f32, f32) {
        let radius = self.0.next_u32();
        normal_pair(radius, self.0.next_u32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(streams: Streams, purpose: Purpose, place: ArrayPlace) -> [f32; 4] {
        let mut numbers = [0.0; 4];
        streams.stream(purpose, place).normals(0, &mut numbers);
        numbers
    }

    #[test]
    fn each_part_of_the_key_changes_the_numbers() {
        let base = Streams::new(Seed(1), Draw(0));
        let place = ArrayPlace::default();
        let all = [
            some(base, Purpose::Variation, place),
            some(Streams::new(Seed(2), Draw(0)), Purpose::Variation, place),
            some(Streams::new(Seed(1), Draw(1)), Purpose::Variation, place),
            some(base, Purpose::Drift, place),
            some(base, Purpose::Variation, ArrayPlace { layer: 1, ..place }),
            some(base, Purpose::Variation, ArrayPlace { group: 1, ..place }),
            some(base, Purpose::Variation, ArrayPlace { split: 1, ..place }),
            some(base, Purpose::Variation, ArrayPlace { array: 1, ..place }),
        ];
        for (i, first) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|second| first != second), "{i}");
        }
    }

    #[test]
    fn a_number_belongs_to_its_position() {
        let streams = Streams::new(Seed(9), Draw(3));
        let mut stream = streams.stream(Purpose::ReadNoise, ArrayPlace::default());
        stream.line(77);
        let mut all = [0.0; 301];
        stream.normals(0, &mut all);
        for first in [0, 1, 2, 63, 64, 129, 300] {
            let mut some = vec![0.0; (all.len() - first).min(7)];
            stream.normals(first as u64, &mut some);
            assert_eq!(some, all[first..first + some.len()]);
            assert_eq!(stream.normal(first as u64), all[first]);
        }
        let mut uniforms = [0.0; 100];
        stream.uniforms(0, &mut uniforms);
        let mut late = [0.0; 3];
        stream.uniforms(41, &mut late);
        assert_eq!(late, uniforms[41..44]);
    }

    #[test]
    fn normals_have_the_moments_of_the_normal_distribution() {
        let count = 200_000;
        let mut numbers = vec![0.0; count];
        let streams = Streams::new(Seed(5), Draw(0));
        streams.stream(Purpose::Variation, ArrayPlace::default()).normals(0, &mut numbers);
        let moment = |power: i32| {
            numbers.iter().map(|&number| f64::from(number).powi(power)).sum::<f64>() / count as f64
        };
        // Four standard errors: of the k-th moment sqrt((m_2k - m_k²) / n).
        assert!(moment(1).abs() < 4.0 * (1.0 / count as f64).sqrt());
        assert!((moment(2) - 1.0).abs() < 4.0 * (2.0 / count as f64).sqrt());
        assert!(moment(3).abs() < 4.0 * (15.0 / count as f64).sqrt());
        assert!((moment(4) - 3.0).abs() < 4.0 * (96.0 / count as f64).sqrt());
    }
}
