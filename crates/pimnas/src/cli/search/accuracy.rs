//! Accuracies of a super net: which ones a search needs, the images, the training.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::cosearch::config::AccuracyConfig;
use crate::cosearch::{AccuracyStages, SearchConfig};
use crate::data::Dataset;
use crate::device::DeviceQuirks;
use crate::formats::NamedTensors;
use crate::infer::AdcRange;
use crate::network::Shape;
use crate::search::search::TrialId;
use crate::search::{Decision, Rollout, Space, WrittenSpace};
use crate::supernet::{
    AccuracyMetric, EvaluatorImages, StageOptions, SupernetAccuracy, SupernetEvaluator,
    SupernetSettings, SupernetTrainer,
};
use crate::train::Precision;
use crate::{Fidelity, InterfaceOptions, Network, RawConfig};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::cli::dataset::{DatasetArgs, SplitImages};
use crate::cli::failure::Failure;
use crate::cli::output::note;
use crate::cli::supernet::failed;
use crate::cli::supernet::folder::{FolderArgs, OF_RUN, new_trainer, read_settings};
use crate::cli::supernet::train::{Keeping, train};

/// Seconds between checkpoints of the training.
const CHECKPOINT_EVERY_S: u64 = 30;

/// The accuracies of a search and what they come from.
pub struct SupernetSource {
    accuracy: SupernetAccuracy,
    options: StageOptions,
    settings: SupernetSettings,
}

/// A trained super net with its images, for what is measured after the search.
pub struct Trained {
    trainer: SupernetTrainer,
    settings: SupernetSettings,
    data: SplitImages,
    test: Dataset,
}

impl SupernetSource {
    /// The accuracies among these names.
    pub fn new(
        config: &SearchConfig,
        names: &[String],
        fidelity: Fidelity,
    ) -> Result<Self, Failure> {
        let asked: Vec<AccuracyMetric> = AccuracyMetric::ALL
            .into_iter()
            .filter(|metric| names.iter().any(|name| name == metric.name()))
            .collect();
        let options = stage_options(&config.accuracy, fidelity);
        let settings = match &config.accuracy.training {
            Some(path) => read_settings(Path::new(path))?,
            None => SupernetSettings::from_toml("").map_err(|error| failed(&error))?,
        };
        let settings = SupernetSettings { space: config.space.clone(), ..settings };
        Ok(Self { accuracy: SupernetAccuracy::new(&asked, options), options, settings })
    }

    /// The stages.
    pub fn stages(&self) -> &dyn AccuracyStages {
        &self.accuracy
    }

    /// What the figures follow from, beside the configuration.
    pub fn described(&self) -> Result<String, Failure> {
        self.settings.to_toml().map_err(|error| failed(&error))
    }

    /// Whether a super net that is named goes with the space; said before there is a run.
    pub fn check(&self, config: &SearchConfig, space: &WrittenSpace) -> Result<(), Failure> {
        let Some(named) = &config.accuracy.supernet else { return Ok(()) };
        let folder = FolderArgs { folder: named.into() };
        let (trainer, _) = folder.load()?;
        of_this_space(&folder, &trainer, space)?;
        is_whole(&folder, &trainer)
    }

    /// Trains the super net in the run's folder, or goes on with that, or reads the one that is
    /// named. Where it is interrupted, there is none.
    pub fn prepare(
        &self,
        config: &SearchConfig,
        (space, text): (&WrittenSpace, &str),
        (run, stop): (&Path, &AtomicBool),
    ) -> Result<Option<Trained>, Failure> {
        let own = config.accuracy.supernet.as_ref();
        let folder =
            FolderArgs { folder: own.map_or_else(|| run.join(OF_RUN), std::path::PathBuf::from) };
        let (mut trainer, settings) = match (folder.is_there(), own) {
            (true, _) | (false, Some(_)) => folder.load()?,
            (false, None) => {
                let trainer = folder.begin((&self.settings, (space.clone(), text)))?;
                (trainer, self.settings.clone())
            }
        };
        of_this_space(&folder, &trainer, space)?;
        if own.is_some() {
            is_whole(&folder, &trainer)?;
        }
        let (data, test) = images(config, &trainer)?;
        trainer.bind(&data.training, &data.normalisation).map_err(|error| failed(&error))?;
        if !trainer.is_done() {
            let count = data.training.len();
            note(&format!("training the super net on {count} images\n"));
            let keeping =
                Keeping { folder: &folder, every_s: CHECKPOINT_EVERY_S, stop: Some(stop) };
            train(&keeping, (&mut trainer, &settings), &data)?;
        }
        if !trainer.is_done() {
            return Ok(None);
        }
        let trained = Trained { trainer, settings, data, test };
        self.accuracy.set(trained.evaluator(&trained.data.test)?);
        Ok(Some(trained))
    }

    /// Readies the stages without a folder, for a dry run: with the super net that is named, or one
    /// that has been trained for some steps, which takes as long to judge candidates with. Gives how
    /// long its training would take; nothing where none is needed.
    pub fn rehearse(
        &self,
        config: &SearchConfig,
        space: &WrittenSpace,
    ) -> Result<Duration, Failure> {
        /// Steps before those that count: first ones are slower.
        const FIRST: u32 = 4;
        /// Steps that count.
        const COUNTED: u32 = 8;
        let (mut trainer, settings) = match &config.accuracy.supernet {
            Some(named) => FolderArgs { folder: named.into() }.load()?,
            None => (new_trainer(&self.settings, space.clone())?, self.settings.clone()),
        };
        let (data, test) = images(config, &trainer)?;
        let mut expected = Duration::ZERO;
        if !trainer.is_done() {
            let loader = trainer.loader(&data.training, &data.normalisation);
            let mut begun = Instant::now();
            for step in 0..FIRST + COUNTED {
                if step == FIRST {
                    begun = Instant::now();
                }
                trainer.next(&loader).map_err(|error| failed(&error))?;
            }
            let steps = u128::from(trainer.options.epochs) * loader.batches() as u128;
            let each = begun.elapsed().as_nanos() / u128::from(COUNTED);
            expected = Duration::from_nanos(u64::try_from(each * steps).unwrap_or(u64::MAX));
        }
        let trained = Trained { trainer, settings, data, test };
        self.accuracy.set(trained.evaluator(&trained.data.test)?);
        Ok(expected)
    }

    /// Accuracy, in percent, on crossbars and on the test images, which no choice was made with.
    pub fn measure(
        &self,
        trained: &Trained,
        base: &RawConfig,
        rollouts: &[(TrialId, Rollout)],
    ) -> Result<BTreeMap<TrialId, f64>, Failure> {
        let evaluator = trained.evaluator(&trained.test)?;
        let measured = rollouts.par_iter().map(|(id, rollout)| {
            let candidate = evaluator.candidate(rollout).map_err(|error| failed(&error))?;
            let realised = candidate.hardware().apply(base);
            let realised = realised.map_err(|rejection| failed(&rejection.into()))?;
            let on = candidate.on(&realised.hardware, self.options.interface);
            let score = on.on_crossbars(self.options.range).map_err(|error| failed(&error))?;
            Ok((*id, 100.0 * score.accuracy()))
        });
        measured.collect()
    }
}

/// The super net of a run that has trained one, or that has been told of one; none where it is
/// gone.
pub fn trained(
    config: &SearchConfig,
    space: &WrittenSpace,
    run: &Path,
) -> Result<Option<Trained>, Failure> {
    let own = config.accuracy.supernet.as_ref();
    let folder =
        FolderArgs { folder: own.map_or_else(|| run.join(OF_RUN), std::path::PathBuf::from) };
    if !folder.is_there() {
        return Ok(None);
    }
    let (mut trainer, settings) = folder.load()?;
    of_this_space(&folder, &trainer, space)?;
    is_whole(&folder, &trainer)?;
    let (data, test) = images(config, &trainer)?;
    trainer.bind(&data.training, &data.normalisation).map_err(|error| failed(&error))?;
    Ok(Some(Trained { trainer, settings, data, test }))
}

/// How candidates are judged.
pub fn stage_options(config: &AccuracyConfig, fidelity: Fidelity) -> StageOptions {
    let device = match fidelity {
        Fidelity::Reference => DeviceQuirks::reference(),
        Fidelity::Corrected => DeviceQuirks::corrected(),
    };
    let interface = InterfaceOptions { quirks: fidelity.into(), ..InterfaceOptions::default() };
    let (one_in, draws) = (config.one_in, config.draws);
    StageOptions { range: AdcRange::Scale, interface, device, one_in, draws }
}

impl Trained {
    /// A rollout as a network of its own, calibrated as the search judged it: with scales and
    /// quantised weights where the super net was trained so.
    pub fn finalised(&self, rollout: &Rollout) -> Result<(Network, NamedTensors), Failure> {
        let candidate = self.evaluator(&self.test)?.candidate(rollout);
        let candidate = candidate.map_err(|error| failed(&error))?;
        let assembled = candidate.assembled();
        match self.trainer.options.precision {
            Precision::Quantised => {
                assembled.graph_and_parameters().map_err(|error| failed(&error))
            }
            Precision::Float => {
                let pair = assembled.model.float_candidate();
                pair.map_err(|error| Failure::new(&error, Some(error.hint())))
            }
        }
    }

    /// How many test images there are.
    pub fn test_images(&self) -> usize {
        self.test.len()
    }

    fn evaluator(&self, held_out: &Dataset) -> Result<SupernetEvaluator, Failure> {
        let images = EvaluatorImages {
            training: &self.data.training,
            held_out,
            normalisation: &self.data.normalisation,
        };
        SupernetEvaluator::new(&self.trainer, images, self.settings.calibration)
            .map_err(|error| failed(&error))
    }
}

fn of_this_space(
    folder: &FolderArgs,
    trainer: &SupernetTrainer,
    space: &WrittenSpace,
) -> Result<(), Failure> {
    if is_alike(trainer.net.space(), space) {
        return Ok(());
    }
    let message = format!("its super net is of another space than {}", space.name());
    Err(folder.wrong(&message, "give the folder of one that was trained in it"))
}

/// Whether its training has ended: what a half-trained one says of candidates means little, and a
/// search does not train what is not its own.
fn is_whole(folder: &FolderArgs, trainer: &SupernetTrainer) -> Result<(), Failure> {
    if trainer.is_done() {
        return Ok(());
    }
    let (done, all) = (trainer.position.epoch, trainer.options.epochs);
    let message = format!("its super net is half trained: {done} of {all} epochs are done");
    let hint = "end its training: `pimnas search --resume RUN` of the run that it is in, or \
                `pimnas supernet train --resume`";
    Err(folder.wrong(&message, hint))
}

/// Whether rollouts of one are rollouts of the other.
fn is_alike(one: &dyn Space, other: &dyn Space) -> bool {
    let (one, other) = (one.decisions().list(), other.decisions().list());
    let same = |(a, b): (&Decision, &Decision)| a.path == b.path && a.choices == b.choices;
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// Images to train with and, in the place of the test images, those that candidates are judged
/// on, which are taken from the former; then the test images.
pub fn images(
    config: &SearchConfig,
    trainer: &SupernetTrainer,
) -> Result<(SplitImages, Dataset), Failure> {
    let smallest = trainer.net.space().decode(&trainer.net.edges().smallest);
    let network = smallest.map_err(|rejection| failed(&rejection.into()))?.network;
    let (data, test) = split(&config.accuracy, network.input.shape)?;
    for images in [&data.training, &data.test, &test] {
        trainer.check(images).map_err(|error| failed(&error))?;
    }
    Ok((data, test))
}

/// Images to train with and, in the place of the test images, those that candidates are judged
/// on, which are taken from the former; then the test images.
pub fn split(config: &AccuracyConfig, shape: Shape) -> Result<(SplitImages, Dataset), Failure> {
    let all = DatasetArgs::of(config.data.as_deref(), config.limit).load_split(shape)?;
    let (kept, apart) = all.training.apart(config.validation);
    if kept.is_empty() {
        let (apart, count) = (config.validation, all.training.len());
        let message = format!("`accuracy.validation` is {apart}, of {count} training images");
        return Err(Failure::new(message, Some("keep fewer images apart")));
    }
    let data = SplitImages { training: kept, test: apart, normalisation: all.normalisation };
    Ok((data, all.test))
}
