//! Node by node.

use std::sync::Arc;

use pimnas_network::{Operation, Source};

use super::activation::{Activation, Known, Zeros};
use super::affine::Affine;
use super::emit::Converter;
use super::error::{Refusal, refuse};
use super::{arithmetic, convolution, pool};
use crate::graph::{
    Axes, CastTo, Edge, Node, Op, Reduction, Trouble, Unary, axes_list, axes_of, compute, reshaped,
};
use crate::tensor::Tensor;

const REPLACE: &str = "crossbars have no layer for it: replace it before exporting, or cut the \
                       network before it";
const PLAIN: &str = "flatten a map whole, keeping the batch in front";

impl Converter<'_> {
    /// What a node gives.
    pub fn node(&mut self, node: &Node) -> Result<Known, Refusal> {
        if let Some(constant) = self.computed(node)? {
            return Ok(constant);
        }
        let activation = match &node.op {
            Op::Identity | Op::Dropout | Op::Cast(CastTo::F32) => self.derived(node, 0)?,
            Op::Unary(Unary::Relu) => {
                let activation = self.derived(node, 0)?;
                arithmetic::bounded(self, activation, (Some(0.0), None))?
            }
            Op::Clip { low, high } => self.clip(node, (*low, *high))?,
            &Op::Binary { binary, axis } => {
                return arithmetic::binary(self, node, (binary, axis));
            }
            Op::Conv { window, groups } => convolution::convolution(self, node, (window, *groups))?,
            Op::MaxPoolIndices { .. } => {
                return refuse("it gives the places of its maxima", REPLACE);
            }
            Op::Pool { window, reduction } => pool::pool(self, node, (window, *reduction))?,
            Op::GlobalPool(reduction) => pool::global(self, node, *reduction)?,
            Op::Mean { axes, keep } => self.mean(node, axes, *keep)?,
            Op::Gemm { .. } => convolution::gemm(self, node)?,
            Op::MatMul => convolution::matmul(self, node)?,
            Op::BatchNorm { epsilon } => self.batch_norm(node, *epsilon)?,
            Op::Softmax { .. } => self.softmax(node)?,
            Op::Flatten { .. } | Op::Reshape { .. } | Op::Squeeze(_) | Op::Unsqueeze(_) => {
                self.reshape(node)?
            }
            Op::Transpose { order } => self.transpose(node, order)?,
            Op::Pad { edge, stated } => self.pad(node, (*edge, stated.as_ref()))?,
            Op::Concat { .. } => {
                return refuse("it joins activations along a dimension", REPLACE);
            }
            Op::Quantise { .. } | Op::Dequantise { .. } => self.quantiser(node)?,
            Op::Quant { .. } => {
                let hint = "export the network before its quantisation: activations are quantised \
                            by calibration here";
                return refuse("it quantises an activation", hint);
            }
            Op::Unary(_)
            | Op::LocalResponse { .. }
            | Op::Slice { .. }
            | Op::Gather { .. }
            | Op::Shape { .. }
            | Op::Cast(_)
            | Op::Constant { .. }
            | Op::ConstantOfShape { .. } => return refuse("no layer computes it", REPLACE),
        };
        Ok(Known::Activation(activation))
    }

    /// What a node gives whose inputs are constants, and the dimensions of activations.
    fn computed(&mut self, node: &Node) -> Result<Option<Known>, Refusal> {
        let hint = "export the network again";
        if let (Op::Shape { start, end }, Some((_, Known::Activation(activation)))) =
            (&node.op, self.given(node, 0))
        {
            let dims: Vec<i64> = activation.dims.iter().map(|&dim| dim as i64).collect();
            let bound = |at: i64| {
                let from_front = if at < 0 { at.saturating_add(dims.len() as i64) } else { at };
                from_front.clamp(0, dims.len() as i64) as usize
            };
            let range = bound(*start)..end.map_or(dims.len(), bound).max(bound(*start));
            let dims = dims.get(range).unwrap_or_default().to_vec();
            return Ok(Some(Known::Constant(Arc::new(Tensor::integers(dims)))));
        }
        let mut inputs: Vec<Option<&Tensor>> = Vec::with_capacity(node.inputs.len());
        for position in 0..node.inputs.len() {
            inputs.push(match self.given(node, position) {
                Some((_, Known::Constant(tensor))) => Some(tensor.as_ref()),
                Some((_, Known::Activation(_) | Known::Refused)) => return Ok(None),
                None => None,
            });
        }
        match compute(&node.op, &inputs, self.left) {
            Ok(outputs) => match outputs.into_iter().next() {
                Some(tensor) => {
                    self.left = self.left.saturating_sub(tensor.len());
                    Ok(Some(Known::Constant(Arc::new(tensor))))
                }
                None => refuse("it gives nothing", hint),
            },
            Err(trouble) => refuse(described(&trouble), hint),
        }
    }

    /// The activation at that position, for something more to be done to it. What several nodes
    /// read is applied before, so that they share the layers.
    pub fn derived(&mut self, node: &Node, position: usize) -> Result<Activation, Refusal> {
        let (value, activation) = self.activation(node, position)?;
        let shared = self.readers.get(value).is_some_and(|&count| count > 1);
        if !shared || activation.zeros.is_some() {
            return Ok(activation);
        }
        let mut applied = self.applied(value)?;
        applied.weighted = None;
        Ok(applied)
    }

    /// The activation at that position, as a layer can read it.
    pub fn ready(&mut self, node: &Node, position: usize) -> Result<Activation, Refusal> {
        let (value, _) = self.activation(node, position)?;
        self.applied(value)
    }

    /// Codes of an activation, or numbers of codes: activations are quantised by calibration here.
    fn quantiser(&mut self, node: &Node) -> Result<Activation, Refusal> {
        const NOTE: &str = "its quantisers of activations are left out: calibrate it here";
        if !self.notes.iter().any(|note| note == NOTE) {
            self.notes.push(NOTE.to_owned());
        }
        self.derived(node, 0)
    }

    /// Whether the only reader of a node's output is a quantiser, whose range the node bounds.
    fn is_before_quantiser(&self, node: &Node) -> bool {
        let Some(&Some(output)) = node.outputs.first() else { return false };
        let reads = |other: &&Node| other.inputs.contains(&Some(output));
        let mut readers = self.graph.nodes.iter().filter(reads);
        self.readers.get(output) == Some(&1)
            && readers.next().is_some_and(|reader| matches!(reader.op, Op::Quantise { .. }))
    }

    fn clip(
        &mut self,
        node: &Node,
        (low, high): (Option<f32>, Option<f32>),
    ) -> Result<Activation, Refusal> {
        if self.is_before_quantiser(node) {
            return self.derived(node, 0);
        }
        let bound = |position: usize, stated: Option<f32>| -> Result<Option<f32>, Refusal> {
            if self.given(node, position).is_none() {
                return Ok(stated);
            }
            match self.constant(node, position)?.to_f32().as_slice() {
                &[bound] => Ok(Some(bound)),
                _ => refuse("a bound is not one number", "give one bound for all channels"),
            }
        };
        // Exporters write the largest float where there is no bound.
        let real = |bound: &f32| bound.abs() < f32::MAX;
        let bounds = (bound(1, low)?.filter(real), bound(2, high)?.filter(real));
        let activation = self.derived(node, 0)?;
        arithmetic::bounded(self, activation, bounds)
    }

    fn batch_norm(&mut self, node: &Node, epsilon: f32) -> Result<Activation, Refusal> {
        let activation = self.derived(node, 0)?;
        let channels = activation.channels();
        let hint = "give each channel a scale, a shift, a mean and a variance";
        let vector = |position: usize| -> Result<Vec<f64>, Refusal> {
            let (_, values) = self.floats(node, position)?;
            if values.len() != channels {
                let why = format!("{} values are given for {channels} channels", values.len());
                return refuse(why, hint);
            }
            Ok(values.into_iter().map(f64::from).collect())
        };
        let (scale, shift, mean, variance) = (vector(1)?, vector(2)?, vector(3)?, vector(4)?);
        let deviations = variance.iter().map(|variance| (variance + f64::from(epsilon)).sqrt());
        let factors: Vec<f64> = scale.iter().zip(deviations).map(|(s, d)| s / d).collect();
        if factors.iter().any(|factor| !factor.is_finite()) {
            return refuse("a variance is not positive", hint);
        }
        let shifts = shift.iter().zip(&mean).zip(&factors);
        let summands = shifts.map(|((shift, mean), factor)| shift - mean * factor).collect();
        arithmetic::affine(self, activation, &Affine { factors, summands })
    }

    /// At the end of a network it changes no order of the outputs and is left out.
    fn softmax(&mut self, node: &Node) -> Result<Activation, Refusal> {
        let output = node.outputs.first().copied().flatten();
        let activation = self.derived(node, 0)?;
        if output != self.graph.outputs.first().copied() {
            return refuse("it is not the network's last node", REPLACE);
        }
        self.note("left out: outputs are those before the softmax, in the same order");
        Ok(activation)
    }

    fn mean(&mut self, node: &Node, axes: &Axes, keep: bool) -> Result<Activation, Refusal> {
        let second = match self.given(node, 1) {
            Some(_) => Some(self.constant(node, 1)?),
            None => None,
        };
        let (_, activation) = self.activation(node, 0)?;
        let axes = axes_list(axes, &[None, second.as_deref()])
            .and_then(|axes| axes_of(&axes.unwrap_or_default(), activation.dims.len()));
        let mut axes = axes.or_else(|trouble| refuse(described(&trouble), PLAIN))?;
        axes.sort_unstable();
        if axes != [2, 3] || activation.dims.len() != 4 {
            let hint = "take the mean over rows and columns of a map";
            return refuse(format!("its mean is over dimensions {axes:?}"), hint);
        }
        let pooled = pool::global(self, node, Reduction::MeanInside)?;
        if keep {
            return Ok(pooled);
        }
        let dims = pooled.dims.get(..2).unwrap_or_default().to_vec();
        self.redimensioned(pooled, dims)
    }

    fn reshape(&mut self, node: &Node) -> Result<Activation, Refusal> {
        let second = match self.given(node, 1) {
            Some(_) => Some(self.constant(node, 1)?),
            None => None,
        };
        let activation = self.derived(node, 0)?;
        let dims = reshaped(&node.op, &activation.dims, &[None, second.as_deref()]);
        let dims = dims.or_else(|trouble| refuse(described(&trouble), PLAIN))?;
        self.redimensioned(activation, dims)
    }

    /// A transposition that only moves dimensions of one.
    fn transpose(&mut self, node: &Node, order: &[usize]) -> Result<Activation, Refusal> {
        let activation = self.derived(node, 0)?;
        let rank = activation.dims.len();
        let order: Vec<usize> =
            if order.is_empty() { (0..rank).rev().collect() } else { order.to_vec() };
        let dim = |axis: &usize| activation.dims.get(*axis).copied().unwrap_or(1);
        let dims: Vec<usize> = order.iter().map(dim).collect();
        let moved: Vec<usize> = order.iter().copied().filter(|axis| dim(axis) != 1).collect();
        if order.len() != rank || !moved.is_sorted() {
            let hint = "export the network with channels before rows and columns, and flatten \
                        without a transposition";
            return refuse("it changes the order of an activation's values", hint);
        }
        self.redimensioned(activation, dims)
    }

    /// The same values in other dimensions.
    fn redimensioned(
        &mut self,
        activation: Activation,
        dims: Vec<usize>,
    ) -> Result<Activation, Refusal> {
        if dims == activation.dims {
            return Ok(activation);
        }
        if dims.first() != activation.dims.first() {
            let why = format!("it moves values of {:?} to {dims:?}, across items", activation.dims);
            return refuse(why, PLAIN);
        }
        if activation.zeros.is_some() {
            return refuse("it reads zero padding that no convolution takes", "pad later");
        }
        let was_map = activation.dims.len() > 2;
        if !was_map || dims.len() != 2 {
            let why =
                format!("it gives an activation of {:?} the dimensions {dims:?}", activation.dims);
            return refuse(why, PLAIN);
        }
        let applied = self.without_zeros(activation)?;
        let layer = self.push(Operation::View, vec![applied.source]);
        Ok(Activation::of(Source::Layer(layer), dims))
    }

    /// Zeros around a map, which the next convolution takes.
    fn pad(
        &mut self,
        node: &Node,
        (edge, stated): (Edge, Option<&(Vec<i64>, f32)>),
    ) -> Result<Activation, Refusal> {
        let hint = "pad rows and columns with zeros only";
        match edge {
            Edge::Constant => {}
            Edge::Repeat => return refuse("it pads with the values at the edge", hint),
            Edge::Reflect => return refuse("it pads with reflected values", hint),
        }
        let (pads, value) = match stated {
            Some((pads, value)) => (pads.clone(), *value),
            None => {
                let pads = self.constant(node, 1)?.data().to_i64().unwrap_or_default();
                let value = match self.given(node, 2) {
                    Some(_) => self.constant(node, 2)?.to_f32().first().copied(),
                    None => None,
                };
                (pads, value.unwrap_or(0.0))
            }
        };
        let mut activation = self.derived(node, 0)?;
        let sizes: Result<Vec<usize>, _> = pads.iter().map(|&pad| usize::try_from(pad)).collect();
        if let (Ok(&[0, 0, 0, 0, 0, more, 0, 0]), true, false) =
            (sizes.as_deref(), value == 0.0, self.given(node, 3).is_some())
            && more > 0
        {
            return self.expanded(node, more);
        }
        let (Ok(&[0, 0, top, left, 0, 0, bottom, right]), true, false) =
            (sizes.as_deref(), value == 0.0, self.given(node, 3).is_some())
        else {
            return refuse(format!("its pads are {pads:?} with {value}"), hint);
        };
        if (top, left, bottom, right) == (0, 0, 0, 0) {
            return Ok(activation);
        }
        let &[items, channels, height, width] = activation.dims.as_slice() else {
            return refuse("it does not pad a map", hint);
        };
        let zeros = Zeros { before: (top, left), after: (bottom, right) };
        if activation.zeros.replace(zeros).is_some() {
            return refuse("it pads zero padding", hint);
        }
        let side = |size: usize, (before, after): (usize, usize)| {
            size.saturating_add(before).saturating_add(after)
        };
        activation.dims =
            vec![items, channels, side(height, (top, bottom)), side(width, (left, right))];
        Ok(activation)
    }
}

impl Converter<'_> {
    /// Channels of zeros behind those of a map.
    fn expanded(&mut self, node: &Node, more: usize) -> Result<Activation, Refusal> {
        let activation = self.ready(node, 0)?;
        let mut dims = activation.dims;
        if dims.len() != 4 {
            return refuse("it does not pad a map", "pad channels of maps only");
        }
        let max_channels = dims.get(1).copied().unwrap_or(1).saturating_add(more);
        if let Some(channels) = dims.get_mut(1) {
            *channels = max_channels;
        }
        let layer = self.push(Operation::Expand { max_channels }, vec![activation.source]);
        Ok(Activation::of(Source::Layer(layer), dims))
    }
}

/// Trouble with a node, in words.
pub(super) fn described(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Shape(why) => why.clone(),
        Trouble::Type(found) => format!("it does not take numbers of type {found}"),
        Trouble::TooLarge(dims) => format!("a tensor of {dims:?} is too large"),
        Trouble::Unsupported(why) => format!("{why} is not supported"),
    }
}
