//! Where a run is.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::schema::{APPLICATION, FORMAT};

/// Name of the store in the folder of a run.
pub const FILE_NAME: &str = "run.sqlite";
/// Name of the file that a writer locks; it is empty, and stays.
const LOCK_NAME: &str = "run.lock";
/// First bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Bytes of the header of an SQLite file.
const HEADER: usize = 100;

/// The folder of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// From what a user gives: the folder, or the store in it.
    #[must_use]
    pub fn new(given: &Path) -> Self {
        let is_store = given.file_name().is_some_and(|name| name == FILE_NAME) && !given.is_dir();
        let parent = given.parent().filter(|_| is_store);
        let parent = parent.map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
        Self { folder: parent.unwrap_or(given).to_owned() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The store in it.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    /// Whether there is a run.
    #[must_use]
    pub fn has_run(&self) -> bool {
        self.file().exists()
    }

    /// Locks it for one writer; the lock ends with the value, however the process ends.
    pub(crate) fn lock(&self) -> Result<File, StoreError> {
        let path = self.folder.join(LOCK_NAME);
        let failed = |error: std::io::Error| StoreError::io(&path, &error);
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(StoreError::Busy(self.file())),
            Err(fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Looks at the file without a database: whether it is a store of this version. Nothing that
    /// is not is opened, since opening a foreign database may change it.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let path = self.file();
        if !path.is_file() {
            return Err(StoreError::Missing(self.folder.clone()));
        }
        let foreign = |why: &str| StoreError::Foreign { path: path.clone(), why: why.to_owned() };
        let mut header = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(HEADER as u64).read_to_end(&mut header))
            .map_err(|error| StoreError::io(&path, &error))?;
        if header.is_empty() {
            return Err(StoreError::Damaged { path, why: "it is empty".to_owned() });
        }
        let length = header.len().min(MAGIC.len());
        if header[..length] != MAGIC[..length] {
            return Err(foreign("it is no SQLite database"));
        }
        let word = |at: usize| {
            let bytes: Option<[u8; 4]> = header.get(at..at + 4)?.try_into().ok();
            bytes.map(|bytes| i64::from(u32::from_be_bytes(bytes)))
        };
        // Places in the header of SQLite's file format.
        let (Some(version), Some(application)) = (word(60), word(68)) else {
            return Err(StoreError::Damaged { path, why: "its header is cut off".to_owned() });
        };
        if application != APPLICATION {
            return Err(foreign("it is an SQLite database of another program"));
        }
        if version != FORMAT {
            return Err(StoreError::Version { path, found: version, known: FORMAT });
        }
        Ok(())
    }
}
