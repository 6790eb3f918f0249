//! What shape inference finds wrong, and the words for it.

use crate::error::{NetworkError, NetworkErrorCode};
use crate::layer::{Layer, Network, Operation, Shape, Source};
use crate::validate::{MAX_ELEMENTS, MAX_PARAMETER};

/// A problem of a layer, without words: these cost nothing to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Wrong number of inputs.
    InputCount,
    /// Input at that position is not an earlier layer.
    Source(usize),
    /// A vector where a map is wanted.
    NeedsMap,
    /// A map where a vector is wanted.
    NeedsVector,
    /// Channels or features other than these.
    Channels(usize),
    /// Channels do not divide into the groups.
    Groups,
    /// A parameter that must not be zero.
    Zero(&'static str),
    /// Kernel larger than the padded input.
    KernelTooLarge,
    /// Padding of a pooling above half the kernel.
    PoolPadding,
    /// Fewer channels than before, for an expansion.
    Shrinks(usize),
    /// Dimensions that the input lacks.
    FlattenRange { start_dim: i64, end_dim: i64, dimensions: i64 },
    /// Dimensions that leave neither a map nor a vector.
    FlattenPart { start_dim: i64, end_dim: i64 },
    /// Input at that position differs in shape from the first.
    Unequal(usize),
    /// A side of zero.
    NoElements(Shape),
    /// Too much of something.
    Limit(Limit),
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// A parameter above [`MAX_PARAMETER`].
    Parameter(&'static str, usize),
    /// Elements of the padded input above [`MAX_ELEMENTS`].
    Padded,
    /// Elements of a shape above [`MAX_ELEMENTS`].
    Elements(Shape),
    /// Weights above [`MAX_ELEMENTS`].
    Weights,
}

/// "layer 3 (conv)".
pub(crate) fn place(index: usize, layer: &Layer) -> String {
    format!("layer {index} ({})", layer.operation.name())
}

/// A fault of the network's input: it is empty or too large.
pub(crate) fn of_input(shape: Shape, fault: Fault) -> NetworkError {
    let why = if fault == Fault::NoElements(shape) {
        "has no elements".to_owned()
    } else {
        format!("has more than {MAX_ELEMENTS} elements")
    };
    NetworkError::new(code(fault), format!("the network's input of {shape} {why}"))
        .with_hint("correct the shape of the input")
}

/// A fault of a layer, with the shapes of its inputs.
pub(crate) fn of_layer(
    network: &Network,
    index: usize,
    fault: Fault,
    lookup: &dyn Fn(Source) -> Option<Shape>,
) -> NetworkError {
    let Some(layer) = network.layers.get(index) else {
        return NetworkError::new(code(fault), format!("layer {index} does not exist"));
    };
    let inputs = Inputs { network, layer, lookup };
    let message = format!("{}: {}", place(index, layer), why(fault, &inputs));
    NetworkError::new(code(fault), message).with_hint(hint(fault, &inputs)).in_layer(index)
}

fn code(fault: Fault) -> NetworkErrorCode {
    match fault {
        Fault::InputCount => NetworkErrorCode::InputCount,
        Fault::Source(_) => NetworkErrorCode::Source,
        Fault::Zero(_) => NetworkErrorCode::BadValue,
        Fault::Limit(_) => NetworkErrorCode::Limit,
        Fault::NeedsMap
        | Fault::NeedsVector
        | Fault::Channels(_)
        | Fault::Groups
        | Fault::KernelTooLarge
        | Fault::PoolPadding
        | Fault::Shrinks(_)
        | Fault::FlattenRange { .. }
        | Fault::FlattenPart { .. }
        | Fault::Unequal(_)
        | Fault::NoElements(_) => NetworkErrorCode::Shape,
    }
}

/// The inputs of a layer, to be named in a message.
struct Inputs<'a> {
    network: &'a Network,
    layer: &'a Layer,
    lookup: &'a dyn Fn(Source) -> Option<Shape>,
}

impl Inputs<'_> {
    fn is_sum(&self) -> bool {
        matches!(self.layer.operation, Operation::ElementSum)
    }

    /// What the numbers of the layer count.
    fn unit(&self) -> &'static str {
        let vector = matches!(self.layer.operation, Operation::FullyConnected { .. });
        if vector { "features" } else { "channels" }
    }

    fn shape(&self, position: usize) -> Option<Shape> {
        self.layer.inputs.get(position).and_then(|&source| (self.lookup)(source))
    }

    /// "its input, the output of layer 3 (conv), is 16×8×8".
    fn described(&self, position: usize) -> String {
        match self.shape(position) {
            Some(shape) => format!("its input, {}, is {shape}", self.origin(position)),
            None => format!("the shape of its input, {}, is unknown", self.origin(position)),
        }
    }

    fn origin(&self, position: usize) -> String {
        match self.layer.inputs.get(position) {
            None => "which it lacks".to_owned(),
            Some(Source::Input) => "the network's input".to_owned(),
            Some(&Source::Layer(from)) => match self.network.layers.get(from) {
                Some(layer) => format!("the output of {}", place(from, layer)),
                None => format!("the output of layer {from}"),
            },
        }
    }
}

/// What is wrong.
fn why(fault: Fault, inputs: &Inputs<'_>) -> String {
    let input = || inputs.described(0);
    match fault {
        Fault::InputCount => {
            let wanted = if inputs.is_sum() { "two or more inputs" } else { "one input" };
            format!("takes {wanted}, but has {}", inputs.layer.inputs.len())
        }
        Fault::Source(position) => {
            format!("takes {}, which does not come before it", inputs.origin(position))
        }
        Fault::NeedsMap => format!("needs a map of channels, height and width, but {}", input()),
        Fault::NeedsVector => format!("needs a vector, but {}", input()),
        Fault::Channels(wanted) => {
            format!("expects {wanted} {}, but {}", inputs.unit(), input())
        }
        Fault::Groups => "its input and output channels do not divide into its groups".to_owned(),
        Fault::Zero(key) => format!("its {key} is 0"),
        Fault::KernelTooLarge => format!("its kernel is larger than the padded input: {}", input()),
        Fault::PoolPadding => "its padding is more than half its kernel".to_owned(),
        Fault::Shrinks(channels) => format!("expands to {channels} channels, but {}", input()),
        Fault::FlattenRange { start_dim, end_dim, dimensions } => format!(
            "flattens dimensions {start_dim} to {end_dim}, but with the batch its input has \
             {dimensions}: {}",
            input()
        ),
        Fault::FlattenPart { start_dim, end_dim } => format!(
            "flattening dimensions {start_dim} to {end_dim} leaves neither a map nor a vector: {}",
            input()
        ),
        Fault::Unequal(position) => {
            format!("sums unequal shapes: {}, and {}", input(), inputs.described(position))
        }
        Fault::NoElements(shape) => format!("its output of {shape} has no elements: {}", input()),
        Fault::Limit(limit) => limit_words(limit, inputs),
    }
}

/// What there is too much of.
fn limit_words(limit: Limit, inputs: &Inputs<'_>) -> String {
    let input = inputs.described(0);
    match limit {
        Limit::Parameter(key, value) => format!("its {key} of {value} is above {MAX_PARAMETER}"),
        Limit::Padded => {
            format!("padded, its input has more than {MAX_ELEMENTS} elements: {input}")
        }
        Limit::Elements(shape) => {
            format!("its output of {shape} has more than {MAX_ELEMENTS} elements: {input}")
        }
        Limit::Weights => format!("it has more than {MAX_ELEMENTS} weights: {input}"),
    }
}

/// What to do about it.
fn hint(fault: Fault, inputs: &Inputs<'_>) -> String {
    match fault {
        Fault::InputCount if inputs.is_sum() => {
            "name the layers whose outputs are summed".to_owned()
        }
        Fault::InputCount => "name one input; element_sum takes several".to_owned(),
        Fault::Source(_) => "let a layer take only the outputs of layers before it".to_owned(),
        Fault::NeedsMap => "move it before the view or flatten layer".to_owned(),
        Fault::NeedsVector => "put a view layer before it".to_owned(),
        Fault::Channels(_) => match inputs.shape(0) {
            Some(Shape::Map { channels: count, .. } | Shape::Vector { features: count }) => {
                format!("make it {count} {} here, or correct the layer before", inputs.unit())
            }
            None => "correct the layer before".to_owned(),
        },
        Fault::Groups => "choose groups that divide in_channels and out_channels".to_owned(),
        Fault::Zero(key) => format!("set {key} to 1 or more"),
        Fault::KernelTooLarge => "use a smaller kernel, more padding or a larger input".to_owned(),
        Fault::PoolPadding => "use a padding of at most kernel_size / 2".to_owned(),
        Fault::Shrinks(_) => "set max_channels to the channels of its input or more".to_owned(),
        Fault::FlattenRange { .. } | Fault::FlattenPart { .. } => {
            "set start_dim to 1 and end_dim to -1".to_owned()
        }
        Fault::Unequal(_) => "let all inputs have the same channels, height and width".to_owned(),
        Fault::NoElements(Shape::Map { channels: 0, .. } | Shape::Vector { .. }) => {
            format!("set its {} to 1 or more", inputs.unit())
        }
        Fault::NoElements(Shape::Map { .. }) => {
            "start from a larger input, or pool and stride less before this layer".to_owned()
        }
        Fault::Limit(_) => "use a smaller layer or input".to_owned(),
    }
}
