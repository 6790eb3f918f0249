//! What can be wrong with a store.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why a run cannot be stored or read.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is a run or something else already.
    #[error("{0}: there is a run already")]
    Exists(PathBuf),
    /// There is no run.
    #[error("{0}: there is no run")]
    Missing(PathBuf),
    /// The file is no store of a run.
    #[error("{path}: it is no store of a run: {why}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// The file is of another version of the program.
    #[error("{path}: its format is version {found}; this program knows version {known}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// That of this program.
        known: i64,
    },
    /// The file is truncated or damaged.
    #[error("{path}: it is truncated or damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// Another search writes to it.
    #[error("{0}: another search writes to this run")]
    Busy(PathBuf),
    /// The disk is full, or the file may not grow.
    #[error("{path}: the disk is full or the file may not grow: {why}")]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The file cannot be read or written.
    #[error("{path}: {why}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists(_) => "continue it with --resume, or choose another folder with --out",
            Self::Missing(_) => "give the folder of a run, as `pimnas search` named it",
            Self::Foreign { .. } => "give the folder of a run; the file was left as it is",
            Self::Version { .. } => {
                "use the version of the program that wrote it; the file was left as it is"
            }
            Self::Damaged { .. } => "restore it from a copy; the file was left as it is",
            Self::Busy(_) => "wait until it ends, or end it",
            Self::Full { .. } => "make room; a run that is stored continues with --resume",
            Self::Io { .. } => "check the folder, its permissions and the disk",
        }
    }

    /// From the system.
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::FileTooLarge => {
                Self::Full { path, why }
            }
            // A list without end, of an enum that is not ours.
            _ => Self::Io { path, why },
        }
    }

    /// From SQLite, while reading or writing.
    pub(crate) fn sql(path: &Path, error: &rusqlite::Error) -> Self {
        let (owned, why) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path: owned, why },
            // A write that is refused (a limit on the size of files) has no code of its own.
            Some(ErrorCode::SystemIoFailure) if is_write(error) => Self::Full { path: owned, why },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(owned),
            Some(ErrorCode::NotADatabase) => Self::Foreign { path: owned, why },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path: owned, why },
            Some(_) => Self::Io { path: owned, why },
            // Columns of another type or rows that are not there.
            None => Self::Damaged { path: owned, why },
        }
    }
}

fn is_write(error: &rusqlite::Error) -> bool {
    let kinds = [
        rusqlite::ffi::SQLITE_IOERR_WRITE,
        rusqlite::ffi::SQLITE_IOERR_FSYNC,
        rusqlite::ffi::SQLITE_IOERR_TRUNCATE,
        rusqlite::ffi::SQLITE_IOERR_SHMSIZE,
    ];
    error.sqlite_error().is_some_and(|inner| kinds.contains(&inner.extended_code))
}
