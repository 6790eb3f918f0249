//! From a network, its weights and options to steps that can be run.

use pimnas_config::hardware::Subtraction;
use pimnas_network::{Layer, Operation, Pooling, Shape, ShapedNetwork, Source};

use crate::bind::{Bound, BoundLayer, Edges, Need, Scales, Step as Precision, Weights, bind};
use crate::crossbar::geometry::Geometry;
use crate::crossbar::layer::{CrossbarLayer, LayerSettings, Meeting, Sign};
use crate::dense::{DenseLayer, DenseSettings};
use crate::error::InferError;
use crate::kernel::Isa;
use crate::options::{Fusion, InferenceOptions, Mode};
use crate::parameters::Parameters;
use crate::quantise::{dynamic_scale, quantise};
use crate::quirk::InferenceQuirk;
use crate::stage::Stage;
use crate::trace::Traces;

/// What a step computes before its stages.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Crossbar(Box<CrossbarLayer>),
    Dense(Box<DenseLayer>),
    Pool(Pooling),
    AdaptiveMean,
    Expand,
    Sum,
    /// Nothing: the input as it is, perhaps in another shape.
    Keep,
}

/// One step: an operation, then element-wise stages, then perhaps another shape.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub op: Op,
    /// Inputs: the network's, or earlier steps' outputs.
    pub inputs: Vec<Source>,
    pub stages: Vec<Stage>,
    /// Shape of the (first) input.
    pub from: Shape,
    /// Shape of what the operation gives.
    pub computed: Shape,
    /// Shape of the output.
    pub shape: Shape,
    /// The layer of its operation.
    pub operation: usize,
    /// The last layer that the step computes.
    pub layer: usize,
}

/// Compiles every layer.
pub(crate) fn compile(
    shaped: &ShapedNetwork<'_>,
    parameters: &Parameters,
    options: &InferenceOptions,
) -> Result<Vec<Step>, InferError> {
    let need = match options.mode {
        Mode::Float => Need::NoScales,
        Mode::FixedPoint => Need::Scales,
        Mode::Crossbar(_) => {
            options.hardware.check()?;
            Need::Scales
        }
    };
    let bound = bind(shaped, parameters, need)?;
    let traces = Traces::new(shaped, &bound);
    let compiler = Compiler {
        shaped,
        bound: &bound,
        traces: &traces,
        options,
        isa: options.kernels.resolve()?,
    };
    let mut steps: Vec<Step> = Vec::new();
    // The step that has each layer's output.
    let mut places: Vec<usize> = Vec::new();
    for index in 0..shaped.network.layers.len() {
        let mut step = compiler.step(index)?;
        for input in &mut step.inputs {
            if let Source::Layer(layer) = input {
                *layer = places[*layer];
            }
        }
        match fuse(&mut steps, step, compiler.may_fuse(index)) {
            Some(step) => {
                places.push(steps.len());
                steps.push(step);
            }
            None => places.push(steps.len().saturating_sub(1)),
        }
    }
    Ok(steps)
}

/// Joins a step without an operation to the step before it, if that is its only input; gives it
/// back otherwise.
fn fuse(steps: &mut [Step], step: Step, may: bool) -> Option<Step> {
    let last = steps.len().checked_sub(1);
    let (Op::Keep, true, Some(last)) = (&step.op, may, last) else { return Some(step) };
    if step.inputs != [Source::Layer(last)] {
        return Some(step);
    }
    // Stages come before the new shape, whose features may be more than the channels.
    let moved = channels(steps[last].computed) != channels(steps[last].shape);
    if moved && step.stages.iter().any(Stage::is_by_channel) {
        return Some(step);
    }
    steps[last].stages.extend(step.stages);
    steps[last].shape = step.shape;
    steps[last].layer = step.layer;
    None
}

/// Channels of a map, features of a vector.
fn channels(shape: Shape) -> usize {
    match shape {
        Shape::Map { channels, .. } => channels,
        Shape::Vector { features } => features,
    }
}

struct Compiler<'a> {
    shaped: &'a ShapedNetwork<'a>,
    bound: &'a [BoundLayer],
    traces: &'a Traces,
    options: &'a InferenceOptions,
    isa: Isa,
}

impl Compiler<'_> {
    fn layer(&self, index: usize) -> &Layer {
        &self.shaped.network.layers[index]
    }

    /// Whether nothing else reads the output of the layer before this one.
    fn may_fuse(&self, index: usize) -> bool {
        let Some(previous) = index.checked_sub(1) else { return false };
        let readers = self.shaped.network.layers.iter().flat_map(|layer| &layer.inputs);
        let count = readers.filter(|&&source| source == Source::Layer(previous)).count();
        self.options.fusion == Fusion::Fused && count == 1
    }

    fn step(&self, index: usize) -> Result<Step, InferError> {
        let layer = self.layer(index);
        let bound = &self.bound[index];
        let (from, shape) = (self.shaped.input_of(index), self.shaped.output_of(index));
        let mut stages = Vec::new();
        let op = match (layer.operation, &bound.parameters) {
            (
                Operation::Convolution(_) | Operation::FullyConnected { .. },
                Bound::Weights(weights),
            ) => self.weighted(index, weights, &mut stages)?,
            (Operation::BatchNorm { .. }, Bound::Norm(norm)) => {
                stages.push(Stage::affine(norm));
                Op::Keep
            }
            (Operation::Relu, _) => {
                stages.push(Stage::Relu);
                Op::Keep
            }
            (Operation::HardTanh, _) => {
                stages.push(Stage::HardTanh);
                Op::Keep
            }
            (Operation::Pooling(pooling), _) => Op::Pool(pooling),
            (Operation::AdaptiveAveragePooling { .. } | Operation::Downsample, _) => {
                Op::AdaptiveMean
            }
            (Operation::ElementSum, _) => Op::Sum,
            (Operation::Expand { .. }, _) => Op::Expand,
            (
                Operation::View | Operation::Flatten { .. } | Operation::Dropout,
                Bound::Nothing | Bound::Norm(_) | Bound::Weights(_),
            )
            | (
                Operation::Convolution(_)
                | Operation::FullyConnected { .. }
                | Operation::BatchNorm { .. },
                Bound::Nothing | Bound::Norm(_) | Bound::Weights(_),
            ) => Op::Keep,
        };
        if let (Some(scale), true) = (bound.requantised, self.options.mode != Mode::Float) {
            stages.push(Stage::quantise(layer.activation_bits, scale));
        }
        // An operation gives its layer's own shape; a step without one keeps what it reads.
        let computed = if matches!(op, Op::Keep) { from } else { shape };
        let inputs = layer.inputs.clone();
        Ok(Step { op, inputs, stages, from, computed, shape, operation: index, layer: index })
    }

    /// A layer with weights.
    fn weighted(
        &self,
        index: usize,
        weights: &Weights,
        stages: &mut Vec<Stage>,
    ) -> Result<Op, InferError> {
        let layer = self.layer(index);
        let shapes = (self.shaped.input_of(index), self.shaped.output_of(index));
        let (geometry, groups, outputs) = match layer.operation {
            Operation::Convolution(conv) => {
                let geometry = Geometry::convolution(&conv, shapes);
                (geometry, conv.groups, conv.out_channels / conv.groups)
            }
            _ => (Geometry::fully_connected(shapes.0.elements()), 1, shapes.1.elements()),
        };
        let values = weights.values.clone();
        let starts = geometry.starts(groups, &self.edges(weights, groups));
        let isa = self.isa;
        let mut dense = DenseSettings { geometry, starts, groups, outputs, weights: values, isa };
        let range = match (self.options.mode, weights.scales) {
            (Mode::Float, _) | (Mode::FixedPoint | Mode::Crossbar(_), None) => {
                return Ok(Op::Dense(Box::new(DenseLayer::new(dense))));
            }
            (Mode::FixedPoint, Some(scales)) => {
                if layer.scales.is_none() {
                    self.quantise_weights(layer, groups, &mut dense.weights);
                }
                stages.push(Stage::quantise(layer.activation_bits, scales.output));
                return Ok(Op::Dense(Box::new(DenseLayer::new(dense))));
            }
            (Mode::Crossbar(range), Some(scales)) => (range, self.precision(index, scales)),
        };
        let (range, scales) = range;
        let output_bits = if self.options.quirks.keeps(InferenceQuirk::OutputBitsFromInput) {
            scales.input.bits
        } else {
            layer.activation_bits
        };
        stages.push(Stage::output(output_bits, scales.output));
        let settings = LayerSettings {
            layer: index,
            geometry,
            starts: dense.starts,
            groups,
            outputs,
            weights: &weights.values,
            weight_bits: layer.weight_bits.unwrap_or_default(),
            point_shift: layer.point_shift,
            scales,
            sign: self.sign(layer),
            meeting: self.meeting(),
            range,
            hardware: self.options.hardware,
            isa: self.isa,
        };
        Ok(Op::Crossbar(Box::new(CrossbarLayer::new(&settings)?)))
    }

    /// What an even kernel's output loses in this arithmetic.
    fn edges(&self, weights: &Weights, groups: usize) -> Edges {
        let quirk = InferenceQuirk::FixedPointEdgeOfFirstPart;
        if self.options.mode == Mode::FixedPoint && self.options.quirks.keeps(quirk) {
            weights.edges.of_first_parts(groups)
        } else {
            weights.edges.clone()
        }
    }

    /// Trained weights are floats; fixed point quantises those of each group with their own scale.
    /// Those of candidates are quantised already.
    fn quantise_weights(&self, layer: &Layer, groups: usize, weights: &mut [f32]) {
        let size = weights.len() / groups;
        for group in weights.chunks_exact_mut(size.max(1)) {
            let scale = dynamic_scale(group);
            if scale > 0.0 {
                quantise(group, layer.weight_bits.unwrap_or_default(), scale);
            }
        }
    }

    /// The stated scales, or those that follow from the graph.
    fn precision(&self, index: usize, scales: Scales) -> Scales {
        let layer = self.layer(index);
        if self.options.quirks.keeps(InferenceQuirk::InputScaleFromLastRun)
            || layer.scales.is_some()
        {
            return scales;
        }
        let traced = layer.inputs.first().map(|&source| self.traces.of(source));
        match traced.flatten() {
            Some(trace) => {
                let step = trace.step as f32;
                Scales { input: Precision { bits: trace.bits, step }, ..scales }
            }
            None => scales,
        }
    }

    fn sign(&self, layer: &Layer) -> Sign {
        match layer.inputs.first() {
            Some(&source) if self.traces.is_non_negative(source) => Sign::NonNegative,
            Some(_) | None => Sign::Any,
        }
    }

    fn meeting(&self) -> Meeting {
        let analogue = self.options.quirks.keeps(InferenceQuirk::AnalogueSubtraction);
        match self.options.hardware.subtraction {
            Subtraction::Digital if !analogue => Meeting::Digital,
            Subtraction::Digital | Subtraction::Analog => Meeting::Analogue,
        }
    }
}
