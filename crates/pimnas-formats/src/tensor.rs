//! Dense tensors of the number types that files hold.

use half::{bf16, f16};
use thiserror::Error;

/// Values of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    /// 32-bit floats; 16-bit floats of either kind are widened to these, which is exact.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// 64-bit integers; unsigned 32-bit ones are widened to these, unsigned 64-bit ones taken where
    /// they fit.
    I64(Vec<i64>),
    /// 32-bit integers; unsigned 16-bit ones are widened to these.
    I32(Vec<i32>),
    /// 16-bit integers.
    I16(Vec<i16>),
    /// 8-bit integers.
    I8(Vec<i8>),
    /// Unsigned 8-bit integers.
    U8(Vec<u8>),
    /// Truth values.
    Bool(Vec<bool>),
}

/// Does the same with the values of whatever type a [`TensorData`] has.
macro_rules! each_type {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            $crate::tensor::TensorData::F32($values) => $body,
            $crate::tensor::TensorData::F64($values) => $body,
            $crate::tensor::TensorData::I64($values) => $body,
            $crate::tensor::TensorData::I32($values) => $body,
            $crate::tensor::TensorData::I16($values) => $body,
            $crate::tensor::TensorData::I8($values) => $body,
            $crate::tensor::TensorData::U8($values) => $body,
            $crate::tensor::TensorData::Bool($values) => $body,
        }
    };
}

/// Does the same with the values of whatever type, keeping the type.
macro_rules! map_type {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            $crate::tensor::TensorData::F32($values) => $crate::tensor::TensorData::F32($body),
            $crate::tensor::TensorData::F64($values) => $crate::tensor::TensorData::F64($body),
            $crate::tensor::TensorData::I64($values) => $crate::tensor::TensorData::I64($body),
            $crate::tensor::TensorData::I32($values) => $crate::tensor::TensorData::I32($body),
            $crate::tensor::TensorData::I16($values) => $crate::tensor::TensorData::I16($body),
            $crate::tensor::TensorData::I8($values) => $crate::tensor::TensorData::I8($body),
            $crate::tensor::TensorData::U8($values) => $crate::tensor::TensorData::U8($body),
            $crate::tensor::TensorData::Bool($values) => $crate::tensor::TensorData::Bool($body),
        }
    };
}
pub(crate) use map_type;

impl TensorData {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        each_type!(self, values => values.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of the type, such as `f32`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::I64(_) => "i64",
            Self::I32(_) => "i32",
            Self::I16(_) => "i16",
            Self::I8(_) => "i8",
            Self::U8(_) => "u8",
            Self::Bool(_) => "bool",
        }
    }

    /// The values as 32-bit floats, rounded where they do not fit.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        match self {
            Self::F32(values) => values.clone(),
            Self::F64(values) => values.iter().map(|&value| value as f32).collect(),
            Self::I64(values) => values.iter().map(|&value| value as f32).collect(),
            Self::I32(values) => values.iter().map(|&value| value as f32).collect(),
            Self::I16(values) => values.iter().map(|&value| f32::from(value)).collect(),
            Self::I8(values) => values.iter().map(|&value| f32::from(value)).collect(),
            Self::U8(values) => values.iter().map(|&value| f32::from(value)).collect(),
            Self::Bool(values) => values.iter().map(|&value| f32::from(u8::from(value))).collect(),
        }
    }

    /// The values as 64-bit integers; `None` for floats.
    #[must_use]
    pub fn to_i64(&self) -> Option<Vec<i64>> {
        match self {
            Self::F32(_) | Self::F64(_) => None,
            Self::I64(values) => Some(values.clone()),
            Self::I32(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
            Self::I16(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
            Self::I8(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
            Self::U8(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
            Self::Bool(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
        }
    }
}

/// Dimensions that the values do not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a tensor of dimensions {dims:?} does not have {values} values")]
pub struct TensorSizeError {
    /// The dimensions.
    pub dims: Vec<usize>,
    /// Number of values given.
    pub values: usize,
}

impl TensorSizeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "give as many values as the product of the dimensions"
    }
}

/// A dense tensor: dimensions and values, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    dims: Vec<usize>,
    data: TensorData,
}

impl Tensor {
    /// A tensor of these dimensions and values.
    ///
    /// # Errors
    /// [`TensorSizeError`] where the product of the dimensions is not the number of values.
    pub fn new(dims: impl Into<Vec<usize>>, data: TensorData) -> Result<Self, TensorSizeError> {
        let dims = dims.into();
        if elements(&dims) != Some(data.len()) {
            return Err(TensorSizeError { values: data.len(), dims });
        }
        Ok(Self { dims, data })
    }

    /// A tensor of 32-bit floats.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn f32(dims: impl Into<Vec<usize>>, data: Vec<f32>) -> Result<Self, TensorSizeError> {
        Self::new(dims, TensorData::F32(data))
    }

    /// A vector of 32-bit floats.
    #[must_use]
    pub fn vector(values: Vec<f32>) -> Self {
        Self { dims: vec![values.len()], data: TensorData::F32(values) }
    }

    /// A vector of 64-bit integers.
    #[must_use]
    pub fn integers(values: Vec<i64>) -> Self {
        Self { dims: vec![values.len()], data: TensorData::I64(values) }
    }

    /// A tensor without dimensions: one 32-bit float.
    #[must_use]
    pub fn scalar(value: f32) -> Self {
        Self { dims: Vec::new(), data: TensorData::F32(vec![value]) }
    }

    /// The dimensions; none for a single value.
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The values.
    #[must_use]
    pub fn data(&self) -> &TensorData {
        &self.data
    }

    /// The values without the dimensions.
    #[must_use]
    pub fn into_data(self) -> TensorData {
        self.data
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The values where they are 32-bit floats.
    #[must_use]
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.data {
            TensorData::F32(values) => Some(values),
            TensorData::F64(_)
            | TensorData::I64(_)
            | TensorData::I32(_)
            | TensorData::I16(_)
            | TensorData::I8(_)
            | TensorData::U8(_)
            | TensorData::Bool(_) => None,
        }
    }

    /// The values as 32-bit floats.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        self.data.to_f32()
    }

    /// The same values in other dimensions.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn reshaped(self, dims: impl Into<Vec<usize>>) -> Result<Self, TensorSizeError> {
        Self::new(dims, self.data)
    }
}

/// Product of the dimensions; `None` where it does not fit.
pub(crate) fn elements(dims: &[usize]) -> Option<usize> {
    // A zero among the dimensions must win over an overflow of the others.
    if dims.contains(&0) {
        return Some(0);
    }
    dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim))
}

/// Number types of files, of which [`TensorData`] has fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredType {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

impl StoredType {
    /// Bytes of a number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The type's own name, such as `bf16`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::U64 => "u64",
            Self::U32 => "u32",
            Self::U16 => "u16",
            Self::F64
            | Self::F32
            | Self::I64
            | Self::I32
            | Self::I16
            | Self::I8
            | Self::U8
            | Self::Bool => self.type_name(),
        }
    }

    /// What [`TensorData::type_name`] is for such numbers.
    pub(crate) fn type_name(self) -> &'static str {
        self.decode(&[], ByteOrder::Little).type_name()
    }

    /// The numbers in these bytes; what is left of the last number is ignored.
    pub(crate) fn decode(self, bytes: &[u8], order: ByteOrder) -> TensorData {
        match self {
            Self::F64 => TensorData::F64(each(bytes, order, f64::from_le_bytes)),
            Self::F32 => TensorData::F32(each(bytes, order, f32::from_le_bytes)),
            Self::F16 => TensorData::F32(each(bytes, order, |b| f16::from_le_bytes(b).to_f32())),
            Self::Bf16 => TensorData::F32(each(bytes, order, |b| bf16::from_le_bytes(b).to_f32())),
            Self::I64 => TensorData::I64(each(bytes, order, i64::from_le_bytes)),
            // Callers that read these check that they fit.
            Self::U64 => TensorData::I64(each(bytes, order, i64::from_le_bytes)),
            Self::U32 => TensorData::I64(each(bytes, order, |b| u32::from_le_bytes(b).into())),
            Self::I32 => TensorData::I32(each(bytes, order, i32::from_le_bytes)),
            Self::U16 => TensorData::I32(each(bytes, order, |b| u16::from_le_bytes(b).into())),
            Self::I16 => TensorData::I16(each(bytes, order, i16::from_le_bytes)),
            Self::I8 => TensorData::I8(each(bytes, order, i8::from_le_bytes)),
            Self::U8 => TensorData::U8(bytes.to_vec()),
            Self::Bool => TensorData::Bool(bytes.iter().map(|&byte| byte != 0).collect()),
        }
    }
}

fn each<const N: usize, T>(
    bytes: &[u8],
    order: ByteOrder,
    convert: impl Fn([u8; N]) -> T,
) -> Vec<T> {
    let numbers = bytes.as_chunks::<N>().0.iter();
    match order {
        ByteOrder::Little => numbers.map(|&number| convert(number)).collect(),
        ByteOrder::Big => numbers
            .map(|&(mut number)| {
                number.reverse();
                convert(number)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_must_fit_the_values() {
        assert!(Tensor::f32([2, 3], vec![0.0; 6]).is_ok());
        assert!(Tensor::f32([], vec![0.0]).is_ok());
        assert!(Tensor::f32([usize::MAX, 2, 0], vec![]).is_ok());
        assert!(Tensor::f32([2, 3], vec![0.0; 5]).is_err());
        assert!(Tensor::f32([usize::MAX, 3], vec![0.0; 5]).is_err());
    }

    #[test]
    fn every_stored_type_is_decoded() {
        let little = |kind: StoredType, bytes: &[u8]| kind.decode(bytes, ByteOrder::Little);
        assert_eq!(little(StoredType::F16, &[0x00, 0xc1]), TensorData::F32(vec![-2.5]));
        assert_eq!(little(StoredType::Bf16, &[0x20, 0xc0]), TensorData::F32(vec![-2.5]));
        assert_eq!(little(StoredType::U16, &[0xff, 0xff]), TensorData::I32(vec![65_535]));
        assert_eq!(little(StoredType::U32, &[0xff; 4]), TensorData::I64(vec![4_294_967_295]));
        assert_eq!(little(StoredType::I16, &[0xfd, 0xff, 9]), TensorData::I16(vec![-3]));
        assert_eq!(little(StoredType::Bool, &[0, 7]), TensorData::Bool(vec![false, true]));
        let big = StoredType::F32.decode(&[0x3f, 0x80, 0, 0], ByteOrder::Big);
        assert_eq!(big, TensorData::F32(vec![1.0]));
    }
}
