//! Studies in files: what is told is stored as it is told, and continued after any end.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pimnas_search::search::{AskTell, StopReason, TrialId};
use pimnas_store::{Place, RunInfo, RunStore, Session, Spent, StoreError, Stored};
use pyo3::prelude::*;
use pyo3::types::PyAnyMethods;

use crate::errors::{Fault, Kind};

/// Where a study is kept.
pub enum Kept {
    /// In memory.
    Nowhere,
    /// In a run that this process writes.
    Writing(Box<Writer>),
    /// In a run that is only read, and what continues it.
    Reading(Place, String),
    /// In a run that is closed.
    Closed(Place),
}

/// A study whose run this process writes.
pub struct Writer {
    store: RunStore,
    /// Time until this session began.
    before: Duration,
    begin: Instant,
    /// The session, until it is noted: a study that is only looked at leaves its file as it is.
    session: Option<Session>,
    /// Times of the evaluations of batches that are not appended yet.
    spent: Vec<Spent>,
    /// Whether all is in the file, the state included.
    whole: bool,
}

/// A problem of a store. Hints name what Python has.
pub fn store_error(error: &StoreError) -> PyErr {
    let (code, hint) = match error {
        StoreError::Exists(_) => {
            ("store-exists", "continue it by Study.open, or choose another folder")
        }
        StoreError::Missing(_) => {
            ("store-missing", "give the folder of a study with `store=`, or of `pimnas search`")
        }
        StoreError::Foreign { .. } => ("store-foreign", error.hint()),
        StoreError::Version { .. } => ("store-version", error.hint()),
        StoreError::Damaged { .. } => ("store-damaged", error.hint()),
        StoreError::Busy(_) => (
            "store-busy",
            "close the study that writes to it, or wait; `read_only=True` reads what is there",
        ),
        StoreError::Full { .. } => {
            ("store-full", "make room; what is stored continues by Study.open")
        }
        StoreError::Io { .. } => ("store-io", error.hint()),
    };
    Fault::new(Kind::Search, code, error).hint(hint).into()
}

impl Kept {
    /// A new run in a folder.
    pub fn create(folder: PathBuf, info: RunInfo, session: Session) -> PyResult<Self> {
        let place = Place::new(&folder);
        let store = RunStore::create(&place, info, &session).map_err(|e| store_error(&e))?;
        let writer = Writer {
            store,
            before: Duration::ZERO,
            begin: Instant::now(),
            session: None,
            spent: Vec::new(),
            whole: true,
        };
        Ok(Self::Writing(Box::new(writer)))
    }

    /// A run that is continued.
    pub fn opened(store: RunStore, stored: &Stored, session: Session) -> Self {
        let times = stored.running.iter().filter_map(|one| {
            let time = one.spent.first().copied().flatten()?;
            Some(Spent { trial: one.trial.id, stage: 0, time })
        });
        Self::Writing(Box::new(Writer {
            spent: times.collect(),
            store,
            before: stored.elapsed,
            begin: Instant::now(),
            session: Some(session),
            whole: true,
        }))
    }

    /// The folder, where there is one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Nowhere => None,
            Self::Writing(writer) => Some(writer.store.place()),
            Self::Reading(place, _) | Self::Closed(place) => Some(place),
        }
    }

    /// Refuses trials that could not be stored.
    pub fn check(&self) -> PyResult<()> {
        let (place, code, what, hint) = match self {
            Self::Nowhere | Self::Writing(_) => return Ok(()),
            Self::Reading(place, hint) => {
                (place, "study-read-only", "is opened to be read", hint.as_str())
            }
            Self::Closed(place) => (place, "store-closed", "is closed", "open it by Study.open"),
        };
        let message = format!("the study in {} {what}", place.folder().display());
        Err(Fault::new(Kind::Search, code, message).hint(hint).into())
    }

    /// Stores what was told of a trial.
    pub fn told(
        &mut self,
        asked: &AskTell<'_>,
        (id, time): (TrialId, Option<Duration>),
    ) -> Result<(), StoreError> {
        match self {
            Self::Writing(writer) => writer.told(asked, (id, time)),
            Self::Nowhere | Self::Reading(..) | Self::Closed(_) => Ok(()),
        }
    }

    /// Stores that the study came to an end, which may be gone on from.
    pub fn ended(&mut self, asked: &AskTell<'_>, reason: StopReason) -> Result<(), StoreError> {
        match self {
            Self::Writing(writer) => {
                writer.note_session(asked)?;
                let elapsed = writer.elapsed();
                writer.whole = true;
                writer.store.finish_at((&asked.snapshot(), reason), elapsed)
            }
            Self::Nowhere | Self::Reading(..) | Self::Closed(_) => Ok(()),
        }
    }

    /// Writes what is left and lets the file go.
    pub fn close(&mut self, asked: &AskTell<'_>) -> Result<(), StoreError> {
        let Some(place) = self.place().cloned() else { return Ok(()) };
        let saved = match self {
            Self::Writing(writer) => writer.save(asked),
            Self::Nowhere | Self::Reading(..) | Self::Closed(_) => Ok(()),
        };
        *self = Self::Closed(place);
        saved
    }
}

impl Writer {
    fn elapsed(&self) -> Duration {
        self.before + self.begin.elapsed()
    }

    fn note_session(&mut self, asked: &AskTell<'_>) -> Result<(), StoreError> {
        let Some(mut session) = self.session.take() else { return Ok(()) };
        session.trials_before = asked.search().history().trials().len();
        self.store.begin_session(self.store.info().clone(), &session)
    }

    fn told(
        &mut self,
        asked: &AskTell<'_>,
        (id, time): (TrialId, Option<Duration>),
    ) -> Result<(), StoreError> {
        self.note_session(asked)?;
        let Some(trial) = asked.told(id) else { return Ok(()) };
        self.whole = false;
        self.store.tell(asked.search(), &trial, time)?;
        self.spent.extend(time.map(|time| Spent { trial: id, stage: 0, time }));
        if asked.is_between_batches() {
            let spent = std::mem::take(&mut self.spent);
            self.store.append(asked.search(), &spent, self.elapsed())?;
        }
        Ok(())
    }

    /// Stores the state, where something was told since it was stored.
    fn save(&mut self, asked: &AskTell<'_>) -> Result<(), StoreError> {
        if self.whole {
            return Ok(());
        }
        self.store.save_at(&asked.snapshot(), self.elapsed())
    }
}

/// A session that begins now, in the script that runs.
pub fn session(py: Python<'_>, config: &serde_json::Value) -> PyResult<Session> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let script: Vec<String> = py.import("sys")?.getattr("argv")?.extract().unwrap_or_default();
    let words =
        std::iter::once("python".to_owned()).chain(script.into_iter().filter(|w| !w.is_empty()));
    Ok(Session {
        started_unix_s: now.as_secs(),
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: words.collect::<Vec<_>>().join(" "),
        config: config.clone(),
        trials_before: 0,
    })
}
