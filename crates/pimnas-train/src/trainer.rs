//! Trainings, step by step.

use burn_tensor::Device;
use pimnas_data::{Dataset, Normalisation, Pixels};
use pimnas_network::{Shape, ShapedNetwork};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::error::TrainError;
use crate::loader::{Loader, TrainBatch};
use crate::model::{Model, PassOptions, PassPurpose, images};
use crate::ops::{self, Targets};
use crate::optimise::{OptimiserState, StepOptions};
use crate::options::TrainingOptions;

/// Images of a batch in evaluation.
const EVALUATION_BATCH: usize = 250;

/// How far a training is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Whole epochs done.
    pub epoch: u64,
    /// Batches of the next one done.
    pub batch: usize,
    /// Steps done.
    pub step: u64,
}

/// Sums over the steps of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Losses times images.
    pub loss: f64,
    /// Images that the network answered rightly while it learned from them.
    pub correct: u64,
    /// Images.
    pub images: u64,
}

/// What a step gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps done, this one included.
    pub step: u64,
    /// Mean loss of the batch.
    pub loss: f32,
    /// Right answers of the batch.
    pub correct: usize,
    /// Images of the batch.
    pub images: usize,
    /// Learning rate.
    pub rate: f32,
    /// Length of the gradient before clipping.
    pub gradient: f32,
}

/// Loss and right answers on images that are not learned from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Mean loss, without smoothing.
    pub loss: f64,
    /// Right answers.
    pub correct: usize,
    /// Images.
    pub images: usize,
}

impl Evaluation {
    /// Share of right answers.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }
}

/// A training.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// The network.
    pub model: Model,
    /// How it is trained.
    pub options: TrainingOptions,
    /// What the optimiser remembers.
    pub optimiser: OptimiserState,
    /// How far it is.
    pub position: Position,
    /// Sums of the epoch that it is in.
    pub sums: Sums,
    /// What images it learns from; none before [`Trainer::bind`].
    pub(crate) data: Option<u64>,
    device: Device,
    order: Option<(u64, Vec<usize>)>,
}

impl Trainer {
    /// A training from its beginning.
    ///
    /// # Errors
    /// Options that make no sense.
    pub fn new(model: Model, options: TrainingOptions) -> Result<Self, TrainError> {
        options.check()?;
        Ok(Self {
            model,
            options,
            optimiser: OptimiserState::default(),
            position: Position::default(),
            sums: Sums::default(),
            data: None,
            device: Model::cpu(),
            order: None,
        })
    }

    /// The same on another device of Burn, which must differentiate.
    #[must_use]
    pub fn on(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Checks that a data set fits the network.
    ///
    /// # Errors
    /// [`TrainError::Images`], [`TrainError::Classes`], [`TrainError::NoImages`].
    pub fn check(&self, dataset: &Dataset) -> Result<(), TrainError> {
        if dataset.is_empty() {
            return Err(TrainError::NoImages);
        }
        let shaped = ShapedNetwork::new(&self.model.network).map_err(TrainError::Network)?;
        let shape = dataset.shape();
        let expected = self.model.network.input.shape;
        let found =
            Shape::Map { channels: shape.channels, height: shape.height, width: shape.width };
        if found != expected {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(TrainError::Images { found, expected });
        }
        let (outputs, classes) = (shaped.output().elements(), dataset.classes());
        if classes > outputs {
            return Err(TrainError::Classes { classes, outputs });
        }
        Ok(())
    }

    /// Binds the training to these images, or checks that it is bound to the same.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] if it was begun on other images, or images changed otherwise.
    pub fn bind(
        &mut self,
        dataset: &Dataset,
        normalisation: &Normalisation,
    ) -> Result<(), TrainError> {
        let found = fingerprint(dataset, normalisation);
        match self.data {
            Some(data) if data != found => {
                let why = "was begun on other images, or with another normalisation".to_owned();
                Err(TrainError::Checkpoint { why })
            }
            Some(_) | None => {
                self.data = Some(found);
                Ok(())
            }
        }
    }

    /// The data set as this training goes through it.
    #[must_use]
    pub fn loader<'a>(&self, dataset: &'a Dataset, normalisation: &'a Normalisation) -> Loader<'a> {
        let TrainingOptions { batch, changes, seed, .. } = self.options;
        Loader { dataset, batch, normalisation, changes, seed }
    }

    /// Whether all epochs are done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.position.epoch >= u64::from(self.options.epochs)
    }

    /// Takes the next step; the last of an epoch begins the next one, whose sums are then empty
    /// (those of the epoch are in the result).
    ///
    /// # Errors
    /// A loss that is no number, and what a forward pass may say.
    pub fn next(&mut self, loader: &Loader<'_>) -> Result<(StepReport, Option<Sums>), TrainError> {
        // All of it in the pool: a thread outside would go to sleep and be woken at each layer.
        rayon::scope(|_| self.next_here(loader))
    }

    fn next_here(&mut self, loader: &Loader<'_>) -> Result<(StepReport, Option<Sums>), TrainError> {
        let Position { epoch, batch, .. } = self.position;
        let order = match self.order.take() {
            Some((of, order)) if of == epoch => order,
            Some(_) | None => loader.order(epoch),
        };
        let items = loader.batch(&order, (epoch, batch));
        self.order = Some((epoch, order));
        let batches = loader.batches();
        let rate = self.options.rate_at(self.position.step, (epoch, batch, batches));
        let report = self.step(items, rate)?;
        self.sums.loss += f64::from(report.loss) * report.images as f64;
        self.sums.correct += report.correct as u64;
        self.sums.images += report.images as u64;
        self.position.batch += 1;
        let mut finished = None;
        if self.position.batch >= batches {
            self.position = Position { epoch: epoch + 1, batch: 0, step: self.position.step };
            finished = Some(std::mem::take(&mut self.sums));
        }
        Ok((report, finished))
    }

    fn step(&mut self, batch: TrainBatch, rate: f32) -> Result<StepReport, TrainError> {
        let count = batch.labels.len();
        let step = self.position.step;
        let options = PassOptions {
            purpose: PassPurpose::Train { seed: self.options.seed, step },
            precision: self.options.precision,
            noise: self.options.noise(),
        };
        let (gradients, loss, correct) = {
            let leaves = self.model.parameters.leaves(&self.device);
            let input = images(batch.images, batch.dims, &self.device);
            let output = self.model.forward(&leaves, input, options)?;
            let logits = ops::values(output.logits.clone().detach());
            let correct = right(&logits, &batch.labels);
            let smoothing = self.options.smoothing;
            let targets = Targets { labels: batch.labels.into(), smoothing };
            let loss = ops::cross_entropy(output.logits, targets);
            let value = ops::values(loss.clone().detach()).first().copied().unwrap_or(f32::NAN);
            if !value.is_finite() {
                return Err(TrainError::Diverged { step, loss: value });
            }
            let mut found = loss.backward();
            let gradients: Vec<Vec<f32>> = leaves
                .tensors
                .values()
                .map(|leaf| leaf.grad_remove(&mut found).map(ops::values).unwrap_or_default())
                .collect();
            self.model.apply(&output.updates);
            (gradients, value, correct)
        };
        let TrainingOptions { decay, clip, .. } = self.options;
        let taken = StepOptions { rate, decay, clip };
        let optimiser = self.options.optimiser;
        let parameters = &mut self.model.parameters;
        let gradient = self.optimiser.step(&optimiser, parameters, (&gradients, taken));
        self.position.step += 1;
        Ok(StepReport { step: step + 1, loss, correct, images: count, rate, gradient })
    }

    /// Loss and accuracy on a data set, with running moments and ranges.
    ///
    /// # Errors
    /// What a forward pass may say.
    pub fn evaluate(&self, loader: &Loader<'_>) -> Result<Evaluation, TrainError> {
        rayon::scope(|_| self.evaluate_here(loader))
    }

    fn evaluate_here(&self, loader: &Loader<'_>) -> Result<Evaluation, TrainError> {
        let mut total = Evaluation::default();
        let count = loader.dataset.len();
        let device = self.device.clone().inner();
        for start in (0..count).step_by(EVALUATION_BATCH) {
            let batch = loader.plain(start..(start + EVALUATION_BATCH).min(count));
            let input = images(batch.images, batch.dims, &device);
            let logits = self.model.evaluate(input, self.options.precision)?;
            let items = batch.labels.len();
            total.correct += right(&ops::values(logits.clone()), &batch.labels);
            let targets = Targets { labels: batch.labels.into(), smoothing: 0.0 };
            let loss = ops::values(ops::cross_entropy(logits, targets));
            total.loss += f64::from(loss.first().copied().unwrap_or(0.0)) * items as f64;
            total.images += items;
        }
        total.loss /= total.images.max(1) as f64;
        Ok(total)
    }
}

/// A hash of images, labels and normalisation, by which a checkpoint knows what it was begun on.
#[must_use]
pub fn fingerprint(dataset: &Dataset, normalisation: &Normalisation) -> u64 {
    let mut hash = Xxh3::new();
    let mut floats = |values: &[f32]| {
        values.iter().for_each(|value| hash.update(&value.to_bits().to_le_bytes()));
    };
    floats(&[normalisation.factor]);
    floats(&normalisation.mean);
    floats(&normalisation.deviation);
    match dataset.pixels() {
        Pixels::U8(values) => hash.update(values),
        Pixels::F32(values) => floats(values),
    }
    dataset.labels().iter().for_each(|label| hash.update(&label.to_le_bytes()));
    hash.digest()
}

/// How many items have their largest value (the first of equal ones) at their label.
fn right(logits: &[f32], labels: &[u32]) -> usize {
    let classes = logits.len() / labels.len().max(1);
    let answer = |item: &[f32]| {
        let first = (0, f32::NEG_INFINITY);
        let most =
            |best: (usize, f32), (i, &v): (usize, &f32)| if v > best.1 { (i, v) } else { best };
        item.iter().enumerate().fold(first, most).0
    };
    let items = logits.chunks(classes.max(1)).zip(labels);
    items.filter(|(item, label)| answer(item) == **label as usize).count()
}
