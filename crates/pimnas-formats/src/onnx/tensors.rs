//! Tensors inside ONNX files.

use super::error::OnnxError;
use super::proto::TensorMessage;
use crate::tensor::{ByteOrder, StoredType, Tensor, TensorData, elements};
use crate::text::shown;

/// Values that are kept in another file.
const EXTERNAL: i32 = 1;

/// The type of numbers with that code of the format.
pub(super) fn stored_type(code: i32) -> Option<StoredType> {
    Some(match code {
        1 => StoredType::F32,
        2 => StoredType::U8,
        3 => StoredType::I8,
        4 => StoredType::U16,
        5 => StoredType::I16,
        6 => StoredType::I32,
        7 => StoredType::I64,
        9 => StoredType::Bool,
        10 => StoredType::F16,
        11 => StoredType::F64,
        12 => StoredType::U32,
        13 => StoredType::U64,
        16 => StoredType::Bf16,
        _ => return None,
    })
}

/// Reads a tensor; `name` is used in messages where it has none.
pub(super) fn tensor(message: &TensorMessage, name: &str) -> Result<Tensor, OnnxError> {
    let name = if message.name.is_empty() { name } else { &message.name };
    let error = |why: String| OnnxError::Tensor { name: shown(name), why };
    if message.data_location == EXTERNAL {
        return Err(error("its values are in another file".to_owned()));
    }
    let Some(stored) = stored_type(message.data_type) else {
        let why = format!("numbers of type {} cannot be read", message.data_type);
        return Err(error(why));
    };
    let dims: Result<Vec<usize>, _> = message.dims.iter().map(|&dim| dim.try_into()).collect();
    let dims = dims.map_err(|_| error("it has a negative dimension".to_owned()))?;
    let data = if message.raw_data.is_empty() {
        typed(message, stored)
    } else {
        let wanted = elements(&dims).and_then(|count| count.checked_mul(stored.size()));
        if wanted != Some(message.raw_data.len()) {
            let why = format!("its {} bytes do not fit {dims:?}", message.raw_data.len());
            return Err(error(why));
        }
        let data = stored.decode(&message.raw_data, ByteOrder::Little);
        let negative = |data: &TensorData| {
            data.to_i64().is_some_and(|values| values.iter().any(|&value| value < 0))
        };
        // As signed numbers, those that do not fit are negative.
        Some(data).filter(|data| stored != StoredType::U64 || !negative(data))
    };
    let Some(data) = data else {
        return Err(error("it has a value that does not fit its type".to_owned()));
    };
    Tensor::new(dims, data).map_err(|size| error(size.to_string()))
}

/// Values in the field of their type; `None` where one does not fit.
fn typed(message: &TensorMessage, stored: StoredType) -> Option<TensorData> {
    let small = &message.int32_data;
    let halves = || small.iter().map(|&bits| u16::try_from(bits).ok()).collect::<Option<Vec<_>>>();
    Some(match stored {
        StoredType::F32 => TensorData::F32(message.float_data.clone()),
        StoredType::F64 => TensorData::F64(message.double_data.clone()),
        StoredType::I64 => TensorData::I64(message.int64_data.clone()),
        StoredType::U32 | StoredType::U64 => {
            let values = message.uint64_data.iter();
            TensorData::I64(values.map(|&value| value.try_into().ok()).collect::<Option<_>>()?)
        }
        StoredType::I32 | StoredType::U16 => TensorData::I32(small.clone()),
        StoredType::I16 => TensorData::I16(converted(small)?),
        StoredType::I8 => TensorData::I8(converted(small)?),
        StoredType::U8 => TensorData::U8(converted(small)?),
        StoredType::Bool => TensorData::Bool(small.iter().map(|&value| value != 0).collect()),
        StoredType::F16 | StoredType::Bf16 => {
            let bytes: Vec<u8> = halves()?.iter().flat_map(|bits| bits.to_le_bytes()).collect();
            stored.decode(&bytes, ByteOrder::Little)
        }
    })
}

fn converted<T: TryFrom<i32>>(values: &[i32]) -> Option<Vec<T>> {
    values.iter().map(|&value| T::try_from(value).ok()).collect()
}
