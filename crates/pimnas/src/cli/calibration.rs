//! Quantisation after training.

use crate::infer::{CalibrationRules, Percentile, RangeRule};
use crate::interface::Calibration;
use clap::{Args, ValueEnum};

use super::failure::Failure;

/// How a network without scales gets them.
#[derive(Args, Clone, Debug)]
pub struct CalibrationArgs {
    /// Scales of activations and weights from sample inputs; without it those that the network or
    /// its weights state, or where there are none (ONNX), max
    #[arg(long, value_enum, value_name = "RULE")]
    calibrate: Option<RuleArg>,
    /// Sample inputs of a calibration: the first so many, of the training images if there are any
    #[arg(long, value_name = "N", default_value_t = 256)]
    calibration_images: usize,
    /// Share of the values that the range covers, for the rule percentile
    #[arg(long, value_name = "P", default_value_t = 99.9)]
    calibration_percentile: f64,
}

/// How ranges follow from values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleArg {
    /// The largest magnitude
    Max,
    /// The magnitude that a share of the values does not exceed
    Percentile,
    /// Three standard deviations beside the mean, at most the largest magnitude
    ThreeDeviations,
}

impl CalibrationArgs {
    fn rules(&self, rule: RuleArg) -> Result<CalibrationRules, Failure> {
        let rule = match rule {
            RuleArg::Max => RangeRule::Max,
            RuleArg::ThreeDeviations => RangeRule::ThreeDeviations,
            RuleArg::Percentile => {
                let percentile = Percentile::new(self.calibration_percentile);
                let hint = "give --calibration-percentile a number such as 99.9";
                RangeRule::Percentile(percentile.map_err(|bad| Failure::new(bad, Some(hint)))?)
            }
        };
        Ok(CalibrationRules { activations: rule, weights: rule })
    }

    /// How a network without scales gets them.
    pub fn read(&self) -> Result<Calibration, Failure> {
        if self.calibration_images == 0 {
            let hint = "give --calibration-images a number from 1";
            return Err(Failure::new("a calibration needs sample inputs", Some(hint)));
        }
        let rules = self.calibrate.map(|rule| self.rules(rule)).transpose()?;
        Ok(Calibration { rules, inputs: self.calibration_images })
    }
}
