//! The page of a study.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pimnas_page::{RunPage, render};
use pimnas_search::Genotype;
use pimnas_search::search::AskTell;
use pimnas_store::{Place, RunInfo, RunSummary, Session, Stored, StoredTrial, TestAccuracies};
use pyo3::prelude::*;

use crate::errors::{Fault, Kind};
use crate::study_store::store_error;

/// A page that is asked for.
pub struct Page {
    /// Members of the front with a section of their own.
    pub sections: usize,
    /// The file; without it `report.html` in the folder of the run.
    pub path: Option<PathBuf>,
    /// The folder of the run as a word of a command.
    pub folder: Option<String>,
}

/// A path as a shell takes it.
pub fn quoted(py: Python<'_>, path: &Path) -> PyResult<String> {
    py.import("shlex")?.call_method1("quote", (path.to_string_lossy(),))?.extract()
}

impl Page {
    /// Writes it and gives its place. What is stored is read again, with its times; a study in
    /// memory has none.
    pub fn write(
        self,
        asked: &AskTell<'_>,
        (place, memory): (Option<&Place>, (RunInfo, Session)),
    ) -> PyResult<PathBuf> {
        let beside = || Some(place?.folder().join("report.html"));
        let file = self.path.clone().or_else(beside);
        let Some(file) = file else {
            let fault = Fault::new(Kind::Search, "report", "the study is not in a folder");
            return Err(fault.hint("give the path of the page").into());
        };
        let (summary, test) = match place {
            Some(place) => {
                let summary = RunSummary::read(place).map_err(|error| store_error(&error))?;
                (summary, TestAccuracies::read(place))
            }
            None => (in_memory(asked, memory)?, None),
        };
        let page = RunPage {
            folder: self.folder.as_deref(),
            test: test.as_ref(),
            sections: self.sections,
        };
        let report = page.report(&summary).map_err(|error| {
            PyErr::from(Fault::new(Kind::Search, "report", &error).hint(error.hint()))
        })?;
        write(&file, &render(&report))?;
        Ok(file)
    }
}

fn write(file: &Path, text: &str) -> PyResult<()> {
    std::fs::write(file, text).map_err(|error| {
        let name = file.display().to_string();
        let fault = Fault::new(Kind::Search, "report", format!("cannot write {name}: {error}"));
        fault.hint("give a path in a directory that exists and can be written").at(name).into()
    })
}

/// A study that is not stored as a store would give it.
fn in_memory(asked: &AskTell<'_>, (info, session): (RunInfo, Session)) -> PyResult<RunSummary> {
    let search = asked.search();
    let (space, trials) = (search.space(), search.history().trials());
    let stages = info.stages.len();
    let one = |trial: &pimnas_search::search::Trial| StoredTrial {
        hash: Genotype::new(space.name(), space.decisions(), &trial.rollout).hash().to_string(),
        reason: trial.reason(search.goals()),
        spent: vec![None; stages],
        trial: trial.clone(),
    };
    let ends = (info.batch..trials.len()).step_by(info.batch.max(1)).chain([trials.len()]);
    let stored = Stored {
        sessions: vec![session],
        trials: trials.iter().map(one).collect(),
        running: Vec::new(),
        batches: ends.map(|end| (end, Duration::ZERO)).collect(),
        snapshot: None,
        elapsed: Duration::ZERO,
        stopped: None,
        info,
    };
    RunSummary::new(stored).map_err(|errors| {
        let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let fault = Fault::new(Kind::Search, "goals", said.join("; "));
        fault.hint("correct the objectives of the study").into()
    })
}
