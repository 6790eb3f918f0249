//! Studies: searches that Python evaluates.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pimnas_page::RunPage;
use pimnas_search::controllers;
use pimnas_search::pareto::hypervolume;
use pimnas_search::search::{AskTell, StopReason, TellError, Trial, TrialId};
use pimnas_store::{Place, RunStore, Stored};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::errors::{Fault, Kind};
use crate::hardware::PyHardware;
use crate::html;
use crate::json::shown;
use crate::report::frame;
use crate::space::{PyCandidate, PyRollout, PySpace};
use crate::study_report::{Page, quoted};
use crate::study_run::Run;
use crate::study_setup::{Parts, Setup, count, direction_name, objectives, reference, texts};
use crate::study_store::{Kept, session, store_error};
use crate::study_written::{Written, continued, damaged, restored, search_error};
use crate::trial::{Found, PyTrial, told};

/// A search over a space, asked and told.
#[pyclass(frozen, name = "Study", module = "pimnas")]
pub struct PyStudy {
    setup: Setup,
    space: PySpace,
    hardware: PyHardware,
    inner: Mutex<Working>,
}

/// The search, and where it is kept.
struct Working {
    asked: AskTell<'static>,
    kept: Kept,
}

fn tell_error(error: &TellError) -> PyErr {
    Fault::new(Kind::Search, "tell", error).hint(error.hint()).into()
}

impl PyStudy {
    fn of(setup: Setup, parts: Parts, kept: Kept) -> Self {
        let Parts { space, hardware, search } = parts;
        let inner = Mutex::new(Working { asked: AskTell::new(search), kept });
        Self { setup, space, hardware, inner }
    }

    /// Does something with the search while other Python threads run.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut AskTell<'static>) -> T + Send,
    ) -> T {
        self.work(py, |working| act(&mut working.asked))
    }

    /// The same with the store.
    fn work<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut Working) -> T + Send) -> T {
        py.detach(|| act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Takes in what was found out of a trial, and stores it; `time` is that of its evaluation.
    pub fn take(
        &self,
        py: Python<'_>,
        trial: &Bound<'_, PyAny>,
        (told, time): (Found<'_, '_>, Option<Duration>),
    ) -> PyResult<()> {
        let id = self.meant(py, trial)?;
        let goals = self.with(py, |inner| inner.search().goals().clone());
        let told = self::told(&goals, told.metrics, told.failed)?;
        self.work(py, |working| {
            working.kept.check()?;
            working.asked.tell(id, told).map_err(|error| tell_error(&error))?;
            working.kept.told(&working.asked, (id, time)).map_err(|error| store_error(&error))
        })
    }

    /// Notes in the store why a run of it ended.
    pub fn settle(&self, py: Python<'_>, reason: StopReason) -> PyResult<()> {
        self.work(py, |working| working.kept.ended(&working.asked, reason))
            .map_err(|error| store_error(&error))
    }

    /// Up to that many trials; none where the space has nothing new.
    pub fn asked(&self, py: Python<'_>, at_most: usize) -> PyResult<Vec<PyTrial>> {
        let (given, out) = self.work(py, |working| {
            working.kept.check()?;
            let given = working.asked.ask(at_most).map_err(|error| search_error(&error))?;
            PyResult::Ok((given, working.asked.out().count()))
        })?;
        if given.is_empty() && out > 0 {
            let message = format!("all of the batch is asked for, and {out} of it not told");
            let fault = Fault::new(Kind::Search, "study-pending", message);
            return Err(fault.hint("tell the trials in `pending`, or release them").into());
        }
        let trial = |(id, proposal)| PyTrial::asked(&self.space, id, &proposal);
        Ok(given.into_iter().map(trial).collect())
    }

    /// The trial that is meant: itself, its number, or its rollout.
    fn meant(&self, py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<TrialId> {
        if let Ok(trial) = given.cast::<PyTrial>() {
            let trial = trial.get();
            let meant = self.with(py, |inner| {
                let mut out = inner.out();
                out.find(|(id, _)| *id == trial.id()).map(|(_, proposal)| proposal.rollout.clone())
            });
            if meant.is_some_and(|rollout| self.space.genotype(&rollout) != *trial.genotype()) {
                let message = format!("trial {} is of another study", trial.id().0);
                let fault = Fault::new(Kind::Search, "tell", message);
                return Err(fault.hint("tell what `ask` of this study gave").into());
            }
            return Ok(trial.id());
        }
        if let Ok(rollout) = given.cast::<PyRollout>() {
            let out = self.with(py, |inner| {
                inner.out().map(|(id, p)| (id, p.rollout.clone())).collect::<Vec<_>>()
            });
            let found = out.iter().find(|(_, known)| self.space.genotype(known) == *rollout.get());
            return found.map(|(id, _)| *id).ok_or_else(|| {
                let fault = Fault::new(Kind::Search, "tell", "the rollout was not asked for");
                fault.hint("tell what `ask` gave").into()
            });
        }
        if let Ok(number) = given.extract() {
            return Ok(TrialId(number));
        }
        let fault = Fault::new(Kind::Search, "tell", format!("{} is no trial", shown(given)));
        Err(fault.hint("give a Trial, its number or its rollout").into())
    }

    fn done(
        &self,
        py: Python<'_>,
        pick: impl Fn(&AskTell<'_>) -> Vec<Trial> + Sync,
    ) -> Vec<PyTrial> {
        self.with(py, |inner| {
            let goals = inner.search().goals();
            let trials = pick(inner);
            trials.iter().map(|trial| PyTrial::done(&self.space, goals, trial)).collect()
        })
    }

    fn names(&self) -> Vec<&str> {
        self.setup.objectives.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn minimised(&self, point: &[f64]) -> Vec<f64> {
        let pairs = self.setup.objectives.iter().zip(point);
        pairs.map(|((_, way), value)| way.minimised(*value)).collect()
    }
}

#[pymethods]
impl PyStudy {
    #[new]
    #[pyo3(signature = (
        space, objectives, controller="nsga2", seed=None, *, constraints=None, metrics=None,
        batch=None, horizon=None, reference=None, hardware=None, store=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        space: &Bound<'_, PyAny>,
        objectives: &Bound<'_, PyAny>,
        controller: &str,
        seed: Option<&Bound<'_, PyAny>>,
        constraints: Option<&Bound<'_, PyAny>>,
        metrics: Option<&Bound<'_, PyAny>>,
        batch: Option<&Bound<'_, PyAny>>,
        horizon: Option<&Bound<'_, PyAny>>,
        reference: Option<&Bound<'_, PyAny>>,
        hardware: Option<&Bound<'_, PyAny>>,
        store: Option<PathBuf>,
    ) -> PyResult<Self> {
        const BATCH: u64 = 16;
        let py = objectives.py();
        const HORIZON: u64 = 1000;
        let space = PySpace::given(space)?;
        let hardware = PyHardware::given(hardware)?;
        let number = |given: Option<&Bound<'_, PyAny>>, name: &str, least, usual| {
            given.map_or(Ok(usual), |given| count(given, name, least))
        };
        let list = |given: Option<&Bound<'_, PyAny>>, name: &str| {
            given.map_or(Ok(Vec::new()), |given| texts(given, name))
        };
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let mut setup = Setup {
            space: space.text.to_string(),
            hardware: hardware.ini(),
            objectives: self::objectives(objectives)?,
            constraints: list(constraints, "constraints")?,
            metrics: list(metrics, "metrics")?,
            controller: controller.to_owned(),
            seed: number(seed, "seed", 0, 0)?,
            batch: size(number(batch, "batch", 1, BATCH)?),
            horizon: size(number(horizon, "horizon", 1, HORIZON)?),
            reference: None,
            searched: None,
        };
        let names: Vec<&str> = setup.objectives.iter().map(|(name, _)| name.as_str()).collect();
        let point = reference.map(|given| self::reference(given, &names)).transpose()?;
        setup.reference = point;
        let parts = setup.with(space, hardware)?;
        let kept = match store {
            None => Kept::Nowhere,
            Some(folder) => {
                let info = setup.info(&parts.space)?;
                let session = session(py, &info.config)?;
                Kept::create(folder, info, session)?
            }
        };
        Ok(Self::of(setup, parts, kept))
    }

    /// Opens a stored run: a study, which goes on, or a search of the command, which is read.
    #[staticmethod]
    #[pyo3(signature = (run, *, read_only=false))]
    fn open(py: Python<'_>, run: PathBuf, read_only: bool) -> PyResult<Self> {
        let place = Place::new(&run);
        let stored = py.detach(|| Stored::read(&place)).map_err(|error| store_error(&error))?;
        let setup = Setup::of_run(&stored.info)?;
        let session = session(py, &stored.info.config)?;
        let hint = if setup.searched.is_some() {
            format!("continue it by `pimnas search --resume {}`", place.folder().display())
        } else {
            "open it without `read_only`".to_owned()
        };
        py.detach(|| {
            let (kept, stored) = if read_only || setup.searched.is_some() {
                (Kept::Reading(place, hint), stored)
            } else {
                let (store, stored) =
                    RunStore::open(&place).map_err(|error| store_error(&error))?;
                (Kept::opened(store, &stored, session), stored)
            };
            let Parts { space, hardware, search } = setup.build()?;
            let asked = continued(search, &stored)?;
            let inner = Mutex::new(Working { asked, kept });
            Ok(Self { setup, space, hardware, inner })
        })
    }

    /// Writes what is left, and lets the store go.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.work(py, |working| working.kept.close(&working.asked))
            .map_err(|error| store_error(&error))
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    /// The folder of its run.
    #[getter]
    fn store(&self, py: Python<'_>) -> Option<PathBuf> {
        self.work(py, |working| working.kept.place().map(|place| place.folder().to_owned()))
    }

    /// Writes the page of the study.
    #[pyo3(signature = (path=None, *, members=None))]
    fn report(
        &self,
        py: Python<'_>,
        path: Option<PathBuf>,
        members: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PathBuf> {
        let sections = members.map_or(Ok(RunPage::SECTIONS as u64), |n| count(n, "members", 0))?;
        let (session, info) =
            (session(py, &serde_json::Value::Null)?, self.setup.info(&self.space)?);
        let folder = self.store(py).map(|folder| quoted(py, &folder)).transpose()?;
        self.work(py, |working| {
            let sections = usize::try_from(sections).unwrap_or(usize::MAX);
            let page = Page { sections, path, folder };
            page.write(&working.asked, (working.kept.place(), (info, session)))
        })
    }

    /// Notes why a search by another loop ended.
    fn _ended(&self, py: Python<'_>, exhausted: bool) -> PyResult<()> {
        let reason = if exhausted { StopReason::Exhausted } else { StopReason::Evaluations };
        self.settle(py, reason)
    }

    /// Names of the controllers.
    #[staticmethod]
    fn controllers() -> Vec<&'static str> {
        controllers::NAMES.to_vec()
    }

    /// Up to `count` trials, the rest of the batch by default.
    #[pyo3(signature = (count=None))]
    fn ask(&self, py: Python<'_>, count: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<PyTrial>> {
        let at_most = match count {
            None => usize::MAX,
            Some(given) => {
                usize::try_from(crate::study_setup::count(given, "count", 1)?).unwrap_or(usize::MAX)
            }
        };
        self.asked(py, at_most)
    }

    #[pyo3(signature = (trial, metrics=None, *, failed=None))]
    pub fn tell(
        &self,
        py: Python<'_>,
        trial: &Bound<'_, PyAny>,
        metrics: Option<&Bound<'_, PyAny>>,
        failed: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.take(py, trial, (Found { metrics, failed }, None))
    }

    /// Asks, evaluates and tells; gives the reason of the end.
    #[pyo3(signature = (evaluate, budget, *, seconds=None, catch=None, callback=None))]
    fn run(
        slf: &Bound<'_, Self>,
        evaluate: &Bound<'_, PyAny>,
        budget: &Bound<'_, PyAny>,
        seconds: Option<f64>,
        catch: Option<&Bound<'_, PyAny>>,
        callback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<&'static str> {
        let budget = count(budget, "budget", 1)?;
        let reason = Run { study: slf, evaluate, catch, callback }.until(budget, seconds)?;
        slf.get().settle(slf.py(), reason)?;
        Ok(match reason {
            StopReason::WallTime => "wall_time",
            StopReason::Exhausted => "exhausted",
            StopReason::Evaluations | StopReason::Stagnation | StopReason::Interrupted => {
                "evaluations"
            }
        })
    }

    pub fn release(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        let id = self.meant(py, trial)?;
        self.with(py, |inner| inner.release(id)).map_err(|error| tell_error(&error))
    }

    /// Trials that are out.
    #[getter]
    fn pending(&self, py: Python<'_>) -> Vec<PyTrial> {
        self.with(py, |inner| {
            inner.out().map(|(id, proposal)| PyTrial::asked(&self.space, id, proposal)).collect()
        })
    }

    /// Number of trials that are told, in order or early.
    #[getter]
    pub fn told(&self, py: Python<'_>) -> usize {
        self.with(py, |inner| inner.search().history().trials().len() + inner.early().count())
    }

    fn trials(&self, py: Python<'_>) -> Vec<PyTrial> {
        self.done(py, |inner| inner.search().history().trials().to_vec())
    }

    fn front(&self, py: Python<'_>) -> Vec<PyTrial> {
        self.done(py, |inner| {
            let history = inner.search().history();
            let members = history.archive().members().iter();
            members.filter_map(|m| history.trials().get(m.id.index()).cloned()).collect()
        })
    }

    #[pyo3(signature = (reference=None))]
    fn hypervolume(&self, py: Python<'_>, reference: Option<&Bound<'_, PyAny>>) -> PyResult<f64> {
        let Some(given) = reference else {
            let volume = |inner: &mut AskTell<'static>| {
                inner.search().progress(Duration::ZERO).hypervolume()
            };
            return Ok(self.with(py, volume));
        };
        let point = self.minimised(&self::reference(given, &self.names())?);
        Ok(self.with(py, |inner| {
            let members = inner.search().history().archive().members();
            let points: Vec<&[f64]> = members.iter().map(|m| m.point.as_slice()).collect();
            hypervolume(&points, &point)
        }))
    }

    /// The network and the hardware of a trial or a rollout.
    pub fn decode(&self, py: Python<'_>, trial: &Bound<'_, PyAny>) -> PyResult<PyCandidate> {
        let base = Bound::new(py, self.hardware.clone())?.into_any();
        let Ok(known) = trial.cast::<PyTrial>() else {
            return self.space.decode(trial, Some(&base));
        };
        let rollout = Bound::new(py, known.get().genotype().clone())?.into_any();
        self.space.decode(&rollout, Some(&base))
    }

    #[getter]
    fn space(&self) -> PySpace {
        self.space.clone()
    }

    #[getter]
    fn hardware(&self) -> PyHardware {
        self.hardware.clone()
    }

    /// Directions by objective.
    #[getter]
    fn objectives<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, way) in &self.setup.objectives {
            dict.set_item(name, direction_name(*way))?;
        }
        Ok(dict)
    }

    #[getter]
    fn constraints(&self) -> Vec<String> {
        self.setup.constraints.clone()
    }

    /// Names of all metrics.
    #[getter]
    fn metrics(&self, py: Python<'_>) -> Vec<String> {
        self.with(py, |inner| {
            inner.search().goals().metrics().iter().map(|metric| metric.name.clone()).collect()
        })
    }

    #[getter]
    fn controller(&self) -> &str {
        &self.setup.controller
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.setup.seed
    }

    #[getter]
    fn batch(&self) -> usize {
        self.setup.batch
    }

    #[getter]
    fn horizon(&self) -> usize {
        self.setup.horizon
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        let text =
            |inner: &mut AskTell<'_>| serde_json::to_string(&Written::new(&self.setup, inner));
        self.with(py, text).map_err(damaged)
    }

    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        let written = serde_json::from_str(text).map_err(damaged)?;
        let (setup, (space, hardware), asked) = py.detach(|| restored(written))?;
        let inner = Mutex::new(Working { asked, kept: Kept::Nowhere });
        Ok(Self { setup, space, hardware, inner })
    }

    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rows: PyResult<Vec<_>> = self.trials(py).iter().map(|trial| trial.row(py)).collect();
        frame(PyList::new(py, rows?)?.into_any())
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.with(py, |inner| inner.search().history().trials().len())
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (trials, front) = self.with(py, |inner| {
            let history = inner.search().history();
            (history.trials().len(), history.archive().members().len())
        });
        let (space, names) = (self.space.title(), self.names().join(", "));
        let controller = &self.setup.controller;
        format!(
            "<pimnas.Study {space} by {controller}: {trials} trials, {front} on the front of {names}>"
        )
    }

    fn _repr_html_(&self, py: Python<'_>) -> String {
        let metrics = self.metrics(py);
        let head = ["trial", "state"].into_iter().chain(metrics.iter().map(String::as_str));
        let rows: Vec<Vec<String>> = self.front(py).iter().map(PyTrial::cells).collect();
        html::table(&self.__repr__(py), &head.collect::<Vec<_>>(), &rows)
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        Ok((py.get_type::<Self>().getattr("from_json")?, PyTuple::new(py, [self.to_json(py)?])?))
    }
}
