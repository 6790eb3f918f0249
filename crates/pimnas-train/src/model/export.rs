//! A model's tensors under the names that weights files have.

use pimnas_formats::{NamedTensors, Tensor as Stored};
use pimnas_network::{CandidateScales, Layer, Network, Operation, Quantisation, Source};

use super::Model;
use crate::error::TrainError;
use crate::kernel::element::Quantiser;
use crate::ops;

/// Bits of input, weights and output with the step of each, as a weights file states them.
struct Stated {
    input: (u32, f32),
    weight: (u32, f32),
    output: (u32, f32),
}

/// How weights are stored.
#[derive(Clone, Copy, Debug)]
enum Weights {
    Quantised,
    Plain,
}

impl Model {
    /// The tensors as a trained layer list names them, weights joined along the inputs:
    /// `layer_list.<layer>.weight` (`layer_list.<layer>.group_conv.<group>.weight` of groups),
    /// `….bit_scale_list`, `….last_value`, `….padding_flag`, and `layer_list.<layer>.layer.…` of
    /// batch normalisations. Scales are there once a quantised batch has been seen.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] for a parameter that is missing.
    pub fn layer_list_tensors(&self) -> Result<NamedTensors, TrainError> {
        let mut tensors = NamedTensors::new();
        let full = self.full_ranges();
        for (index, layer) in self.network.layers.iter().enumerate() {
            match layer.operation {
                Operation::Convolution(conv) => {
                    let (values, dims) = self.oihw(index)?;
                    let places: Vec<String> = match conv.groups {
                        0 | 1 => vec![format!("layer_list.{index}")],
                        groups => (0..groups)
                            .map(|group| format!("layer_list.{index}.group_conv.{group}"))
                            .collect(),
                    };
                    let outputs = dims[0] / places.len();
                    let part_dims = [outputs, dims[1], dims[2], dims[3]];
                    let size = part_dims.iter().product::<usize>().max(1);
                    for (place, part) in places.iter().zip(values.chunks(size)) {
                        put(&mut tensors, format!("{place}.weight"), &part_dims, part.to_vec())?;
                        if conv.drops_even_edge() {
                            let flag = vec![self.states[index].edge().flag()];
                            put(&mut tensors, format!("{place}.padding_flag"), &[], flag)?;
                        }
                        self.put_scales(&mut tensors, (index, place), &full)?;
                    }
                    if places.len() > 1 {
                        let place = format!("layer_list.{index}");
                        self.put_scales(&mut tensors, (index, &place), &full)?;
                    }
                }
                Operation::FullyConnected { in_features, out_features } => {
                    let place = format!("layer_list.{index}");
                    let values = self.parameter(&format!("{index}.weight"))?;
                    let dims = [out_features, in_features];
                    put(&mut tensors, format!("{place}.weight"), &dims, values)?;
                    self.put_scales(&mut tensors, (index, &place), &full)?;
                }
                Operation::BatchNorm { .. } => self.put_norm(&mut tensors, index)?,
                Operation::Relu
                | Operation::HardTanh
                | Operation::View
                | Operation::Flatten { .. }
                | Operation::Dropout
                | Operation::Pooling(_)
                | Operation::AdaptiveAveragePooling { .. }
                | Operation::ElementSum
                | Operation::Expand { .. }
                | Operation::Downsample => {}
            }
        }
        Ok(tensors)
    }

    /// The network with the scales that it was trained with, and its parameters as those of a
    /// candidate: `<layer>.weight` quantised, `<layer>.padding_flag`, and the vectors of batch
    /// normalisations. In fixed point this computes what [`Model::evaluate`] does.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] for a parameter that is missing; [`TrainError::Layer`] for a layer
    /// without a scale, as before the first quantised batch.
    pub fn candidate(&self) -> Result<(Network, NamedTensors), TrainError> {
        let mut tensors = NamedTensors::new();
        let mut network = self.network.clone();
        let full = self.full_ranges();
        for (index, layer) in network.layers.iter_mut().enumerate() {
            let kind = layer.operation.name();
            let why = "it has no scale yet: no quantised batch has been seen".to_owned();
            let unknown = TrainError::Layer { layer: index, kind, why };
            let quantisation =
                |range: Range| Quantisation { bits: range.bits, scale: f64::from(range.scale) };
            let weight = self.put_candidate(&mut tensors, (index, layer), Weights::Quantised)?;
            let inputs: Option<Vec<Quantisation>> = layer
                .inputs
                .iter()
                .map(|&source| self.range_of(source, &full).map(quantisation))
                .collect();
            let output = full.get(index).copied().flatten().map(quantisation);
            let (Some(inputs), Some(output)) = (inputs, output) else { return Err(unknown) };
            layer.scales = Some(CandidateScales { inputs, weight, output });
        }
        Ok((network, tensors))
    }

    /// The network as it is, and its parameters named as those of a candidate, weights as they are.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] for a parameter that is missing.
    pub fn float_candidate(&self) -> Result<(Network, NamedTensors), TrainError> {
        let mut tensors = NamedTensors::new();
        for (index, layer) in self.network.layers.iter().enumerate() {
            self.put_candidate(&mut tensors, (index, layer), Weights::Plain)?;
        }
        Ok((self.network.clone(), tensors))
    }

    /// A layer's parameters as those of a candidate; gives the scale of its weights.
    fn put_candidate(
        &self,
        tensors: &mut NamedTensors,
        (index, layer): (usize, &Layer),
        stored: Weights,
    ) -> Result<Option<Quantisation>, TrainError> {
        let name = format!("{index}.weight");
        let (mut values, dims) = match layer.operation {
            Operation::Convolution(conv) => {
                if conv.drops_even_edge() {
                    let flag = vec![self.states[index].edge().flag()];
                    put(tensors, format!("{index}.padding_flag"), &[1], flag)?;
                }
                let (values, dims) = self.oihw(index)?;
                (values, dims.to_vec())
            }
            Operation::FullyConnected { in_features, out_features } => {
                (self.parameter(&name)?, vec![out_features, in_features])
            }
            Operation::BatchNorm { .. } => {
                for (what, values) in self.norm_vectors(index)? {
                    put(tensors, format!("{index}.{what}"), &[values.len()], values)?;
                }
                return Ok(None);
            }
            Operation::Relu
            | Operation::HardTanh
            | Operation::View
            | Operation::Flatten { .. }
            | Operation::Dropout
            | Operation::Pooling(_)
            | Operation::AdaptiveAveragePooling { .. }
            | Operation::ElementSum
            | Operation::Expand { .. }
            | Operation::Downsample => return Ok(None),
        };
        // As in the forward pass: by the values in the order of the parameter.
        let scale = self.parameters.get(&name).map(|p| ops::range(p.value.clone()).scale());
        let scale = scale.filter(|scale| scale.is_normal()).unwrap_or(1.0);
        let bits = layer.weight_bits.unwrap_or(pimnas_network::DEFAULT_BITS);
        let quantiser = Quantiser::new(bits, scale);
        match stored {
            Weights::Quantised => {
                values.iter_mut().for_each(|value| *value = quantiser.apply(*value));
            }
            Weights::Plain => {}
        }
        put(tensors, name, &dims, values)?;
        Ok(Some(Quantisation { bits, scale: f64::from(scale) }))
    }

    fn norm_vectors(&self, index: usize) -> Result<[(&'static str, Vec<f32>); 4], TrainError> {
        let state = &self.states[index];
        Ok([
            ("weight", self.parameter(&format!("{index}.weight"))?),
            ("bias", self.parameter(&format!("{index}.bias"))?),
            ("running_mean", state.mean.clone()),
            ("running_var", state.variance.clone()),
        ])
    }

    fn parameter(&self, name: &str) -> Result<Vec<f32>, TrainError> {
        let found = self.parameters.get(name).map(|p| ops::values(p.value.clone()));
        found.ok_or_else(|| missing(name))
    }

    /// Weights of a convolution as output × input × kernel row × kernel column.
    fn oihw(&self, index: usize) -> Result<(Vec<f32>, [usize; 4]), TrainError> {
        let name = format!("{index}.weight");
        let found = self.parameters.get(&name).ok_or_else(|| missing(&name))?;
        let [outputs, rows, columns, inputs] = *found.dims else { return Err(missing(&name)) };
        let values = ops::values(found.value.clone());
        let mut turned = Vec::with_capacity(values.len());
        for output in values.chunks((rows * columns * inputs).max(1)) {
            for input in 0..inputs {
                turned.extend(output.iter().skip(input).step_by(inputs));
            }
        }
        Ok((turned, [outputs, inputs, rows, columns]))
    }

    fn put_norm(&self, tensors: &mut NamedTensors, index: usize) -> Result<(), TrainError> {
        let place = format!("layer_list.{index}");
        let state = &self.states[index];
        for (name, values) in self.norm_vectors(index)? {
            let dims = [values.len()];
            put(tensors, format!("{place}.layer.{name}"), &dims, values)?;
        }
        if let Some(scale) = state.scale {
            put(tensors, format!("{place}.last_value"), &[1], vec![scale])?;
        }
        Ok(())
    }

    fn put_scales(
        &self,
        tensors: &mut NamedTensors,
        (index, place): (usize, &str),
        full: &[Option<Range>],
    ) -> Result<(), TrainError> {
        let Some(scale) = self.states[index].scale else { return Ok(()) };
        let layer = &self.network.layers[index];
        let input = layer.inputs.first().and_then(|source| self.range_of(*source, full));
        let Some(input) = input else { return Ok(()) };
        let weight_bits = layer.weight_bits.unwrap_or(pimnas_network::DEFAULT_BITS);
        let weights = self.parameters.get(&format!("{index}.weight"));
        let weights = weights.map(|p| ops::range(p.value.clone()).scale()).unwrap_or_default();
        let bits = layer.activation_bits;
        let stated = Stated {
            input: (input.bits, input.scale / codes(input.bits)),
            weight: (weight_bits, weights / codes(weight_bits)),
            output: (bits, scale / codes(bits)),
        };
        let pairs = [stated.input, stated.weight, stated.output];
        let values = pairs.iter().flat_map(|&(bits, step)| [bits as f32, step]).collect();
        put(tensors, format!("{place}.bit_scale_list"), &[3, 2], values)?;
        put(tensors, format!("{place}.last_value"), &[1], vec![scale])
    }

    fn range_of(&self, source: Source, full: &[Option<Range>]) -> Option<Range> {
        match source {
            Source::Input => {
                let input = &self.network.input;
                let scale = (input.step * f64::from(codes(input.bits))) as f32;
                Some(Range { bits: input.bits, scale })
            }
            Source::Layer(from) => full.get(from).copied().flatten(),
        }
    }

    /// Bits and full range of each layer's output by the graph: its own where it is quantised,
    /// else that of its input; of a sum the sum of its inputs' ranges.
    fn full_ranges(&self) -> Vec<Option<Range>> {
        let mut full: Vec<Option<Range>> = Vec::new();
        for (layer, state) in self.network.layers.iter().zip(&self.states) {
            let inputs: Vec<Range> =
                layer.inputs.iter().filter_map(|&source| self.range_of(source, &full)).collect();
            let scale: f32 = inputs.iter().map(|range| range.scale).sum();
            let passed = inputs.first().map(|first| Range { bits: first.bits, scale });
            let own = state.scale.map(|scale| Range { bits: layer.activation_bits, scale });
            full.push(own.or(passed));
        }
        full
    }
}

/// Bits and full range of a tensor.
#[derive(Clone, Copy, Debug)]
struct Range {
    bits: u32,
    scale: f32,
}

fn codes(bits: u32) -> f32 {
    ((1_u32 << (bits.clamp(2, 22) - 1)) - 1) as f32
}

fn missing(name: &str) -> TrainError {
    TrainError::Tensor { name: name.to_owned(), why: "the model has no such parameter".to_owned() }
}

fn put(
    tensors: &mut NamedTensors,
    name: String,
    dims: &[usize],
    values: Vec<f32>,
) -> Result<(), TrainError> {
    let stored = Stored::f32(dims, values)
        .map_err(|error| TrainError::Tensor { name: name.clone(), why: error.to_string() })?;
    tensors.insert(name, stored);
    Ok(())
}
