//! Networks of layers written as ONNX.

mod builder;
mod error;
mod layers;
mod parameters;
mod quantise;
#[cfg(test)]
mod tests;
mod windows;

pub use error::{OnnxWriteError, OnnxWriteProblem};

use pimnas_network::{Layer, Network, Operation, Shape, ShapedNetwork, Source};

use self::builder::{Builder, INPUT};
use self::error::Refusal;
use self::parameters::LayerParameters;
use crate::named::NamedTensors;

/// Bytes that a file of this format can have.
const MOST_BYTES: usize = i32::MAX as usize;

/// The arithmetic of a network that is written as ONNX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnnxNumbers {
    /// 32-bit floats, weights as they are; nothing else is quantised.
    Floats,
    /// Fixed point, by the scales of the network: weights as codes, and pairs of `QuantizeLinear`
    /// and `DequantizeLinear` where inference quantises the input and the outputs of layers. Codes
    /// have 8 bits, or 16 where one of them has more than 8 (operator set 21 instead of 13); a
    /// `Clip` holds them to the bits that they have.
    Quantised,
}

impl OnnxNumbers {
    /// Fixed point for a network with scales (every layer with weights has some, none of more than
    /// 16 bits), otherwise floats.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let mut weighted = network.layers.iter().filter(|layer| is_weighted(layer)).peekable();
        let any = weighted.peek().is_some();
        let fits = |layer: &Layer| {
            let scales = layer.scales.iter();
            scales.flat_map(|scales| scales.weight).any(|weight| quantise::fits(weight.bits))
        };
        let bits = |layer: &Layer| quantise::fits(layer.activation_bits);
        let narrow = network.layers.iter().all(bits) && quantise::fits(network.input.bits);
        if any && narrow && weighted.all(fits) { Self::Quantised } else { Self::Floats }
    }
}

fn is_weighted(layer: &Layer) -> bool {
    matches!(layer.operation, Operation::Convolution(_) | Operation::FullyConnected { .. })
}

/// Writes a network with its parameters as an ONNX file: one input `input` and one output
/// `output`, 32-bit floats, a batch `N` of items in front; nodes and values are called by the
/// layers' names, or by operation and index where they have none.
///
/// Parameters are named as `pimnas_infer` takes them (`<layer>.weight`, or as a trained layer list
/// names them); dropout is left out, zero channels are a `Pad`, and means over windows of unequal
/// size are products with a matrix.
///
/// # Errors
/// [`OnnxWriteError`]: every layer whose parameters are missing or of another shape, or, in fixed
/// point, that lacks scales or has codes of more than 16 bits; a network that does not fit
/// together; a file of more than 2 GiB.
///
/// ```
/// use pimnas_formats::{NamedTensors, OnnxNumbers, Tensor, write_onnx};
/// use pimnas_network::Network;
///
/// let network = Network::from_json(br#"{"input_shape": [1, 2], "layers": [
///     {"type": "fc", "in_features": 2, "out_features": 1}, {"type": "relu"}]}"#)?;
/// let mut parameters = NamedTensors::new();
/// parameters.insert("0.weight", Tensor::f32([1, 2], vec![1.0, -1.0])?);
/// let file = write_onnx(&network, &parameters, OnnxNumbers::Floats)?;
/// assert!(!file.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_onnx(
    network: &Network,
    parameters: &NamedTensors,
    numbers: OnnxNumbers,
) -> Result<Vec<u8>, OnnxWriteError> {
    let shaped = ShapedNetwork::new(network)?;
    let mut writer = Writer {
        shaped: &shaped,
        parameters: LayerParameters::new(parameters)?,
        numbers,
        builder: Builder::new(&network.name, &dims(network.input.shape)),
        values: Vec::with_capacity(network.layers.len()),
    };
    let mut problems = Vec::new();
    let input = writer.input();
    let input = input.unwrap_or_else(|refusal| {
        problems.push(problem((0, "the network's input".to_owned()), refusal));
        INPUT.to_owned()
    });
    for (index, layer) in network.layers.iter().enumerate() {
        let value = writer.layer(index, &input).unwrap_or_else(|refusal| {
            let name = layer.name.as_deref().map_or_else(String::new, |name| format!(" {name}"));
            problems.push(problem((index, format!("{}{name}", layer.operation.name())), refusal));
            INPUT.to_owned()
        });
        writer.values.push(value);
    }
    if !problems.is_empty() {
        return Err(OnnxWriteError::Layers(problems));
    }
    let last = writer.values.pop().unwrap_or(input);
    let file = writer.builder.finish(&last, &dims(shaped.output()));
    if file.len() > MOST_BYTES {
        return Err(OnnxWriteError::TooLarge { bytes: file.len(), most: MOST_BYTES });
    }
    Ok(file)
}

fn problem((layer, name): (usize, String), Refusal { why, hint }: Refusal) -> OnnxWriteProblem {
    let name = crate::text::shown(&name);
    OnnxWriteProblem { layer, name, why, hint }
}

/// Dimensions of one item.
fn dims(shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Map { channels, height, width } => vec![channels, height, width],
        Shape::Vector { features } => vec![features],
    }
}

/// Rows and columns of a map; a vector is one of 1 × 1.
fn sides(shape: Shape) -> windows::Sides {
    match shape {
        Shape::Map { height, width, .. } => (height, width),
        Shape::Vector { .. } => (1, 1),
    }
}

/// A file in the making.
struct Writer<'a> {
    shaped: &'a ShapedNetwork<'a>,
    parameters: LayerParameters,
    numbers: OnnxNumbers,
    builder: Builder,
    /// The value that each layer gives.
    values: Vec<String>,
}

impl<'a> Writer<'a> {
    fn description(&self, index: usize) -> &'a Layer {
        &self.shaped.network.layers[index]
    }

    /// What a layer's nodes are called.
    fn name(&self, index: usize) -> String {
        let layer = self.description(index);
        match &layer.name {
            Some(name) if !name.is_empty() => name.clone(),
            Some(_) | None => format!("{}{index}", layer.operation.name()),
        }
    }

    /// The values that a layer reads.
    fn inputs(&self, index: usize, input: &str) -> Vec<String> {
        let value = |source: &Source| match source {
            Source::Input => input.to_owned(),
            Source::Layer(from) => self.values.get(*from).cloned().unwrap_or_default(),
        };
        self.description(index).inputs.iter().map(value).collect()
    }
}
