//! Signal-to-noise ratio of each layer, against its outputs in another arithmetic.

use crate::compiled::CompiledNetwork;
use crate::error::InferError;
use crate::tensor::Tensor;

/// The outputs of every computed layer for some images: what others are compared with.
#[derive(Clone, Debug)]
pub struct LayerSignals {
    images: Tensor,
    layers: Vec<(usize, Tensor)>,
}

/// Signal and noise of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNoise {
    /// Index of the layer in the network; of fused layers the last.
    pub layer: usize,
    /// Sum of the squares of the outputs in the arithmetic that is compared with.
    pub signal: f64,
    /// Sum of the squares of the differences.
    pub noise: f64,
}

impl LayerNoise {
    /// Signal-to-noise ratio in dB: 10·log₁₀(signal / noise). Infinite without noise.
    #[must_use]
    pub fn snr_db(&self) -> f64 {
        10.0 * (self.signal / self.noise).log10()
    }
}

impl LayerSignals {
    /// The outputs of a network's layers for a batch of images.
    ///
    /// # Errors
    /// Images of another shape than the network's input.
    pub fn record(network: &CompiledNetwork, images: Tensor) -> Result<Self, InferError> {
        let mut layers = Vec::new();
        network.run_observed(&images, &mut |seen| {
            layers.push((seen.layer, seen.output.clone()));
        })?;
        Ok(Self { images, layers })
    }

    /// Signal and noise of each layer of the same network in another arithmetic. Layers that only
    /// one of the two computes on their own are left out.
    ///
    /// # Errors
    /// As [`LayerSignals::record`].
    pub fn compare(&self, network: &CompiledNetwork) -> Result<Vec<LayerNoise>, InferError> {
        let mut found = Vec::new();
        network.run_observed(&self.images, &mut |seen| {
            let recorded = self.layers.iter().find(|(layer, _)| *layer == seen.layer);
            if let Some((layer, output)) = recorded {
                found.push(noise(*layer, output, seen.output));
            }
        })?;
        Ok(found)
    }
}

fn noise(layer: usize, expected: &Tensor, got: &Tensor) -> LayerNoise {
    let pairs = expected.data().iter().zip(got.data());
    let (signal, noise) = pairs.fold((0.0, 0.0), |(signal, noise), (&expected, &got)| {
        let (expected, got) = (f64::from(expected), f64::from(got));
        (signal + expected * expected, noise + (expected - got).powi(2))
    });
    LayerNoise { layer, signal, noise }
}

/// Sums signal and noise of several draws, layer by layer.
pub(crate) fn add(sums: &mut Vec<LayerNoise>, draw: Vec<LayerNoise>) {
    if sums.is_empty() {
        *sums = draw;
        return;
    }
    for (sum, layer) in sums.iter_mut().zip(draw) {
        sum.signal += layer.signal;
        sum.noise += layer.noise;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_by_hand() {
        let tensor = |values: &[f32]| Tensor::new([1, 2], values.to_vec()).unwrap();
        let found = noise(3, &tensor(&[3.0, 4.0]), &tensor(&[3.0, 4.5]));
        assert_eq!(found, LayerNoise { layer: 3, signal: 25.0, noise: 0.25 });
        assert!((found.snr_db() - 20.0).abs() < 1e-12);
        assert_eq!(noise(0, &tensor(&[1.0, 0.0]), &tensor(&[1.0, 0.0])).snr_db(), f64::INFINITY);
    }

    #[test]
    fn draws_add_up() {
        let of = |noise| vec![LayerNoise { layer: 0, signal: 1.0, noise }];
        let mut sums = Vec::new();
        add(&mut sums, of(0.5));
        add(&mut sums, of(0.25));
        assert_eq!(sums, [LayerNoise { layer: 0, signal: 2.0, noise: 0.75 }]);
    }
}
