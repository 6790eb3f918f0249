//! Reading files and what they are compressed with.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::DataError;

/// How a gzip file starts.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes that a file may unpack to; the largest known set of this kind takes a fifth of it.
pub(crate) const MOST_BYTES: usize = 1 << 30;

/// Bytes that a packed file may unpack to for each of its own: labels compress well.
const UNPACKING: usize = 256;
/// Bytes that any file may unpack to.
const FREE_BYTES: usize = 1 << 20;

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let limit = MOST_BYTES as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| file_error(path, &error))?;
    if bytes.len() > MOST_BYTES {
        let why = format!("it is larger than {} MiB", MOST_BYTES >> 20);
        return Err(DataError::File { path: path.display().to_string(), why });
    }
    Ok(bytes)
}

/// Bytes that a file, packed or not, can sensibly have unpacked.
pub(crate) fn most_unpacked(file: &[u8]) -> usize {
    if !file.starts_with(&GZIP) {
        return MOST_BYTES;
    }
    file.len().saturating_mul(UNPACKING).saturating_add(FREE_BYTES).min(MOST_BYTES)
}

/// An error of the system with a file.
pub(crate) fn file_error(path: &Path, error: &std::io::Error) -> DataError {
    DataError::File { path: path.display().to_string(), why: error.to_string() }
}

/// Gives at most `limit` unpacked bytes of a file, gzip or plain.
pub(crate) fn unpacked(what: &str, file: &[u8], limit: usize) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    if file.starts_with(&GZIP) {
        MultiGzDecoder::new(file)
            .take(limit as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| DataError::format(what, format!("damaged gzip file: {error}")))?;
    } else {
        bytes.extend_from_slice(file.get(..limit).unwrap_or(file));
    }
    Ok(bytes)
}
