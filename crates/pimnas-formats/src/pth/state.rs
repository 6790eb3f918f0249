//! From a pickle's value to named tensors.

use super::error::PthError;
use super::value::{Heap, Value};
use super::view::{Budget, materialise};
use crate::named::NamedTensors;
use crate::text::shown;

/// Keys under which checkpoints keep their state dict, in the order of trust.
const NESTED: [&str; 6] = ["state_dict", "model_state_dict", "model", "net", "network", "weights"];
/// Keys that a message lists.
const LISTED: usize = 8;

/// Gives the bytes of a storage's file entry or part, by key.
pub(super) trait Storages {
    /// The bytes of the storage with that key.
    fn bytes(&mut self, key: &str) -> Result<std::rc::Rc<[u8]>, String>;
}

/// The tensors of a state dict, or of a checkpoint that has one under a usual key.
pub(super) fn collect<'a>(
    heap: &Heap<'a>,
    value: Value<'a>,
    storages: &mut dyn Storages,
    budget: Budget,
) -> Result<NamedTensors, PthError> {
    let Value::Dict(place) = value else {
        return Err(PthError::NoTensors { found: value.kind().to_owned() });
    };
    let top = pairs(heap, place);
    let nested = NESTED.iter().find_map(|name| {
        top.iter().rev().find_map(|&(key, value)| match (key, value) {
            (Value::Text(key), Value::Dict(place)) if key == *name => Some(place),
            _ => None,
        })
    });
    let dict = match nested {
        Some(place) if !has_tensors(top) => pairs(heap, place),
        Some(_) | None => top,
    };
    if !has_tensors(dict) && !dict.is_empty() {
        return Err(PthError::NoTensors { found: described(dict) });
    }
    let mut tensors = NamedTensors::new();
    let mut budget = budget;
    for &(key, value) in dict {
        if let (Value::Text(name), Value::Tensor(place)) = (key, value)
            && let Some(view) = heap.tensors.get(place)
            && let Some(storage) = heap.storages.get(view.storage)
        {
            tensors.insert(name, materialise(name, (view, storage), storages, &mut budget)?);
        }
    }
    Ok(tensors)
}

fn pairs<'h, 'a>(heap: &'h Heap<'a>, place: usize) -> &'h [(Value<'a>, Value<'a>)] {
    heap.dicts.get(place).map(Vec::as_slice).unwrap_or_default()
}

fn has_tensors(dict: &[(Value<'_>, Value<'_>)]) -> bool {
    dict.iter().any(|(key, value)| matches!((key, value), (Value::Text(_), Value::Tensor(_))))
}

/// "a dict of epoch (an integer), model (a text)".
fn described(dict: &[(Value<'_>, Value<'_>)]) -> String {
    let entries = dict.iter().take(LISTED).map(|(key, value)| match key {
        Value::Text(key) => format!("{} ({})", shown(key), value.kind()),
        other => format!("{} ({})", other.kind(), value.kind()),
    });
    let entries: Vec<String> = entries.collect();
    format!("a dict of {}", entries.join(", "))
}
