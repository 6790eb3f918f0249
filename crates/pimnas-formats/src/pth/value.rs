//! What a pickle can build here: plain values, and tensors that are not read yet.

use crate::tensor::StoredType;

/// A value. Containers are positions in the [`Heap`], so that a value that occurs often, or in
/// itself, costs nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// More than 64 bits, little-endian.
    Long(&'a [u8]),
    Float,
    Text(&'a str),
    Bytes,
    Tuple(usize),
    List(usize),
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}

impl Value<'_> {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Long(_) => "an integer",
            Self::Float => "a float",
            Self::Text(_) => "a text",
            Self::Bytes => "bytes",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Global(_) => "a class or function",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a tensor",
        }
    }
}

/// The functions and classes that state dicts consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Size,
    StorageType(StoredType),
}

impl Global {
    /// The one of that module and name.
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter),
            ("torch", "Size") => Some(Self::Size),
            ("torch" | "torch.cuda" | "torch.storage", name) => {
                storage_type(name).map(Self::StorageType)
            }
            _ => None,
        }
    }
}

fn storage_type(name: &str) -> Option<StoredType> {
    Some(match name {
        "DoubleStorage" => StoredType::F64,
        "FloatStorage" => StoredType::F32,
        "HalfStorage" => StoredType::F16,
        "BFloat16Storage" => StoredType::Bf16,
        "LongStorage" => StoredType::I64,
        "IntStorage" => StoredType::I32,
        "ShortStorage" => StoredType::I16,
        "CharStorage" => StoredType::I8,
        "ByteStorage" => StoredType::U8,
        "BoolStorage" => StoredType::Bool,
        _ => return None,
    })
}

/// Numbers that tensors share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Storage<'a> {
    pub key: &'a str,
    pub kind: StoredType,
    /// Numbers in it, as the pickle states.
    pub elements: i64,
    /// First number, where it is a part of the stored one.
    pub start: i64,
}

/// A tensor: a view of a storage.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    /// Position of the storage in the heap.
    pub storage: usize,
    pub offset: i64,
    pub sizes: Vec<i64>,
    pub strides: Vec<i64>,
}

/// Everything that values refer to.
#[derive(Debug, Default)]
pub(super) struct Heap<'a> {
    /// Of tuples and lists.
    pub sequences: Vec<Vec<Value<'a>>>,
    pub dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pub storages: Vec<Storage<'a>>,
    pub tensors: Vec<View>,
}

impl<'a> Heap<'a> {
    /// Adds a tuple's or list's items.
    pub fn sequence(&mut self, items: Vec<Value<'a>>) -> usize {
        self.sequences.push(items);
        self.sequences.len() - 1
    }

    /// The items of a tuple or list.
    pub fn items(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match value {
            Value::Tuple(place) | Value::List(place) => {
                self.sequences.get(place).map(Vec::as_slice)
            }
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Float
            | Value::Text(_)
            | Value::Bytes
            | Value::Dict(_)
            | Value::Global(_)
            | Value::Storage(_)
            | Value::Tensor(_) => None,
        }
    }

    /// A tuple or list of integers.
    pub fn integers(&self, value: Value<'a>) -> Option<Vec<i64>> {
        let integer = |value: &Value<'a>| match *value {
            Value::Int(value) => Some(value),
            _ => None,
        };
        self.items(value)?.iter().map(integer).collect()
    }
}
