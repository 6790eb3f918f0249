//! Quantisation after training.

use std::borrow::Cow;

use clap::{Args, ValueEnum};
use pimnas::infer::{CalibrationRules, Mode, Percentile, RangeRule, Tensor, calibrate};

use super::failure::Failure;
use super::model::{Model, infer_failure};
use super::precision::Scales;

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

    /// Whether the model gets its scales from sample inputs: where that is asked for, or where it
    /// has none.
    pub fn scales(&self, model: &Model) -> Scales {
        let own = self.calibrate.is_none() && model.has_scales();
        if own { Scales::Stated } else { Scales::Calibrated }
    }

    /// Sample inputs that a calibration takes, at most.
    pub fn images(&self) -> usize {
        self.calibration_images
    }

    /// The model for an arithmetic. But for floats it is calibrated with the first of the inputs
    /// where that is asked for, or where it has no scales.
    pub fn staged<'a>(
        &self,
        model: &'a Model,
        mode: Mode,
        inputs: &Tensor,
    ) -> Result<Cow<'a, Model>, Failure> {
        if mode == Mode::Float {
            return Ok(Cow::Borrowed(model));
        }
        let rule = match (self.calibrate, model.has_scales()) {
            (None, true) => return Ok(Cow::Borrowed(model)),
            (Some(rule), _) => rule,
            (None, false) => RuleArg::Max,
        };
        let rules = self.rules(rule)?;
        if self.calibration_images == 0 {
            let hint = "give --calibration-images a number from 1";
            return Err(Failure::new("a calibration needs sample inputs", Some(hint)));
        }
        let samples = batches(inputs, self.calibration_images)?;
        let options = model.options(Mode::Float);
        let shaped = model.shaped()?;
        let calibrated = calibrate(&shaped, &model.parameters, &samples, (rules, &options))
            .map_err(|error| infer_failure(&error))?;
        Ok(Cow::Owned(Model {
            network: calibrated.network,
            parameters: calibrated.parameters,
            ..model.clone()
        }))
    }
}

/// Inputs of a batch.
const BATCH: usize = 64;

/// The first inputs in batches.
fn batches(inputs: &Tensor, count: usize) -> Result<Vec<Tensor>, Failure> {
    let (all, size) = (inputs.batch(), inputs.data().len() / inputs.batch().max(1));
    let count = count.min(all);
    let values = inputs.data().get(..count * size).unwrap_or_default();
    let batches = values.chunks((BATCH * size).max(1)).map(|values| {
        let mut dims = inputs.dims().to_vec();
        if let Some(items) = dims.first_mut() {
            *items = values.len() / size.max(1);
        }
        Tensor::new(dims, values.to_vec()).map_err(|error| infer_failure(&error))
    });
    batches.collect()
}
