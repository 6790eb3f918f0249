//! Named tensors of a weights file.

use std::collections::BTreeMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::InferError;
use crate::tensor::Tensor;

/// What the names of parameters may start with, in files that hold other tensors too.
const PREFIX: &str = "param.";

/// The parameters of a network by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    tensors: BTreeMap<String, Tensor>,
}

impl Parameters {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The parameters of a safetensors file. If any name starts with `param.`, those are the
    /// parameters, under their names without it; otherwise all tensors are.
    ///
    /// # Errors
    /// A file that is none, or a parameter whose type holds no real numbers.
    pub fn from_safetensors(file: &[u8]) -> Result<Self, InferError> {
        let tensors = SafeTensors::deserialize(file)
            .map_err(|error| InferError::NotSafetensors { why: error.to_string() })?;
        let prefixed = tensors.names().iter().any(|name| name.starts_with(PREFIX));
        let mut parameters = Vec::new();
        for (name, view) in tensors.iter() {
            if !prefixed || name.starts_with(PREFIX) {
                let tensor = Tensor::new(view.shape(), to_floats(name, &view)?)?;
                parameters.push((name.to_owned(), tensor));
            }
        }
        Ok(Self::from_tensors(parameters))
    }

    /// The parameters among tensors, by the rule of [`Parameters::from_safetensors`].
    #[must_use]
    pub fn from_tensors(tensors: impl IntoIterator<Item = (String, Tensor)>) -> Self {
        let (prefixed, plain): (Vec<_>, Vec<_>) =
            tensors.into_iter().partition(|(name, _)| name.starts_with(PREFIX));
        let chosen = if prefixed.is_empty() { plain } else { prefixed };
        let mut parameters = Self::new();
        for (name, tensor) in chosen {
            parameters.insert(name.strip_prefix(PREFIX).unwrap_or(&name), tensor);
        }
        parameters
    }

    /// Adds a parameter, or replaces the one of that name.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.tensors.insert(name.into(), tensor);
    }

    /// The parameter of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// All names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }
}

/// The values of a stored tensor as 32-bit floats.
pub(crate) fn to_floats(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, InferError> {
    fn each<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        data.as_chunks::<N>().0.iter().map(|&bytes| convert(bytes)).collect()
    }
    let data = view.data();
    Ok(match view.dtype() {
        Dtype::F32 => each(data, f32::from_le_bytes),
        Dtype::F64 => each(data, |bytes| f64::from_le_bytes(bytes) as f32),
        Dtype::BF16 => {
            each(data, |bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16))
        }
        Dtype::F16 => each(data, |bytes| half_to_float(u16::from_le_bytes(bytes))),
        Dtype::I64 => each(data, |bytes| i64::from_le_bytes(bytes) as f32),
        Dtype::I32 => each(data, |bytes| i32::from_le_bytes(bytes) as f32),
        Dtype::I16 => each(data, |bytes| f32::from(i16::from_le_bytes(bytes))),
        Dtype::I8 => each(data, |bytes| f32::from(i8::from_le_bytes(bytes))),
        Dtype::U8 | Dtype::BOOL => data.iter().map(|&byte| f32::from(byte)).collect(),
        other => {
            return Err(InferError::Dtype { name: name.to_owned(), dtype: format!("{other:?}") });
        }
    })
}

/// IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits.
fn half_to_float(bits: u16) -> f32 {
    let fraction = f32::from(bits & 0x3ff) / 1024.0;
    let exponent = i32::from((bits >> 10) & 0x1f);
    let magnitude = match exponent {
        0 => fraction * 2_f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction) * 2_f32.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, dtype: Dtype, shape: Vec<usize>, data: &[u8]) -> Vec<u8> {
        let view = TensorView::new(dtype, shape, data).unwrap();
        safetensors::serialize([(name, view)], None).unwrap()
    }

    #[test]
    fn prefixed_names_are_the_parameters() {
        let a = 1.5_f32.to_le_bytes();
        let view = || TensorView::new(Dtype::F32, vec![1], &a).unwrap();
        let file = safetensors::serialize([("param.w", view()), ("input", view())], None).unwrap();
        let parameters = Parameters::from_safetensors(&file).unwrap();
        assert_eq!(parameters.names().collect::<Vec<_>>(), ["w"]);
        let file = safetensors::serialize([("w", view()), ("input", view())], None).unwrap();
        assert_eq!(Parameters::from_safetensors(&file).unwrap().names().count(), 2);
    }

    #[test]
    fn every_numeric_type_is_read() {
        for (dtype, bytes, expected) in [
            (Dtype::F64, 2.5_f64.to_le_bytes().to_vec(), 2.5),
            (Dtype::F16, 0xc100_u16.to_le_bytes().to_vec(), -2.5),
            (Dtype::F16, 0x0001_u16.to_le_bytes().to_vec(), 2_f32.powi(-24)),
            (Dtype::BF16, 0xc020_u16.to_le_bytes().to_vec(), -2.5),
            (Dtype::I64, (-7_i64).to_le_bytes().to_vec(), -7.0),
            (Dtype::I32, 7_i32.to_le_bytes().to_vec(), 7.0),
            (Dtype::I16, (-3_i16).to_le_bytes().to_vec(), -3.0),
            (Dtype::I8, (-3_i8).to_le_bytes().to_vec(), -3.0),
            (Dtype::U8, vec![200], 200.0),
            (Dtype::BOOL, vec![1], 1.0),
        ] {
            let file = file("w", dtype, vec![1], &bytes);
            let tensor = Tensor::from_safetensors(&file, "w").unwrap();
            assert_eq!(tensor.data(), [expected], "{dtype:?}");
        }
    }

    #[test]
    fn other_types_and_other_files_are_errors() {
        let unsigned = file("w", Dtype::U32, vec![1], &[0; 4]);
        assert!(matches!(
            Parameters::from_safetensors(&unsigned),
            Err(InferError::Dtype { name, .. }) if name == "w"
        ));
        for broken in [&b""[..], b"not a file", &unsigned[..unsigned.len() - 1]] {
            let error = Parameters::from_safetensors(broken).unwrap_err();
            assert!(matches!(error, InferError::NotSafetensors { .. }), "{error}");
        }
    }
}
