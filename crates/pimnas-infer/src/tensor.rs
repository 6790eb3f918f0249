//! Dense tensors of 32-bit floats.

use pimnas_network::Shape;
use safetensors::SafeTensors;

use crate::error::InferError;
use crate::parameters::to_floats;

/// A tensor of 32-bit floats, row by row: a batch of feature maps is N×C×H×W, a batch of
/// vectors N×F.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    dims: Vec<usize>,
    data: Vec<f32>,
}

impl Tensor {
    /// A tensor of these dimensions and values.
    ///
    /// # Errors
    /// [`InferError::TensorSize`] if their numbers do not fit.
    pub fn new(dims: impl Into<Vec<usize>>, data: Vec<f32>) -> Result<Self, InferError> {
        let dims = dims.into();
        let elements = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        if elements != Some(data.len()) {
            return Err(InferError::TensorSize { dims, values: data.len() });
        }
        Ok(Self { dims, data })
    }

    /// The tensor of that name in a safetensors file.
    ///
    /// # Errors
    /// A file that is none, a tensor that it lacks or whose type holds no real numbers.
    pub fn from_safetensors(file: &[u8], name: &str) -> Result<Self, InferError> {
        let tensors = SafeTensors::deserialize(file)
            .map_err(|error| InferError::NotSafetensors { why: error.to_string() })?;
        let view =
            tensors.tensor(name).map_err(|_| InferError::NoTensor { name: name.to_owned() })?;
        Self::new(view.shape(), to_floats(name, &view)?)
    }

    /// A batch of items of that shape; `data` has as many values as they need.
    pub(crate) fn batch_of(items: usize, shape: Shape, data: Vec<f32>) -> Self {
        let dims = match shape {
            Shape::Map { channels, height, width } => vec![items, channels, height, width],
            Shape::Vector { features } => vec![items, features],
        };
        debug_assert_eq!(dims.iter().product::<usize>(), data.len());
        Self { dims, data }
    }

    /// The dimensions, the batch first.
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The values, row by row.
    #[must_use]
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The values, for change in place.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The values without the dimensions.
    #[must_use]
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// Items of the batch: the first dimension, 1 if there is none.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.dims.first().copied().unwrap_or(1)
    }

    /// Whether the dimensions are a batch of items of that shape.
    #[must_use]
    pub fn is_batch_of(&self, shape: Shape) -> bool {
        match (self.dims.as_slice(), shape) {
            (&[_, c, h, w], Shape::Map { channels, height, width }) => {
                (c, h, w) == (channels, height, width)
            }
            (&[_, f], Shape::Vector { features }) => f == features,
            (_, Shape::Map { .. } | Shape::Vector { .. }) => false,
        }
    }

    /// For each item of the batch the position of its largest value, the first of equal ones;
    /// what a classifier answers.
    #[must_use]
    pub fn arg_max(&self) -> Vec<usize> {
        let size = self.data.len() / self.batch().max(1);
        self.data
            .chunks_exact(size.max(1))
            .map(|item| {
                let best = item.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (i, &v)| {
                    if v > best.1 { (i, v) } else { best }
                });
                best.0
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_must_fit_the_values() {
        assert!(Tensor::new([2, 3], vec![0.0; 6]).is_ok());
        assert!(Tensor::new([2, 3], vec![0.0; 5]).is_err());
        assert!(Tensor::new([usize::MAX, 3], vec![0.0; 5]).is_err());
    }

    #[test]
    fn the_answer_is_the_first_largest_value() {
        let tensor = Tensor::new([2, 3], vec![0.0, 2.0, 2.0, -1.0, -3.0, -2.0]).unwrap();
        assert_eq!(tensor.arg_max(), [1, 0]);
    }
}
