//! The zip format of `torch.save`: a pickle beside one entry for each storage.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;

use super::error::PthError;
use super::machine;
use super::state::{Storages, collect};
use super::value::Heap;
use super::view::{Budget, memory_limit};
use crate::named::NamedTensors;
use crate::tensor::ByteOrder;
use crate::text::shown;

/// Name of the pickle's entry, behind the name of the archive's folder.
const PICKLE: &str = "/data.pkl";
/// How a zip archive starts.
pub(super) const MAGIC: [u8; 4] = *b"PK\x03\x04";

/// Reads the state dict in a zip archive.
pub(super) fn read(file: &[u8]) -> Result<NamedTensors, PthError> {
    let archive = ZipArchive::new(Cursor::new(file)).map_err(|error| damaged(error.to_string()))?;
    let folder = archive
        .file_names()
        .find_map(|name| name.ok().and_then(|name| name.strip_suffix(PICKLE).map(str::to_owned)));
    let Some(folder) = folder else {
        return Err(damaged("it has no entry data.pkl".to_owned()));
    };
    let left = memory_limit(file.len());
    let mut entries = Entries { archive, folder, left, read: HashMap::new() };
    let pickle = entries.entry("data.pkl").map_err(damaged)?;
    let order = match entries.entry("byteorder") {
        Ok(order) if *order == *b"big" => ByteOrder::Big,
        Ok(_) | Err(_) => ByteOrder::Little,
    };
    let mut heap = Heap::default();
    let (value, _) = machine::run(&pickle, &mut heap)?;
    collect(&heap, value, &mut entries, Budget::of_file(file.len(), order))
}

fn damaged(why: String) -> PthError {
    PthError::Archive { why: shown(&why) }
}

struct Entries<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    folder: String,
    /// Bytes that may still be unpacked.
    left: usize,
    read: HashMap<String, Rc<[u8]>>,
}

impl Entries<'_> {
    /// The bytes of an entry.
    fn entry(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let path = format!("{}/{name}", self.folder);
        let entry = self.archive.by_name(&path).map_err(|error| error.to_string())?;
        let size = entry.size();
        let left = usize::try_from(size).ok().and_then(|size| self.left.checked_sub(size));
        let Some(left) = left else {
            return Err(format!(
                "entry {name} has {size} bytes, which is more than such files need"
            ));
        };
        let mut bytes = Vec::new();
        // Not more than stated, whatever a compressed entry unpacks to, but for one byte: the
        // checksum is compared where the entry ends.
        entry
            .take(size.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        self.left = left;
        if bytes.len() as u64 == size { Ok(bytes) } else { Err(format!("entry {name} is cut off")) }
    }
}

impl Storages for Entries<'_> {
    fn bytes(&mut self, key: &str) -> Result<Rc<[u8]>, String> {
        if let Some(bytes) = self.read.get(key) {
            return Ok(Rc::clone(bytes));
        }
        let entry = self.entry(&format!("data/{key}"));
        let bytes: Rc<[u8]> =
            entry.map_err(|why| format!("cannot be read: {}", shown(&why)))?.into();
        self.read.insert(key.to_owned(), Rc::clone(&bytes));
        Ok(bytes)
    }
}
