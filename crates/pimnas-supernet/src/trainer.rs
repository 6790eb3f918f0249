//! Trainings of super nets, step by step.

use burn_tensor::Device;
use pimnas_data::{Dataset, Normalisation};
use pimnas_search::Rollout;
use pimnas_train::{
    Changes, Evaluation, LayerState, Loader, Model, PassOptions, PassPurpose, Position,
    StepOptions, StepReport, Sums, TrainBatch, TrainError, Trainer, TrainingOptions, Update,
    fingerprint, images, ops,
};
use rayon::prelude::*;

use crate::error::SupernetError;
use crate::gradient::Gradients;
use crate::sampler::{LossTable, Sampler, SamplerKind};
use crate::subnet::Subnet;
use crate::supernet::{Grown, SuperNet, run};

/// A training of a super net.
#[derive(Clone)]
pub struct SupernetTrainer {
    /// The super net.
    pub net: SuperNet,
    /// How it is trained.
    pub options: TrainingOptions,
    /// Which rollouts a step trains.
    pub sampler: SamplerKind,
    /// Losses by decision and choice.
    pub losses: LossTable,
    /// How far it is.
    pub position: Position,
    /// Sums of the epoch that it is in, over all rollouts.
    pub sums: Sums,
    /// Steps of the optimiser.
    pub optimiser_steps: u64,
    /// What images it learns from; none before [`SupernetTrainer::bind`].
    pub(crate) data: Option<u64>,
    device: Device,
    order: Option<(u64, Vec<usize>)>,
}

/// What a step gave.
#[derive(Clone, Debug, PartialEq)]
pub struct SupernetStep {
    /// Loss and right answers over all rollouts; each image counts once for each.
    pub report: StepReport,
    /// The rollouts and the loss of each.
    pub rollouts: Vec<(Rollout, f32)>,
}

/// What a pass of a rollout gives.
struct Passed {
    loss: f32,
    correct: usize,
    /// Of its slices, where they have one.
    gradients: Vec<Option<Vec<f32>>>,
    updates: Vec<(usize, Update)>,
}

/// Batches on which candidates are calibrated.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The batches.
    pub batches: Vec<TrainBatch>,
}

impl Calibration {
    /// So many batches of the loader's images in the order of its first epoch, as they are.
    #[must_use]
    pub fn new(loader: &Loader<'_>, batches: usize) -> Self {
        let loader = Loader { changes: Changes::default(), ..loader.clone() };
        let order = loader.order(0);
        let count = batches.min(loader.batches());
        Self { batches: (0..count).map(|index| loader.batch(&order, (0, index))).collect() }
    }
}

impl SupernetTrainer {
    /// A training from its beginning.
    ///
    /// # Errors
    /// Options that make no sense.
    pub fn new(
        net: SuperNet,
        (options, sampler): (TrainingOptions, SamplerKind),
    ) -> Result<Self, SupernetError> {
        options.check()?;
        Ok(Self {
            net,
            options,
            sampler,
            losses: LossTable::default(),
            position: Position::default(),
            sums: Sums::default(),
            optimiser_steps: 0,
            data: None,
            device: Model::cpu(),
            order: None,
        })
    }

    /// Checks that a data set fits the networks of the space.
    ///
    /// # Errors
    /// Images or classes that they do not take.
    pub fn check(&self, dataset: &Dataset) -> Result<(), SupernetError> {
        let model = self.net.finalise(&self.net.edges().smallest)?;
        Ok(Trainer::new(model, self.options.clone())?.check(dataset)?)
    }

    /// Binds the training to these images, or checks that it is bound to the same.
    ///
    /// # Errors
    /// [`SupernetError::Checkpoint`] if it was begun on other images, or images changed otherwise.
    pub fn bind(
        &mut self,
        dataset: &Dataset,
        normalisation: &Normalisation,
    ) -> Result<(), SupernetError> {
        let found = fingerprint(dataset, normalisation);
        match self.data {
            Some(data) if data != found => {
                let why = "was begun on other images, or with another normalisation".to_owned();
                Err(SupernetError::Checkpoint { why })
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

    /// Takes the next step: the gradients of the mean loss over the step's rollouts. The last of
    /// an epoch begins the next one and gives the epoch's sums.
    ///
    /// # Errors
    /// A loss that is no number, and what sampler and forward passes may say.
    pub fn next(
        &mut self,
        loader: &Loader<'_>,
    ) -> Result<(SupernetStep, Option<Sums>), SupernetError> {
        // All of it in the pool: a thread outside would go to sleep and be woken at each layer.
        rayon::scope(|_| self.next_here(loader))
    }

    fn next_here(
        &mut self,
        loader: &Loader<'_>,
    ) -> Result<(SupernetStep, Option<Sums>), SupernetError> {
        let Position { epoch, batch, step } = self.position;
        let order = match self.order.take() {
            Some((of, order)) if of == epoch => order,
            Some(_) | None => loader.order(epoch),
        };
        let items = loader.batch(&order, (epoch, batch));
        self.order = Some((epoch, order));
        let batches = loader.batches();
        let rate = self.options.rate_at(step, (epoch, batch, batches));
        let sampler = Sampler {
            kind: self.sampler,
            seed: self.options.seed,
            space: self.net.space(),
            edges: self.net.edges(),
            losses: &self.losses,
        };
        let rollouts = sampler.draw(step)?;
        let taken = self.step(&items, (rollouts, rate))?;
        self.sums.loss += f64::from(taken.report.loss) * taken.report.images as f64;
        self.sums.correct += taken.report.correct as u64;
        self.sums.images += taken.report.images as u64;
        self.position = Position { epoch, batch: batch + 1, step: step + 1 };
        let mut finished = None;
        if self.position.batch >= batches {
            self.position = Position { epoch: epoch + 1, batch: 0, step: step + 1 };
            finished = Some(std::mem::take(&mut self.sums));
        }
        Ok((taken, finished))
    }

    /// Takes a step with those rollouts.
    ///
    /// # Errors
    /// A loss that is no number, rollouts that do not decode.
    pub fn step(
        &mut self,
        batch: &TrainBatch,
        (rollouts, rate): (Vec<Rollout>, f32),
    ) -> Result<SupernetStep, SupernetError> {
        // All grow before any is cut: growing moves the places of what is there.
        let mut candidates = Vec::with_capacity(rollouts.len());
        for rollout in rollouts {
            let candidate = self.net.grow(&rollout)?;
            candidates.push((rollout, candidate));
        }
        let parts = candidates.into_iter().map(|(rollout, candidate)| {
            let subnet = self.net.part(&rollout, candidate)?;
            let states = self.net.states(&subnet);
            let leaves = self.net.leaves(&subnet, &self.device);
            Ok((rollout, subnet, states, leaves))
        });
        let parts: Vec<_> = parts.collect::<Result<_, SupernetError>>()?;
        // Beside each other, as a thread waits less for whole networks than in each layer; in a
        // pass of training nothing depends on running statistics, which others change.
        let passed: Vec<_> = parts
            .par_iter()
            .with_max_len(1)
            .map(|(_, subnet, states, leaves)| self.pass(batch, (subnet, states, leaves)))
            .collect();
        let mut gradients = Gradients::default();
        let share = 1.0 / parts.len().max(1) as f32;
        let mut losses = Vec::with_capacity(parts.len());
        let mut correct = 0;
        for ((rollout, subnet, ..), passed) in parts.into_iter().zip(passed) {
            let passed = passed?;
            for (slice, gradient) in subnet.slices.iter().zip(&passed.gradients) {
                if let Some(gradient) = gradient {
                    gradients.add(&self.net.shared, slice, (gradient, share));
                }
            }
            self.net.apply(&subnet, &passed.updates);
            self.losses.record(self.net.space().decisions(), &rollout, f64::from(passed.loss));
            correct += passed.correct;
            losses.push((rollout, passed.loss));
        }
        let TrainingOptions { decay, clip, optimiser, .. } = self.options;
        let options = StepOptions { rate, decay, clip };
        let steps = &mut self.optimiser_steps;
        let gradient = gradients.step(&mut self.net.shared, (&optimiser, steps), options);
        let report = StepReport {
            step: self.position.step + 1,
            loss: losses.iter().map(|(_, loss)| loss * share).sum(),
            correct,
            images: batch.labels.len() * losses.len(),
            rate,
            gradient,
        };
        Ok(SupernetStep { report, rollouts: losses })
    }

    /// Forward and backward of a rollout.
    fn pass(
        &self,
        batch: &TrainBatch,
        (subnet, states, grown): (&Subnet, &[LayerState], &Grown),
    ) -> Result<Passed, SupernetError> {
        let step = self.position.step;
        let input = images(batch.images.clone(), batch.dims, &self.device);
        let options = PassOptions {
            purpose: PassPurpose::Train { seed: self.options.seed, step },
            precision: self.options.precision,
            noise: self.options.noise(),
        };
        let output = run((subnet, states, &grown.leaves), input, options)?;
        let logits = ops::values(output.logits.clone().detach());
        let correct = right(&logits, &batch.labels);
        let smoothing = self.options.smoothing;
        let targets = ops::Targets { labels: batch.labels.clone().into(), smoothing };
        let loss = ops::cross_entropy(output.logits, targets);
        let value = ops::values(loss.clone().detach()).first().copied().unwrap_or(f32::NAN);
        if !value.is_finite() {
            return Err(TrainError::Diverged { step, loss: value }.into());
        }
        let mut found = loss.backward();
        let gradients = grown.tensors.iter();
        let gradients = gradients.map(|leaf| leaf.grad_remove(&mut found).map(ops::values));
        Ok(Passed { loss: value, correct, gradients: gradients.collect(), updates: output.updates })
    }

    /// Loss and accuracy of a rollout with the super net's weights, calibrated.
    ///
    /// # Errors
    /// A rollout that does not decode.
    pub fn evaluate(
        &self,
        rollout: &Rollout,
        (loader, calibration): (&Loader<'_>, &Calibration),
    ) -> Result<Evaluation, SupernetError> {
        let mut assembled = self.net.assemble_candidate(rollout)?;
        assembled.calibrate(&calibration.batches, self.options.precision)?;
        Ok(Trainer::new(assembled.model, self.options.clone())?.evaluate(loader)?)
    }
}

/// How many items have their largest value (the first of equal ones) at their label.
pub(crate) fn right(logits: &[f32], labels: &[u32]) -> usize {
    let classes = (logits.len() / labels.len().max(1)).max(1);
    let answer = |item: &[f32]| {
        let mut best = 0;
        for (index, value) in item.iter().enumerate() {
            if *value > item[best] {
                best = index;
            }
        }
        best
    };
    logits
        .chunks(classes)
        .zip(labels)
        .filter(|(item, label)| answer(item) == **label as usize)
        .count()
}
