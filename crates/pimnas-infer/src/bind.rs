//! Parameters of each layer, found by name and checked against the network.

use pimnas_network::{Operation, ShapedNetwork};

use crate::error::InferError;
use crate::names::Names;
use crate::options::MAX_BITS;
use crate::parameters::Parameters;

/// Which row and column of an even kernel's output are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The first (flag 0).
    First,
    /// The last (flag 1).
    Last,
}

/// What an even kernel's output loses, for each input channel of all groups; empty if it loses
/// nothing: the kernel is odd or its padding small.
///
/// Weights are stored in parts of some channels, each of which is a convolution of its own, with a
/// flag of its own. The parts' outputs are added up, so that channels may be shifted to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edges(pub Vec<Edge>);

impl Edges {
    /// The shortest list of flags that says the same: none, one, or one a channel.
    pub fn flags(&self) -> Vec<f32> {
        let flag = |&edge: &Edge| if edge == Edge::First { 0.0 } else { 1.0 };
        let mut flags: Vec<f32> = self.0.iter().map(flag).collect();
        if flags.iter().all(|flag| Some(flag) == flags.first()) {
            flags.truncate(1);
        }
        flags
    }

    /// The edge of each group's first part in all of its parts.
    #[must_use]
    pub fn of_first_parts(&self, groups: usize) -> Self {
        let channels = (self.0.len() / groups.max(1)).max(1);
        let groups = self.0.chunks(channels);
        Self(groups.flat_map(|group| group.iter().map(|_| group[0])).collect())
    }
}

/// Bits and step of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// Bits, sign included.
    pub bits: u32,
    /// Difference of neighbouring values.
    pub step: f32,
}

/// Parameters of a convolution or fully connected layer.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// Output × input (of a group) × kernel, row by row.
    pub values: Vec<f32>,
    /// What an even kernel's output loses.
    pub edges: Edges,
    /// Stated precision of the input, weights and output; none needed for floats.
    pub scales: Option<Scales>,
}

/// Stated precision of a layer with weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scales {
    /// Of the input.
    pub input: Step,
    /// Step of the weights.
    pub weight_step: f32,
    /// Full range of the output.
    pub output: f32,
}

/// Parameters of a batch normalisation.
#[derive(Clone, Debug)]
pub(crate) struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// The parameters of a layer.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    /// Of a layer with weights.
    Weights(Weights),
    /// Of a batch normalisation.
    Norm(Norm),
    /// None.
    Nothing,
}

/// A layer's parameters, and the full range with which its output is quantised if it has no
/// weights and is quantised.
#[derive(Clone, Debug)]
pub(crate) struct BoundLayer {
    pub parameters: Bound,
    pub requantised: Option<f32>,
}

/// Whether the arithmetic needs scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Scales,
    NoScales,
}

/// Finds and checks the parameters of every layer.
pub(crate) fn bind(
    shaped: &ShapedNetwork<'_>,
    parameters: &Parameters,
    need: Need,
) -> Result<Vec<BoundLayer>, InferError> {
    let count = shaped.network.layers.len();
    InferError::all((0..count).map(|layer| Binder::new(shaped, parameters, layer).bind(need)))
}

struct Binder<'a> {
    network: &'a ShapedNetwork<'a>,
    names: Names<'a>,
    layer: usize,
}

impl<'a> Binder<'a> {
    fn new(network: &'a ShapedNetwork<'a>, parameters: &'a Parameters, layer: usize) -> Self {
        let kind = network.network.layers[layer].operation.name();
        Self { network, names: Names::new(parameters, layer, kind), layer }
    }

    fn bind(&self, need: Need) -> Result<BoundLayer, InferError> {
        let description = &self.network.network.layers[self.layer];
        let parameters = match description.operation {
            Operation::Convolution(conv) => {
                let groups = conv.groups;
                let inner = [conv.in_channels / groups, conv.kernel_size, conv.kernel_size];
                let values = self.names.weights(conv.out_channels, groups, &inner);
                let edges = if conv.drops_even_edge() {
                    self.names.edges(groups, inner[0])
                } else {
                    Ok(Edges::default())
                };
                let rest = InferError::both(edges, self.scales(need, groups));
                let (values, (edges, scales)) = InferError::both(values, rest)?;
                Bound::Weights(Weights { values, edges, scales })
            }
            Operation::FullyConnected { in_features, out_features } => {
                let values = self.names.weights(out_features, 1, &[in_features]);
                let (values, scales) = InferError::both(values, self.scales(need, 1))?;
                Bound::Weights(Weights { values, edges: Edges::default(), scales })
            }
            Operation::BatchNorm { features } => Bound::Norm(self.names.norm(features)?),
            Operation::Relu
            | Operation::HardTanh
            | Operation::View
            | Operation::Flatten { .. }
            | Operation::Dropout
            | Operation::Pooling(_)
            | Operation::AdaptiveAveragePooling { .. }
            | Operation::ElementSum
            | Operation::Expand { .. }
            | Operation::Downsample => Bound::Nothing,
        };
        Ok(BoundLayer { requantised: self.requantised(need, &parameters)?, parameters })
    }

    /// A candidate states its scales in the network, a trained layer list beside its weights.
    fn scales(&self, need: Need, groups: usize) -> Result<Option<Scales>, InferError> {
        if need == Need::NoScales {
            return Ok(None);
        }
        let description = &self.network.network.layers[self.layer];
        let scales = match &description.scales {
            Some(stated) => {
                let input = stated.inputs.first().copied();
                let (Some(input), Some(weight)) = (input, stated.weight) else {
                    let (kind, key) = (description.operation.name(), "scales".to_owned());
                    return Err(InferError::MissingParameter { layer: self.layer, kind, key });
                };
                Scales {
                    input: Step { bits: input.bits, step: input.step() as f32 },
                    weight_step: weight.step() as f32,
                    output: stated.output.scale as f32,
                }
            }
            None => self.names.scales(groups)?,
        };
        self.positive("the step of its input", scales.input.step)?;
        self.positive("the step of its weights", scales.weight_step)?;
        self.positive("the scale of its output", scales.output)?;
        let weight_bits = description.weight_bits.unwrap_or(0);
        for (what, bits) in [
            ("an input", scales.input.bits),
            ("a weight", weight_bits),
            ("an output", description.activation_bits),
        ] {
            if !(2..=MAX_BITS).contains(&bits) {
                return Err(InferError::Precision { what, bits, first: 2, last: MAX_BITS });
            }
        }
        Ok(Some(scales))
    }

    /// In layer lists batch normalisation is quantised; in candidates whatever has another scale
    /// behind it than before it.
    fn requantised(&self, need: Need, parameters: &Bound) -> Result<Option<f32>, InferError> {
        let description = &self.network.network.layers[self.layer];
        if need == Need::NoScales || matches!(parameters, Bound::Weights(_)) {
            return Ok(None);
        }
        let scale = match (&description.scales, parameters) {
            (Some(stated), Bound::Norm(_) | Bound::Nothing | Bound::Weights(_)) => {
                let same = stated.inputs.iter().all(|input| input.scale == stated.output.scale);
                (!same).then_some(stated.output.scale as f32)
            }
            (None, Bound::Norm(_)) => Some(self.names.output_scale(1)?),
            (None, Bound::Nothing | Bound::Weights(_)) => None,
        };
        if let Some(scale) = scale {
            self.positive("the scale of its output", scale)?;
            let bits = description.activation_bits;
            if bits > MAX_BITS {
                return Err(InferError::Precision {
                    what: "an output",
                    bits,
                    first: 2,
                    last: MAX_BITS,
                });
            }
        }
        Ok(scale)
    }

    fn positive(&self, what: &'static str, value: f32) -> Result<(), InferError> {
        // A subnormal scale would overflow what is divided by it.
        if value.is_normal() && value > 0.0 {
            return Ok(());
        }
        let why = "but must be positive and finite";
        Err(InferError::BadParameter { layer: self.layer, what, value: f64::from(value), why })
    }
}
