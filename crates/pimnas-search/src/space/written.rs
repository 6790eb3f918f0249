//! Spaces written in TOML.

use std::collections::BTreeMap;

use pimnas_network::{DEFAULT_BITS, DEFAULT_INPUT_STEP, NetworkInput, Shape as NetworkShape};
use toml_edit::{Document, Item, Value as Toml};
use xxhash_rust::xxh3::xxh3_128;

use super::entries::{Entry, flatten, read};
use super::expand::{Bindings, combinations, loops};
use super::fields::{Fields, Source, Written};
use super::hardware::POINT;
use super::template::{LayerTemplate, Shape, SpaceNames, compile};
use super::{Candidate, HardwareChoice, Rejection, Space};
use crate::decisions::{Decisions, DecisionsBuilder, Expression, Kind};
use crate::problem::{Place, Problem, Problems};
use crate::rollout::Rollout;

/// Version of the form.
const VERSION: i64 = 1;
/// Largest text, bytes.
const MOST_BYTES: usize = 4 << 20;
/// Sizes of inputs.
const SIZES: std::ops::Range<i64> = 1..65_537;

/// A space written in TOML; docs/SPACES.md describes the form.
#[derive(Clone, Debug)]
pub struct WrittenSpace {
    pub(super) name: String,
    about: String,
    decisions: Decisions,
    pub(super) input: NetworkInput,
    pub(super) weight_bits: u32,
    pub(super) activation_bits: u32,
    pub(super) layers: Vec<LayerTemplate>,
    pub(super) hardware: HardwareTemplate,
    fingerprint: u128,
}

/// Expressions of the hardware.
#[derive(Clone, Debug, Default)]
pub(super) struct HardwareTemplate {
    pub(super) point: Option<[Expression; 4]>,
    pub(super) settings: Vec<(String, Expression)>,
}

impl WrittenSpace {
    /// Reads a space.
    ///
    /// # Errors
    /// Every problem, with its line. Where the text is no TOML, that alone.
    pub fn from_toml(text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let space = Self::read(text, &mut problems);
        problems.or(space)
    }

    /// XXH3 (128 bits) of what the text says, without comments, layout and the order of keys:
    /// a space that means something else has another. Together with the hash of a genotype it
    /// names a candidate.
    #[must_use]
    pub fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    fn read(text: &str, problems: &mut Problems) -> Option<Self> {
        if text.len() > MOST_BYTES {
            problems.push(Problem::new("the text is larger than 4 MiB", None));
            return None;
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let source = Source(text);
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let place = source.place(error.span());
                let message = format!("the text is not TOML: {}", error.message().trim());
                problems.push(Problem::new(message, Some(&place)).with_hint("correct this line"));
                return None;
            }
        };
        let place = source.place(None);
        let mut top = Fields::new((source, document.as_table()), ("the space", place), problems);
        let head = Head::read(&mut top);
        let decisions = top.item("decision");
        let derived = top.item("derived");
        let required = top.item("require");
        let blocks = top.item("block");
        let layers = top.item("layer");
        let hardware = top.item("hardware");
        top.finish();
        let mut builder = Decisions::builder();
        let rows = Rows { source, builder: &mut builder, problems };
        rows.all([decisions, derived, required]);
        let blocks = read_blocks(source, blocks, problems);
        let entries = match layers {
            Some((item, _)) => read(source, ("layer", item), problems),
            None => {
                let problem = Problem::new("the space has no layers", None);
                problems.push(problem.with_hint("add [[layer]] entries"));
                Vec::new()
            }
        };
        let flat = flatten(&entries, &blocks, problems);
        let decisions = match builder.build() {
            Ok(decisions) => decisions,
            Err(more) => {
                problems.extend(more);
                return None;
            }
        };
        let layers = compile(&flat, &decisions, problems);
        let hardware = read_hardware(source, hardware, (&decisions, problems));
        let Head { name, about, input, weight_bits, activation_bits } = head?;
        let fingerprint = xxh3_128(meaning("", document.as_item()).as_bytes());
        Some(Self {
            name,
            about,
            decisions,
            input,
            weight_bits,
            activation_bits,
            layers,
            hardware,
            fingerprint,
        })
    }
}

impl Space for WrittenSpace {
    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> &str {
        &self.about
    }

    fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    fn decode(&self, rollout: &Rollout) -> Result<Candidate, Rejection> {
        super::decode::decode(self, rollout)
    }

    fn decode_hardware(&self, rollout: &Rollout) -> Result<HardwareChoice, Rejection> {
        super::decode::decode_hardware(self, rollout)
    }
}

/// What stands before the decisions.
struct Head {
    name: String,
    about: String,
    input: NetworkInput,
    weight_bits: u32,
    activation_bits: u32,
}

impl Head {
    fn read(top: &mut Fields<'_, '_>) -> Option<Self> {
        let version = top.required_number("space", VERSION..VERSION + 1);
        let name = top.required_text("name");
        let about = top.text("about").map(|about| about.text).unwrap_or_default();
        let input = input(top);
        let mut bits = (DEFAULT_BITS, DEFAULT_BITS);
        if let Some((item, place)) = top.item("defaults") {
            if let Some(table) = item.as_table_like() {
                let what = ("[defaults]", place);
                let mut fields = Fields::new((top.source, table), what, top.problems);
                let number = |fields: &mut Fields<'_, '_>, key| {
                    fields.number(key, 2..33).and_then(|bits| u32::try_from(bits).ok())
                };
                bits.0 = number(&mut fields, "weight_bits").unwrap_or(bits.0);
                bits.1 = number(&mut fields, "activation_bits").unwrap_or(bits.1);
                fields.finish();
            } else {
                top.report("`defaults` is not a table", &place, "write [defaults]");
            }
        }
        version?;
        let (weight_bits, activation_bits) = bits;
        Some(Self { name: name?.text, about, input: input?, weight_bits, activation_bits })
    }
}

fn input(top: &mut Fields<'_, '_>) -> Option<NetworkInput> {
    let Some((item, place)) = top.item("input") else {
        let place = top.place.clone();
        top.report("[input] is missing", &place, "add it, with channels, height and width");
        return None;
    };
    let Some(table) = item.as_table_like() else {
        top.report("`input` is not a table", &place, "write [input]");
        return None;
    };
    let mut fields = Fields::new((top.source, table), ("[input]", place), top.problems);
    let size = |fields: &mut Fields<'_, '_>, key| {
        fields.required_number(key, SIZES).and_then(|size| usize::try_from(size).ok())
    };
    let channels = size(&mut fields, "channels");
    let height = size(&mut fields, "height");
    let width = size(&mut fields, "width");
    let bits = fields.number("bits", 2..33).and_then(|bits| u32::try_from(bits).ok());
    let step = fields.step("step").unwrap_or(DEFAULT_INPUT_STEP);
    fields.finish();
    let shape = NetworkShape::Map { channels: channels?, height: height?, width: width? };
    Some(NetworkInput { shape, bits: bits.unwrap_or(DEFAULT_BITS), step })
}

/// Decisions, derived values and requirements.
struct Rows<'r, 't> {
    source: Source<'t>,
    builder: &'r mut DecisionsBuilder,
    problems: &'r mut Problems,
}

impl<'t> Rows<'_, 't> {
    fn all(mut self, [decisions, derived, required]: [Option<(&'t Item, Place)>; 3]) {
        self.each(("decision", decisions), |builder, fields| {
            let path = fields.required_text("path")?;
            let choices = fields.choices("choices");
            let when = fields.expression("when");
            let loops = loops(fields);
            let choices = choices?;
            for bindings in combinations(&loops, &Bindings::default(), fields.problems) {
                let path = bindings.fill(&path, fields.problems)?;
                let when = match &when {
                    Some(when) => Some(bindings.fill(when, fields.problems)?),
                    None => None,
                };
                builder.add_decision((&path.text, path.place), choices.clone(), when);
            }
            Some(())
        });
        self.each(("derived", derived), |builder, fields| {
            let path = fields.required_text("path");
            let value = required_expression(fields, "value");
            let loops = loops(fields);
            let (path, value) = (path?, value?);
            for bindings in combinations(&loops, &Bindings::default(), fields.problems) {
                let path = bindings.fill(&path, fields.problems)?;
                let value = bindings.fill(&value, fields.problems)?;
                builder.add_derived((&path.text, path.place), value);
            }
            Some(())
        });
        self.each(("require", required), |builder, fields| {
            let that = required_expression(fields, "that");
            let because = fields.required_text("because");
            let loops = loops(fields);
            let (that, because) = (that?, because?);
            for bindings in combinations(&loops, &Bindings::default(), fields.problems) {
                let that = bindings.fill(&that, fields.problems)?;
                let because = bindings.fill(&because, fields.problems)?;
                builder.add_requirement(that, &because.text);
            }
            Some(())
        });
    }

    fn each(
        &mut self,
        (what, rows): (&str, Option<(&'t Item, Place)>),
        read: impl Fn(&mut DecisionsBuilder, &mut Fields<'_, '_>) -> Option<()>,
    ) {
        let Some((item, place)) = rows else { return };
        let Some(tables) = item.as_array_of_tables() else {
            let problem = Problem::new(format!("`{what}` is not a list of tables"), Some(&place));
            self.problems.push(problem.with_hint(format!("write [[{what}]]")));
            return;
        };
        for table in tables {
            let place = self.source.place(table.span());
            let name = format!("[[{what}]]");
            let mut fields = Fields::new((self.source, table), (&name, place), self.problems);
            let _ = read(self.builder, &mut fields);
            fields.finish();
        }
    }
}

fn required_expression(fields: &mut Fields<'_, '_>, key: &'static str) -> Option<Written> {
    if fields.table.get(key).is_none() {
        let place = fields.place.clone();
        fields.report(&format!("`{key}` is missing"), &place, &format!("add `{key} = \"…\"`"));
    }
    fields.expression(key)
}

fn read_blocks(
    source: Source<'_>,
    blocks: Option<(&Item, Place)>,
    problems: &mut Problems,
) -> BTreeMap<String, Vec<Entry>> {
    let Some((item, place)) = blocks else { return BTreeMap::new() };
    let Some(table) = item.as_table_like() else {
        let problem = Problem::new("`block` is not a table of blocks", Some(&place));
        problems.push(problem.with_hint("write [[block.NAME]] for each of its entries"));
        return BTreeMap::new();
    };
    let entries = |(name, item): (&str, &Item)| {
        (name.to_owned(), read(source, (&format!("block.{name}"), item), problems))
    };
    table.iter().map(entries).collect()
}

fn read_hardware(
    source: Source<'_>,
    hardware: Option<(&Item, Place)>,
    (decisions, problems): (&Decisions, &mut Problems),
) -> HardwareTemplate {
    let Some((item, place)) = hardware else { return HardwareTemplate::default() };
    let Some(table) = item.as_table_like() else {
        let problem = Problem::new("`hardware` is not a table", Some(&place));
        problems.push(problem.with_hint("write [hardware]"));
        return HardwareTemplate::default();
    };
    let mut fields = Fields::new((source, table), ("[hardware]", place.clone()), problems);
    let written = POINT.map(|key| fields.expression(key));
    let given = written.iter().flatten().count();
    if given != 0 && given != POINT.len() {
        let hint = "give xbar_size, dac_choice, adc_choice and cell_bit, or none of them";
        fields.report("some decisions of the hardware point are missing", &place, hint);
    }
    let settings: Vec<(String, Written)> = super::expand::pairs(&mut fields, "set");
    fields.finish();
    let names = SpaceNames { decisions, with_shape: Shape::Unknown };
    let point = written.map(|written| names.read(&written?, Kind::Int, problems));
    let [Some(size), Some(dac), Some(adc), Some(bits)] = point else {
        return HardwareTemplate {
            point: None,
            settings: read_settings(&names, settings, problems),
        };
    };
    let settings = read_settings(&names, settings, problems);
    HardwareTemplate { point: Some([size, dac, adc, bits]), settings }
}

/// Values of keys are numbers or words.
fn read_settings(
    names: &SpaceNames<'_>,
    settings: Vec<(String, Written)>,
    problems: &mut Problems,
) -> Vec<(String, Expression)> {
    settings
        .into_iter()
        .filter_map(|(key, written)| {
            let mut as_word = Problems::default();
            match names.read(&written, Kind::Word, &mut as_word) {
                Some(word) => Some((key, word)),
                None => Some((key, names.read(&written, Kind::Int, problems)?)),
            }
        })
        .collect()
}

/// What the item of a key says, with the keys of tables in the order of their bytes.
fn meaning(key: &str, item: &Item) -> String {
    if let Some(table) = item.as_table_like() {
        let mut keys: Vec<(&str, String)> = table
            .iter()
            .filter(|(_, item)| !item.is_none())
            .map(|(key, item)| (key, meaning(key, item)))
            .collect();
        // The order of the variables of a `for` is that of the repetitions.
        if key != "for" {
            keys.sort();
        }
        let keys: Vec<String> =
            keys.iter().map(|(key, value)| format!("{key:?}={value}")).collect();
        return format!("{{{}}}", keys.join(","));
    }
    if let Some(tables) = item.as_array_of_tables() {
        let all: Vec<String> =
            tables.iter().map(|table| meaning(key, &Item::Table(table.clone()))).collect();
        return format!("[{}]", all.join(","));
    }
    item.as_value().map_or_else(String::new, value_meaning)
}

fn value_meaning(value: &Toml) -> String {
    match value {
        Toml::String(text) => format!("{:?}", text.value()),
        Toml::Integer(number) => number.value().to_string(),
        Toml::Float(number) => format!("{:e}", number.value()),
        Toml::Boolean(truth) => truth.value().to_string(),
        Toml::Datetime(time) => time.value().to_string(),
        Toml::Array(array) => {
            let all: Vec<String> = array.iter().map(value_meaning).collect();
            format!("[{}]", all.join(","))
        }
        Toml::InlineTable(table) => meaning("", &Item::Value(Toml::InlineTable(table.clone()))),
    }
}
