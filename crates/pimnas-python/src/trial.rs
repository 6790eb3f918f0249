//! Trials of a study, and what Python tells of them.

use pimnas_search::search::{Goals, Lineage, Merit, Outcome, Proposal, Told, Trial, TrialId};
use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};
use serde::{Deserialize, Serialize};

use crate::errors::{Fault, Kind};
use crate::json::shown;
use crate::space::{PyRollout, PySpace};

/// A trial of a study.
#[pyclass(frozen, eq, name = "Trial", module = "pimnas")]
#[derive(Clone, Debug, PartialEq)]
pub struct PyTrial {
    facts: Facts,
    rollout: PyRollout,
}

/// All of a trial but its rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Facts {
    number: u64,
    state: String,
    metrics: Vec<(String, Option<f64>)>,
    reasons: Vec<String>,
    violation: f64,
    lineage: Lineage,
}

impl PyTrial {
    /// One that was asked for.
    pub fn asked(space: &PySpace, id: TrialId, proposal: &Proposal) -> Self {
        let facts = Facts {
            number: id.0,
            state: "asked".to_owned(),
            metrics: Vec::new(),
            reasons: Vec::new(),
            violation: 0.0,
            lineage: proposal.lineage.clone(),
        };
        Self { facts, rollout: space.genotype(&proposal.rollout) }
    }

    /// One that is done.
    pub fn done(space: &PySpace, goals: &Goals, trial: &Trial) -> Self {
        let (state, reasons) = match &trial.outcome {
            Outcome::Complete => ("complete", Vec::new()),
            Outcome::Infeasible => ("infeasible", Vec::new()),
            Outcome::Dominated => ("dominated", Vec::new()),
            Outcome::Predicted => ("predicted", Vec::new()),
            Outcome::Outclassed => ("outclassed", Vec::new()),
            Outcome::Rejected(reasons) => ("failed", reasons.clone()),
        };
        let violation = match trial.merit(goals) {
            Merit::Infeasible(violation) => violation,
            Merit::Feasible(_) | Merit::Unknown | Merit::Impossible => 0.0,
        };
        let names = goals.metrics().iter().map(|metric| metric.name.clone());
        let mut metrics: Vec<_> = names.zip(trial.figures.iter().copied()).collect();
        // Scalars of a search of the command, which are no metrics.
        for ((of, _), value) in goals.objectives().zip(goals.values(&trial.figures)) {
            if metrics.iter().all(|(name, _)| *name != of.name) {
                metrics.push((of.name.clone(), value));
            }
        }
        let facts = Facts {
            number: trial.id.0,
            state: state.to_owned(),
            metrics,
            reasons,
            violation,
            lineage: trial.lineage.clone(),
        };
        Self { facts, rollout: space.genotype(&trial.rollout) }
    }

    /// Its number.
    pub fn id(&self) -> TrialId {
        TrialId(self.facts.number)
    }

    /// Its rollout.
    pub fn genotype(&self) -> &PyRollout {
        &self.rollout
    }

    /// As cells of a table: number, state, the figures.
    pub fn cells(&self) -> Vec<String> {
        let figure =
            |value: &Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
        let head = [self.facts.number.to_string(), self.facts.state.clone()];
        let figures = self.facts.metrics.iter().map(|(_, value)| figure(value));
        head.into_iter().chain(figures).collect()
    }

    /// As a row of a data frame.
    pub fn row<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let row = PyDict::new(py);
        row.set_item("number", self.facts.number)?;
        row.set_item("state", &self.facts.state)?;
        for (name, value) in &self.facts.metrics {
            row.set_item(name, value)?;
        }
        row.set_item("violation", self.facts.violation)?;
        row.set_item("origin", self.origin())?;
        row.set_item("hash", self.rollout.genotype.hash().to_string())?;
        for (path, chosen) in self.rollout.decisions(py)?.iter() {
            row.set_item(path, chosen)?;
        }
        Ok(row)
    }
}

#[pymethods]
impl PyTrial {
    #[getter]
    fn number(&self) -> u64 {
        self.facts.number
    }

    #[getter]
    fn rollout(&self) -> PyRollout {
        self.rollout.clone()
    }

    /// `asked`, `complete`, `infeasible` or `failed`.
    #[getter]
    fn state(&self) -> &str {
        &self.facts.state
    }

    /// Figures by name; those that are not known are left out.
    #[getter]
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in &self.facts.metrics {
            if let Some(value) = value {
                dict.set_item(name, value)?;
            }
        }
        Ok(dict)
    }

    #[getter]
    fn reasons(&self) -> Vec<String> {
        self.facts.reasons.clone()
    }

    #[getter]
    fn violation(&self) -> f64 {
        self.facts.violation
    }

    /// `drawn`, `mutated`, `crossed` or `model`.
    #[getter]
    fn origin(&self) -> &'static str {
        match self.facts.lineage {
            Lineage::Drawn => "drawn",
            Lineage::Given => "given",
            Lineage::Mutated(_) => "mutated",
            Lineage::Crossed(_, _) => "crossed",
            Lineage::Model => "model",
        }
    }

    #[getter]
    fn parents(&self) -> Vec<u64> {
        match self.facts.lineage {
            Lineage::Drawn | Lineage::Given | Lineage::Model => Vec::new(),
            Lineage::Mutated(parent) => vec![parent.0],
            Lineage::Crossed(one, other) => vec![one.0, other.0],
        }
    }

    fn to_json(&self) -> PyResult<String> {
        let rollout = self.rollout.genotype.to_json_value();
        let facts = serde_json::to_value(&self.facts).map_err(|error| damaged(&error))?;
        Ok(serde_json::json!({"rollout": rollout, "trial": facts}).to_string())
    }

    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let json: serde_json::Value = serde_json::from_str(text).map_err(|e| damaged(&e))?;
        let facts = json.get("trial").cloned().unwrap_or_default();
        let facts = serde_json::from_value(facts).map_err(|error| damaged(&error))?;
        let rollout = json.get("rollout").cloned().unwrap_or_default();
        Ok(Self { facts, rollout: PyRollout::of_json(&rollout.to_string())? })
    }

    fn __repr__(&self) -> String {
        let figures = self.facts.metrics.iter();
        let figures =
            figures.filter_map(|(name, value)| Some(format!(", {name} {:.6}", (*value)?)));
        let figures: String = figures.collect();
        format!("<pimnas.Trial {}: {}{figures}>", self.facts.number, self.facts.state)
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        Ok((py.get_type::<Self>().getattr("from_json")?, PyTuple::new(py, [self.to_json()?])?))
    }
}

fn damaged(error: &serde_json::Error) -> PyErr {
    let fault = Fault::new(Kind::Search, "trial-damaged", format!("not a trial: {error}"));
    fault.hint("give what `Trial.to_json` wrote").into()
}

/// What Python says of a trial, one of both.
#[derive(Clone, Copy)]
pub struct Found<'f, 'py> {
    pub metrics: Option<&'f Bound<'py, PyAny>>,
    pub failed: Option<&'f Bound<'py, PyAny>>,
}

/// What Python says of a trial: a mapping of figures, or why it failed.
pub fn told(
    goals: &Goals,
    metrics: Option<&Bound<'_, PyAny>>,
    failed: Option<&Bound<'_, PyAny>>,
) -> PyResult<Told> {
    match (metrics, failed) {
        (Some(metrics), None) => figures(goals, metrics).map(Told::Figures),
        (None, Some(failed)) => reasons(failed).map(Told::Rejected),
        (Some(_), Some(_)) | (None, None) => {
            let message = "a trial is told either its metrics or why it failed";
            let fault = Fault::new(Kind::Search, "tell", message);
            Err(fault.hint("give `metrics`, or `failed=\"the reason\"`").into())
        }
    }
}

fn reasons(failed: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if failed.is_instance_of::<PyString>() || failed.is_instance_of::<PyBaseException>() {
        return Ok(vec![failed.str()?.to_string_lossy().into_owned()]);
    }
    failed.extract().map_err(|_| {
        let message = format!("{} is no reason", shown(failed));
        let fault = Fault::new(Kind::Search, "tell-reason", message);
        fault.hint("give a text, a list of texts or an exception").into()
    })
}

/// Figures in the order of the goals' metrics. Every objective and every bounded metric counts.
fn figures(goals: &Goals, given: &Bound<'_, PyAny>) -> PyResult<Vec<Option<f64>>> {
    let names: Vec<&str> = goals.metrics().iter().map(|metric| metric.name.as_str()).collect();
    let Ok(mapping) = given.cast::<PyMapping>() else {
        let message = format!("metrics are {}", shown(given));
        let hint = format!("give a dictionary with {}", names.join(", "));
        return Err(Fault::new(Kind::Search, "metric-mapping", message).hint(hint).into());
    };
    let mut figures = vec![None; names.len()];
    for pair in mapping.items()?.iter() {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
        let name = key.str()?.to_string_lossy().into_owned();
        let Some(index) = names.iter().position(|known| *known == name) else {
            let message = format!("the study has no metric `{}`", pimnas_suggest::shown(&name));
            let hint = pimnas_suggest::closest(&name, names.iter().copied()).map_or_else(
                || "name it in `metrics=` of the study to record it".to_owned(),
                |close| format!("did you mean `{close}`?"),
            );
            return Err(Fault::new(Kind::Search, "metric-unknown", message).hint(hint).into());
        };
        figures[index] = if value.is_none() { None } else { Some(figure(&name, &value)?) };
    }
    let needed = goals.objectives().map(|(metric, _)| metric.name.as_str());
    let needed = needed.chain(goals.constraints().map(|constraint| constraint.metric.as_str()));
    for name in needed {
        if names.iter().zip(&figures).any(|(known, figure)| *known == name && figure.is_none()) {
            let message = format!("the metric {name} is missing");
            let fault = Fault::new(Kind::Search, "metric-missing", message);
            return Err(fault.hint("give it, or tell the trial as failed").into());
        }
    }
    Ok(figures)
}

/// A finite number. Texts, complex numbers and arrays of several values are none.
pub fn figure(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let number: PyResult<f64> = value.extract();
    match number {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(number) => {
            let message = format!("{name} is {number}");
            let fault = Fault::new(Kind::Search, "metric-not-finite", message);
            Err(fault.hint("give a finite number, or tell the trial as failed").into())
        }
        Err(_) => {
            let message = format!("{name} is {}, which is no number", shown(value));
            let fault = Fault::new(Kind::Search, "metric-wrong-type", message);
            Err(fault.hint("give a number").into())
        }
    }
}
