//! The parameters of layers, by either of the two ways in which files name them: `<layer>.weight`,
//! or as trained layer lists do, `layer_list.<layer>.…`, in parts and groups.

use super::error::{OnnxWriteError, Refusal, refuse};
use crate::named::NamedTensors;
use crate::text::shown;

/// What names may start with, in files that hold other tensors, too.
const PREFIX: &str = "param.";
/// How the names of trained layer lists start.
const LIST: &str = "layer_list.";

const HINT: &str = "give the weights that belong to this network";

/// Parameters by layer.
pub(super) struct LayerParameters {
    tensors: NamedTensors,
    listed: bool,
}

/// Of a batch normalisation, a value a channel each.
pub(super) struct NormParameters {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

impl LayerParameters {
    pub fn new(tensors: &NamedTensors) -> Result<Self, OnnxWriteError> {
        let prefixed = tensors.names().any(|name| name.starts_with(PREFIX));
        let own: NamedTensors = tensors
            .iter()
            .filter(|(name, _)| !prefixed || name.starts_with(PREFIX))
            .map(|(name, tensor)| {
                (name.strip_prefix(PREFIX).unwrap_or(name).to_owned(), tensor.clone())
            })
            .collect();
        let tensors = own.joined()?;
        let listed = tensors.names().any(|name| name.starts_with(LIST));
        Ok(Self { tensors, listed })
    }

    /// Where a layer's tensors are, or those of one of its groups.
    fn place(&self, layer: usize, group: Option<usize>) -> String {
        match (self.listed, group) {
            (false, _) => format!("{layer}."),
            (true, None) => format!("{LIST}{layer}."),
            (true, Some(group)) => format!("{LIST}{layer}.group_conv.{group}."),
        }
    }

    /// A tensor of these dimensions, all of its values finite.
    fn floats(&self, name: &str, dims: &[usize]) -> Result<Vec<f32>, Refusal> {
        let Some(tensor) = self.tensors.get(name) else {
            return refuse(format!("the parameter `{}` is missing", shown(name)), HINT);
        };
        if tensor.dims() != dims {
            let found = tensor.dims();
            return refuse(format!("the parameter `{name}` is {found:?}, not {dims:?}"), HINT);
        }
        let values = tensor.to_f32();
        match values.iter().position(|value| !value.is_finite()) {
            Some(position) => {
                let why = format!("the parameter `{name}` is not finite at position {position}");
                refuse(why, "repair or train the weights again: none may be infinite")
            }
            None => Ok(values),
        }
    }

    /// Parts of a layer: the whole, or its groups where they are kept apart.
    fn groups(&self, groups: usize) -> Vec<Option<usize>> {
        if self.listed && groups > 1 { (0..groups).map(Some).collect() } else { vec![None] }
    }

    /// Weights: outputs of all groups, then what one output has.
    pub fn weights(
        &self,
        layer: usize,
        (outputs, groups): (usize, usize),
        inner: &[usize],
    ) -> Result<Vec<f32>, Refusal> {
        let places = self.groups(groups);
        let dims = [&[outputs / places.len()], inner].concat();
        let mut values = Vec::new();
        for group in places {
            values.extend(self.floats(&(self.place(layer, group) + "weight"), &dims)?);
        }
        Ok(values)
    }

    /// What an even kernel's output loses, for each input channel of all groups: 0 its first, 1
    /// its last row and column.
    pub fn edges(&self, layer: usize, channels: usize, groups: usize) -> Result<Vec<f32>, Refusal> {
        let places = self.groups(groups);
        let of_place = channels / places.len();
        let mut edges = Vec::with_capacity(channels);
        for group in places {
            let name = self.place(layer, group) + "padding_flag";
            let Some(tensor) = self.tensors.get(&name) else {
                return refuse(format!("the parameter `{name}` is missing"), HINT);
            };
            let values = tensor.to_f32();
            match values.as_slice() {
                &[flag] => edges.extend(std::iter::repeat_n(flag, of_place)),
                each if each.len() == of_place => edges.extend_from_slice(each),
                _ => {
                    let found = tensor.dims();
                    return refuse(format!("the parameter `{name}` is {found:?}, not [1]"), HINT);
                }
            }
        }
        match edges.iter().find(|&&flag| flag != 0.0 && flag != 1.0) {
            Some(flag) => refuse(format!("its padding_flag is {flag}, neither 0 nor 1"), HINT),
            None => Ok(edges),
        }
    }

    /// A batch normalisation.
    pub fn norm(&self, layer: usize, features: usize) -> Result<NormParameters, Refusal> {
        let place = self.place(layer, None) + if self.listed { "layer." } else { "" };
        let vector = |name: &str| self.floats(&format!("{place}{name}"), &[features]);
        let variance = vector("running_var")?;
        if variance.iter().any(|&value| value < 0.0) {
            return refuse("a variance is negative", HINT);
        }
        Ok(NormParameters {
            weight: vector("weight")?,
            bias: vector("bias")?,
            mean: vector("running_mean")?,
            variance,
        })
    }
}
