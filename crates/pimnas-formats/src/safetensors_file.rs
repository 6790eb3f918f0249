//! safetensors files.

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use thiserror::Error;

use crate::named::NamedTensors;
use crate::tensor::{ByteOrder, StoredType, Tensor, TensorData, TensorSizeError};
use crate::text::shown;

/// Why a safetensors file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SafetensorsError {
    /// Not such a file, or a damaged one.
    #[error("this is not a whole safetensors file: {why}")]
    Format {
        /// What the format's reader says.
        why: String,
    },
    /// Numbers of a type that is not taken.
    #[error("tensor {name}: numbers of type {dtype} cannot be read")]
    Dtype {
        /// The tensor.
        name: String,
        /// The type.
        dtype: String,
    },
    /// A tensor whose dimensions and values do not fit.
    #[error("tensor {name}: {error}")]
    Size {
        /// The tensor.
        name: String,
        /// What does not fit.
        error: TensorSizeError,
    },
}

impl SafetensorsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Format { .. } => "check that the file was copied whole, or save it again",
            Self::Dtype { .. } => "store the tensor as 16-, 32- or 64-bit floats or integers",
            Self::Size { error, .. } => error.hint(),
        }
    }
}

fn format_error(error: &SafeTensorError) -> SafetensorsError {
    SafetensorsError::Format { why: shown(&error.to_string()) }
}

impl NamedTensors {
    /// The tensors of a safetensors file, in the order of their data.
    ///
    /// # Errors
    /// A file that is none or not whole, and a tensor of a type without real numbers.
    pub fn from_safetensors(file: &[u8]) -> Result<Self, SafetensorsError> {
        let tensors = SafeTensors::deserialize(file).map_err(|error| format_error(&error))?;
        let mut views: Vec<(&str, TensorView<'_>)> = tensors.iter().collect();
        views.sort_by_key(|(name, view)| (view.data().as_ptr().addr(), *name));
        views.into_iter().map(|(name, view)| read(name, &view)).collect()
    }

    /// These tensors as a safetensors file.
    ///
    /// # Errors
    /// Names that the format cannot hold.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, SafetensorsError> {
        let stored: Vec<(Dtype, Vec<u8>)> =
            self.iter().map(|(_, tensor)| bytes(tensor.data())).collect();
        let mut views = Vec::with_capacity(stored.len());
        for ((name, tensor), (dtype, data)) in self.iter().zip(&stored) {
            let view = TensorView::new(*dtype, tensor.dims().to_vec(), data)
                .map_err(|error| format_error(&error))?;
            views.push((name, view));
        }
        safetensors::serialize(views, None).map_err(|error| format_error(&error))
    }
}

fn read(name: &str, view: &TensorView<'_>) -> Result<(String, Tensor), SafetensorsError> {
    let stored = match view.dtype() {
        Dtype::F64 => StoredType::F64,
        Dtype::F32 => StoredType::F32,
        Dtype::F16 => StoredType::F16,
        Dtype::BF16 => StoredType::Bf16,
        Dtype::I64 => StoredType::I64,
        Dtype::I32 => StoredType::I32,
        Dtype::I16 => StoredType::I16,
        Dtype::I8 => StoredType::I8,
        Dtype::U32 => StoredType::U32,
        Dtype::U16 => StoredType::U16,
        Dtype::U8 => StoredType::U8,
        Dtype::BOOL => StoredType::Bool,
        other => {
            let dtype = format!("{other:?}");
            return Err(SafetensorsError::Dtype { name: shown(name), dtype });
        }
    };
    let data = stored.decode(view.data(), ByteOrder::Little);
    let tensor = Tensor::new(view.shape(), data)
        .map_err(|error| SafetensorsError::Size { name: shown(name), error })?;
    Ok((name.to_owned(), tensor))
}

fn bytes(data: &TensorData) -> (Dtype, Vec<u8>) {
    match data {
        TensorData::F32(values) => {
            (Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        TensorData::F64(values) => {
            (Dtype::F64, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        TensorData::I64(values) => {
            (Dtype::I64, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        TensorData::I32(values) => {
            (Dtype::I32, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        TensorData::I16(values) => {
            (Dtype::I16, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        TensorData::I8(values) => {
            (Dtype::I8, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        TensorData::U8(values) => (Dtype::U8, values.clone()),
        TensorData::Bool(values) => (Dtype::BOOL, values.iter().map(|&v| u8::from(v)).collect()),
    }
}
