//! Accuracy stage by stage: floats, fixed point, converters, non-idealities.

use std::ops::ControlFlow;

use pimnas_device::{Draw, Effect, NonIdealities, Seed};
use pimnas_infer::accuracy::{Images, LayerSignals, StageResult, Trials, evaluate};
use pimnas_infer::{AdcRange, CompiledNetwork, InferError, Mode, Tensor};
use pimnas_network::ShapedNetwork;

use crate::error::InterfaceError;
use crate::model::{Calibration, Model};

/// Which stages of cells and converters that are not ideal there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectStages {
    /// Each effect alone, and all together where they are several.
    EachAndAll,
    /// All together alone.
    AllTogether,
}

/// What is studied, beside the model and the images.
#[derive(Clone, Debug)]
pub struct Study {
    /// Range of the ADCs.
    pub adc: AdcRange,
    /// Non-idealities of cells and converters.
    pub effects: NonIdealities,
    /// Their stages.
    pub stages: EffectStages,
    /// Pieces of hardware drawn for each stage with something random.
    pub draws: Draw,
    /// Seed of the draws.
    pub seed: Seed,
    /// How a network without scales gets them.
    pub calibration: Calibration,
    /// Inputs for the calibration; without them the first of those that are scored.
    pub samples: Option<Tensor>,
}

/// The result of a stage, with its name, such as `fixed point`.
pub type Stage = (String, StageResult);

impl Study {
    /// Runs over a stage and images: floats, fixed point, converters, each effect, all together.
    #[must_use]
    pub fn runs(&self) -> usize {
        ARITHMETICS + self.drawn().iter().map(|stage| stage.draws.0 as usize).sum::<usize>()
    }

    /// Every stage on images (count × the shape of one) and their labels. `watch` is told the
    /// stage and the number of images after each batch, and may stop the study.
    ///
    /// # Errors
    /// Weights, images and labels that do not belong to the network; [`InferError::Stopped`].
    pub fn run(
        &self,
        model: &Model,
        (inputs, labels): (&Tensor, &[u32]),
        watch: &mut dyn FnMut(&str, usize) -> ControlFlow<()>,
    ) -> Result<Vec<Stage>, InterfaceError> {
        let images = Images::new(inputs, labels)?;
        images.check_labels(outputs(&model.shaped()?))?;
        let arithmetics: [(&str, Mode); ARITHMETICS] = [
            ("float", Mode::Float),
            ("fixed point", Mode::FixedPoint),
            ("DAC and ADC", Mode::Crossbar(self.adc)),
        ];
        let samples = self.samples.as_ref().unwrap_or(inputs);
        let compiled: Result<Vec<CompiledNetwork>, InterfaceError> = arithmetics
            .iter()
            .map(|&(_, mode)| model.calibrated(mode, (samples, self.calibration))?.compile(mode))
            .collect();
        let compiled = compiled?;
        let first = images.first().cloned().ok_or(InferError::NoSamples)?;
        let signals = LayerSignals::record(&compiled[0], first)?;
        let mut stages = Vec::new();
        let mut stage = |name: &str, trials: &Trials<'_>| -> Result<(), InterfaceError> {
            let result = evaluate(trials, &images, &signals, &mut |seen| watch(name, seen))?;
            stages.push((name.to_owned(), result));
            Ok(())
        };
        for (&(name, _), network) in arithmetics.iter().zip(&compiled) {
            stage(name, &Trials::Once(network))?;
        }
        let ideal = &compiled[ARITHMETICS - 1];
        for DrawnStage { name, effects, draws } in self.drawn() {
            let make = |draw| ideal.with_draw(&effects, self.seed, draw);
            stage(&name, &Trials::Drawn { draws, make: &make })?;
        }
        Ok(stages)
    }

    /// The stages of effects that are on.
    fn drawn(&self) -> Vec<DrawnStage> {
        let on = self.effects.effects();
        let together = || {
            let (name, effects) = (TOGETHER.to_owned(), self.effects.clone());
            DrawnStage { name, draws: self.draws_of(&effects), effects }
        };
        if self.stages == EffectStages::AllTogether {
            return if on.is_empty() { Vec::new() } else { vec![together()] };
        }
        let mut stages: Vec<DrawnStage> = on
            .iter()
            .map(|&effect| {
                let (name, effects) = (effect.name().to_owned(), self.effects.only(effect));
                DrawnStage { name, draws: self.draws_of(&effects), effects }
            })
            .collect();
        if on.len() > 1 {
            stages.push(together());
        }
        stages
    }

    /// One draw where all draws are the same.
    fn draws_of(&self, effects: &NonIdealities) -> Draw {
        let random = effects.effects().into_iter().any(Effect::is_random);
        if random { self.draws } else { Draw(1) }
    }
}

/// Number of the network's outputs.
fn outputs(shaped: &ShapedNetwork<'_>) -> usize {
    shaped.output().elements()
}

/// Name of the stage of all effects.
const TOGETHER: &str = "all together";
/// Stages without anything random.
const ARITHMETICS: usize = 3;

/// A stage whose hardware is drawn.
struct DrawnStage {
    name: String,
    effects: NonIdealities,
    draws: Draw,
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimnas_device::{ReadNoise, StuckAt};

    #[test]
    fn effects_have_stages_of_their_own_where_that_is_asked_for() {
        let effects = NonIdealities {
            stuck: Some(StuckAt::percent(1.0, 1.0)),
            read_noise: Some(ReadNoise { relative: 0.01 }),
            ..NonIdealities::default()
        };
        let study = |stages, effects: &NonIdealities| Study {
            adc: AdcRange::Scale,
            effects: effects.clone(),
            stages,
            draws: Draw(4),
            seed: Seed(0),
            calibration: Calibration::default(),
            samples: None,
        };
        let names = |study: &Study| -> Vec<String> {
            study.drawn().into_iter().map(|stage| stage.name).collect()
        };
        let each = study(EffectStages::EachAndAll, &effects);
        assert_eq!((names(&each).len(), each.runs()), (3, 3 + 3 * 4));
        let together = study(EffectStages::AllTogether, &effects);
        assert_eq!((names(&together), together.runs()), (vec![TOGETHER.to_owned()], 3 + 4));
        let none = study(EffectStages::AllTogether, &NonIdealities::default());
        assert_eq!(none.runs(), 3);
    }
}
