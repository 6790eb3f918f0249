//! Studies as text and from stores: what is told is told again to a search that is made anew.

use std::collections::BTreeMap;

use pimnas_search::Rollout;
use pimnas_search::search::{
    AskTell, ResumeError, Search, SearchError, Snapshot, Told, Trial, TrialId,
};
use pimnas_store::Stored;
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

use crate::errors::{Fault, Kind};
use crate::hardware::PyHardware;
use crate::space::PySpace;
use crate::study_setup::{Parts, Setup};

/// Version of the written form.
const VERSION: u32 = 1;

/// The written form: the set-up, the state before the running batch, and every trial that is told.
#[derive(Serialize, Deserialize)]
pub struct Written {
    study: u32,
    setup: Setup,
    snapshot: Snapshot,
    trials: Vec<Trial>,
    early: Vec<(TrialId, Told)>,
}

impl Written {
    /// That of a study as it is.
    pub fn new(setup: &Setup, inner: &AskTell<'_>) -> Self {
        Self {
            study: VERSION,
            setup: setup.clone(),
            snapshot: inner.snapshot(),
            trials: inner.search().history().trials().to_vec(),
            early: inner.early().map(|(id, told)| (id, told.clone())).collect(),
        }
    }
}

/// A controller or evaluator that failed.
pub fn search_error(error: &SearchError) -> PyErr {
    Fault::new(Kind::Search, "search", error).hint(error.hint()).into()
}

/// A text that is no study.
pub fn damaged(what: impl std::fmt::Display) -> PyErr {
    let fault = Fault::new(Kind::Search, "study-damaged", format!("not a study: {what}"));
    fault.hint("give what `Study.to_json` wrote").into()
}

/// Continues a written study: the batches that were done, then what is known of the running one.
///
/// # Errors
/// Another version; trials that the study does not propose.
pub fn restored(written: Written) -> PyResult<(Setup, (PySpace, PyHardware), AskTell<'static>)> {
    let Written { study, setup, snapshot, mut trials, early } = written;
    if study != VERSION {
        return Err(damaged(format!("version {study} is not {VERSION}")));
    }
    let Parts { space, hardware, search } = setup.build()?;
    let rest = trials.split_off(snapshot.trials().min(trials.len()));
    let search = search.resume(snapshot, trials).map_err(|error| {
        PyErr::from(Fault::new(Kind::Search, "study-damaged", &error).hint(error.hint()))
    })?;
    let mut asked = AskTell::new(search);
    let known: BTreeMap<TrialId, (Option<Rollout>, Told)> = rest
        .into_iter()
        .map(|trial| (trial.id, (Some(trial.rollout.clone()), trial.told())))
        .chain(early.into_iter().map(|(id, told)| (id, (None, told))))
        .collect();
    replay(&mut asked, known)?;
    Ok((setup, (space, hardware), asked))
}

/// Tells again what was told of batches that were not whole. What was proposed then is proposed
/// again.
fn replay(
    asked: &mut AskTell<'_>,
    mut known: BTreeMap<TrialId, (Option<Rollout>, Told)>,
) -> PyResult<()> {
    while !known.is_empty() {
        let given = asked.ask(usize::MAX).map_err(|error| search_error(&error))?;
        let mut some = false;
        for (id, proposal) in given {
            let Some((rollout, told)) = known.remove(&id) else { continue };
            if rollout.is_some_and(|rollout| rollout != proposal.rollout) {
                return Err(damaged("the running batch is another one"));
            }
            asked.tell(id, told).map_err(|error| damaged(&error))?;
            some = true;
        }
        if !some || (!known.is_empty() && !asked.is_between_batches()) {
            return Err(damaged("trials were told that are not proposed"));
        }
    }
    let out: Vec<TrialId> = asked.out().map(|(id, _)| id).collect();
    out.into_iter().try_for_each(|id| asked.release(id)).map_err(|error| damaged(&error))
}

/// The search of a stored run, with all that is told in it.
///
/// # Errors
/// Trials that the search does not propose.
pub fn continued(search: Search<'static>, stored: &Stored) -> PyResult<AskTell<'static>> {
    let wrong = |error: &ResumeError| {
        PyErr::from(Fault::new(Kind::Search, "store-damaged", error).hint(error.hint()))
    };
    let trials = stored.trials.iter().map(|one| one.trial.clone()).collect();
    let search = match &stored.snapshot {
        None => search,
        Some(snapshot) => search.resume(snapshot.clone(), trials).map_err(|error| wrong(&error))?,
    };
    let mut asked = AskTell::new(search);
    let running = stored.running.iter().map(|one| &one.trial);
    let known = running.map(|trial| (trial.id, (Some(trial.rollout.clone()), trial.told())));
    replay(&mut asked, known.collect())?;
    Ok(asked)
}
