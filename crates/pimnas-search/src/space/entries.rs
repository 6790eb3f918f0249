//! The entries of a network as written, and repeated and put into blocks.

use std::collections::BTreeMap;

use toml_edit::{Item, TableLike};

use super::expand::{Bindings, Loop, combinations, loops, pairs};
use super::fields::{Fields, Source, Written};
use crate::problem::{Place, Problem, Problems};
use pimnas_suggest as suggest;

/// Most layers and uses of blocks of a space.
const MOST_LAYERS: usize = 50_000;
/// Deepest nesting of blocks.
const DEEPEST: usize = 16;

/// What a layer of a template does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LayerKind {
    Convolution,
    FullyConnected,
    BatchNorm,
    Relu,
    HardTanh,
    View,
    Flatten,
    Dropout,
    Pooling,
    AdaptiveAveragePooling,
    ElementSum,
    Expand,
    Downsample,
    Zero,
    Pass,
}

/// A kind of layer, the parameters that it needs and those that it may have.
#[derive(Debug)]
pub(super) struct OperationKeys {
    pub(super) kind: LayerKind,
    pub(super) name: &'static str,
    pub(super) needed: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
}

const fn keys(
    (kind, name): (LayerKind, &'static str),
    needed: &'static [&'static str],
    optional: &'static [&'static str],
) -> OperationKeys {
    OperationKeys { kind, name, needed, optional }
}

/// Every operation, by the names of layer lists; `zero` and `pass` are of templates only.
pub(super) static OPERATIONS: [OperationKeys; 15] = [
    keys(
        (LayerKind::Convolution, "conv"),
        &["out", "kernel"],
        &["stride", "padding", "groups", "padding_flag", "weight_bits", "activation_bits"],
    ),
    keys((LayerKind::FullyConnected, "fc"), &["out"], &["weight_bits", "activation_bits"]),
    keys((LayerKind::BatchNorm, "bn"), &[], &["activation_bits"]),
    keys((LayerKind::Relu, "relu"), &[], &["activation_bits"]),
    keys((LayerKind::HardTanh, "hard_tanh"), &[], &["activation_bits"]),
    keys((LayerKind::View, "view"), &[], &[]),
    keys((LayerKind::Flatten, "flatten"), &[], &[]),
    keys((LayerKind::Dropout, "dropout"), &[], &[]),
    keys(
        (LayerKind::Pooling, "pooling"),
        &["mode", "kernel"],
        &["stride", "padding", "activation_bits"],
    ),
    keys(
        (LayerKind::AdaptiveAveragePooling, "AdaptiveAvgPool2d"),
        &["height", "width"],
        &["activation_bits"],
    ),
    keys((LayerKind::ElementSum, "element_sum"), &[], &["activation_bits"]),
    keys((LayerKind::Expand, "expand"), &["channels"], &["activation_bits"]),
    keys((LayerKind::Downsample, "downsample"), &[], &["activation_bits"]),
    keys((LayerKind::Zero, "zero"), &[], &[]),
    keys((LayerKind::Pass, "pass"), &[], &[]),
];

/// What an entry is.
#[derive(Clone, Debug)]
enum EntryKind {
    Layer {
        op: &'static OperationKeys,
        inputs: Vec<Written>,
        parameters: BTreeMap<&'static str, Written>,
    },
    Use {
        block: Written,
        prefix: Option<Written>,
        with: Vec<(String, Written)>,
    },
}

/// An entry as written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    place: Place,
    name: Option<Written>,
    when: Option<Written>,
    loops: Vec<Loop>,
    kind: EntryKind,
}

/// A layer after repetition and substitution.
#[derive(Clone, Debug)]
pub(super) struct FlatLayer {
    pub(super) place: Place,
    /// Its full name.
    pub(super) name: Option<String>,
    /// Names of the blocks that it is in, joined by points.
    pub(super) prefix: String,
    pub(super) conditions: Vec<Written>,
    pub(super) op: &'static OperationKeys,
    pub(super) inputs: Vec<Written>,
    pub(super) parameters: BTreeMap<&'static str, Written>,
}

/// Reads the entries of an array of tables.
pub(super) fn read(
    source: Source<'_>,
    (what, item): (&str, &Item),
    problems: &mut Problems,
) -> Vec<Entry> {
    let place = source.place(item.span());
    let tables: Option<Vec<&dyn TableLike>> = match (item.as_array_of_tables(), item.as_array()) {
        (Some(tables), _) => Some(tables.iter().map(|table| table as &dyn TableLike).collect()),
        (None, Some(array)) => {
            array.iter().map(|v| v.as_inline_table().map(|t| t as &dyn TableLike)).collect()
        }
        (None, None) => None,
    };
    let Some(tables) = tables else {
        let message = format!("`{what}` is not a list of tables");
        problems.push(Problem::new(message, Some(&place)).with_hint(format!("write [[{what}]]")));
        return Vec::new();
    };
    tables.iter().filter_map(|&table| entry(source, (what, table), problems)).collect()
}

fn entry(
    source: Source<'_>,
    (what, table): (&str, &dyn TableLike),
    problems: &mut Problems,
) -> Option<Entry> {
    // Tables do not say where they are, their first key does.
    let first = table.iter().next().map(|(key, _)| key);
    let span = first.and_then(|key| table.get_key_value(key)).and_then(|(key, _)| key.span());
    let place = source.place(span);
    let mut fields = Fields::new((source, table), (what, place.clone()), problems);
    let loops = loops(&mut fields);
    let when = fields.expression("when");
    let (name, kind) = if table.get("use").is_some() {
        let block = fields.text("use")?;
        let prefix = fields.text("as");
        (None, EntryKind::Use { block, prefix, with: pairs(&mut fields, "with") })
    } else {
        let op = fields.required_text("op")?;
        let Some(known) = OPERATIONS.iter().find(|known| known.name == op.text) else {
            let names: Vec<&str> = OPERATIONS.iter().map(|known| known.name).collect();
            let message = format!("there is no operation `{}`", suggest::shown(&op.text));
            fields.report(&message, &op.place.unwrap_or_default(), &suggest::hint(&op.text, names));
            return None;
        };
        let name = fields.text("name");
        let mut inputs = fields.texts("inputs");
        inputs.extend(fields.text("input"));
        let mut parameters = BTreeMap::new();
        for &key in known.needed.iter().chain(known.optional) {
            match fields.expression(key) {
                Some(written) => {
                    parameters.insert(key, written);
                }
                None if known.needed.contains(&key) && table.get(key).is_none() => {
                    let message = format!("`{key}` of {} is missing", known.name);
                    fields.report(&message, &place, &format!("add `{key} = …`"));
                }
                None => {}
            }
        }
        (name, EntryKind::Layer { op: known, inputs, parameters })
    };
    fields.finish();
    Some(Entry { place, name, when, loops, kind })
}

/// Repeats the entries and puts blocks in their places.
pub(super) fn flatten(
    entries: &[Entry],
    blocks: &BTreeMap<String, Vec<Entry>>,
    problems: &mut Problems,
) -> Vec<FlatLayer> {
    let mut flat = Flattener { blocks, layers: Vec::new(), visited: 0, problems };
    flat.entries(entries, &Context::default());
    flat.layers
}

/// Where an entry is put.
#[derive(Clone, Default)]
struct Context {
    bindings: Bindings,
    prefix: String,
    conditions: Vec<Written>,
    depth: usize,
}

struct Flattener<'a> {
    blocks: &'a BTreeMap<String, Vec<Entry>>,
    layers: Vec<FlatLayer>,
    /// Entries gone through, so that blocks without layers end, too.
    visited: usize,
    problems: &'a mut Problems,
}

impl Flattener<'_> {
    fn entries(&mut self, entries: &[Entry], context: &Context) {
        for entry in entries {
            for bindings in combinations(&entry.loops, &context.bindings, self.problems) {
                self.visited += 1;
                if self.visited > MOST_LAYERS {
                    let message = format!("more than {MOST_LAYERS} layers and blocks");
                    let problem = Problem::new(message, Some(&entry.place));
                    self.problems.push(problem.with_hint("repeat less"));
                    return;
                }
                self.entry(entry, &Context { bindings, ..context.clone() });
            }
        }
    }

    fn entry(&mut self, entry: &Entry, context: &Context) -> Option<()> {
        let bindings = context.bindings.with("at", &context.prefix);
        let mut conditions = context.conditions.clone();
        if let Some(when) = &entry.when {
            conditions.push(bindings.fill(when, self.problems)?);
        }
        match &entry.kind {
            EntryKind::Use { block, prefix, with } => {
                let block = bindings.fill(block, self.problems)?;
                let Some(inner) = self.blocks.get(&block.text) else {
                    let names: Vec<&str> = self.blocks.keys().map(String::as_str).collect();
                    let message = format!("there is no block `{}`", suggest::shown(&block.text));
                    let problem = Problem::new(message, block.place.as_ref());
                    self.problems.push(problem.with_hint(suggest::hint(&block.text, names)));
                    return None;
                };
                if context.depth >= DEEPEST {
                    let message = format!("blocks use each other more than {DEEPEST} deep");
                    let problem = Problem::new(message, block.place.as_ref());
                    self.problems.push(problem.with_hint("let no block use itself"));
                    return None;
                }
                let prefix = match prefix {
                    Some(prefix) => {
                        joined(&context.prefix, &bindings.fill(prefix, self.problems)?.text)
                    }
                    None => context.prefix.clone(),
                };
                let mut inside = context.bindings.clone();
                for (name, text) in with {
                    inside = inside.with(name, &bindings.fill(text, self.problems)?.text);
                }
                let depth = context.depth + 1;
                self.entries(inner, &Context { bindings: inside, prefix, conditions, depth });
            }
            EntryKind::Layer { op, inputs, parameters } => {
                let name = match &entry.name {
                    Some(name) => {
                        Some(joined(&context.prefix, &bindings.fill(name, self.problems)?.text))
                    }
                    None => None,
                };
                let fill =
                    |written: &Written, problems: &mut Problems| bindings.fill(written, problems);
                let inputs = inputs.iter().filter_map(|w| fill(w, self.problems)).collect();
                let parameters = parameters
                    .iter()
                    .filter_map(|(key, w)| Some((*key, fill(w, self.problems)?)))
                    .collect();
                let place = entry.place.clone();
                let prefix = context.prefix.clone();
                self.layers.push(FlatLayer {
                    place,
                    name,
                    prefix,
                    conditions,
                    op,
                    inputs,
                    parameters,
                });
            }
        }
        Some(())
    }
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
