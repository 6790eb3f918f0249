//! The loop of a study whose trials a function of Python evaluates.

use std::time::Instant;

use pimnas_search::search::StopReason;
use pyo3::prelude::*;

use crate::errors::{Fault, Kind};
use crate::json::shown;
use crate::study::PyStudy;
use crate::trial::{Found, PyTrial};

/// A study and what evaluates it.
pub struct Run<'r, 'py> {
    pub study: &'r Bound<'py, PyStudy>,
    pub evaluate: &'r Bound<'py, PyAny>,
    pub catch: Option<&'r Bound<'py, PyAny>>,
    pub callback: Option<&'r Bound<'py, PyAny>>,
}

impl Run<'_, '_> {
    /// Runs until that many trials are told in total, or for that long. A trial whose evaluation
    /// is broken off is handed back.
    pub fn until(&self, budget: u64, seconds: Option<f64>) -> PyResult<StopReason> {
        let begin = Instant::now();
        let py = self.study.py();
        for given in [Some(self.evaluate), self.callback].into_iter().flatten() {
            if !given.is_callable() {
                let fault = Fault::new(
                    Kind::Search,
                    "evaluate",
                    format!("{} cannot be called", shown(given)),
                );
                return Err(fault
                    .hint("give a function of a Candidate that returns metrics")
                    .into());
            }
        }
        let study = self.study.get();
        loop {
            py.check_signals()?;
            if study.told(py) as u64 >= budget {
                return Ok(StopReason::Evaluations);
            }
            if seconds.is_some_and(|limit| begin.elapsed().as_secs_f64() >= limit) {
                return Ok(StopReason::WallTime);
            }
            let Some(trial) = study.asked(py, 1)?.pop() else { return Ok(StopReason::Exhausted) };
            let trial = Bound::new(py, trial)?;
            if let Err(error) = self.one(&trial) {
                // The error of the evaluation counts; one of handing back would mean less.
                let _ = study.release(py, trial.as_any());
                return Err(error);
            }
            if let Some(callback) = self.callback {
                callback.call1((self.study, &trial))?;
            }
        }
    }

    fn one(&self, trial: &Bound<'_, PyTrial>) -> PyResult<()> {
        let py = self.study.py();
        let study = self.study.get();
        let begin = Instant::now();
        let measured = study
            .decode(py, trial.as_any())
            .map_err(|error| (error, true))
            .and_then(|candidate| self.evaluate.call1((candidate,)).map_err(|e| (e, false)));
        let time = Some(begin.elapsed());
        match measured {
            Ok(metrics) => {
                let found = Found { metrics: Some(&metrics), failed: None };
                study.take(py, trial.as_any(), (found, time))
            }
            Err((error, of_decoding)) if self.is_caught(py, &error, of_decoding)? => {
                let reason = reason(py, &error)?;
                let found = Found { metrics: None, failed: Some(&reason) };
                study.take(py, trial.as_any(), (found, time))
            }
            Err((error, _)) => Err(error),
        }
    }

    /// Whether an error says that a candidate is not possible: it cannot be decoded, it does not
    /// fit the hardware, or it is one of the classes to catch.
    fn is_caught(&self, py: Python<'_>, error: &PyErr, of_decoding: bool) -> PyResult<bool> {
        let errors = py.import("pimnas._errors")?;
        let usual = if of_decoding { "SearchError" } else { "MappingError" };
        if error.matches(py, errors.getattr(usual)?)? {
            return Ok(true);
        }
        self.catch.map_or(Ok(false), |classes| Ok(error.matches(py, classes)?))
    }
}

/// The message of an error, without its hint.
fn reason<'py>(py: Python<'py>, error: &PyErr) -> PyResult<Bound<'py, PyAny>> {
    let value = error.value(py);
    match value.getattr_opt("message")? {
        Some(message) => Ok(message.str()?.into_any()),
        None => Ok(value.str()?.into_any()),
    }
}
