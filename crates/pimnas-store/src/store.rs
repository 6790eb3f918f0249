//! The writer of a run.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use pimnas_search::Genotype;
use pimnas_search::search::{Search, Snapshot, StopReason, Trial};
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, ToSql, params};

use crate::code;
use crate::error::StoreError;
use crate::info::{RunInfo, Session};
use crate::place::{FILE_NAME, Place};
use crate::read::{self, Stored};
use crate::schema;
use crate::timed::Spent;

/// Trials that came within this time of each other share a transaction: whoever is killed loses
/// no more work than that, and gets it again by continuing.
const GATHER: Duration = Duration::from_millis(200);

/// A run that is being written. Only one process has it at a time.
#[derive(Debug)]
pub struct RunStore {
    place: Place,
    connection: Connection,
    info: RunInfo,
    /// Trials that are in the file.
    written: usize,
    /// What is not yet.
    pending: Pending,
    last_commit: Duration,
    /// Whether there is a table of trials of batches that are not whole.
    has_running: bool,
    // Held for the lock that ends with it.
    _lock: File,
}

/// Batches on their way into the file, and the state after them.
#[derive(Debug, Default)]
struct Pending {
    rows: Vec<Vec<ToSqlOutput<'static>>>,
    batches: Vec<(usize, usize, usize, Duration)>,
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

impl RunStore {
    /// Begins a run in a folder, which is made where it does not exist. The store appears in it
    /// complete or not at all.
    ///
    /// # Errors
    /// A run or store that is there already; a folder that cannot be written to.
    pub fn create(place: &Place, info: RunInfo, session: &Session) -> Result<Self, StoreError> {
        fs::create_dir_all(place.folder()).map_err(|e| StoreError::io(place.folder(), &e))?;
        let lock = place.lock()?;
        if place.file().symlink_metadata().is_ok() {
            return Err(StoreError::Exists(place.folder().to_owned()));
        }
        let part = place.folder().join(format!("{FILE_NAME}.part"));
        // The rest of one that was killed; the lock says that nobody works on it.
        let leftovers = ["", "-journal", "-wal", "-shm"];
        let remove = || {
            for end in leftovers {
                let _ = fs::remove_file(place.folder().join(format!("{FILE_NAME}.part{end}")));
            }
        };
        remove();
        let made = make(&part, &info, session);
        let moved = made.and_then(|()| {
            fs::rename(&part, place.file()).map_err(|error| StoreError::io(&part, &error))
        });
        if let Err(error) = moved {
            remove();
            return Err(error);
        }
        let connection = connect(place)?;
        Ok(Self {
            place: place.clone(),
            connection,
            info,
            written: 0,
            pending: Pending::default(),
            last_commit: Duration::ZERO,
            has_running: false,
            _lock: lock,
        })
    }

    /// Opens a run to continue it, with all that is stored. Nothing is written yet.
    ///
    /// # Errors
    /// No run, another writer, a file that is damaged, foreign or of another version.
    pub fn open(place: &Place) -> Result<(Self, Stored), StoreError> {
        place.check()?;
        let lock = place.lock()?;
        let connection = connect(place)?;
        let stored = read::all(&connection, place)?;
        let store = Self {
            place: place.clone(),
            connection,
            info: stored.info.clone(),
            written: stored.trials.len(),
            pending: Pending::default(),
            last_commit: stored.elapsed,
            has_running: !stored.running.is_empty(),
            _lock: lock,
        };
        Ok((store, stored))
    }

    /// Notes that the run is continued, and what is searched from here on; the sessions keep every
    /// configuration that there was.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn begin_session(&mut self, info: RunInfo, session: &Session) -> Result<(), StoreError> {
        let path = self.place.file();
        let text = serde_json::to_string(&info)
            .map_err(|error| StoreError::Io { path: path.clone(), why: error.to_string() })?;
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            insert_session(&transaction, session)?;
            transaction.execute("UPDATE run SET value = ? WHERE key = 'info'", [&text])?;
            transaction.execute("UPDATE state SET stop_reason = NULL", [])?;
            transaction.commit()
        };
        write(&mut self.connection).map_err(|error| StoreError::sql(&path, &error))?;
        self.info = info;
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What is searched.
    #[must_use]
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// Trials that are in the file.
    #[must_use]
    pub fn written(&self) -> usize {
        self.written
    }

    /// Appends the trials of a search that are new since the last call: one batch, with the state
    /// after it. `elapsed` is the time since the run began. Batches that come fast are gathered.
    ///
    /// # Errors
    /// A store that cannot be written to; what is in it stays as it is.
    pub fn append(
        &mut self,
        search: &Search<'_>,
        spent: &[Spent],
        elapsed: Duration,
    ) -> Result<(), StoreError> {
        let trials = search.history().trials();
        let first = self.written + self.pending.rows.len();
        let new = trials.get(first..).unwrap_or_default();
        let mut times = vec![vec![None; self.info.stages.len()]; new.len()];
        for one in spent {
            let slot = one.trial.index().checked_sub(first).and_then(|at| times.get_mut(at));
            if let Some(slot) = slot.and_then(|row| row.get_mut(one.stage)) {
                *slot = Some(nanoseconds(one.time));
            }
        }
        for (trial, times) in new.iter().zip(times) {
            self.pending.rows.push(row(trial, search, times));
        }
        let iteration = search.progress(elapsed).iteration;
        self.pending.batches.push((iteration, first, new.len(), elapsed));
        // States may be large, so only the last of a transaction is made.
        if elapsed.saturating_sub(self.last_commit) >= GATHER {
            self.save(search, elapsed)?;
        }
        Ok(())
    }

    /// Stores what is told of a trial whose batch is not whole; `time` is that of its evaluation,
    /// where it is known. It is there as soon as this returns.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn tell(
        &mut self,
        search: &Search<'_>,
        trial: &Trial,
        time: Option<Duration>,
    ) -> Result<(), StoreError> {
        let path = self.place.file();
        let sizes = (self.info.metrics().len(), self.info.stages.len());
        let mut times = vec![None; sizes.1];
        if let Some(first) = times.first_mut() {
            *first = time.map(nanoseconds);
        }
        let row = row(trial, search, times);
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            if !self.has_running {
                connection.execute_batch(&schema::running(sizes.0, sizes.1))?;
            }
            let text = schema::insert(schema::RUNNING, sizes.0, sizes.1);
            connection.prepare_cached(&text)?.execute(rusqlite::params_from_iter(row))?;
            Ok(())
        };
        write(&mut self.connection).map_err(|error| StoreError::sql(&path, &error))?;
        self.has_running = true;
        Ok(())
    }

    /// Stores everything and why the search ended.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn finish(
        &mut self,
        search: &Search<'_>,
        reason: StopReason,
        elapsed: Duration,
    ) -> Result<(), StoreError> {
        self.finish_at((&search.snapshot(), reason), elapsed)
    }

    /// The same of a search that may be in the middle of a batch: with the state before it.
    ///
    /// # Errors
    /// A store that cannot be written to.
    pub fn finish_at(
        &mut self,
        (snapshot, reason): (&Snapshot, StopReason),
        elapsed: Duration,
    ) -> Result<(), StoreError> {
        let path = self.place.file();
        self.save_at(snapshot, elapsed)?;
        let word = serde_json::to_value(reason).unwrap_or_default();
        let word = word.as_str().unwrap_or_default();
        self.connection
            .execute("UPDATE state SET stop_reason = ?1", [word])
            .map_err(|error| StoreError::sql(&path, &error))?;
        // The log goes into the file, so that the file alone is the run.
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection
            .query_row(checkpoint, [], |_| Ok(()))
            .map_err(|error| StoreError::sql(&path, &error))
    }

    /// Stores what is gathered and the state after it, in one transaction.
    ///
    /// # Errors
    /// A store that cannot be written to; the transaction did not happen then.
    pub fn save(&mut self, search: &Search<'_>, elapsed: Duration) -> Result<(), StoreError> {
        self.save_at(&search.snapshot(), elapsed)
    }

    /// The same with the state after the last whole batch.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub fn save_at(&mut self, snapshot: &Snapshot, elapsed: Duration) -> Result<(), StoreError> {
        let path = self.place.file();
        let trials = snapshot.trials();
        let text = serde_json::to_string(snapshot).map_err(|error| StoreError::Io {
            path: path.clone(),
            why: format!("the state cannot be written: {error}"),
        })?;
        let sizes = (self.info.metrics().len(), self.info.stages.len());
        let pending = std::mem::take(&mut self.pending);
        let rows = pending.rows.len();
        let has_running = self.has_running;
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            {
                let one = schema::insert(schema::TRIAL, sizes.0, sizes.1);
                let mut insert = transaction.prepare_cached(&one)?;
                for row in &pending.rows {
                    insert.execute(rusqlite::params_from_iter(row))?;
                }
                let mut insert =
                    transaction.prepare_cached("INSERT INTO batch VALUES (?, ?, ?, ?)")?;
                for (iteration, first, count, elapsed) in &pending.batches {
                    insert.execute(params![iteration, first, count, nanoseconds(*elapsed)])?;
                }
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, NULL)")?
                    .execute(params![trials, nanoseconds(elapsed), text])?;
                if has_running {
                    // They are in the table of whole batches now.
                    let text = format!("DELETE FROM {} WHERE id < ?", schema::RUNNING);
                    transaction.prepare_cached(&text)?.execute([trials])?;
                }
            }
            transaction.commit()
        };
        write(&mut self.connection).map_err(|error| StoreError::sql(&path, &error))?;
        self.written += rows;
        self.last_commit = elapsed;
        Ok(())
    }
}

/// A trial as columns.
fn row(trial: &Trial, search: &Search<'_>, times: Vec<Option<i64>>) -> Vec<ToSqlOutput<'static>> {
    let text = |text: String| ToSqlOutput::Owned(Value::Text(text));
    let whole = |number: u64| ToSqlOutput::Owned(Value::Integer(number.cast_signed()));
    let perhaps = |number: Option<u64>| number.map_or(ToSqlOutput::Owned(Value::Null), whole);
    let (word, parent, other) = code::lineage(&trial.lineage);
    let space = search.space();
    let genotype = Genotype::new(space.name(), space.decisions(), &trial.rollout);
    let reason = code::reason(&trial.outcome, trial.reason(search.goals()));
    let mut row = vec![
        whole(trial.id.0),
        text(code::choices(trial.rollout.choices())),
        text(genotype.hash().to_string()),
        text(word.to_owned()),
        perhaps(parent),
        perhaps(other),
        whole(trial.seed),
        whole(trial.stages as u64),
        text(code::outcome(&trial.outcome).to_owned()),
        reason.map_or(ToSqlOutput::Owned(Value::Null), text),
    ];
    row.extend(trial.figures.iter().map(|&figure| code::figure(figure)));
    let time = |time: Option<i64>| time.map_or(Value::Null, Value::Integer);
    row.extend(times.into_iter().map(|one| ToSqlOutput::Owned(time(one))));
    row
}

fn insert_session(connection: &Connection, session: &Session) -> rusqlite::Result<()> {
    let started = i64::try_from(session.started_unix_s).unwrap_or(i64::MAX);
    let config = session.config.to_string();
    let sql = "INSERT INTO session (started_unix_s, code_version, command, config, trials_before) \
               VALUES (?, ?, ?, ?, ?)";
    let before = session.trials_before;
    let values: [&dyn ToSql; 5] =
        [&started, &session.code_version, &session.command, &config, &before];
    connection.execute(sql, values).map(drop)
}

/// Makes the file of a run without trials.
fn make(part: &PathBuf, info: &RunInfo, session: &Session) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::sql(part, &error);
    let why = |error| StoreError::Io { path: part.clone(), why: format!("{error}") };
    let text = serde_json::to_string(info).map_err(why)?;
    let metrics: Vec<String> = info.metrics().into_iter().map(|metric| metric.name).collect();
    let stages: Vec<String> = info.stages.iter().map(|stage| stage.name.clone()).collect();
    let mut connection = Connection::open(part).map_err(failed)?;
    let write = |connection: &mut Connection| -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        transaction.execute_batch(&schema::statements(&metrics, &stages))?;
        transaction.execute("INSERT INTO run VALUES ('info', ?)", [&text])?;
        insert_session(&transaction, session)?;
        transaction.commit()?;
        connection.pragma_update(None, "journal_mode", "wal")
    };
    write(&mut connection).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

/// A connection for writing. What is committed survives the end of the process at any moment; a
/// power failure may take the last transactions, and nothing else, with it.
fn connect(place: &Place) -> Result<Connection, StoreError> {
    let path = place.file();
    let open = || -> rusqlite::Result<Connection> {
        let flags =
            rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "synchronous", "normal")?;
        Ok(connection)
    };
    open().map_err(|error| StoreError::sql(&path, &error))
}
