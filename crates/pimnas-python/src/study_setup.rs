//! What a study is made of, from Python's arguments and from its written form.

use std::sync::Arc;

use pimnas_cosearch::hardware_metrics;
use pimnas_search::Space as _;
use pimnas_search::controllers;
use pimnas_search::search::{
    Budget, Constraint, CostClass, Direction, GoalError, Goals, Metric, Objective, Quantity, Search,
};
use pimnas_store::{DecisionInfo, RunInfo, SpaceInfo, StageInfo};
use pimnas_supernet::AccuracyMetric;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString};
use serde::{Deserialize, Serialize};

use crate::errors::{Fault, Kind};
use crate::hardware::PyHardware;
use crate::json::shown;
use crate::space::PySpace;
use crate::trial::figure;

/// Metrics whose direction goes without saying: those of the simulator, of super nets, and
/// `accuracy`.
fn known() -> Vec<Metric> {
    let mut known = hardware_metrics();
    known.extend(AccuracyMetric::ALL.map(AccuracyMetric::metric));
    known.push(Metric::new("accuracy", "", Direction::Maximise, CostClass::Inference));
    known
}

/// Key of a study in the configuration of a run.
const STUDY: &str = "study";

/// All that decides what a study proposes, but for what it is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    pub space: String,
    pub hardware: String,
    pub objectives: Vec<(String, Direction)>,
    pub constraints: Vec<String>,
    pub metrics: Vec<String>,
    pub controller: String,
    pub seed: u64,
    pub batch: usize,
    pub horizon: usize,
    pub reference: Option<Vec<f64>>,
    /// What a search of the command is for, in the place of the names above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched: Option<Searched>,
}

/// Goals of a search of the command, which may have scalars and metrics of several stages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Searched {
    metrics: Vec<Metric>,
    objectives: Vec<Objective>,
    constraints: Vec<Constraint>,
}

/// A study's parts.
pub struct Parts {
    pub space: PySpace,
    pub hardware: PyHardware,
    pub search: Search<'static>,
}

impl Setup {
    /// Reads the space and the hardware, and puts everything together.
    pub fn build(&self) -> PyResult<Parts> {
        let space = PySpace::of(&self.space)?;
        let hardware = PyHardware::of_ini(&self.hardware)?;
        self.with(space, hardware)
    }

    /// Puts together what is read.
    pub fn with(&self, space: PySpace, hardware: PyHardware) -> PyResult<Parts> {
        let goals = self.goals()?;
        let Some(controller) = controllers::by_name(&self.controller) else {
            return Err(unknown("controller", &self.controller, &controllers::NAMES));
        };
        let budget = Budget::evaluations(self.horizon);
        let shared = Arc::clone(&space.space) as Arc<dyn pimnas_search::Space>;
        let mut search = Search::shared(shared, goals, controller, budget)
            .with_seed(self.seed)
            .with_batch(self.batch);
        if let Some(reference) = &self.reference {
            search = search.with_reference(reference);
        }
        Ok(Parts { space, hardware, search })
    }

    /// That of a stored run.
    pub fn of_run(info: &RunInfo) -> PyResult<Self> {
        if let Some(setup) = info.config.get(STUDY) {
            return serde_json::from_value(setup.clone()).map_err(|error| {
                let message = format!("the study of the run cannot be read: {error}");
                let fault = Fault::new(Kind::Search, "store-damaged", message);
                fault.hint("use the version of the program that wrote it").into()
            });
        }
        let Some(space) = info.space.text.clone() else {
            let message = format!("the space {} of the run has no text", info.space.name);
            let fault = Fault::new(Kind::Search, "study-space", message);
            return Err(fault.hint("open a run of a space that is written in TOML").into());
        };
        let searched = Searched {
            metrics: info.metrics(),
            objectives: info.objectives.clone(),
            constraints: info.constraints.clone(),
        };
        let goals = searched.goals()?;
        Ok(Self {
            space,
            hardware: info.hardware.clone(),
            objectives: goals.objectives().map(|(of, way)| (of.name.clone(), way)).collect(),
            constraints: info.constraints.iter().map(ToString::to_string).collect(),
            metrics: searched.metrics.iter().map(|metric| metric.name.clone()).collect(),
            controller: info.controller.clone(),
            seed: info.seed,
            batch: info.batch,
            horizon: info.budget.evaluations,
            reference: None,
            searched: Some(searched),
        })
    }

    /// What a store is told of the study before its first trial.
    pub fn info(&self, space: &PySpace) -> PyResult<RunInfo> {
        let goals = self.goals()?;
        let (objectives, constraints) = match &self.searched {
            Some(searched) => (searched.objectives.clone(), searched.constraints.clone()),
            None => (self.plain_objectives(), goals.constraints().cloned().collect()),
        };
        let setup = serde_json::to_value(self).unwrap_or_default();
        Ok(RunInfo {
            space: SpaceInfo::new(&*space.space, Some(&self.space)),
            decisions: DecisionInfo::all(space.space.decisions()),
            stages: vec![StageInfo {
                name: "evaluation".to_owned(),
                metrics: goals.metrics().to_vec(),
            }],
            controller: self.controller.clone(),
            seed: self.seed,
            batch: self.batch,
            budget: Budget::evaluations(self.horizon),
            objectives,
            constraints,
            hardware: self.hardware.clone(),
            config: serde_json::json!({ STUDY: setup }),
        })
    }

    fn plain_objectives(&self) -> Vec<Objective> {
        let one = |(name, way): &(String, Direction)| Objective {
            quantity: Quantity::Metric(name.clone()),
            direction: Some(*way),
        };
        self.objectives.iter().map(one).collect()
    }

    fn goals(&self) -> PyResult<Goals> {
        if let Some(searched) = &self.searched {
            return searched.goals();
        }
        let mut constraints = Vec::new();
        for text in &self.constraints {
            let constraint: Constraint = text.parse().map_err(|error| bad_goals(&[error]))?;
            constraints.push(constraint);
        }
        // Whatever an objective, a bound or `metrics` names is a metric, in this order.
        let mut metrics: Vec<Metric> = Vec::new();
        let bounds = constraints.iter().map(|constraint| (&constraint.metric, None));
        let plain = self.metrics.iter().map(|name| (name, None));
        let objectives = self.objectives.iter().map(|(name, way)| (name, Some(*way)));
        for (name, way) in objectives.chain(bounds).chain(plain) {
            if metrics.iter().all(|known| known.name != *name) {
                metrics.push(metric(name, way));
            }
        }
        let objectives = self.plain_objectives();
        Goals::new(&metrics, &objectives, &constraints).map_err(|errors| bad_goals(&errors))
    }
}

impl Searched {
    fn goals(&self) -> PyResult<Goals> {
        Goals::new(&self.metrics, &self.objectives, &self.constraints).map_err(|e| bad_goals(&e))
    }
}

fn metric(name: &str, way: Option<Direction>) -> Metric {
    let known = known().into_iter().find(|known| known.name == name);
    let new = || Metric::new(name, "", Direction::Minimise, CostClass::Training);
    let metric = known.unwrap_or_else(new);
    Metric { direction: way.unwrap_or(metric.direction), ..metric }
}

fn bad_goals(errors: &[GoalError]) -> PyErr {
    let said: Vec<String> = errors.iter().map(GoalError::to_string).collect();
    let fault = Fault::new(Kind::Search, "goals", said.join("; "));
    errors.first().map_or(fault.clone(), |first| fault.hint(first.hint())).into()
}

/// Something that has no such name.
fn unknown(what: &str, name: &str, known: &[&str]) -> PyErr {
    let message = format!("there is no {what} `{}`", pimnas_suggest::shown(name));
    let hint = pimnas_suggest::hint(name, known.iter().copied());
    Fault::new(Kind::Search, what, message).hint(hint).into()
}

/// Objectives: a name, names, or a mapping from name to direction.
pub fn objectives(given: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Direction)>> {
    if let Ok(mapping) = given.cast::<PyMapping>() {
        let mut objectives = Vec::new();
        for pair in mapping.items()?.iter() {
            let (name, way): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            objectives.push((text(&name, "objectives")?, direction(&way)?));
        }
        return Ok(objectives);
    }
    let known = known();
    let usual = |name: String| match known.iter().find(|known| known.name == name) {
        Some(metric) => Ok((name, metric.direction)),
        None => {
            let shown = pimnas_suggest::shown(&name);
            let message = format!("which way `{shown}` is better is not known");
            let names = known.iter().map(|known| known.name.as_str());
            let hint = pimnas_suggest::closest(&name, names).map_or_else(
                || format!("give {{\"{shown}\": \"minimise\"}} or {{\"{shown}\": \"maximise\"}}"),
                |close| format!("did you mean `{close}`?"),
            );
            Err(PyErr::from(Fault::new(Kind::Search, "objective", message).hint(hint)))
        }
    };
    texts(given, "objectives")?.into_iter().map(usual).collect()
}

fn direction(given: &Bound<'_, PyAny>) -> PyResult<Direction> {
    let word = text(given, "directions")?;
    match word.as_str() {
        "minimise" | "minimize" | "min" => Ok(Direction::Minimise),
        "maximise" | "maximize" | "max" => Ok(Direction::Maximise),
        _ => Err(unknown("direction", &word, &["minimise", "maximise"])),
    }
}

/// The name of a direction.
pub fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimise => "minimise",
        Direction::Maximise => "maximise",
    }
}

/// A text, or several.
pub fn texts(given: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<String>> {
    if given.is_instance_of::<PyString>() {
        return Ok(vec![text(given, what)?]);
    }
    let Ok(items) = given.try_iter() else { return Err(no_texts(given, what)) };
    items.map(|item| text(&item?, what)).collect()
}

fn text(given: &Bound<'_, PyAny>, what: &str) -> PyResult<String> {
    let Ok(text) = given.cast::<PyString>() else { return Err(no_texts(given, what)) };
    Ok(text.to_string_lossy().into_owned())
}

fn no_texts(given: &Bound<'_, PyAny>, what: &str) -> PyErr {
    let fault = Fault::new(Kind::Search, what, format!("{what}: {} is no text", shown(given)));
    fault.hint("give a text or a list of texts").into()
}

/// A whole number of at least `least`.
pub fn count(given: &Bound<'_, PyAny>, name: &str, least: u64) -> PyResult<u64> {
    let number: Option<u64> = given.extract().ok();
    number.filter(|number| *number >= least).ok_or_else(|| {
        let message = format!("{name} is {}", shown(given));
        let hint = format!("give a whole number from {least} to {}", u64::MAX);
        Fault::new(Kind::Search, "number", message).hint(hint).into()
    })
}

/// A reference point: a value an objective, by name or in order, in the metric's own unit.
pub fn reference(given: &Bound<'_, PyAny>, names: &[&str]) -> PyResult<Vec<f64>> {
    let wrong = || {
        let message = format!("the reference point is {}", shown(given));
        let hint = format!("give a value for each of {}", names.join(", "));
        PyErr::from(Fault::new(Kind::Search, "reference", message).hint(hint))
    };
    if let Ok(mapping) = given.cast::<PyMapping>() {
        if mapping.len()? != names.len() {
            return Err(wrong());
        }
        return names
            .iter()
            .map(|name| figure(name, &mapping.get_item(name).map_err(|_| wrong())?))
            .collect();
    }
    let items: PyResult<Vec<Bound<'_, PyAny>>> = given.try_iter().map_err(|_| wrong())?.collect();
    let items = items?;
    if items.len() != names.len() {
        return Err(wrong());
    }
    names.iter().zip(items).map(|(name, item)| figure(name, &item)).collect()
}
