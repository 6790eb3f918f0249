//! How a network is trained.

use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::loader::Changes;
use crate::model::{AdcNoise, Noise, Precision};
use crate::optimise::{Optimiser, Schedule};

/// How a network is trained. Everything that changes the result is here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingOptions {
    /// Times that all images are gone through.
    pub epochs: u32,
    /// Images of a batch.
    pub batch: usize,
    /// The optimiser.
    pub optimiser: Optimiser,
    /// First learning rate.
    pub rate: f32,
    /// How it changes.
    pub schedule: Schedule,
    /// Steps in which the rate grows from 0 to the first.
    pub warm_up: u32,
    /// How much weights are pulled to 0 (those of batch normalisations are not).
    pub decay: f32,
    /// Longest gradient, all together.
    pub clip: Option<f32>,
    /// Share of the target that all classes get alike.
    pub smoothing: f32,
    /// Random changes of images.
    pub changes: Changes,
    /// Whether weights and activations are quantised.
    pub precision: Precision,
    /// Variation of weights, relative to the largest of a layer.
    pub variation: f32,
    /// Converters in the loop: bits and rows.
    pub adc: Option<AdcNoise>,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for TrainingOptions {
    /// Ten epochs of descent with momentum 0.9 at 0.1 along a cosine, decay 5e-4, batches of 64.
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            optimiser: Optimiser::sgd(),
            rate: 0.1,
            schedule: Schedule::Cosine { least: 0.0 },
            warm_up: 0,
            decay: 5e-4,
            clip: None,
            smoothing: 0.0,
            changes: Changes::default(),
            precision: Precision::Quantised,
            variation: 0.0,
            adc: None,
            seed: 1,
        }
    }
}

impl TrainingOptions {
    /// What the hardware adds.
    #[must_use]
    pub fn noise(&self) -> Noise {
        Noise { variation: self.variation, adc: self.adc }
    }

    /// Checks that the numbers make sense.
    ///
    /// # Errors
    /// [`TrainError::Option`] for the first that does not.
    pub fn check(&self) -> Result<(), TrainError> {
        let wrong = |what, value: String, why| Err(TrainError::Option { what, value, why });
        let finite = |value: f32| value.is_finite() && value >= 0.0;
        if self.epochs == 0 {
            return wrong("the number of epochs", "0".to_owned(), "must be at least 1");
        }
        if self.batch < 2 {
            let why = "must be at least 2: a batch of one has no variance";
            return wrong("the batch", self.batch.to_string(), why);
        }
        for (what, value) in [
            ("the learning rate", self.rate),
            ("the weight decay", self.decay),
            ("the variation of weights", self.variation),
        ] {
            if !finite(value) {
                return wrong(what, value.to_string(), "must be finite and not negative");
            }
        }
        if !(0.0..1.0).contains(&self.smoothing) {
            return wrong("the label smoothing", self.smoothing.to_string(), "must be in 0 to 1");
        }
        if let Some(clip) = self.clip.filter(|&clip| !(finite(clip) && clip > 0.0)) {
            return wrong("the longest gradient", clip.to_string(), "must be positive");
        }
        match self.adc {
            Some(AdcNoise { bits, rows }) if !(2..=20).contains(&bits) || rows == 0 => {
                let value = format!("{bits} bits behind {rows} rows");
                wrong("the ADC", value, "has 2 to 20 bits and at least one row")
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The learning rate of a step, after so many of so many batches of an epoch.
    #[must_use]
    pub fn rate_at(&self, step: u64, (epoch, batch, batches): (u64, usize, usize)) -> f32 {
        let passed = epoch as f64 + batch as f64 / batches.max(1) as f64;
        let factor = self.schedule.factor(passed, f64::from(self.epochs));
        let warm = match self.warm_up {
            0 => 1.0,
            steps => ((step + 1) as f64 / f64::from(steps)).min(1.0),
        };
        (f64::from(self.rate) * factor * warm) as f32
    }
}
