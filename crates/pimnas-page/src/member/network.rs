//! A network as nodes to draw: layers, with the cheap ones behind them joined to them.

use pimnas_network::{Operation, Shape, ShapedNetwork, Source};
use pimnas_simulate::SimReport;
use serde::{Deserialize, Serialize};

/// A network to draw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkDrawing {
    /// Its name.
    pub name: String,
    /// Shape of the input.
    pub input: [usize; 3],
    /// Bits of the input.
    pub input_bits: u32,
    /// Weights of all layers.
    pub weights: u64,
    /// Multiplications with a weight for one inference.
    pub macs: f64,
    /// Nodes, in an order in which inputs come first.
    pub nodes: Vec<Node>,
}

/// A layer, with batch norms and activations that follow it and that nothing else is taken
/// between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it is with its window: "conv 3×3, stride 2".
    pub what: String,
    /// What follows: "bn, relu".
    pub then: String,
    /// Nodes that it takes; `None` is the network's input.
    pub inputs: Vec<Option<usize>>,
    /// Shape of its output: channels, height, width (1 and 1 for a vector).
    pub shape: [usize; 3],
    /// Bits of a weight; `None` without weights.
    pub weight_bits: Option<u32>,
    /// Bits of an output.
    pub activation_bits: u32,
    /// Weights.
    pub weights: u64,
    /// Its position among the layers with circuits.
    pub circuit: Option<usize>,
}

impl NetworkDrawing {
    /// The drawing of a simulated network.
    #[must_use]
    pub fn new(network: &ShapedNetwork<'_>, report: &SimReport) -> Self {
        let layers = &network.network.layers;
        let mut consumers = vec![0_usize; layers.len()];
        for source in layers.iter().flat_map(|layer| &layer.inputs) {
            if let Source::Layer(from) = *source {
                consumers[from] += 1;
            }
        }
        let mut node_of: Vec<usize> = Vec::with_capacity(layers.len());
        let mut nodes: Vec<Node> = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            let from = layer.inputs.first();
            if let (true, Some(&Source::Layer(from))) = (follows(&layer.operation), from)
                && consumers[from] == 1
            {
                let node = node_of[from];
                let then = &mut nodes[node].then;
                if !then.is_empty() {
                    then.push_str(", ");
                }
                then.push_str(layer.operation.name());
                nodes[node].shape = sides(network.output_of(index));
                node_of.push(node);
                continue;
            }
            let input = |source: &Source| match *source {
                Source::Input => None,
                Source::Layer(from) => Some(node_of[from]),
            };
            let inputs = layer.inputs.iter().map(input).collect();
            node_of.push(nodes.len());
            nodes.push(node(network, index, inputs));
        }
        for (circuit, layer) in report.graph.layers.iter().enumerate() {
            if let Some(&node) = node_of.get(layer.network_layer) {
                nodes[node].circuit = Some(circuit);
            }
        }
        Self {
            name: network.network.name.clone(),
            input: sides(network.network.input.shape),
            input_bits: network.network.input.bits,
            weights: nodes.iter().map(|node| node.weights).sum(),
            macs: report.macs(),
            nodes,
        }
    }
}

fn node(network: &ShapedNetwork<'_>, index: usize, inputs: Vec<Option<usize>>) -> Node {
    let layer = &network.network.layers[index];
    Node {
        name: name_of(network, index),
        what: what(&layer.operation),
        then: String::new(),
        inputs,
        shape: sides(network.output_of(index)),
        weight_bits: (layer.operation.weights() > 0).then_some(layer.weight_bits).flatten(),
        activation_bits: layer.activation_bits,
        weights: layer.operation.weights(),
        circuit: None,
    }
}

/// The layer's own name, or what it is and its place.
pub(super) fn name_of(network: &ShapedNetwork<'_>, index: usize) -> String {
    network.network.layers.get(index).map_or_else(String::new, |layer| {
        layer.name.clone().unwrap_or_else(|| format!("{} {index}", layer.operation.name()))
    })
}

fn sides(shape: Shape) -> [usize; 3] {
    match shape {
        Shape::Map { channels, height, width } => [channels, height, width],
        Shape::Vector { features } => [features, 1, 1],
    }
}

/// Whether it changes values only, or nothing.
fn follows(operation: &Operation) -> bool {
    match operation {
        Operation::BatchNorm { .. }
        | Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout => true,
        Operation::Convolution(_)
        | Operation::FullyConnected { .. }
        | Operation::Pooling(_)
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::ElementSum
        | Operation::Expand { .. }
        | Operation::Downsample => false,
    }
}

fn what(operation: &Operation) -> String {
    let window = |kernel: usize, stride: usize| {
        let stride = if stride == 1 { String::new() } else { format!(", stride {stride}") };
        format!("{kernel}×{kernel}{stride}")
    };
    match operation {
        Operation::Convolution(conv) => {
            let groups =
                if conv.groups > 1 { format!(", {} groups", conv.groups) } else { String::new() };
            format!("conv {}{groups}", window(conv.kernel_size, conv.stride))
        }
        Operation::FullyConnected { .. } => "fully connected".to_owned(),
        Operation::Pooling(pool) => {
            let mode = match pool.mode {
                pimnas_network::PoolingMode::Max => "max",
                pimnas_network::PoolingMode::Average => "mean",
            };
            format!("{mode} pool {}", window(pool.kernel_size, pool.stride))
        }
        Operation::AdaptiveAveragePooling { output_size: (height, width) } => {
            format!("mean to {height}×{width}")
        }
        Operation::ElementSum => "sum".to_owned(),
        Operation::Expand { .. } => "zero channels".to_owned(),
        Operation::Downsample => "halve".to_owned(),
        Operation::BatchNorm { .. }
        | Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout => operation.name().to_owned(),
    }
}
