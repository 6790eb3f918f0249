//! The part of a network that has circuits: convolutions, fully connected layers, pooling and
//! sums, joined across the layers that have none.

use pimnas_hardware::{Quirk, Quirks};
use pimnas_network::{Layer, Operation, Shape, ShapedNetwork, Source};

use crate::error::{LayerRef, SimulationError};

/// Most output positions of all layers together. The timeline keeps a finish time of 8 bytes for
/// each, so this is half a gibibyte; a network for pictures of 224×224 has some 500,000.
pub const MAX_POSITIONS: usize = 1 << 26;

/// What a hardware layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// Convolution, in crossbars.
    Convolution,
    /// Fully connected, in crossbars.
    FullyConnected,
    /// Pooling circuit of a tile.
    Pooling,
    /// Sum in the global accumulator.
    ElementSum,
}

impl LayerKind {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Convolution => "conv",
            Self::FullyConnected => "fc",
            Self::Pooling => "pooling",
            Self::ElementSum => "element_sum",
        }
    }

    /// Whether the layer's weights sit in crossbars.
    #[must_use]
    pub fn has_weights(self) -> bool {
        match self {
            Self::Convolution | Self::FullyConnected => true,
            Self::Pooling | Self::ElementSum => false,
        }
    }
}

/// Height and width of a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// Positions of the map.
    #[must_use]
    pub fn positions(self) -> usize {
        self.height * self.width
    }
}

/// Where a hardware layer takes an input from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Producer {
    /// The network's input, there from the start.
    Input,
    /// An earlier hardware layer.
    Layer(usize),
}

/// A layer that has a circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct HardwareLayer {
    /// Index in the network's layer list.
    pub network_layer: usize,
    /// What it is.
    pub kind: LayerKind,
    /// Input channels (features) of one group.
    pub in_channels: usize,
    /// Groups of a convolution; 1 otherwise.
    pub groups: usize,
    /// Output channels (features), of all groups.
    pub out_channels: usize,
    /// Input map; 1×1 for a fully connected layer.
    pub in_size: Size,
    /// Output map; 1×1 for a fully connected layer.
    pub out_size: Size,
    /// Window side; 1 for a fully connected layer.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
    /// Padding.
    pub padding: usize,
    /// Bits of a weight, sign included, where the network says.
    pub weight_bits: Option<u32>,
    /// Bits of an input.
    pub input_bits: u32,
    /// Bits of an output.
    pub output_bits: u32,
    /// Inputs.
    pub inputs: Vec<Producer>,
    /// Hardware layers that take this one's output, in order.
    pub consumers: Vec<usize>,
}

impl HardwareLayer {
    /// The layer for messages.
    #[must_use]
    pub fn reference(&self) -> LayerRef {
        let grouped = self.kind == LayerKind::Convolution && self.groups > 1;
        let kind = if grouped { "group_conv" } else { self.kind.name() };
        LayerRef { index: self.network_layer, kind }
    }
}

/// The hardware layers of a network, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct HardwareGraph {
    /// The layers.
    pub layers: Vec<HardwareLayer>,
}

impl HardwareGraph {
    /// The hardware layers of that network.
    ///
    /// # Errors
    /// [`SimulationError::NothingToRun`], [`SimulationError::TooManyPositions`].
    pub fn new(network: &ShapedNetwork<'_>, quirks: Quirks) -> Result<Self, SimulationError> {
        let total = network.network.layers.len();
        let mut producer_of = Vec::with_capacity(total);
        let mut layers: Vec<HardwareLayer> = Vec::with_capacity(total);
        for (index, layer) in network.network.layers.iter().enumerate() {
            let inputs: Vec<Producer> =
                layer.inputs.iter().map(|&source| producer(source, &producer_of)).collect();
            let Some(kind) = kind_of(&layer.operation) else {
                producer_of.push(inputs.last().copied().unwrap_or(Producer::Input));
                continue;
            };
            let here = layers.len();
            producer_of.push(Producer::Layer(here));
            for input in &inputs {
                if let Producer::Layer(from) = *input
                    && layers[from].consumers.last() != Some(&here)
                {
                    layers[from].consumers.push(here);
                }
            }
            let mut described = describe(network, index, kind, quirks);
            if kind == LayerKind::ElementSum && quirks.keeps(Quirk::ResizeKeepsPositions) {
                take_shape_of_producer(&mut described, &inputs, &layers);
            }
            described.inputs = inputs;
            layers.push(described);
        }
        if layers.is_empty() {
            return Err(SimulationError::NothingToRun);
        }
        check_positions(&layers)?;
        Ok(Self { layers })
    }
}

fn check_positions(layers: &[HardwareLayer]) -> Result<(), SimulationError> {
    let mut total = 0_usize;
    for layer in layers {
        let positions = layer.out_size.height.saturating_mul(layer.out_size.width);
        total = total.saturating_add(positions);
        if total > MAX_POSITIONS {
            return Err(SimulationError::TooManyPositions { layer: layer.reference(), total });
        }
    }
    Ok(())
}

fn producer(source: Source, producer_of: &[Producer]) -> Producer {
    match source {
        Source::Input => Producer::Input,
        Source::Layer(layer) => producer_of.get(layer).copied().unwrap_or(Producer::Input),
    }
}

fn kind_of(operation: &Operation) -> Option<LayerKind> {
    match operation {
        Operation::Convolution(_) => Some(LayerKind::Convolution),
        Operation::FullyConnected { .. } => Some(LayerKind::FullyConnected),
        Operation::Pooling(_) => Some(LayerKind::Pooling),
        Operation::ElementSum => Some(LayerKind::ElementSum),
        Operation::BatchNorm { .. }
        | Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::Expand { .. }
        | Operation::Downsample => None,
    }
}

fn channels_and_size(shape: Shape) -> (usize, Size) {
    match shape {
        Shape::Map { channels, height, width } => (channels, Size { height, width }),
        Shape::Vector { features } => (features, Size { height: 1, width: 1 }),
    }
}

fn describe(
    network: &ShapedNetwork<'_>,
    index: usize,
    kind: LayerKind,
    quirks: Quirks,
) -> HardwareLayer {
    let layer = &network.network.layers[index];
    let (in_channels, in_size) = channels_and_size(network.input_of(index));
    let (out_channels, out_size) = channels_and_size(network.output_of(index));
    let (kernel, stride, padding, groups) = match layer.operation {
        Operation::Convolution(conv) => {
            (conv.kernel_size, conv.stride, conv.padding, conv.groups.max(1))
        }
        Operation::Pooling(pool) => (pool.kernel_size, pool.stride, pool.padding, 1),
        Operation::FullyConnected { .. }
        | Operation::BatchNorm { .. }
        | Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::ElementSum
        | Operation::Expand { .. }
        | Operation::Downsample => (1, 1, 0, 1),
    };
    HardwareLayer {
        network_layer: index,
        kind,
        in_channels: in_channels / groups,
        groups,
        out_channels,
        in_size,
        out_size,
        kernel,
        stride,
        padding,
        weight_bits: layer.weight_bits,
        input_bits: input_bits(network, layer, kind, quirks),
        output_bits: layer.activation_bits,
        inputs: Vec::new(),
        consumers: Vec::new(),
    }
}

fn input_bits(network: &ShapedNetwork<'_>, layer: &Layer, kind: LayerKind, quirks: Quirks) -> u32 {
    if quirks.keeps(Quirk::InputBitsFromOutput) {
        // A candidate states the input precision of its layers with weights.
        let stated = if kind.has_weights() { layer.input_bits } else { None };
        return stated.unwrap_or(layer.activation_bits);
    }
    let produced = match layer.inputs.first() {
        Some(&Source::Layer(from)) => {
            network.network.layers.get(from).map(|producer| producer.activation_bits)
        }
        Some(Source::Input) | None => Some(network.network.input.bits),
    };
    layer.input_bits.or(produced).unwrap_or(layer.activation_bits)
}

/// The reference takes the shape and the precision of a sum from its first input that is not a
/// sum itself, past any layer in between that changes the shape.
fn take_shape_of_producer(sum: &mut HardwareLayer, inputs: &[Producer], layers: &[HardwareLayer]) {
    let producers = inputs.iter().filter_map(|input| match *input {
        Producer::Layer(from) => layers.get(from),
        Producer::Input => None,
    });
    let mut of_other_kinds = producers.filter(|layer| layer.kind != LayerKind::ElementSum);
    if let Some(first) = of_other_kinds.next() {
        sum.out_channels = first.out_channels;
        sum.out_size = first.out_size;
        sum.in_channels = first.out_channels;
        sum.in_size = first.out_size;
        sum.output_bits = first.output_bits;
    }
}
