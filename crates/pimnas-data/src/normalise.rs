//! From pixels to what a network takes.

/// How the values of an image are changed: (value · factor − mean) / deviation, the last two a
/// channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// What values are multiplied with first; 1/255 makes bytes 0 to 1.
    pub factor: f32,
    /// What is subtracted then, for each channel; channels past the last take 0.
    pub mean: Vec<f32>,
    /// What is divided by at last, for each channel; channels past the last take 1.
    pub deviation: Vec<f32>,
}

impl Normalisation {
    /// Values as they are.
    #[must_use]
    pub fn identity() -> Self {
        Self { factor: 1.0, mean: Vec::new(), deviation: Vec::new() }
    }

    /// Bytes of 0 to 255 as 0 to 1.
    #[must_use]
    pub fn unit() -> Self {
        Self { factor: 1.0 / 255.0, ..Self::identity() }
    }

    /// Changes the values of an image with channels of that size.
    pub(crate) fn apply(&self, image: &mut [f32], plane: usize) {
        for (channel, values) in image.chunks_mut(plane.max(1)).enumerate() {
            let mean = self.mean.get(channel).copied().unwrap_or(0.0);
            let deviation = self.deviation.get(channel).copied().unwrap_or(1.0);
            for value in values {
                *value = (*value * self.factor - mean) / deviation;
            }
        }
    }
}

impl Default for Normalisation {
    fn default() -> Self {
        Self::unit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_has_its_own_mean_and_deviation() {
        let normalisation =
            Normalisation { factor: 0.5, mean: vec![1.0, 2.0], deviation: vec![2.0] };
        let mut image = [4.0, 6.0, 4.0, 6.0, 4.0, 6.0];
        normalisation.apply(&mut image, 2);
        assert_eq!(image, [0.5, 1.0, 0.0, 1.0, 2.0, 3.0]);
    }
}
