//! Shape inference, by the rules of the common training framework.

use crate::error::{NetworkError, NetworkErrorCode, NetworkErrors};
use crate::fault::{self, Fault, Limit};
use crate::layer::{Convolution, Layer, Network, Operation, Pooling, Shape, Source};
use crate::validate::{MAX_ELEMENTS, MAX_PARAMETER};

/// A network with the output shape of every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapedNetwork<'a> {
    /// The network.
    pub network: &'a Network,
    /// Output shape of each layer.
    pub outputs: Vec<Shape>,
}

impl<'a> ShapedNetwork<'a> {
    /// Infers the shapes and checks the precision of that network.
    ///
    /// # Errors
    /// All problems of [`Network::validate`].
    pub fn new(network: &'a Network) -> Result<Self, NetworkErrors> {
        match (network.check_precision(), network.shapes()) {
            (Ok(()), Ok(outputs)) => Ok(Self { network, outputs }),
            (Err(errors), Ok(_)) | (Ok(()), Err(errors)) => Err(errors),
            (Err(precision), Err(shapes)) => Err(precision.merged(shapes)),
        }
    }

    /// Shape of the first input of that layer (all inputs of a sum have the same); of the
    /// network's output for an index past the last layer.
    #[must_use]
    pub fn input_of(&self, layer: usize) -> Shape {
        match self.network.layers.get(layer) {
            Some(layer) => match layer.inputs.first() {
                Some(&Source::Layer(from)) => self.output_of(from),
                Some(Source::Input) | None => self.network.input.shape,
            },
            None => self.output(),
        }
    }

    /// Shape of the output of that layer; of the network's output for an index past the last.
    #[must_use]
    pub fn output_of(&self, layer: usize) -> Shape {
        self.outputs.get(layer).copied().unwrap_or_else(|| self.output())
    }

    /// Shape of the network's output.
    #[must_use]
    pub fn output(&self) -> Shape {
        self.outputs.last().copied().unwrap_or(self.network.input.shape)
    }
}

impl Operation {
    /// Output shape for an input of that shape, by the rules of [`Network::shapes`]; `None`
    /// where it does not fit, and for [`Operation::ElementSum`], which has several inputs.
    #[must_use]
    pub fn output_of(&self, input: Shape) -> Option<Shape> {
        output_shape(self, input).ok()
    }
}

impl Network {
    /// Output shape of each layer.
    ///
    /// - Convolution: floor((in + 2·padding − kernel) / stride) + 1 a side, less 1 where
    ///   [`Convolution::drops_even_edge`]; channels as it says, which its input must match.
    /// - Pooling: the same without the last rule, padding at most half the kernel.
    /// - Fully connected: a vector of its features to a vector.
    /// - Downsample: floor(in / 2) a side. Expand: `max_channels`, not less than before.
    /// - View, flatten: one vector; a flatten that leaves three dimensions is an error.
    /// - Sum: two or more equal shapes.
    ///
    /// # Errors
    /// All layers whose own inputs are known and do not fit, or that go beyond
    /// [`MAX_ELEMENTS`] or [`MAX_PARAMETER`]; an empty network.
    pub fn shapes(&self) -> Result<Vec<Shape>, NetworkErrors> {
        if self.layers.is_empty() || bounded(self.input.shape).is_err() {
            return Err(diagnose(self));
        }
        let mut outputs = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let shape = infer(layer, |source| match source {
                Source::Input => Some(self.input.shape),
                Source::Layer(from) => outputs.get(from).copied(),
            });
            match shape {
                Ok(shape) => outputs.push(shape),
                Err(_) => return Err(diagnose(self)),
            }
        }
        Ok(outputs)
    }
}

/// Every problem of a network that has one: the slow way through it, with texts.
#[cold]
fn diagnose(network: &Network) -> NetworkErrors {
    let mut problems = Vec::new();
    if let Err(fault) = bounded(network.input.shape) {
        problems.push(fault::of_input(network.input.shape, fault));
    }
    let mut outputs: Vec<Option<Shape>> = Vec::with_capacity(network.layers.len());
    for (index, layer) in network.layers.iter().enumerate() {
        let known = |source: Source| match source {
            Source::Input => Some(Some(network.input.shape)),
            Source::Layer(from) => outputs.get(from).copied(),
        };
        // A layer behind a faulty one says nothing new.
        if layer.inputs.iter().any(|&source| known(source) == Some(None)) {
            outputs.push(None);
            continue;
        }
        let lookup = |source| known(source).flatten();
        let output = infer(layer, lookup);
        if let Err(fault) = output {
            problems.push(fault::of_layer(network, index, fault, &lookup));
        }
        outputs.push(output.ok());
    }
    NetworkErrors::from_list(problems).unwrap_or_else(|| {
        NetworkError::new(NetworkErrorCode::Empty, "the network has no layers")
            .with_hint("add at least one layer")
            .into()
    })
}

/// Output shape of a layer from the shapes of what it takes.
fn infer(layer: &Layer, lookup: impl Fn(Source) -> Option<Shape>) -> Result<Shape, Fault> {
    if let Operation::ElementSum = layer.operation {
        return sum(&layer.inputs, lookup);
    }
    let &[source] = layer.inputs.as_slice() else {
        return Err(Fault::InputCount);
    };
    output_shape(&layer.operation, lookup(source).ok_or(Fault::Source(0))?)
}

fn sum(inputs: &[Source], lookup: impl Fn(Source) -> Option<Shape>) -> Result<Shape, Fault> {
    let [first, others @ ..] = inputs else {
        return Err(Fault::InputCount);
    };
    if others.is_empty() {
        return Err(Fault::InputCount);
    }
    let shape = lookup(*first).ok_or(Fault::Source(0))?;
    for (position, &source) in (1..).zip(others) {
        if lookup(source).ok_or(Fault::Source(position))? != shape {
            return Err(Fault::Unequal(position));
        }
    }
    Ok(shape)
}

/// Output shape of an operation with one input.
pub(crate) fn output_shape(operation: &Operation, input: Shape) -> Result<Shape, Fault> {
    match *operation {
        Operation::Convolution(ref conv) => convolution(conv, input),
        Operation::FullyConnected { in_features, out_features } => {
            fully_connected(in_features, out_features, input)
        }
        Operation::BatchNorm { features } => match input {
            Shape::Map { channels: found, .. } | Shape::Vector { features: found } => {
                if found == features { Ok(input) } else { Err(Fault::Channels(features)) }
            }
        },
        Operation::Relu | Operation::HardTanh | Operation::Dropout => Ok(input),
        Operation::View => Ok(Shape::Vector { features: input.elements() }),
        Operation::Flatten { start_dim, end_dim } => flatten(start_dim, end_dim, input),
        Operation::Pooling(ref pool) => pooling(pool, input),
        Operation::AdaptiveAveragePooling { output_size: (height, width) } => {
            let (channels, _, _) = map(input)?;
            bounded(Shape::Map { channels, height, width })
        }
        Operation::ElementSum => Err(Fault::InputCount),
        Operation::Expand { max_channels } => {
            let (channels, height, width) = map(input)?;
            if max_channels < channels {
                return Err(Fault::Shrinks(max_channels));
            }
            bounded(Shape::Map { channels: max_channels, height, width })
        }
        Operation::Downsample => {
            let (channels, height, width) = map(input)?;
            bounded(Shape::Map { channels, height: height / 2, width: width / 2 })
        }
    }
}

fn map(input: Shape) -> Result<(usize, usize, usize), Fault> {
    match input {
        Shape::Map { channels, height, width } => Ok((channels, height, width)),
        Shape::Vector { .. } => Err(Fault::NeedsMap),
    }
}

/// A shape that has elements and not too many.
fn bounded(shape: Shape) -> Result<Shape, Fault> {
    let elements = match shape {
        Shape::Map { channels, height, width } => {
            channels.checked_mul(height).and_then(|plane| plane.checked_mul(width))
        }
        Shape::Vector { features } => Some(features),
    };
    match elements {
        Some(0) => Err(Fault::NoElements(shape)),
        Some(elements) if elements <= MAX_ELEMENTS => Ok(shape),
        Some(_) | None => Err(Fault::Limit(Limit::Elements(shape))),
    }
}

/// Side, stride and padding of a window.
#[derive(Clone, Copy)]
struct Window {
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Window {
    fn check(self) -> Result<(), Fault> {
        if self.kernel == 0 {
            return Err(Fault::Zero("kernel_size"));
        }
        if self.stride == 0 {
            return Err(Fault::Zero("stride"));
        }
        if self.stride > MAX_PARAMETER {
            return Err(Fault::Limit(Limit::Parameter("stride", self.stride)));
        }
        if self.padding > MAX_PARAMETER {
            return Err(Fault::Limit(Limit::Parameter("padding", self.padding)));
        }
        Ok(())
    }

    /// Positions along a side.
    fn positions(self, side: usize) -> Result<usize, Fault> {
        let room = self
            .padding
            .checked_mul(2)
            .and_then(|padding| padding.checked_add(side))
            .and_then(|padded| padded.checked_sub(self.kernel))
            .ok_or(Fault::KernelTooLarge)?;
        let steps = if self.stride == 1 { Some(room) } else { room.checked_div(self.stride) };
        Ok(steps.ok_or(Fault::Zero("stride"))?.saturating_add(1))
    }

    /// Positions along both sides, once it is sure that the padded input is not absurd.
    fn positions_of(self, input: (usize, usize, usize)) -> Result<(usize, usize), Fault> {
        let (channels, height, width) = input;
        self.check()?;
        let rows = self.positions(height)?;
        let columns = if height == width { rows } else { self.positions(width)? };
        if self.padding > 0 {
            // `check` bounds the padding, `bounded` the sides.
            let margin = self.padding.saturating_mul(2);
            let (height, width) = (height.saturating_add(margin), width.saturating_add(margin));
            bounded(Shape::Map { channels, height, width })
                .map_err(|_| Fault::Limit(Limit::Padded))?;
        }
        Ok((rows, columns))
    }
}

fn convolution(conv: &Convolution, input: Shape) -> Result<Shape, Fault> {
    let sides = map(input)?;
    if sides.0 != conv.in_channels {
        return Err(Fault::Channels(conv.in_channels));
    }
    let in_of_group = match conv.groups {
        0 => return Err(Fault::Zero("groups")),
        1 => conv.in_channels,
        groups => {
            let uneven = |channels: usize| channels.checked_rem(groups) != Some(0);
            if uneven(conv.in_channels) || uneven(conv.out_channels) {
                return Err(Fault::Groups);
            }
            conv.in_channels.checked_div(groups).ok_or(Fault::Groups)?
        }
    };
    let window = Window { kernel: conv.kernel_size, stride: conv.stride, padding: conv.padding };
    let (mut height, mut width) = window.positions_of(sides)?;
    if conv.drops_even_edge() {
        height = height.saturating_sub(1);
        width = width.saturating_sub(1);
    }
    weights(&[conv.kernel_size, conv.kernel_size, in_of_group, conv.out_channels])?;
    bounded(Shape::Map { channels: conv.out_channels, height, width })
}

fn fully_connected(in_features: usize, out_features: usize, input: Shape) -> Result<Shape, Fault> {
    match input {
        Shape::Map { .. } => Err(Fault::NeedsVector),
        Shape::Vector { features } if features == in_features => {
            weights(&[in_features, out_features])?;
            bounded(Shape::Vector { features: out_features })
        }
        Shape::Vector { .. } => Err(Fault::Channels(in_features)),
    }
}

fn weights(factors: &[usize]) -> Result<(), Fault> {
    let count = factors.iter().try_fold(1_usize, |count, &factor| count.checked_mul(factor));
    match count {
        Some(count) if count <= MAX_ELEMENTS => Ok(()),
        Some(_) | None => Err(Fault::Limit(Limit::Weights)),
    }
}

fn pooling(pool: &Pooling, input: Shape) -> Result<Shape, Fault> {
    let sides = map(input)?;
    if pool.padding > pool.kernel_size / 2 {
        return Err(Fault::PoolPadding);
    }
    let window = Window { kernel: pool.kernel_size, stride: pool.stride, padding: pool.padding };
    let (height, width) = window.positions_of(sides)?;
    bounded(Shape::Map { channels: sides.0, height, width })
}

fn flatten(start_dim: i64, end_dim: i64, input: Shape) -> Result<Shape, Fault> {
    let dimensions = match input {
        Shape::Map { .. } => 4,
        Shape::Vector { .. } => 2,
    };
    let absolute = |dim: i64| {
        let from_front = if dim < 0 { dim.checked_add(dimensions)? } else { dim };
        (0..dimensions).contains(&from_front).then_some(from_front)
    };
    let (Some(start), Some(end)) = (absolute(start_dim), absolute(end_dim)) else {
        return Err(Fault::FlattenRange { start_dim, end_dim, dimensions });
    };
    if start == end {
        return Ok(input);
    }
    // Only 1..=3 of a map keeps the batch and leaves a vector.
    if start == 1 && end == dimensions - 1 {
        return Ok(Shape::Vector { features: input.elements() });
    }
    Err(Fault::FlattenPart { start_dim, end_dim })
}
