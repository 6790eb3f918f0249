//! What the few known functions of a state dict do, on values alone.

use super::error::PthError;
use super::machine::Machine;
use super::value::{Global, Storage, Value, View};

/// The storage that a persistent identifier names: a tuple of `storage`, a type, a key, a place
/// and a number of elements; older files add a view of it, or None.
pub(super) fn storage<'a>(
    machine: &mut Machine<'a, '_>,
    identifier: Value<'a>,
) -> Result<Value<'a>, PthError> {
    let items = machine.heap.items(identifier).unwrap_or_default();
    let (
        [
            Value::Text("storage"),
            Value::Global(Global::StorageType(kind)),
            Value::Text(key),
            _,
            Value::Int(elements),
        ],
        view,
    ) = (match items.split_first_chunk::<5>() {
        Some((first, rest)) => (*first, rest.first().copied()),
        None => return Err(machine.error("a storage is not named by five values")),
    })
    else {
        return Err(machine.error("a storage is not named by type, key and size"));
    };
    let mut storage = Storage { key, kind, elements, start: 0 };
    match view {
        None | Some(Value::None) => {}
        Some(view) => match machine.heap.items(view) {
            Some(&[_, Value::Int(start), Value::Int(elements)]) => {
                (storage.start, storage.elements) = (start, elements);
            }
            Some(_) | None => return Err(machine.error("a part of a storage has no sizes")),
        },
    }
    machine.heap.storages.push(storage);
    Ok(Value::Storage(machine.heap.storages.len() - 1))
}

/// What a known function gives for these arguments.
pub(super) fn call<'a>(
    machine: &mut Machine<'a, '_>,
    function: Value<'a>,
    arguments: Value<'a>,
) -> Result<Value<'a>, PthError> {
    let Value::Global(function) = function else {
        return Err(machine.error(format!("it calls {}", function.kind())));
    };
    let Some(arguments) = machine.heap.items(arguments).map(<[Value<'a>]>::to_vec) else {
        return Err(machine.error("the arguments of a call are not a tuple"));
    };
    match (function, arguments.as_slice()) {
        (Global::OrderedDict, []) => Ok(machine.dict_value(Vec::new())),
        (Global::OrderedDict, &[pairs]) => ordered_dict(machine, pairs),
        (
            Global::RebuildTensor,
            &[Value::Storage(storage), Value::Int(offset), sizes, strides, ..],
        ) => tensor(machine, (storage, offset), sizes, strides),
        (Global::RebuildParameter, &[tensor @ Value::Tensor(_), ..]) => Ok(tensor),
        (Global::Size, &[sizes]) => Ok(sizes),
        (
            Global::OrderedDict
            | Global::RebuildTensor
            | Global::RebuildParameter
            | Global::Size
            | Global::StorageType(_),
            _,
        ) => Err(machine.error("a known function is called with unknown arguments")),
    }
}

/// A dict from a list of pairs.
fn ordered_dict<'a>(
    machine: &mut Machine<'a, '_>,
    pairs: Value<'a>,
) -> Result<Value<'a>, PthError> {
    let pair = |pair: &Value<'a>| match machine.heap.items(*pair) {
        Some(&[key, value]) => Some((key, value)),
        Some(_) | None => None,
    };
    let pairs: Option<Vec<_>> =
        machine.heap.items(pairs).and_then(|pairs| pairs.iter().map(pair).collect());
    match pairs {
        Some(pairs) => Ok(machine.dict_value(pairs)),
        None => Err(machine.error("a dict is not made from pairs")),
    }
}

fn tensor<'a>(
    machine: &mut Machine<'a, '_>,
    (storage, offset): (usize, i64),
    sizes: Value<'a>,
    strides: Value<'a>,
) -> Result<Value<'a>, PthError> {
    let (sizes, strides) = (machine.heap.integers(sizes), machine.heap.integers(strides));
    match (sizes, strides) {
        (Some(sizes), Some(strides)) if sizes.len() == strides.len() => {
            machine.heap.tensors.push(View { storage, offset, sizes, strides });
            Ok(Value::Tensor(machine.heap.tensors.len() - 1))
        }
        (Some(_), Some(_)) => Err(machine.error("a tensor has not as many strides as sizes")),
        (Some(_) | None, _) => Err(machine.error("sizes or strides of a tensor are no integers")),
    }
}
