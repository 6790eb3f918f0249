//! Measuring what was trained, as it is in its files.

use crate::cosearch::hardware::{hardware_figures, hardware_metrics};
use crate::data::Dataset;
use crate::device::{Draw, NonIdealities};
use crate::infer::InferError;
use crate::interface::{Calibration, EffectStages, Model, Study};
use crate::report::accuracy::NamedStage;
use crate::search::{Purpose, Streams};
use crate::supernet::{AccuracyMetric, noise_seed};
use crate::train::Trainer;
use crate::{Options, simulate};

use super::images::Images;
use super::subject::Subject;
use crate::cli::accuracy::staged;
use crate::cli::dataset::LabelledImages;
use crate::cli::failure::Failure;
use crate::cli::inputs::{ZooArgs, simulation_failure};
use crate::cli::model::interface_failure;
use crate::cli::onnx::load_weighted;
use crate::cli::train;
use crate::cli::train::folder::TrainingFolder;

/// What was measured.
pub struct Measured {
    /// The trained network as a model on its hardware.
    pub model: Model,
    /// Costs by name, in the order of the search's.
    pub costs: Vec<(String, Option<f64>)>,
    /// On the images that the search judged candidates on.
    pub validation: Accuracies,
    /// On those that no choice saw.
    pub test: Accuracies,
}

/// Accuracies on some images.
pub struct Accuracies {
    /// What the images are called.
    pub images: String,
    /// In training's arithmetic, as a share of 1.
    pub trained: f64,
    /// Stages of the study: floats, fixed point, converters; effects of the cells, all together.
    pub stages: Vec<NamedStage>,
    /// Seed of the draws.
    pub seed: u64,
}

impl Measured {
    /// Measures the network and the weights that are in the folder.
    pub fn new(
        (subject, folder): (&Subject<'_>, &TrainingFolder),
        (trainer, images): (&Trainer, &Images),
        draws: Option<u32>,
    ) -> Result<Self, Failure> {
        let network = folder.network();
        let (network, weights) = load_weighted(
            &network.to_string_lossy(),
            ZooArgs::default(),
            Some(folder.weights().as_path()),
        )?;
        let hardware = &subject.realised.hardware;
        let report = simulate(hardware, &network, &Options::new(subject.fidelity));
        let report = report.map_err(|error| simulation_failure(&error))?;
        let names = hardware_metrics().into_iter().map(|metric| metric.name);
        let costs = names.zip(hardware_figures(&report, &network)).collect();
        let model = Model::new(network, weights, (hardware, subject.fidelity.into()))
            .map_err(|error| interface_failure(&error))?;
        let study = study(subject, (&model, images), draws)?;
        let on = |dataset| Accuracies::on(dataset, (&study, &model), (trainer, images));
        let (validation, test) = (on(&images.split.test)?, on(&images.test)?);
        Ok(Self { model, costs, validation, test })
    }
}

/// The study of all stages. Its chips are those on which the search judged the trial.
fn study(
    subject: &Subject<'_>,
    (model, images): (&Model, &Images),
    draws: Option<u32>,
) -> Result<Study, Failure> {
    let noisy = [AccuracyMetric::NoisyMean, AccuracyMetric::NoisyWorst];
    let of_run = noisy.into_iter().any(|metric| subject.measures(metric));
    let draws = draws.or_else(|| of_run.then_some(subject.options.draws));
    let effects = match draws {
        None => NonIdealities::default(),
        Some(_) => {
            let hardware = &subject.realised.hardware;
            let effects = NonIdealities::from_hardware(hardware, subject.options.device);
            effects.map_err(|error| interface_failure(&InferError::from(error).into()))?
        }
    };
    let trial = &subject.one.trial;
    let stream = Streams::new(trial.seed).stream(trial.id.0, Purpose::Evaluate);
    let calibration = Calibration::default();
    let samples = if model.needs_calibration(calibration) {
        let first = images.split.training.first(calibration.inputs);
        Some(labelled(&first, images, (model, "the training images"))?.images)
    } else {
        None
    };
    Ok(Study {
        adc: subject.options.range,
        effects,
        stages: EffectStages::AllTogether,
        draws: Draw(draws.unwrap_or(1)),
        seed: noise_seed(stream),
        calibration,
        samples,
    })
}

fn labelled(
    dataset: &Dataset,
    images: &Images,
    (model, name): (&Model, &str),
) -> Result<LabelledImages, Failure> {
    let (normalisation, shape) = (images.split.normalisation.clone(), model.network.input.shape);
    LabelledImages::new(dataset, (normalisation, shape), name)
}

impl Accuracies {
    fn on(
        dataset: &Dataset,
        (study, model): (&Study, &Model),
        (trainer, images): (&Trainer, &Images),
    ) -> Result<Self, Failure> {
        let loader = trainer.loader(dataset, &images.split.normalisation);
        let trained = trainer.evaluate(&loader);
        let trained = trained.map_err(|error| train::failed(&error))?.accuracy();
        let labelled = labelled(dataset, images, (model, &images.name))?;
        let stages = staged(study, model, (&labelled.images, &labelled.labels))?;
        Ok(Self { images: labelled.name, trained, stages, seed: study.seed.0 })
    }

    /// The accuracy that a search calls so, in percent.
    pub fn percent(&self, metric: AccuracyMetric) -> Option<f64> {
        let drawn = self.stages.len() > ARITHMETICS;
        let summary = |stage: Option<&NamedStage>| stage.and_then(|stage| stage.result.summary());
        let all_together = || summary(self.stages.last().filter(|_| drawn));
        let share = match metric {
            AccuracyMetric::OneShot => Some(self.trained),
            AccuracyMetric::FixedPoint => summary(self.stages.get(1)).map(|found| found.mean),
            AccuracyMetric::Crossbar => summary(self.stages.get(2)).map(|found| found.mean),
            AccuracyMetric::NoisyMean => all_together().map(|found| found.mean),
            AccuracyMetric::NoisyWorst => all_together().map(|found| found.worst),
        };
        share.map(|share| 100.0 * share)
    }

    /// Accuracy in floats, in percent.
    pub fn float(&self) -> Option<f64> {
        self.stages.first()?.result.summary().map(|found| 100.0 * found.mean)
    }
}

/// Stages of a study before those of cells: floats, fixed point, converters.
const ARITHMETICS: usize = 3;
