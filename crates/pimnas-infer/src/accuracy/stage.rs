//! One stage of the table: its draws, scored and compared.

use std::ops::ControlFlow;

use pimnas_device::Draw;

use super::images::{Images, Score};
use super::signal::{LayerNoise, LayerSignals, add};
use super::statistics::{Interval, Summary, wilson};
use crate::compiled::CompiledNetwork;
use crate::error::InferError;

/// How a stage's hardware is made.
pub enum Trials<'a> {
    /// Always the same.
    Once(&'a CompiledNetwork),
    /// Another one in each of so many draws.
    Drawn {
        /// Number of draws: those before this one.
        draws: Draw,
        /// The network on the hardware of a draw.
        make: &'a dyn Fn(Draw) -> Result<CompiledNetwork, InferError>,
    },
}

/// The result of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageResult {
    /// The score of each draw.
    pub scores: Vec<Score>,
    /// Signal and noise of each layer, summed over the draws.
    pub layers: Vec<LayerNoise>,
}

impl StageResult {
    /// Mean, deviation, worst and interval over the draws.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.scores.iter().map(Score::accuracy).collect::<Vec<_>>())
    }

    /// What the choice of the images leaves open of the mean.
    #[must_use]
    pub fn sampling(&self) -> Option<Interval> {
        let images = self.scores.first()?.images;
        self.summary().map(|summary| wilson(summary.mean, images))
    }
}

/// Scores every draw of a stage and compares its layers with the recorded ones. `seen` is told the
/// number of images after each batch and may stop it.
///
/// # Errors
/// [`InferError::Stopped`] if `seen` breaks.
/// Images that the network cannot take, labels that it cannot give, hardware that cannot be made.
pub fn evaluate(
    trials: &Trials<'_>,
    images: &Images,
    signals: &LayerSignals,
    seen: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<StageResult, InferError> {
    let mut result = StageResult { scores: Vec::new(), layers: Vec::new() };
    let mut trial = |network: &CompiledNetwork| -> Result<(), InferError> {
        add(&mut result.layers, signals.compare(network)?);
        result.scores.push(images.score(network, seen)?);
        Ok(())
    };
    match trials {
        Trials::Once(network) => trial(network)?,
        Trials::Drawn { draws, make } => {
            for draw in 0..draws.0 {
                trial(&make(Draw(draw))?)?;
            }
        }
    }
    Ok(result)
}
