//! All of a run from its file.

use std::time::Duration;

use pimnas_search::Rollout;
use pimnas_search::search::{Snapshot, StopReason, Trial, TrialId};
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value as Json;

use crate::code;
use crate::error::StoreError;
use crate::info::{RunInfo, Session};
use crate::place::Place;
use crate::schema;

/// A trial as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTrial {
    /// The trial.
    pub trial: Trial,
    /// Hash of its genotype, in hexadecimal digits.
    pub hash: String,
    /// Why it ended early, in words.
    pub reason: Option<String>,
    /// Time that each stage took; `None` for those that did not run.
    pub spent: Vec<Option<Duration>>,
}

/// All of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// What is searched.
    pub info: RunInfo,
    /// Times in which it was worked on, in order; one or more.
    pub sessions: Vec<Session>,
    /// The trials of whole batches, in order: those that `snapshot` counts.
    pub trials: Vec<StoredTrial>,
    /// What was told of the batches behind them, by a search that is asked and told; in order,
    /// perhaps with gaps.
    pub running: Vec<StoredTrial>,
    /// The end of each batch: trials until then, and the time since the run began.
    pub batches: Vec<(usize, Duration)>,
    /// The state to continue from; `None` before the first batch is stored.
    pub snapshot: Option<Snapshot>,
    /// Time since the run began, all sessions together.
    pub elapsed: Duration,
    /// Why it ended; `None` for one that runs or was killed.
    pub stopped: Option<StopReason>,
}

impl Stored {
    /// Reads a run, which may be in the making. The file is not written to.
    ///
    /// # Errors
    /// No run; a file that is damaged, foreign or of another version.
    pub fn read(place: &Place) -> Result<Self, StoreError> {
        place.check()?;
        let path = place.file();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|error| StoreError::sql(&path, &error))?;
        // One moment of a run that goes on.
        connection
            .busy_timeout(Duration::from_secs(10))
            .and_then(|()| connection.execute_batch("BEGIN"))
            .map_err(|error| StoreError::sql(&path, &error))?;
        all(&connection, place)
    }

    /// The configuration of the last session: the one in force.
    #[must_use]
    pub fn config(&self) -> &Json {
        self.sessions.last().map_or(&self.info.config, |session| &session.config)
    }
}

/// Everything, on an open connection.
pub(crate) fn all(connection: &Connection, place: &Place) -> Result<Stored, StoreError> {
    let path = place.file();
    let failed = |error: rusqlite::Error| StoreError::sql(&path, &error);
    let damaged = |why: String| StoreError::Damaged { path: path.clone(), why };
    let check: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if check != "ok" {
        return Err(damaged(check));
    }
    let info: String = connection
        .query_row("SELECT value FROM run WHERE key = 'info'", [], |row| row.get(0))
        .map_err(failed)?;
    let info: RunInfo = serde_json::from_str(&info)
        .map_err(|error| damaged(format!("the run's description: {error}")))?;
    let sessions = sessions(connection).map_err(failed)?;
    let sizes = (info.metrics().len(), info.stages.len());
    let trials = whole(connection, sizes).map_err(failed)?;
    let running = running(connection, sizes).map_err(failed)?;
    let batches = batches(connection).map_err(failed)?;
    let state = connection.query_row("SELECT * FROM state", [], |row| {
        let (trials, elapsed): (usize, u64) = (row.get(1)?, row.get(2)?);
        let (snapshot, reason): (String, Option<String>) = (row.get(3)?, row.get(4)?);
        Ok((trials, Duration::from_nanos(elapsed), snapshot, reason))
    });
    let mut stored = Stored {
        info,
        sessions,
        trials,
        running,
        batches,
        snapshot: None,
        elapsed: Duration::ZERO,
        stopped: None,
    };
    match state {
        Err(rusqlite::Error::QueryReturnedNoRows) if stored.trials.is_empty() => Ok(stored),
        Err(error) => Err(failed(error)),
        Ok((trials, elapsed, snapshot, reason)) => {
            let snapshot: Snapshot = serde_json::from_str(&snapshot)
                .map_err(|error| damaged(format!("the state of the search: {error}")))?;
            if trials != stored.trials.len() || snapshot.trials() != trials {
                let found = stored.trials.len();
                return Err(damaged(format!("{found} trials with the state after {trials}")));
            }
            let read = |word: String| serde_json::from_value(Json::String(word));
            stored.stopped = reason.map(read).transpose().map_err(|e| damaged(e.to_string()))?;
            stored.snapshot = Some(snapshot);
            stored.elapsed = elapsed;
            Ok(stored)
        }
    }
}

fn sessions(connection: &Connection) -> rusqlite::Result<Vec<Session>> {
    let mut select = connection.prepare("SELECT * FROM session ORDER BY number")?;
    let rows = select.query_map([], |row| {
        let config: String = row.get(4)?;
        Ok(Session {
            started_unix_s: row.get(1)?,
            code_version: row.get(2)?,
            command: row.get(3)?,
            config: serde_json::from_str(&config).map_err(|_| wrong(4))?,
            trials_before: row.get(5)?,
        })
    })?;
    rows.collect()
}

fn batches(connection: &Connection) -> rusqlite::Result<Vec<(usize, Duration)>> {
    let sql = "SELECT first_trial + trials, elapsed_ns FROM batch ORDER BY iteration";
    let mut select = connection.prepare(sql)?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, Duration::from_nanos(row.get(1)?))))?;
    rows.collect()
}

/// All rows of a table of trials.
fn trials(
    connection: &Connection,
    (table, sizes): (&str, (usize, usize)),
) -> rusqlite::Result<Vec<StoredTrial>> {
    let mut select = connection.prepare(&schema::select(table, sizes.0, sizes.1))?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(trial(row, sizes)?);
    }
    Ok(found)
}

/// Trials of whole batches, none of which may be missing.
fn whole(connection: &Connection, sizes: (usize, usize)) -> rusqlite::Result<Vec<StoredTrial>> {
    let found = trials(connection, (schema::TRIAL, sizes))?;
    let is_in_place = |(at, one): (usize, &StoredTrial)| one.trial.id.index() == at;
    if found.iter().enumerate().all(is_in_place) { Ok(found) } else { Err(wrong(0)) }
}

/// Trials of batches that are not whole, where the store has such.
fn running(connection: &Connection, sizes: (usize, usize)) -> rusqlite::Result<Vec<StoredTrial>> {
    let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?)";
    let is_there: bool = connection.query_row(exists, [schema::RUNNING], |row| row.get(0))?;
    if is_there { trials(connection, (schema::RUNNING, sizes)) } else { Ok(Vec::new()) }
}

/// A column that has not what the program writes.
fn wrong(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(
        column,
        "not as it was written".to_owned(),
        rusqlite::types::Type::Null,
    )
}

/// Columns before the figures.
const FIGURES: usize = 10;

fn trial(row: &Row<'_>, (metrics, stages): (usize, usize)) -> rusqlite::Result<StoredTrial> {
    let text = |at: usize| row.get_ref(at)?.as_str().map_err(|_| wrong(at));
    let parent = |at: usize| row.get::<_, Option<u64>>(at);
    let reason: Option<String> = row.get(9)?;
    let choices = code::read_choices(text(1)?).ok_or_else(|| wrong(1))?;
    let lineage = code::read_lineage(text(3)?, parent(4)?, parent(5)?).ok_or_else(|| wrong(3))?;
    let outcome = code::read_outcome(text(8)?, reason.as_deref()).ok_or_else(|| wrong(8))?;
    let figure = |at: usize| code::read_figure(row.get_ref(at)?).map_err(|()| wrong(at));
    let figures = (FIGURES..FIGURES + metrics).map(figure).collect::<Result<_, _>>()?;
    let first = FIGURES + metrics;
    let spent = |at: usize| Ok(row.get::<_, Option<u64>>(at)?.map(Duration::from_nanos));
    Ok(StoredTrial {
        hash: text(2)?.to_owned(),
        reason: reason.map(|reason| reason.replace(code::BETWEEN, "; ")),
        spent: (first..first + stages).map(spent).collect::<rusqlite::Result<_>>()?,
        trial: Trial {
            id: TrialId(row.get::<_, i64>(0)?.cast_unsigned()),
            rollout: Rollout::from_choices(choices),
            lineage,
            seed: row.get::<_, i64>(6)?.cast_unsigned(),
            figures,
            stages: row.get(7)?,
            outcome,
        },
    })
}
