//! The gradients of the operations on the CPU.

use std::sync::Arc;

use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_backend::tensor::FloatTensor;
use burn_flex::Flex;
use burn_flex::FlexTensor;

use super::flex::{self, contiguous, dims, floats, into_floats, map_shape, matrix, tensor};
use super::recycle::{buffer, recycle};
use super::{Map, Tail, Targets, TrainBackend, Use};
use crate::kernel::conv::{ConvGeometry, ConvOptions, MapShape, input_gradient, weight_gradient};
use crate::kernel::element::{Activation, Dropout, Pass, pointwise};
use crate::kernel::linear::product;
use crate::kernel::loss::cross_entropy;
use crate::kernel::norm::{self, Moments, Saved};
use crate::kernel::pool;
use crate::kernel::simd::fastest;

type Tracked<C> = FloatTensor<Autodiff<Flex, C>>;

#[derive(Debug)]
struct Conv2d;

impl Backward<Flex, 2> for Conv2d {
    type State = (ConvGeometry, FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [of_input, of_weight] = ops.parents;
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let (geometry, input, weight) = ops.state;
        if let Some(node) = of_weight {
            let result = weight_gradient(fastest(), &geometry, floats(&input), floats(&gradient));
            let shape = weight.layout().shape().clone();
            grads.register::<Flex>(node.id, tensor(result, shape));
        }
        if let Some(node) = of_input {
            let mut result = buffer(geometry.input.elements());
            let values = (floats(&gradient), floats(&weight));
            input_gradient(fastest(), &geometry, values.0, values.1, &mut result);
            let shape = dims(geometry.input, &input);
            grads.register::<Flex>(node.id, tensor(result, shape));
        }
        recycle(gradient);
        recycle(input);
    }
}

#[derive(Debug)]
struct Linear;

impl Backward<Flex, 2> for Linear {
    type State = (FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [of_input, of_weight] = ops.parents;
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let (input, weight) = ops.state;
        if let Some(node) = of_weight {
            let result = product(matrix(&gradient).transposed(), matrix(&input));
            grads.register::<Flex>(node.id, tensor(result, weight.layout().shape().clone()));
        }
        if let Some(node) = of_input {
            let result = product(matrix(&gradient), matrix(&weight));
            grads.register::<Flex>(node.id, tensor(result, input.layout().shape().clone()));
        }
    }
}

#[derive(Debug)]
struct Mapped;

/// What the gradient of a map needs: its input (of pooling) and output (of an activation).
#[derive(Clone, Debug)]
struct MapState {
    map: Map,
    from: MapShape,
    dims: Vec<usize>,
    input: Option<FlexTensor>,
    output: Option<FlexTensor>,
}

impl Backward<Flex, 1> for Mapped {
    type State = MapState;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [parent] = ops.parents;
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        if let Some(node) = parent {
            grads.register::<Flex>(node.id, ops.state.gradient(gradient));
        }
    }
}

impl MapState {
    fn new(map: Map, input: &FlexTensor) -> Self {
        let needs_input = matches!(map, Map::Pool(_));
        Self {
            map,
            from: map_shape(input),
            dims: input.layout().shape().as_slice().to_vec(),
            input: needs_input.then(|| input.clone()),
            output: None,
        }
    }

    /// Keeps the output where the gradient needs it.
    fn keep(&mut self, output: &FlexTensor) {
        self.output = match &self.map {
            Map::Activation(_) | Map::Affine { .. } | Map::Pool(_) => Some(output.clone()),
            Map::Quantise(_)
            | Map::AdaptiveMean { .. }
            | Map::Expand { .. }
            | Map::Dropout { .. } => None,
        };
    }

    fn gradient(self, gradient: FlexTensor) -> FlexTensor {
        let (input, kept) = (self.input, self.output);
        let output = kept.as_ref().map(floats).unwrap_or_default();
        let to = self.map.output(self.from);
        if let Some((spans, mode)) = self.map.windows(&self.from, &to) {
            let mut result = buffer(self.from.elements());
            let values = (input.as_ref().map(floats).unwrap_or_default(), output);
            let gradients = (floats(&gradient), result.as_mut_slice());
            pool::backward((&spans, mode), (&self.from, &to), values, gradients);
            [Some(gradient), input, kept].into_iter().flatten().for_each(recycle);
            return tensor(result, self.dims);
        }
        match self.map {
            Map::Quantise(_) | Map::Pool(_) | Map::AdaptiveMean { .. } => gradient,
            Map::Activation(activation) => {
                let mut values = into_floats(gradient);
                pointwise(fastest(), Pass(activation), &mut values, [output, &[]]);
                kept.into_iter().for_each(recycle);
                tensor(values, self.dims)
            }
            Map::Dropout { seed } => {
                let mut result = buffer(self.from.elements());
                pointwise(fastest(), Dropout(seed), &mut result, [floats(&gradient), &[]]);
                tensor(result, self.dims)
            }
            Map::Expand { channels } => {
                let mut result = buffer(self.from.elements());
                let to = (self.from.channels, result.as_mut_slice());
                pool::channels(floats(&gradient), channels, to);
                tensor(result, self.dims)
            }
            Map::Affine { factor, activation, .. } => {
                let mut values = into_floats(gradient);
                pointwise(fastest(), Pass(activation), &mut values, [output, &[]]);
                for row in values.chunks_exact_mut(factor.len().max(1)) {
                    row.iter_mut().zip(&*factor).for_each(|(value, factor)| *value *= factor);
                }
                tensor(values, self.dims)
            }
        }
    }
}

#[derive(Debug)]
struct Used;

impl Backward<Flex, 1> for Used {
    type State = Use;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [parent] = ops.parents;
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        if let (Some(node), Some(sum)) = (parent, ops.state.complete(gradient)) {
            grads.register::<Flex>(node.id, sum);
        }
    }
}

#[derive(Debug)]
struct Added;

impl Backward<Flex, 2> for Added {
    type State = (Activation, Option<FlexTensor>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let mut gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let (activation, output) = ops.state;
        if let Some(output) = output {
            let shape = gradient.layout().shape().clone();
            let mut values = into_floats(gradient);
            pointwise(fastest(), Pass(activation), &mut values, [floats(&output), &[]]);
            recycle(output);
            gradient = tensor(values, shape);
        }
        for node in ops.parents.into_iter().flatten() {
            grads.register::<Flex>(node.id, gradient.clone());
        }
    }
}

#[derive(Debug)]
struct Normalised;

/// What the gradient of a batch normalisation needs.
#[derive(Clone, Debug)]
struct NormState {
    input: FlexTensor,
    output: FlexTensor,
    gamma: FlexTensor,
    moments: Arc<Moments>,
    activation: Activation,
}

impl Backward<Flex, 3> for Normalised {
    type State = NormState;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [of_input, of_gamma, of_beta] = ops.parents;
        let gradient = grads.consume::<Flex>(&ops.node);
        let NormState { input, output, gamma, moments, activation } = ops.state;
        let shape = input.layout().shape().clone();
        let mut values = into_floats(gradient);
        let saved = Saved {
            input: floats(&input),
            output: floats(&output),
            gamma: floats(&gamma),
            moments: &moments,
            activation,
        };
        let (for_gamma, for_beta) = norm::backward(fastest(), saved, &mut values);
        recycle(input);
        recycle(output);
        let channels = for_gamma.len();
        for (node, result) in [(of_gamma, for_gamma), (of_beta, for_beta)] {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor(result, [channels]));
            }
        }
        if let Some(node) = of_input {
            grads.register::<Flex>(node.id, tensor(values, shape));
        }
    }
}

#[derive(Debug)]
struct Loss;

impl Backward<Flex, 1> for Loss {
    /// The gradient for a loss of weight 1.
    type State = FlexTensor;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [parent] = ops.parents;
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let weight = floats(&gradient).first().copied().unwrap_or(1.0);
        if let Some(node) = parent {
            let shape = ops.state.layout().shape().clone();
            let values = floats(&ops.state).iter().map(|&value| value * weight).collect();
            grads.register::<Flex>(node.id, tensor(values, shape));
        }
    }
}

impl<C: CheckpointStrategy> TrainBackend for Autodiff<Flex, C> {
    fn train_conv2d(input: Tracked<C>, weight: Tracked<C>, options: ConvOptions) -> Tracked<C> {
        let nodes = [input.node(), weight.node()];
        let (input, weight) =
            (contiguous(input.into_primitive()), contiguous(weight.into_primitive()));
        let geometry = flex::geometry(&input, &weight, options);
        let output = flex::conv2d(&geometry, &input, &weight);
        match Conv2d.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((geometry, input, weight), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn train_linear(input: Tracked<C>, weight: Tracked<C>) -> Tracked<C> {
        let nodes = [input.node(), weight.node()];
        let (input, weight) =
            (contiguous(input.into_primitive()), contiguous(weight.into_primitive()));
        let output = flex::linear(&input, &weight);
        match Linear.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((input, weight), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn train_map(input: Tracked<C>, map: Map) -> Tracked<C> {
        let nodes = [input.node()];
        let input = contiguous(input.into_primitive());
        match Mapped.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let mut state = MapState::new(map, &input);
                let output = flex::map_owned(input, &state.map);
                state.keep(&output);
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(flex::map_owned(input, &map)),
        }
    }

    fn train_use(input: Tracked<C>, place: Use) -> Tracked<C> {
        let nodes = [input.node()];
        let output = input.into_primitive();
        match Used.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(place, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn train_add(left: Tracked<C>, right: Tracked<C>, activation: Activation) -> Tracked<C> {
        let nodes = [left.node(), right.node()];
        let (left, right) = (contiguous(left.into_primitive()), contiguous(right.into_primitive()));
        let output = flex::add(&left, &right, activation);
        match Added.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let kept = match activation {
                    Activation::Identity => None,
                    Activation::Relu | Activation::HardTanh => Some(output.clone()),
                };
                prepared.finish((activation, kept), output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn train_norm(
        input: Tracked<C>,
        gamma: Tracked<C>,
        beta: Tracked<C>,
        tail: Tail,
    ) -> (Tracked<C>, Tracked<C>) {
        let nodes = [input.node(), gamma.node(), beta.node()];
        let [input, gamma, beta] =
            [input, gamma, beta].map(|tensor| contiguous(tensor.into_primitive()));
        let (output, moments, scale) = flex::normalised(&input, (&gamma, &beta), tail);
        let stated = Tracked::<C>::new(flex::stated(&moments, scale));
        let output = match Normalised.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let activation = tail.activation;
                let kept = output.clone();
                let state = NormState { input, output: kept, gamma, moments, activation };
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        };
        (output, stated)
    }

    fn train_loss(logits: Tracked<C>, targets: Targets) -> Tracked<C> {
        let nodes = [logits.node()];
        let logits = contiguous(logits.into_primitive());
        let (loss, gradient) = cross_entropy(floats(&logits), &targets.labels, targets.smoothing);
        let output = tensor(vec![loss], [1]);
        match Loss.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let state = tensor(gradient, logits.layout().shape().clone());
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn train_range(input: Tracked<C>) -> Tracked<C> {
        Tracked::<C>::new(flex::range(&contiguous(input.into_primitive())))
    }
}
