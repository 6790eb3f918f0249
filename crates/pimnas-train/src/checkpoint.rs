//! A training as one file that it can go on from: safetensors, with what is no tensor as JSON in
//! its metadata.

use std::collections::HashMap;

use pimnas_network::Network;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::model::Model;
use crate::ops;
use crate::options::TrainingOptions;
use crate::trainer::{Position, Sums, Trainer};

/// Key of the metadata.
const KEY: &str = "pimnas_training";
/// Version of the form.
const VERSION: u32 = 1;

/// What is no tensor.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    version: u32,
    options: TrainingOptions,
    position: Position,
    sums: Sums,
    optimiser_steps: u64,
    /// Hash of the images.
    data: Option<u64>,
    /// Full range of each layer as the bits of a float, so that none is lost.
    scales: Vec<Option<u32>>,
    drops_first: Vec<bool>,
    network: Network,
}

fn wrong(why: impl Into<String>) -> TrainError {
    TrainError::Checkpoint { why: why.into() }
}

/// Named values with their dimensions.
type Named = Vec<(String, Vec<usize>, Vec<u8>)>;

fn add(tensors: &mut Named, name: String, dims: &[usize], values: &[f32]) {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensors.push((name, dims.to_vec(), bytes));
}

impl Trainer {
    /// The training as a file's bytes: parameters, moments of the optimiser, states of layers,
    /// position. Random numbers depend on the seed and the position alone.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] where it cannot be written as safetensors.
    pub fn checkpoint(&self) -> Result<Vec<u8>, TrainError> {
        let mut tensors = Named::new();
        for (index, (name, parameter)) in self.model.parameters.iter().enumerate() {
            let values = ops::values(parameter.value.clone());
            add(&mut tensors, format!("parameter.{name}"), &parameter.dims, &values);
            let moments = [("first", &self.optimiser.first), ("second", &self.optimiser.second)];
            for (kind, moments) in moments {
                if let Some(values) = moments.get(index) {
                    add(&mut tensors, format!("{kind}.{name}"), &parameter.dims, values);
                }
            }
        }
        for (layer, state) in self.model.states.iter().enumerate() {
            for (kind, values) in [("mean", &state.mean), ("variance", &state.variance)] {
                if !values.is_empty() {
                    add(&mut tensors, format!("{kind}.{layer}"), &[values.len()], values);
                }
            }
        }
        let head = Head {
            version: VERSION,
            options: self.options.clone(),
            position: self.position,
            sums: self.sums,
            optimiser_steps: self.optimiser.steps,
            data: self.data,
            scales: self.model.states.iter().map(|s| s.scale.map(f32::to_bits)).collect(),
            drops_first: self.model.states.iter().map(|state| state.drops_first).collect(),
            network: self.model.network.clone(),
        };
        let head = serde_json::to_string(&head).map_err(|error| wrong(error.to_string()))?;
        let views: Result<Vec<(&str, TensorView<'_>)>, _> = tensors
            .iter()
            .map(|(name, dims, bytes)| {
                TensorView::new(Dtype::F32, dims.clone(), bytes).map(|view| (name.as_str(), view))
            })
            .collect();
        let views = views.map_err(|error| wrong(error.to_string()))?;
        let metadata = HashMap::from([(KEY.to_owned(), head)]);
        safetensors::serialize(views, Some(metadata)).map_err(|error| wrong(error.to_string()))
    }

    /// The training that a checkpoint holds.
    ///
    /// # Errors
    /// A file that is none, or that lacks something.
    pub fn from_checkpoint(bytes: &[u8]) -> Result<Self, TrainError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)
            .map_err(|error| wrong(format!("is no safetensors file: {error}")))?;
        let head = metadata.metadata().as_ref().and_then(|entries| entries.get(KEY));
        let head = head.ok_or_else(|| wrong(format!("has no `{KEY}` in its metadata")))?;
        let head: Head = serde_json::from_str(head)
            .map_err(|error| wrong(format!("has metadata of another form: {error}")))?;
        if head.version != VERSION {
            return Err(wrong(format!("has version {}; this is {VERSION}", head.version)));
        }
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| wrong(format!("is no safetensors file: {error}")))?;
        let mut trainer = Self::new(Model::new(&head.network, 0)?, head.options)?;
        trainer.take(&tensors)?;
        let kept = head.scales.iter().zip(&head.drops_first);
        for (state, (scale, &drops_first)) in trainer.model.states.iter_mut().zip(kept) {
            state.scale = scale.map(f32::from_bits);
            state.drops_first = drops_first;
        }
        (trainer.position, trainer.sums) = (head.position, head.sums);
        trainer.optimiser.steps = head.optimiser_steps;
        trainer.data = head.data;
        Ok(trainer)
    }

    fn take(&mut self, tensors: &SafeTensors<'_>) -> Result<(), TrainError> {
        let names: Vec<(String, Vec<usize>)> =
            self.model.parameters.iter().map(|(n, p)| (n.to_owned(), p.dims.clone())).collect();
        for (name, dims) in names {
            let size = dims.iter().product();
            let value = floats(tensors, &format!("parameter.{name}"), size)?;
            self.model.parameters.insert(name.clone(), &dims, value);
            for (kind, moments) in
                [("first", &mut self.optimiser.first), ("second", &mut self.optimiser.second)]
            {
                let key = format!("{kind}.{name}");
                if tensors.tensor(&key).is_ok() {
                    moments.push(floats(tensors, &key, size)?);
                }
            }
        }
        for (layer, state) in self.model.states.iter_mut().enumerate() {
            if !state.mean.is_empty() {
                let size = state.mean.len();
                state.mean = floats(tensors, &format!("mean.{layer}"), size)?;
                state.variance = floats(tensors, &format!("variance.{layer}"), size)?;
            }
        }
        Ok(())
    }
}

fn floats(tensors: &SafeTensors<'_>, name: &str, size: usize) -> Result<Vec<f32>, TrainError> {
    let lacks = |why: String| TrainError::Tensor { name: name.to_owned(), why };
    let view = tensors.tensor(name).map_err(|error| lacks(error.to_string()))?;
    let chunks = view.data().as_chunks::<4>().0;
    if view.dtype() != Dtype::F32 || chunks.len() != size {
        let found = format!("{:?} of {:?}", view.dtype(), view.shape());
        return Err(lacks(format!("it has {found} where {size} 32-bit floats belong")));
    }
    Ok(chunks.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
}
