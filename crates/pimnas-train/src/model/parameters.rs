//! Parameters and state of a network by name.

use burn_tensor::{Device, Tensor, TensorData};
use indexmap::IndexMap;

use crate::error::TrainError;

/// A tensor that learns, with its dimensions. Its values are kept flat.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Dimensions as the layers take them (weights of convolutions: output, kernel row, kernel
    /// column, input of a group).
    pub dims: Vec<usize>,
    /// The values, row by row.
    pub value: Tensor<1>,
}

/// The tensors that learn, in a fixed order: `<layer>.weight`, and `<layer>.bias` of a batch
/// normalisation.
#[derive(Clone, Debug, Default)]
pub struct ParameterStore {
    entries: IndexMap<String, Parameter>,
}

impl ParameterStore {
    /// Adds a parameter, or replaces the one of that name.
    pub fn insert(&mut self, name: impl Into<String>, dims: &[usize], values: Vec<f32>) {
        let data = TensorData::new(values, [dims.iter().product::<usize>()]);
        let value = Tensor::from_data(data, &Device::flex());
        self.entries.insert(name.into(), Parameter { dims: dims.to_vec(), value });
    }

    /// The parameter of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.entries.get(name)
    }

    /// Names and parameters in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.entries.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// Number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of values of all parameters.
    #[must_use]
    pub fn values(&self) -> usize {
        self.entries.values().map(|p| p.dims.iter().product::<usize>()).sum()
    }

    /// Changes the values of each parameter in turn.
    pub(crate) fn update(&mut self, mut change: impl FnMut(usize, &[usize], &mut Vec<f32>)) {
        let device = Device::flex();
        for (index, parameter) in self.entries.values_mut().enumerate() {
            let empty = Tensor::zeros([0], &device);
            let old = std::mem::replace(&mut parameter.value, empty);
            let mut values = crate::ops::values(old);
            change(index, &parameter.dims, &mut values);
            let length = values.len();
            parameter.value = Tensor::from_data(TensorData::new(values, [length]), &device);
        }
    }

    /// The parameters as leaves of a graph, on that device (whether it differentiates or not).
    #[must_use]
    pub fn leaves(&self, device: &Device) -> Leaves {
        let device = device.clone().inner();
        let leaf = |parameter: &Parameter| {
            parameter.value.clone().to_device(&device).autodiff().require_grad()
        };
        Leaves { tensors: self.entries.iter().map(|(n, p)| (n.clone(), leaf(p))).collect() }
    }

    /// The parameters without a graph.
    #[must_use]
    pub fn constants(&self) -> Leaves {
        Leaves { tensors: self.entries.iter().map(|(n, p)| (n.clone(), p.value.clone())).collect() }
    }
}

/// Parameters in a forward pass.
#[derive(Clone, Debug, Default)]
pub struct Leaves {
    pub(crate) tensors: IndexMap<String, Tensor<1>>,
}

impl Leaves {
    /// The flat parameter of that name.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] without one.
    pub fn vector(&self, name: &str) -> Result<Tensor<1>, TrainError> {
        self.tensors.get(name).cloned().ok_or_else(|| TrainError::Tensor {
            name: name.to_owned(),
            why: "the network needs this parameter".to_owned(),
        })
    }

    /// Adds a parameter, or replaces the one of that name.
    pub fn insert(&mut self, name: impl Into<String>, value: Tensor<1>) {
        self.tensors.insert(name.into(), value);
    }
}
