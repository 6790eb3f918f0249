//! From a rollout to a network.
//!
//! The layers of the template are gone through in order. One whose conditions do not hold is
//! passed through: who takes it takes its first input. `zero` and what is computed from nothing
//! but zeros is left out of sums; a sum of one is that one. What the output does not depend on
//! is left out of the network.

use pimnas_network::{
    Convolution, DEFAULT_POINT_SHIFT, Layer, Network, Operation, Pooling, PoolingMode, Shape,
    Source,
};

use super::entries::LayerKind;
use super::template::{Input, LayerTemplate};
use super::written::WrittenSpace;
use super::{Candidate, HardwareChoice, PaddingFlag, Reason, Rejection, Space};
use crate::decisions::{Expression, Value};
use crate::rollout::Rollout;

/// What a layer of the template gives.
#[derive(Clone, Copy, Debug)]
enum Given {
    /// Zeros: nothing of the input comes through.
    Zero,
    /// A layer of the network, or its input, with its shape and bits.
    Map { source: Source, shape: Shape, bits: u32 },
}

/// What a template's layer is.
enum Made {
    /// An operation of the network.
    Operation(Operation),
    /// Zeros.
    Zero,
    /// What it takes.
    Same,
}

/// The candidate of a rollout.
pub(super) fn decode(space: &WrittenSpace, rollout: &Rollout) -> Result<Candidate, Rejection> {
    let assignment = space.decisions().values(rollout);
    let mut reasons: Vec<Reason> = space
        .decisions()
        .unmet(&assignment)
        .into_iter()
        .map(|unmet| {
            let message = format!("`{}` does not hold: {}", unmet.that, unmet.because);
            Reason::new(message, "choose other values")
        })
        .collect();
    let hardware = match hardware(space, &assignment.values) {
        Ok(hardware) => hardware,
        Err(found) => {
            reasons.extend(found);
            HardwareChoice::default()
        }
    };
    let mut building = Building::new(space, assignment.values);
    for template in &space.layers {
        match building.add(template) {
            Ok(given) => building.given.push(given),
            Err(reason) => {
                reasons.push(reason);
                break;
            }
        }
    }
    if !reasons.is_empty() {
        return Err(Rejection { reasons });
    }
    let (network, padding_flags) = building.finish(&space.name)?;
    Ok(Candidate { network, padding_flags, hardware })
}

/// What a rollout decides of the hardware.
pub(super) fn decode_hardware(
    space: &WrittenSpace,
    rollout: &Rollout,
) -> Result<HardwareChoice, Rejection> {
    let assignment = space.decisions().values(rollout);
    hardware(space, &assignment.values).map_err(|reasons| Rejection { reasons })
}

fn hardware(space: &WrittenSpace, values: &[Value]) -> Result<HardwareChoice, Vec<Reason>> {
    let mut reasons = Vec::new();
    let mut number = |name: &str, expression: &Expression| {
        let value = expression.evaluate(values);
        value.as_int().unwrap_or_else(|| {
            let message = format!("the hardware decision {name} has no value");
            reasons.push(Reason::new(message, "let it depend on active decisions only"));
            0
        })
    };
    let point = space.hardware.point.as_ref().map(|point| {
        let mut decided = [0; 4];
        for ((place, expression), name) in decided.iter_mut().zip(point).zip(super::hardware::POINT)
        {
            *place = number(name, expression);
        }
        decided
    });
    let settings = space
        .hardware
        .settings
        .iter()
        .filter_map(|(key, expression)| {
            // A key whose value is inactive stays as it is in the base.
            let value = expression.evaluate(values);
            value.kind().map(|_| (key.clone(), value.to_string()))
        })
        .collect();
    if reasons.is_empty() { Ok(HardwareChoice { point, settings }) } else { Err(reasons) }
}

struct Building<'s> {
    space: &'s WrittenSpace,
    /// Values of decisions and derived values, then the shape of a layer's input.
    values: Vec<Value>,
    shape_slots: usize,
    /// What each layer of the template gives.
    given: Vec<Given>,
    layers: Vec<Layer>,
    flags: Vec<Option<PaddingFlag>>,
    /// The flag of the next even kernel that states none.
    next_flag: PaddingFlag,
}

impl<'s> Building<'s> {
    fn new(space: &'s WrittenSpace, mut values: Vec<Value>) -> Self {
        let shape_slots = values.len();
        values.resize(shape_slots + super::template::SHAPE.len(), Value::Inactive);
        Self {
            space,
            values,
            shape_slots,
            given: Vec::with_capacity(space.layers.len()),
            layers: Vec::new(),
            flags: Vec::new(),
            next_flag: PaddingFlag::Last,
        }
    }

    /// What a layer of the template gives.
    fn add(&mut self, template: &LayerTemplate) -> Result<Given, Reason> {
        let inputs: Vec<Given> = template.inputs.iter().map(|&input| self.of(input)).collect();
        let Some(&first) = inputs.first() else { return Ok(Given::Zero) };
        if !template.conditions.iter().all(|when| when.evaluate(&self.values).holds()) {
            return Ok(first);
        }
        if template.kind == LayerKind::ElementSum {
            return self.sum(template, &inputs);
        }
        let Given::Map { source, shape, bits } = first else { return Ok(Given::Zero) };
        self.set_shape(shape);
        let operation = match self.operation(template, shape)? {
            Made::Operation(operation) => operation,
            Made::Zero => return Ok(Given::Zero),
            Made::Same => return Ok(first),
        };
        if let Operation::Expand { max_channels } = operation
            && matches!(shape, Shape::Map { channels, .. } if channels == max_channels)
        {
            return Ok(first);
        }
        let Some(output) = operation.output_of(shape) else {
            return Err(self.misfit(template, operation, (source, shape)));
        };
        self.push((template, operation), (vec![source], bits), output)
    }

    fn of(&self, input: Input) -> Given {
        match input {
            Input::Network => Given::Map {
                source: Source::Input,
                shape: self.space.input.shape,
                bits: self.space.input.bits,
            },
            Input::Layer(index) => self.given.get(index).copied().unwrap_or(Given::Zero),
        }
    }

    fn sum(&mut self, template: &LayerTemplate, inputs: &[Given]) -> Result<Given, Reason> {
        let mut terms = inputs.iter().filter_map(|given| match *given {
            Given::Zero => None,
            Given::Map { source, shape, bits } => Some((source, shape, bits)),
        });
        let Some((first, shape, bits)) = terms.next() else { return Ok(Given::Zero) };
        let mut sources = vec![first];
        for (source, other, _) in terms {
            if other != shape {
                let message = format!("{}: it sums {shape} and {other}", template.label);
                return Err(Reason::new(message, "let all its inputs have the same shape"));
            }
            sources.push(source);
        }
        if sources.len() == 1 {
            return Ok(Given::Map { source: first, shape, bits });
        }
        self.set_shape(shape);
        self.push((template, Operation::ElementSum), (sources, bits), shape)
    }

    fn push(
        &mut self,
        (template, operation): (&LayerTemplate, Operation),
        (inputs, input_bits): (Vec<Source>, u32),
        shape: Shape,
    ) -> Result<Given, Reason> {
        let weighted =
            matches!(operation, Operation::Convolution(_) | Operation::FullyConnected { .. });
        let stated = self.bits(template, "activation_bits")?;
        let inherited = if weighted { self.space.activation_bits } else { input_bits };
        let bits = stated.unwrap_or(inherited);
        let weight_bits = if weighted {
            Some(self.bits(template, "weight_bits")?.unwrap_or(self.space.weight_bits))
        } else {
            None
        };
        let flag = match operation {
            Operation::Convolution(conv) if conv.drops_even_edge() => Some(self.flag(template)?),
            _ => None,
        };
        let source = Source::Layer(self.layers.len());
        self.flags.push(flag);
        self.layers.push(Layer {
            operation,
            inputs,
            weight_bits,
            activation_bits: bits,
            input_bits: Some(input_bits),
            point_shift: DEFAULT_POINT_SHIFT,
            scales: None,
            name: template.name.clone(),
        });
        Ok(Given::Map { source, shape, bits })
    }

    /// The flag that it states; otherwise the last edge first and then in turn, so that the half
    /// pixels by which even kernels shift cancel.
    fn flag(&mut self, template: &LayerTemplate) -> Result<PaddingFlag, Reason> {
        match self.parameter(template, "padding_flag")? {
            Some(0) => Ok(PaddingFlag::First),
            Some(1) => Ok(PaddingFlag::Last),
            Some(other) => {
                let message = format!("{}: padding_flag is {other}", template.label);
                Err(Reason::new(message, "make it 0 (drop the first edge) or 1 (the last)"))
            }
            None => {
                let flag = self.next_flag;
                self.next_flag = match flag {
                    PaddingFlag::First => PaddingFlag::Last,
                    PaddingFlag::Last => PaddingFlag::First,
                };
                Ok(flag)
            }
        }
    }

    fn set_shape(&mut self, shape: Shape) {
        let number = |size: usize| i64::try_from(size).map_or(Value::Inactive, Value::Int);
        let sides = match shape {
            Shape::Map { channels, height, width } => {
                [number(channels), number(height), number(width)]
            }
            Shape::Vector { features } => [number(features), Value::Int(1), Value::Int(1)],
        };
        for (place, side) in self.values.iter_mut().skip(self.shape_slots).zip(sides) {
            *place = side;
        }
    }

    /// A parameter, `None` where the template does not have it.
    fn parameter(
        &self,
        template: &LayerTemplate,
        key: &'static str,
    ) -> Result<Option<usize>, Reason> {
        let Some(expression) = template.parameters.get(key) else { return Ok(None) };
        let value = expression.evaluate(&self.values);
        match value.as_int().and_then(|number| usize::try_from(number).ok()) {
            Some(size) => Ok(Some(size)),
            None => {
                let what = match value {
                    Value::Inactive => "has no value".to_owned(),
                    Value::Int(_) | Value::Word(_) => format!("is {value}"),
                };
                let message = format!("{}: its {key} {what}", template.label);
                Err(Reason::new(message, "let it depend on active decisions, and be 0 or more"))
            }
        }
    }

    fn needed(&self, template: &LayerTemplate, key: &'static str) -> Result<usize, Reason> {
        // The reader has made sure that it is there.
        self.parameter(template, key).map(|value| value.unwrap_or(0))
    }

    fn bits(&self, template: &LayerTemplate, key: &'static str) -> Result<Option<u32>, Reason> {
        let bits = self.parameter(template, key)?;
        Ok(bits.map(|bits| u32::try_from(bits).unwrap_or(u32::MAX)))
    }

    fn operation(&self, template: &LayerTemplate, shape: Shape) -> Result<Made, Reason> {
        let optional = |key, default| Ok(self.parameter(template, key)?.unwrap_or(default));
        let channels = match shape {
            Shape::Map { channels, .. } => channels,
            Shape::Vector { features } => features,
        };
        Ok(Made::Operation(match template.kind {
            LayerKind::Zero => return Ok(Made::Zero),
            LayerKind::Pass => return Ok(Made::Same),
            LayerKind::ElementSum => Operation::ElementSum,
            LayerKind::Convolution => {
                let kernel_size = self.needed(template, "kernel")?;
                Operation::Convolution(Convolution {
                    in_channels: channels,
                    out_channels: self.needed(template, "out")?,
                    kernel_size,
                    stride: optional("stride", 1)?,
                    padding: optional("padding", kernel_size / 2)?,
                    groups: optional("groups", 1)?,
                })
            }
            LayerKind::FullyConnected => Operation::FullyConnected {
                in_features: channels,
                out_features: self.needed(template, "out")?,
            },
            LayerKind::BatchNorm => Operation::BatchNorm { features: channels },
            LayerKind::Relu => Operation::Relu,
            LayerKind::HardTanh => Operation::HardTanh,
            LayerKind::View => Operation::View,
            LayerKind::Flatten => Operation::Flatten { start_dim: 1, end_dim: -1 },
            LayerKind::Pooling => {
                let kernel_size = self.needed(template, "kernel")?;
                Operation::Pooling(Pooling {
                    mode: self.mode(template)?,
                    kernel_size,
                    stride: optional("stride", kernel_size)?,
                    padding: optional("padding", 0)?,
                })
            }
            LayerKind::AdaptiveAveragePooling => Operation::AdaptiveAveragePooling {
                output_size: (self.needed(template, "height")?, self.needed(template, "width")?),
            },
            LayerKind::Expand => {
                Operation::Expand { max_channels: self.needed(template, "channels")? }
            }
            LayerKind::Downsample => Operation::Downsample,
            LayerKind::Dropout => Operation::Dropout,
        }))
    }

    fn mode(&self, template: &LayerTemplate) -> Result<PoolingMode, Reason> {
        let mode = template.parameters.get("mode").map(|mode| mode.evaluate(&self.values));
        match mode {
            Some(Value::Word(word)) if &*word == "max" => Ok(PoolingMode::Max),
            Some(Value::Word(word)) if &*word == "average" => Ok(PoolingMode::Average),
            Some(Value::Word(_) | Value::Int(_) | Value::Inactive) | None => {
                let message = format!("{}: its mode is neither max nor average", template.label);
                Err(Reason::new(message, "write mode = \"'max'\" or mode = \"'average'\""))
            }
        }
    }

    /// Why an operation does not fit its input, in the words of the checks of networks.
    fn misfit(
        &self,
        template: &LayerTemplate,
        operation: Operation,
        (_, shape): (Source, Shape),
    ) -> Reason {
        let mut input = self.space.input.clone();
        input.shape = shape;
        let layer = Layer::new(operation, vec![Source::Input]);
        let alone = Network { name: String::new(), input, layers: vec![layer] };
        match alone.validate() {
            Err(errors) => {
                let first = errors.first();
                let why = first.message.split_once(": ").map_or(first.message.as_str(), |(_, w)| w);
                let why = why.replace("its input, the network's input, is", "its input is");
                Reason { message: format!("{}: {why}", template.label), hint: first.hint.clone() }
            }
            Ok(()) => Reason::new(format!("{}: it does not fit", template.label), "change it"),
        }
    }

    /// The layers that the output depends on, as a network that is checked.
    fn finish(self, name: &str) -> Result<(Network, Vec<Option<PaddingFlag>>), Rejection> {
        let unconnected = || {
            let message = "the output does not depend on the input: no operation leads to it";
            Reason::new(message, "choose operations other than zero on some path to the output")
        };
        let output = match self.given.last() {
            Some(Given::Map { source: Source::Layer(layer), .. }) => *layer,
            Some(Given::Zero | Given::Map { source: Source::Input, .. }) | None => {
                return Err(unconnected().into());
            }
        };
        let mut used = vec![false; self.layers.len()];
        let mut open = vec![output];
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut used[index], true) {
                open.extend(self.layers[index].inputs.iter().filter_map(|input| match *input {
                    Source::Layer(from) => Some(from),
                    Source::Input => None,
                }));
            }
        }
        let mut moved = Vec::with_capacity(used.len());
        let mut kept = 0;
        for &used in &used {
            moved.push(kept);
            kept += usize::from(used);
        }
        let (mut layers, mut flags) = (Vec::with_capacity(kept), Vec::with_capacity(kept));
        for ((mut layer, flag), used) in self.layers.into_iter().zip(self.flags).zip(used) {
            if used {
                for input in &mut layer.inputs {
                    if let Source::Layer(from) = input {
                        *from = moved[*from];
                    }
                }
                layers.push(layer);
                flags.push(flag);
            }
        }
        let network = Network { name: name.to_owned(), input: self.space.input.clone(), layers };
        network.validate().map_err(|errors| Rejection {
            reasons: errors
                .iter()
                .map(|error| Reason { message: error.message.clone(), hint: error.hint.clone() })
                .collect(),
        })?;
        Ok((network, flags))
    }
}
