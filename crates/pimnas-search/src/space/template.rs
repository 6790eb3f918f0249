//! Layers with expressions for parameters, ready to be decoded.

use std::collections::{BTreeMap, HashMap};

use super::entries::{FlatLayer, LayerKind};
use super::fields::Written;
use crate::decisions::{Decisions, Expression, Kind, Names, ParseFault, Slot, parse};
use crate::problem::{Place, Problem, Problems};
use pimnas_suggest as suggest;

/// Names of the shape of a layer's first input, behind all other slots.
pub(super) const SHAPE: [&str; 3] = ["in.channels", "in.height", "in.width"];

/// Where a layer takes an input from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The network's input.
    Network,
    /// An earlier layer of the template.
    Layer(usize),
}

/// A layer.
#[derive(Clone, Debug)]
pub(super) struct LayerTemplate {
    pub(super) name: Option<String>,
    /// For messages: its name, or its operation and line.
    pub(super) label: String,
    /// It is there where all of them hold; otherwise who takes it takes its first input.
    pub(super) conditions: Vec<Expression>,
    pub(super) inputs: Vec<Input>,
    pub(super) kind: LayerKind,
    pub(super) parameters: BTreeMap<&'static str, Expression>,
}

/// Names of decisions, derived values and, for parameters of layers, of the input's shape.
pub(super) struct SpaceNames<'d> {
    pub(super) decisions: &'d Decisions,
    pub(super) with_shape: Shape,
}

/// Whether the shape of a layer's input can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Known,
    Unknown,
}

impl Names for SpaceNames<'_> {
    fn slot(&self, path: &str) -> Option<Slot> {
        let shape = match self.with_shape {
            Shape::Known => SHAPE.iter().position(|known| *known == path),
            Shape::Unknown => None,
        };
        let behind = shape.map(|index| self.decisions.slot_count() + index);
        behind.or_else(|| self.decisions.slot(path))
    }

    fn all(&self) -> Vec<&str> {
        let mut names = self.decisions.names();
        if self.with_shape == Shape::Known {
            names.extend(SHAPE);
        }
        names
    }
}

impl SpaceNames<'_> {
    /// Reads an expression that gives numbers, or words.
    pub(super) fn read(
        &self,
        written: &Written,
        kind: Kind,
        problems: &mut Problems,
    ) -> Option<Expression> {
        let told = parse(&written.text, self).and_then(|expression| {
            match expression.kind(&|slot| self.decisions.kind(slot)) {
                Ok(found) if found == kind => Ok(expression),
                Ok(found) => {
                    let message = format!("it is {}, not {}", found.as_str(), kind.as_str());
                    Err(ParseFault { message, hint: None, at: 0 })
                }
                Err(message) => Err(ParseFault { message, hint: None, at: 0 }),
            }
        });
        match told {
            Ok(expression) => Some(expression),
            Err(fault) => {
                let message = format!("`{}`: {}", suggest::shown(&written.text), fault.message);
                let mut problem = Problem::new(message, written.place.as_ref());
                problem.hint = fault.hint.or_else(|| {
                    Some(
                        "compare numbers with numbers, and words with words in single quotes"
                            .into(),
                    )
                });
                problems.push(problem);
                None
            }
        }
    }
}

/// Reads the expressions of the layers and finds their inputs.
pub(super) fn compile(
    layers: &[FlatLayer],
    decisions: &Decisions,
    problems: &mut Problems,
) -> Vec<LayerTemplate> {
    let conditions = SpaceNames { decisions, with_shape: Shape::Unknown };
    let parameters = SpaceNames { decisions, with_shape: Shape::Known };
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut compiled = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate() {
        let when = layer.conditions.iter();
        let when = when.filter_map(|w| conditions.read(w, Kind::Int, problems)).collect();
        let read = |(key, written): (&&'static str, &Written)| {
            let kind = if *key == "mode" { Kind::Word } else { Kind::Int };
            Some((*key, parameters.read(written, kind, problems)?))
        };
        let parameters = layer.parameters.iter().filter_map(read).collect();
        let inputs = inputs(index, layer, (&named, layers), problems);
        if let Some(name) = &layer.name
            && named.insert(name, index).is_some()
        {
            let message = format!("the layer `{}` is there twice", suggest::shown(name));
            let problem = Problem::new(message, Some(&layer.place));
            problems.push(problem.with_hint("give it another name, or its block another `as`"));
        }
        compiled.push(LayerTemplate {
            name: layer.name.clone(),
            label: label(layer, &layer.place),
            conditions: when,
            inputs,
            kind: layer.op.kind,
            parameters,
        });
    }
    compiled
}

fn label(layer: &FlatLayer, place: &Place) -> String {
    match &layer.name {
        Some(name) => format!("layer {name} ({})", layer.op.name),
        None => format!("the {} layer of line {}", layer.op.name, place.line),
    }
}

/// The layers that it names, or the one before it.
fn inputs(
    index: usize,
    layer: &FlatLayer,
    (named, layers): (&HashMap<&str, usize>, &[FlatLayer]),
    problems: &mut Problems,
) -> Vec<Input> {
    let sum = layer.op.kind == LayerKind::ElementSum;
    let given = layer.inputs.len();
    if given > 1 && !sum {
        let message = format!("a {} layer takes one input, not {given}", layer.op.name);
        let problem = Problem::new(message, Some(&layer.place));
        problems.push(problem.with_hint("only element_sum takes several"));
    }
    if sum && given < 2 {
        let problem = Problem::new("an element_sum layer needs two inputs", Some(&layer.place));
        problems.push(problem.with_hint("name them: `inputs = [\"conv2\", \"{from}\"]`"));
    }
    if layer.inputs.is_empty() {
        return vec![index.checked_sub(1).map_or(Input::Network, Input::Layer)];
    }
    let mut found = Vec::with_capacity(given);
    for input in &layer.inputs {
        match look_up(&input.text, &layer.prefix, named) {
            Some(input) => found.push(input),
            None => {
                let message = format!("no layer `{}` comes before it", suggest::shown(&input.text));
                let names: Vec<&str> =
                    layers[..index].iter().filter_map(|layer| layer.name.as_deref()).collect();
                let hint = suggest::closest(&input.text, names).map_or_else(
                    || "name a layer before it, or `input`".to_owned(),
                    |close| format!("did you mean `{close}`?"),
                );
                problems.push(Problem::new(message, input.place.as_ref()).with_hint(hint));
            }
        }
    }
    found
}

/// A name of the own block, of a block around it, or of the network.
fn look_up(name: &str, prefix: &str, named: &HashMap<&str, usize>) -> Option<Input> {
    let mut prefix = prefix;
    while !prefix.is_empty() {
        if let Some(&index) = named.get(format!("{prefix}.{name}").as_str()) {
            return Some(Input::Layer(index));
        }
        prefix = prefix.rsplit_once('.').map_or("", |(outer, _)| outer);
    }
    if name == "input" {
        return Some(Input::Network);
    }
    named.get(name).copied().map(Input::Layer)
}
