//! Studies: searches that Python evaluates.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pimnas_search::controllers;
use pimnas_search::pareto::hypervolume;
use pimnas_search::search::{AskTell, SearchError, Snapshot, TellError, Told, Trial, TrialId};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use serde::{Deserialize, Serialize};

use crate::errors::{Fault, Kind};
use crate::hardware::PyHardware;
use crate::html;
use crate::json::shown;
use crate::report::frame;
use crate::space::{PyCandidate, PyRollout, PySpace};
use crate::study_run::Run;
use crate::study_setup::{Parts, Setup, count, direction_name, objectives, reference, texts};
use crate::trial::{PyTrial, told};

/// Version of the written form.
const VERSION: u32 = 1;

/// A search over a space, asked and told.
#[pyclass(frozen, name = "Study", module = "pimnas")]
pub struct PyStudy {
    setup: Setup,
    space: PySpace,
    hardware: PyHardware,
    inner: Mutex<AskTell<'static>>,
}

/// The written form: the set-up, the state before the running batch, and every trial that is told.
#[derive(Serialize, Deserialize)]
struct Written {
    study: u32,
    setup: Setup,
    snapshot: Snapshot,
    trials: Vec<Trial>,
    early: Vec<(TrialId, Told)>,
}

fn search_error(error: &SearchError) -> PyErr {
    Fault::new(Kind::Search, "search", error).hint(error.hint()).into()
}

fn tell_error(error: &TellError) -> PyErr {
    Fault::new(Kind::Search, "tell", error).hint(error.hint()).into()
}

fn damaged(what: impl std::fmt::Display) -> PyErr {
    let fault = Fault::new(Kind::Search, "study-damaged", format!("not a study: {what}"));
    fault.hint("give what `Study.to_json` wrote").into()
}

impl PyStudy {
    fn of(setup: Setup, parts: Parts) -> Self {
        let Parts { space, hardware, search } = parts;
        Self { setup, space, hardware, inner: Mutex::new(AskTell::new(search)) }
    }

    /// Does something with the search while other Python threads run.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut AskTell<'static>) -> T + Send,
    ) -> T {
        py.detach(|| act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Up to that many trials; none where the space has nothing new.
    pub fn asked(&self, py: Python<'_>, at_most: usize) -> PyResult<Vec<PyTrial>> {
        let (given, out) = self.with(py, |inner| {
            let given = inner.ask(at_most).map_err(|error| search_error(&error))?;
            PyResult::Ok((given, inner.out().count()))
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

    fn written(&self, inner: &AskTell<'_>) -> Written {
        Written {
            study: VERSION,
            setup: self.setup.clone(),
            snapshot: inner.snapshot(),
            trials: inner.search().history().trials().to_vec(),
            early: inner.early().map(|(id, told)| (id, told.clone())).collect(),
        }
    }
}

/// Continues a written study: the batches that were done, then what is known of the running one.
fn restored(written: Written) -> PyResult<PyStudy> {
    let Written { study, setup, snapshot, mut trials, early } = written;
    if study != VERSION {
        return Err(damaged(format!("version {study} is not {VERSION}")));
    }
    let Parts { space, hardware, search } = setup.build()?;
    let rest = trials.split_off(snapshot.trials().min(trials.len()));
    let search = search.resume(snapshot, trials).map_err(|error| {
        PyErr::from(Fault::new(Kind::Search, "study-damaged", &error).hint(error.hint()))
    })?;
    let mut inner = AskTell::new(search);
    if !rest.is_empty() || !early.is_empty() {
        replay(&mut inner, &rest, early)?;
    }
    Ok(PyStudy { setup, space, hardware, inner: Mutex::new(inner) })
}

fn replay(inner: &mut AskTell<'_>, rest: &[Trial], early: Vec<(TrialId, Told)>) -> PyResult<()> {
    let asked = inner.ask(usize::MAX).map_err(|error| search_error(&error))?;
    let done = rest.iter().zip(&asked);
    let same = done
        .clone()
        .all(|(trial, (id, proposal))| trial.id == *id && trial.rollout == proposal.rollout);
    if !same || rest.len() > asked.len() {
        return Err(damaged("the running batch is another one"));
    }
    let told = done.map(|(trial, (id, _))| (*id, trial.told())).chain(early);
    for (id, told) in told {
        inner.tell(id, told).map_err(|error| damaged(&error))?;
    }
    let out: Vec<TrialId> = inner.out().map(|(id, _)| id).collect();
    for id in out {
        inner.release(id).map_err(|error| damaged(&error))?;
    }
    Ok(())
}

#[pymethods]
impl PyStudy {
    #[new]
    #[pyo3(signature = (
        space, objectives, controller="nsga2", seed=None, *, constraints=None, metrics=None,
        batch=None, horizon=None, reference=None, hardware=None
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
    ) -> PyResult<Self> {
        const BATCH: u64 = 16;
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
        };
        let names: Vec<&str> = setup.objectives.iter().map(|(name, _)| name.as_str()).collect();
        let point = reference.map(|given| self::reference(given, &names)).transpose()?;
        setup.reference = point;
        let parts = setup.with(space, hardware)?;
        Ok(Self::of(setup, parts))
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
        let id = self.meant(py, trial)?;
        let goals = self.with(py, |inner| inner.search().goals().clone());
        let told = told(&goals, metrics, failed)?;
        self.with(py, |inner| inner.tell(id, told)).map_err(|error| tell_error(&error))
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
        Run { study: slf, evaluate, catch, callback }.until(budget, seconds)
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
        self.with(py, |inner| serde_json::to_string(&self.written(inner))).map_err(damaged)
    }

    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        let written = serde_json::from_str(text).map_err(damaged)?;
        py.detach(|| restored(written))
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
