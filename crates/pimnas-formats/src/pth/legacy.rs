//! The format that `torch.save` had before zip archives: five pickles, then the numbers.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::error::PthError;
use super::machine;
use super::state::{Storages, collect};
use super::value::{Heap, Value};
use super::view::Budget;
use crate::named::NamedTensors;
use crate::tensor::ByteOrder;
use crate::text::shown;

/// First pickle's value, little-endian.
pub(super) const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// Second pickle's value.
const PROTOCOL: i64 = 1001;
/// Bytes of the count before the numbers of a storage.
const COUNT_BYTES: usize = 8;

/// Pickles one after another.
struct Reader<'a> {
    file: &'a [u8],
    position: usize,
    heap: Heap<'a>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Value<'a>, PthError> {
        let rest = self.file.get(self.position..).unwrap_or_default();
        let (value, taken) = machine::run(rest, &mut self.heap)?;
        self.position += taken;
        Ok(value)
    }

    fn error(&self, why: &str) -> PthError {
        PthError::Archive { why: why.to_owned() }
    }
}

/// Whether the file starts with the pickle of the magic number, of whatever protocol.
pub(super) fn is_legacy(file: &[u8]) -> bool {
    let start = file.get(..32).unwrap_or(file);
    file.first() == Some(&0x80) && start.windows(MAGIC.len()).any(|window| window == MAGIC)
}

/// Reads the state dict of such a file.
pub(super) fn read(file: &[u8]) -> Result<NamedTensors, PthError> {
    let mut reader = Reader { file, position: 0, heap: Heap::default() };
    if reader.next()? != Value::Long(&MAGIC) {
        return Err(PthError::NotPth);
    }
    if reader.next()? != Value::Int(PROTOCOL) {
        return Err(reader.error("it is of an unknown version"));
    }
    let system = reader.next()?;
    let order = byte_order(&reader.heap, system);
    let value = reader.next()?;
    let keys = reader.next()?;
    let mut sections = Sections { file, places: HashMap::new() };
    let keys: Vec<Value<'_>> = reader.heap.items(keys).unwrap_or_default().to_vec();
    let mut position = reader.position;
    for key in keys {
        let Value::Text(key) = key else {
            return Err(reader.error("the key of a storage is not a text"));
        };
        let size = reader.heap.storages.iter().find(|s| s.key == key).map(|s| s.kind.size());
        let Some(size) = size else {
            return Err(reader.error("it holds a storage that no tensor uses"));
        };
        let Some(place) = section(file, position, (size, order)) else {
            return Err(reader.error(&format!("storage {} is cut off", shown(key))));
        };
        position = place.end;
        sections.places.insert(key.to_owned(), place);
    }
    collect(&reader.heap, value, &mut sections, Budget::of_file(file.len(), order))
}

/// The order of the bytes, which the third pickle states.
fn byte_order<'a>(heap: &Heap<'a>, system: Value<'a>) -> ByteOrder {
    let Value::Dict(place) = system else { return ByteOrder::Little };
    let entries = heap.dicts.get(place).map(Vec::as_slice).unwrap_or_default();
    let big = (Value::Text("little_endian"), Value::Bool(false));
    if entries.contains(&big) { ByteOrder::Big } else { ByteOrder::Little }
}

/// Where the numbers of the storage are whose count is at that position.
fn section(file: &[u8], position: usize, numbers: (usize, ByteOrder)) -> Option<Range<usize>> {
    let start = position.checked_add(COUNT_BYTES)?;
    let count: [u8; COUNT_BYTES] = file.get(position..start)?.try_into().ok()?;
    let count = match numbers.1 {
        ByteOrder::Little => u64::from_le_bytes(count),
        ByteOrder::Big => u64::from_be_bytes(count),
    };
    let bytes = usize::try_from(count).ok()?.checked_mul(numbers.0)?;
    let end = start.checked_add(bytes)?;
    (end <= file.len()).then_some(start..end)
}

struct Sections<'a> {
    file: &'a [u8],
    places: HashMap<String, Range<usize>>,
}

impl Storages for Sections<'_> {
    fn bytes(&mut self, key: &str) -> Result<Rc<[u8]>, String> {
        let place = self.places.get(key).and_then(|place| self.file.get(place.clone()));
        place.map(Rc::from).ok_or_else(|| "is not in the file".to_owned())
    }
}
