//! From a graph of floats to a layer network and its weights.
//!
//! Layers have no biases: what is added or multiplied a channel (biases, batch normalisation,
//! constants) becomes one batch normalisation behind the layer, with mean 0 and variance
//! 1 − 1e-5, so that its weights are the factors and its biases the summands. Everything else
//! that the layers lack is either expressed exactly by what they have (see [`Converted::notes`])
//! or refused with a reason.

mod activation;
mod affine;
mod arithmetic;
mod clip;
mod convolution;
mod emit;
mod error;
mod nodes;
mod pool;
#[cfg(test)]
mod tests;

pub use error::{ConvertError, ConvertProblem};

use pimnas_network::{DEFAULT_BITS, DEFAULT_INPUT_STEP, Network, NetworkInput, Shape};

use crate::graph::FloatGraph;
use crate::named::NamedTensors;
use emit::Converter;

/// What becomes of factors of a channel behind a layer with weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norms {
    /// They stay in the batch normalisation.
    #[default]
    Kept,
    /// They are multiplied into the weights; summands stay.
    Folded,
}

/// How a graph is converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvertOptions {
    /// Bits of a weight, sign included.
    pub weight_bits: u32,
    /// Bits of an activation, sign included.
    pub activation_bits: u32,
    /// Difference of neighbouring input values.
    pub input_step: f64,
    /// Where factors go.
    pub norms: Norms,
}

impl Default for ConvertOptions {
    fn default() -> Self {
        Self {
            weight_bits: DEFAULT_BITS,
            activation_bits: DEFAULT_BITS,
            input_step: DEFAULT_INPUT_STEP,
            norms: Norms::default(),
        }
    }
}

/// A network that was made from a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// The network.
    pub network: Network,
    /// Its parameters: `<layer>.weight` (output × input × rows × columns, or output × input),
    /// `<layer>.padding_flag` of even kernels, and `<layer>.weight`, `.bias`, `.running_mean`,
    /// `.running_var` of batch normalisations.
    pub parameters: NamedTensors,
    /// What is expressed by other means or left out, for the user.
    pub notes: Vec<String>,
}

impl FloatGraph {
    /// The same computation as a network of layers.
    ///
    /// # Errors
    /// [`ConvertError`]: every node that layers cannot express, each with what to do.
    pub fn to_network(&self, options: &ConvertOptions) -> Result<Converted, ConvertError> {
        let mut converter = Converter::new(self, options);
        let input = converter.input()?;
        converter.nodes();
        converter.finish();
        if !converter.problems.is_empty() {
            return Err(ConvertError::Nodes(converter.problems));
        }
        let network = Network {
            name: self.name.clone(),
            input: NetworkInput {
                shape: input,
                bits: options.activation_bits,
                step: options.input_step,
            },
            layers: converter.layers,
        };
        network.validate()?;
        let (parameters, notes) = (converter.parameters, converter.notes);
        Ok(Converted { network, parameters, notes })
    }
}

/// The shape of one item with these dimensions, the batch first.
fn item_shape(dims: &[usize]) -> Option<Shape> {
    match *dims {
        [_, channels, height, width] => Some(Shape::Map { channels, height, width }),
        [_, features] => Some(Shape::Vector { features }),
        _ => None,
    }
}
