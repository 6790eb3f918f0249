//! Learning rates over a training.

use serde::{Deserialize, Serialize};

/// How the learning rate changes, as a factor of the first one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Schedule {
    /// It does not.
    Constant,
    /// Half a cosine from 1 to a least factor at the end.
    Cosine {
        /// The factor at the end.
        least: f32,
    },
    /// Half cosines, each after the first longer by a factor, each from 1 again.
    CosineRestarts {
        /// Epochs of the first.
        period: f32,
        /// Length of one by that of the one before.
        stretch: f32,
        /// The factor at the end of each.
        least: f32,
    },
    /// Multiplied at each milestone.
    MultiStep {
        /// Epochs after which it is multiplied.
        milestones: Vec<u32>,
        /// By what.
        factor: f32,
    },
}

impl Schedule {
    /// The factor after so many epochs, whole and in part, of so many.
    #[must_use]
    pub fn factor(&self, epoch: f64, epochs: f64) -> f64 {
        let cosine = |part: f64, least: f32| {
            let least = f64::from(least);
            least + (1.0 - least) * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
        };
        match self {
            Self::Constant => 1.0,
            Self::Cosine { least } => cosine((epoch / epochs.max(1e-9)).min(1.0), *least),
            Self::CosineRestarts { period, stretch, least } => {
                let mut length = f64::from(*period).max(1e-3);
                let mut start = 0.0;
                while epoch - start >= length {
                    start += length;
                    length *= f64::from(*stretch).max(1.0);
                }
                cosine((epoch - start) / length, *least)
            }
            Self::MultiStep { milestones, factor } => {
                let passed = milestones.iter().filter(|&&at| epoch >= f64::from(at)).count();
                f64::from(*factor).powf(passed as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_falls_from_one_to_the_least() {
        let schedule = Schedule::Cosine { least: 0.1 };
        let at = |epoch| schedule.factor(epoch, 10.0);
        assert!((at(0.0) - 1.0).abs() < 1e-7 && (at(10.0) - 0.1).abs() < 1e-7);
        assert!((at(5.0) - 0.55).abs() < 1e-7);
    }

    #[test]
    fn restarts_begin_at_one_and_grow_longer() {
        let schedule = Schedule::CosineRestarts { period: 2.0, stretch: 2.0, least: 0.0 };
        let at = |epoch| schedule.factor(epoch, 14.0);
        for (epoch, expected) in [(0.0, 1.0), (1.0, 0.5), (2.0, 1.0), (4.0, 0.5), (6.0, 1.0)] {
            assert!((at(epoch) - expected).abs() < 1e-9, "{epoch}");
        }
    }

    #[test]
    fn milestones_multiply() {
        let schedule = Schedule::MultiStep { milestones: vec![3, 6], factor: 0.1 };
        let at = |epoch| schedule.factor(epoch, 9.0);
        assert_eq!((at(2.9), at(3.0)), (1.0, f64::from(0.1_f32)));
        assert!((at(7.0) - 0.01).abs() < 1e-8);
    }
}
