//! Super nets: accuracies of rollouts with the weights of one training.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pimnas_device::{DeviceQuirks, NonIdealities, Seed};
use pimnas_infer::AdcRange;
use pimnas_interface::InterfaceOptions;
use pimnas_search::Space as _;
use pimnas_supernet::{
    AccuracyMetric, EvaluatorImages, SuperNet, SupernetEvaluator, SupernetSettings, SupernetTrainer,
};
use pimnas_train::Sums;
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::errors::{Fault, Kind};
use crate::interrupt;
use crate::options::fidelity;
use crate::space::{PyCandidate, PyRollout, PySpace};
use crate::study_setup::texts;
use crate::supernet_candidate::PySuperNetCandidate;
use crate::supernet_data::{Data, Parts, failed, save};
use crate::trial::PyTrial;

/// Seconds between checkpoints of a training.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// Said where accuracies may be too good.
const OTHER_IMAGES: &CStr = c"the super net learnt from other images than these: those that \
     candidates are judged on may be among them";

/// A trained super net, and the images that candidates are judged on.
#[pyclass(frozen, name = "SuperNet", module = "pimnas")]
pub struct PySuperNet {
    pub space: PySpace,
    pub evaluator: SupernetEvaluator,
    parts: Parts,
    /// As given, for a copy in another process.
    images: Py<PyAny>,
    validation: Py<PyAny>,
}

/// What is to be measured of a candidate.
#[derive(Clone, Copy)]
pub struct Measuring {
    pub draws: u32,
    pub seed: u64,
    pub fidelity: pimnas_hardware::Fidelity,
}

fn owned(py: Python<'_>, given: Option<&Bound<'_, PyAny>>) -> Py<PyAny> {
    given.map_or_else(|| py.None(), |given| given.clone().unbind())
}

impl PySuperNet {
    fn of(
        py: Python<'_>,
        parts: Parts,
        (images, validation): (Option<&Bound<'_, PyAny>>, Option<&Bound<'_, PyAny>>),
    ) -> PyResult<Self> {
        let data = Data::given(images, validation)?;
        let space = PySpace::of(&parts.space)?;
        let (evaluator, bound) = py.detach(|| {
            let mut trainer = trainer(&parts, &space)?;
            let of = EvaluatorImages {
                training: &data.training,
                held_out: &data.judged,
                normalisation: &data.normalisation,
            };
            let evaluator = SupernetEvaluator::new(&trainer, of, parts.settings.calibration)
                .map_err(|error| failed(&error))?;
            PyResult::Ok((evaluator, trainer.bind(&data.training, &data.normalisation).is_ok()))
        })?;
        if !bound {
            let category = py.get_type::<PyUserWarning>();
            PyErr::warn(py, &category, OTHER_IMAGES, 2)?;
        }
        let (images, validation) = (owned(py, images), owned(py, validation));
        Ok(Self { space, evaluator, parts, images, validation })
    }

    /// The candidate of a rollout, a trial or a candidate, on its hardware.
    fn assembled(
        &self,
        rollout: &Bound<'_, PyAny>,
        hardware: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PySuperNetCandidate> {
        let py = rollout.py();
        let candidate = match rollout.cast::<PyCandidate>() {
            Ok(candidate) if hardware.is_none() => candidate.clone(),
            Ok(candidate) => self.decoded(candidate.get().genotype(), hardware, py)?,
            Err(_) => match rollout.cast::<PyTrial>() {
                Ok(trial) => self.decoded(trial.get().genotype(), hardware, py)?,
                Err(_) => Bound::new(py, self.space.decode(rollout, hardware)?)?,
            },
        };
        let candidate = candidate.get();
        let genotype = &candidate.genotype().genotype;
        let space = &self.space.space;
        let rollout = genotype.rollout(space.name(), space.decisions()).map_err(|error| {
            let fault = Fault::new(Kind::Search, "genotype", &error);
            PyErr::from(fault.hint("give a rollout of the super net's space"))
        })?;
        let judged = py.detach(|| self.evaluator.candidate(&rollout));
        Ok(PySuperNetCandidate {
            judged: judged.map_err(|error| failed(&error))?,
            hardware: candidate.realised(),
            rollout: candidate.genotype().clone(),
        })
    }

    fn decoded<'py>(
        &self,
        rollout: &PyRollout,
        hardware: Option<&Bound<'py, PyAny>>,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyCandidate>> {
        let rollout = Bound::new(py, rollout.clone())?;
        Bound::new(py, self.space.decode(rollout.as_any(), hardware)?)
    }
}

/// The training as it is.
fn trainer(parts: &Parts, space: &PySpace) -> PyResult<SupernetTrainer> {
    let shared = Arc::clone(&space.space) as Arc<dyn pimnas_search::Space>;
    SupernetTrainer::from_checkpoint(shared, &parts.checkpoint).map_err(|error| failed(&error))
}

/// The metrics of these names, one shot alone by default.
fn metrics(given: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<AccuracyMetric>> {
    let Some(given) = given.filter(|given| !given.is_none()) else {
        return Ok(vec![AccuracyMetric::OneShot]);
    };
    let known = AccuracyMetric::ALL;
    let one = |name: String| {
        known.into_iter().find(|metric| metric.name() == name).ok_or_else(|| {
            let message = format!("there is no accuracy `{}`", pimnas_suggest::shown(&name));
            let hint = pimnas_suggest::hint(&name, known.map(AccuracyMetric::name));
            PyErr::from(Fault::new(Kind::Search, "metric-unknown", message).hint(hint))
        })
    };
    texts(given, "metrics")?.into_iter().map(one).collect()
}

/// The accuracies of a candidate, in percent; signals are looked for in between.
fn measured(
    candidate: &PySuperNetCandidate,
    asked: &[AccuracyMetric],
    how: Measuring,
) -> PyResult<Vec<f64>> {
    let options = InterfaceOptions { quirks: how.fidelity.into(), ..InterfaceOptions::default() };
    let on = candidate.judged.on(&candidate.hardware.hardware, options);
    let mut noisy: Option<(f64, f64)> = None;
    let mut figures = Vec::with_capacity(asked.len());
    for metric in asked {
        interrupt::check()?;
        figures.push(match metric {
            AccuracyMetric::OneShot => candidate.judged.one_shot().map(percent),
            AccuracyMetric::FixedPoint => on.fixed_point().map(percent),
            AccuracyMetric::Crossbar => on.on_crossbars(AdcRange::Scale).map(percent),
            AccuracyMetric::NoisyMean | AccuracyMetric::NoisyWorst => {
                let (mean, worst) = match noisy {
                    Some(known) => known,
                    None => *noisy.insert(drawn(&on, candidate, how)?),
                };
                Ok(if *metric == AccuracyMetric::NoisyMean { mean } else { worst })
            }
        });
    }
    figures.into_iter().map(|figure| figure.map_err(|error| failed(&error))).collect()
}

fn percent(score: pimnas_infer::accuracy::Score) -> f64 {
    100.0 * score.accuracy()
}

/// Mean and worst of the draws.
fn drawn(
    on: &pimnas_supernet::JudgedOnHardware,
    candidate: &PySuperNetCandidate,
    how: Measuring,
) -> PyResult<(f64, f64)> {
    let hardware = &candidate.hardware.hardware;
    let effects = NonIdealities::from_hardware(hardware, DeviceQuirks::from(how.fidelity));
    let effects = effects.map_err(|error| {
        PyErr::from(Fault::new(Kind::Config, "device", &error).hint(error.hint()))
    })?;
    let mut shares = Vec::new();
    for draw in 0..how.draws.max(1) {
        let scores = on.drawn(AdcRange::Scale, (&effects, Seed(how.seed)), draw..draw + 1);
        shares.extend(scores.map_err(|error| failed(&error))?.into_iter().map(percent));
        interrupt::check()?;
    }
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    Ok((mean, shares.into_iter().fold(f64::INFINITY, f64::min)))
}

/// A training from its begin, or the one that the folder has.
fn begun(
    folder: &Path,
    (settings, space): (Option<&str>, Option<PySpace>),
) -> PyResult<(Parts, PySpace, SupernetTrainer)> {
    let own = SupernetSettings::from_toml(settings.unwrap_or_default()).map_err(|e| failed(&e))?;
    if Parts::are_in(folder) {
        let parts = Parts::read(folder)?;
        let named = SupernetSettings { space: parts.settings.space.clone(), ..own };
        let others = space.is_some_and(|space| *space.text != *parts.space);
        if others || (settings.is_some() && named != parts.settings) {
            let message = format!("{} has a super net with other settings", folder.display());
            let fault = Fault::new(Kind::Config, "supernet-exists", message);
            return Err(fault.hint("give the same settings and space, or another folder").into());
        }
        let space = PySpace::of(&parts.space)?;
        let trainer = trainer(&parts, &space)?;
        return Ok((parts, space, trainer));
    }
    let space = match space {
        Some(space) => space,
        None => PySpace::named(&own.space)?,
    };
    let settings = SupernetSettings { space: space.title().to_owned(), ..own };
    let shared = Arc::clone(&space.space) as Arc<dyn pimnas_search::Space>;
    let net = SuperNet::new(shared, (settings.selection, settings.training.seed));
    let made = net
        .and_then(|net| SupernetTrainer::new(net, (settings.training.clone(), settings.sampler)));
    let trainer = made.map_err(|error| failed(&error))?;
    let checkpoint = trainer.checkpoint().map_err(|error| failed(&error))?;
    let parts = Parts { checkpoint: Arc::new(checkpoint), settings, space: space.text.to_string() };
    Ok((parts, space, trainer))
}

/// What is called after each epoch.
type Watch<'w> = &'w (dyn Fn(u64, &Sums) -> PyResult<()> + Sync);

/// Trains to the end, with a checkpoint every half a minute, after each epoch and where a signal
/// ends it.
fn train(
    folder: &Path,
    trainer: &mut SupernetTrainer,
    (data, told): (&Data, Watch<'_>),
) -> PyResult<Vec<u8>> {
    let loader = trainer.loader(&data.training, &data.normalisation);
    let mut saved = Instant::now();
    let keep = |trainer: &SupernetTrainer| {
        let checkpoint = trainer.checkpoint().map_err(|error| failed(&error))?;
        save(folder, &checkpoint)?;
        PyResult::Ok(checkpoint)
    };
    while !trainer.is_done() {
        let (_, finished) = trainer.next(&loader).map_err(|error| failed(&error))?;
        let ended = interrupt::check();
        if finished.is_some() || ended.is_err() || saved.elapsed() >= CHECKPOINT_EVERY {
            keep(trainer)?;
            saved = Instant::now();
        }
        ended?;
        if let Some(sums) = finished {
            told(trainer.position.epoch, &sums)?;
        }
    }
    keep(trainer)
}

#[pymethods]
impl PySuperNet {
    /// Opens the folder of a trained super net.
    #[staticmethod]
    #[pyo3(signature = (folder, *, images=None, validation=None))]
    fn open(
        py: Python<'_>,
        folder: PathBuf,
        images: Option<&Bound<'_, PyAny>>,
        validation: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        Self::of(py, Parts::read(&folder)?, (images, validation))
    }

    /// Trains one in a folder, or goes on with the training that is there.
    #[staticmethod]
    #[pyo3(signature = (
        folder, settings=None, *, space=None, images=None, validation=None, callback=None
    ))]
    fn train(
        py: Python<'_>,
        folder: PathBuf,
        settings: Option<&str>,
        space: Option<&Bound<'_, PyAny>>,
        images: Option<&Bound<'_, PyAny>>,
        validation: Option<&Bound<'_, PyAny>>,
        callback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let data = Data::given(images, validation)?;
        let space = space.map(PySpace::given).transpose()?;
        let callback = callback.filter(|callback| !callback.is_none()).map(|c| c.clone().unbind());
        let parts = py.detach(|| {
            let (mut parts, _, mut trainer) = begun(&folder, (settings, space))?;
            for of in [&data.training, &data.judged] {
                trainer.check(of).map_err(|error| failed(&error))?;
            }
            let bound = trainer.bind(&data.training, &data.normalisation);
            bound.map_err(|error| failed(&error))?;
            parts.write(&folder)?;
            let epochs = trainer.options.epochs;
            let told = |epoch: u64, sums: &Sums| -> PyResult<()> {
                let Some(callback) = &callback else { return Ok(()) };
                Python::attach(|py| {
                    let images = sums.images.max(1) as f64;
                    let of = PyDict::new(py);
                    of.set_item("epoch", epoch)?;
                    of.set_item("epochs", epochs)?;
                    of.set_item("loss", sums.loss / images)?;
                    of.set_item("accuracy", sums.correct as f64 / images)?;
                    callback.call1(py, (of,)).map(drop)
                })
            };
            parts.checkpoint = Arc::new(train(&folder, &mut trainer, (&data, &told))?);
            PyResult::Ok(parts)
        })?;
        Self::of(py, parts, (images, validation))
    }

    /// From its parts, in another process.
    #[staticmethod]
    fn _restored(
        py: Python<'_>,
        checkpoint: &[u8],
        texts: (String, String),
        images: &Bound<'_, PyAny>,
        validation: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let settings = SupernetSettings::from_toml(&texts.0).map_err(|error| failed(&error))?;
        let parts = Parts { checkpoint: Arc::new(checkpoint.to_vec()), settings, space: texts.1 };
        Self::of(py, parts, (Some(images), Some(validation)))
    }

    /// Names of the accuracies.
    #[staticmethod]
    fn metrics() -> Vec<&'static str> {
        AccuracyMetric::ALL.map(AccuracyMetric::name).to_vec()
    }

    /// Accuracies of a rollout by name, in percent.
    #[pyo3(signature = (
        rollout, metrics=None, *, hardware=None, draws=8, seed=0, fidelity="reference"
    ))]
    fn evaluate<'py>(
        &self,
        rollout: &Bound<'py, PyAny>,
        metrics: Option<&Bound<'py, PyAny>>,
        hardware: Option<&Bound<'py, PyAny>>,
        draws: u32,
        seed: u64,
        fidelity: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = rollout.py();
        let asked = self::metrics(metrics)?;
        let how = Measuring { draws, seed, fidelity: self::fidelity(fidelity)? };
        let candidate = self.assembled(rollout, hardware)?;
        let figures = py.detach(|| measured(&candidate, &asked, how))?;
        let found = PyDict::new(py);
        for (metric, figure) in asked.iter().zip(figures) {
            found.set_item(metric.name(), figure)?;
        }
        Ok(found)
    }

    /// The candidate of a rollout, with its weights.
    #[pyo3(signature = (rollout, *, hardware=None))]
    fn candidate(
        &self,
        rollout: &Bound<'_, PyAny>,
        hardware: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PySuperNetCandidate> {
        self.assembled(rollout, hardware)
    }

    #[getter]
    fn space(&self) -> PySpace {
        self.space.clone()
    }

    /// The settings of its training, TOML.
    #[getter]
    fn settings(&self) -> PyResult<String> {
        self.parts.settings.to_toml().map_err(|error| failed(&error))
    }

    /// Number of images that candidates are judged on.
    fn __len__(&self) -> usize {
        self.evaluator.images()
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        let (space, images) = (self.space.title(), self.evaluator.images());
        format!("<pimnas.SuperNet of {space}, candidates judged on {images} images>")
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let texts = (self.settings()?, self.parts.space.clone()).into_pyobject(py)?;
        let parts = [
            PyBytes::new(py, &self.parts.checkpoint).into_any(),
            texts.into_any(),
            self.images.bind(py).clone(),
            self.validation.bind(py).clone(),
        ];
        Ok((py.get_type::<Self>().getattr("_restored")?, PyTuple::new(py, parts)?))
    }
}
