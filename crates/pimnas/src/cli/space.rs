//! `pimnas space`.

use std::path::{Path, PathBuf};

use crate::network::Operation;
use crate::report::table::table;
use crate::search::space::RealisedHardware;
use crate::search::{
    Candidate, Decision, Genotype, Problem, Problems, Purpose, Rejection, Rollout, Space, Streams,
    Value, WrittenSpace, spaces,
};
use crate::{Metrics, Network, Options, RawConfig, simulate};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::inputs::HardwareArgs;
use super::output::{OutputArgs, note, read_file, write_file};

/// Search spaces: list, show, count, draw from, decode
#[derive(Args, Clone, Debug)]
pub struct SpaceArgs {
    #[command(subcommand)]
    command: SpaceCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum SpaceCommand {
    /// The spaces that come with it
    List {
        #[command(flatten)]
        form: FormArgs,
    },
    /// Decisions, derived values and requirements of a space
    Show {
        #[command(flatten)]
        space: SpaceArg,
        /// Print the description itself (TOML), to start an own one from
        #[arg(long, conflicts_with = "format")]
        toml: bool,
        #[command(flatten)]
        form: FormArgs,
    },
    /// Exact number of distinct rollouts of a space
    Size {
        #[command(flatten)]
        space: SpaceArg,
        #[command(flatten)]
        form: FormArgs,
    },
    /// Random rollouts, with their figures of merit on their own hardware
    Sample(SampleArgs),
    /// The network and the hardware description of a rollout
    Decode(DecodeArgs),
}

/// Which space.
#[derive(Args, Clone, Debug)]
struct SpaceArg {
    /// A space that comes with it (grey28, gibbon, nas4rram, nasbench201) or a TOML file
    #[arg(value_name = "NAME|FILE", default_value = spaces::NAMES[0])]
    space: String,
}

/// In which form.
#[derive(Args, Clone, Debug)]
struct FormArgs {
    /// Form of the results
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    #[command(flatten)]
    output: OutputArgs,
}

/// Form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For reading
    Table,
    /// For programs
    Json,
}

#[derive(Args, Clone, Debug)]
struct SampleArgs {
    #[command(flatten)]
    space: SpaceArg,
    /// Rollouts to draw
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// Seed; the same seed gives the same rollouts
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Draw each distinct rollout as likely, instead of each choice of each decision
    #[arg(long)]
    distinct: bool,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    form: FormArgs,
}

#[derive(Args, Clone, Debug)]
struct DecodeArgs {
    #[command(flatten)]
    space: SpaceArg,
    /// A rollout: a genotype as `sample --format json` has it
    #[arg(long, value_name = "FILE")]
    genotype: PathBuf,
    /// Write the network to this file, as a layer list (JSON)
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Write the hardware description to this file, with the comments of its base
    #[arg(long, value_name = "FILE")]
    ini: Option<PathBuf>,
    #[command(flatten)]
    hardware: HardwareArgs,
}

/// Runs the command.
pub fn run(args: &SpaceArgs) -> Result<(), Failure> {
    match &args.command {
        SpaceCommand::List { form } => list(form),
        SpaceCommand::Show { space, toml: true, form } => {
            let (_, text) = load(&space.space)?;
            form.output.write(&text)
        }
        SpaceCommand::Show { space, toml: false, form } => show(&load(&space.space)?.0, form),
        SpaceCommand::Size { space, form } => size(&load(&space.space)?.0, form),
        SpaceCommand::Sample(args) => sample(args),
        SpaceCommand::Decode(args) => decode(args),
    }
}

/// A space from its text, with a name for messages.
pub fn from_text(name: &str, text: &str) -> Result<(WrittenSpace, String), Failure> {
    match WrittenSpace::from_toml(text) {
        Ok(space) => Ok((space, text.to_owned())),
        Err(problems) => Err(failure(&problems, (name, text))),
    }
}

/// The space, and its text.
pub fn load(given: &str) -> Result<(WrittenSpace, String), Failure> {
    let path = Path::new(given);
    if let Some(text) = spaces::text(given) {
        let space = spaces::build(given).map_err(|problems| failure(&problems, (given, text)))?;
        return Ok((space, text.to_owned()));
    }
    if !path.exists() && path.components().count() == 1 && path.extension().is_none() {
        let problems = spaces::build(given).err().unwrap_or_default();
        return Err(failure(&problems, (given, "")));
    }
    let bytes = read_file(path)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::of_file(path, "is not UTF-8", Some("save it as UTF-8")))?;
    from_text(given, &text)
}

/// Problems with the lines that they are about.
fn failure(problems: &Problems, (name, text): (&str, &str)) -> Failure {
    // Spans do not count a byte-order mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let rendered: String =
        problems.iter().map(|problem| render(problem, (name, text)) + "\n").collect();
    Failure { text: rendered }
}

fn render(problem: &Problem, (name, text): (&str, &str)) -> String {
    let title = Level::ERROR.primary_title(problem.message.as_str());
    let span = problem.place.as_ref().map(|place| place.span.clone());
    let span = span.filter(|span| text.get(span.clone()).is_some());
    let snippet = span.map(|span| {
        Snippet::source(text).path(name).annotation(AnnotationKind::Primary.span(span))
    });
    let mut group = title.elements(snippet);
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    Renderer::plain().render(&[group])
}

fn list(form: &FormArgs) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for name in spaces::NAMES {
        let (space, _) = load(name)?;
        let decisions = space.decisions().list().len();
        rows.push((space.about().to_owned(), decisions, counted(&space)?, name));
    }
    let text = match form.format {
        Form::Table => {
            let mut all = table(&["space", "about", "decisions", "distinct rollouts"], 2);
            for (about, decisions, size, name) in &rows {
                all.add_row([*name, about, &decisions.to_string(), &approximate(size)]);
            }
            format!("{all}\n")
        }
        Form::Json => {
            let all: Json = rows
                .iter()
                .map(|(about, decisions, size, name)| {
                    json!({"space": name, "about": about, "decisions": decisions, "size": size})
                })
                .collect();
            format!("{all:#}\n")
        }
    };
    form.output.write(&text)
}

fn counted(space: &WrittenSpace) -> Result<String, Failure> {
    let size = space.decisions().size();
    size.map(|size| size.to_string()).map_err(|error| Failure::new(&error, Some(error.hint())))
}

/// A whole number in words of at most a few digits: 13 436 928, or 2.48 × 10^39.
fn approximate(digits: &str) -> String {
    /// Longest number that is written out.
    const WRITTEN: usize = 15;
    if digits.len() <= WRITTEN {
        return grouped(digits);
    }
    let (first, rest) = digits.split_at(1);
    format!("{first}.{} × 10^{}", rest.get(..2).unwrap_or_default(), rest.len())
}

/// With a space before every three digits.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn show(space: &WrittenSpace, form: &FormArgs) -> Result<(), Failure> {
    let text = match form.format {
        Form::Table => shown(space),
        Form::Json => format!("{:#}\n", description(space)),
    };
    form.output.write(&text)
}

fn choices(decision: &Decision) -> String {
    let all: Vec<String> = decision.choices.iter().map(Value::to_string).collect();
    all.join(", ")
}

fn shown(space: &WrittenSpace) -> String {
    let decisions = space.decisions();
    let mut text = format!("{}: {}\n\n", space.name(), space.about());
    let mut all = table(&["decision", "choices", "counts when"], 3);
    for decision in decisions.list() {
        let when = decision.when.as_deref().unwrap_or("always");
        all.add_row([decision.path.as_str(), &choices(decision), when]);
    }
    text += &format!("{all}\n");
    if !decisions.derived().is_empty() {
        let mut all = table(&["derived value", "is"], 2);
        for derived in decisions.derived() {
            all.add_row([&derived.path, &derived.value]);
        }
        text += &format!("\n{all}\n");
    }
    if !decisions.requirements().is_empty() {
        let mut all = table(&["requirement", "because"], 2);
        for requirement in decisions.requirements() {
            all.add_row([&requirement.that, &requirement.because]);
        }
        text += &format!("\n{all}\n");
    }
    text
}

fn description(space: &WrittenSpace) -> Json {
    let decisions = space.decisions();
    let value = |value: &Value| match value {
        Value::Inactive => Json::Null,
        Value::Int(number) => json!(number),
        Value::Word(word) => json!(word.as_ref()),
    };
    let list: Json = decisions
        .list()
        .iter()
        .map(|decision| {
            json!({
                "path": decision.path,
                "choices": decision.choices.iter().map(value).collect::<Json>(),
                "ordered": decision.is_ordered(),
                "when": decision.when,
            })
        })
        .collect();
    let derived = decisions.derived().iter();
    let derived: Json = derived.map(|d| json!({"path": d.path, "value": d.value})).collect();
    let required = decisions.requirements().iter();
    let required: Json = required.map(|r| json!({"that": r.that, "because": r.because})).collect();
    json!({
        "space": space.name(),
        "about": space.about(),
        "fingerprint": format!("{:032x}", space.fingerprint()),
        "decisions": list,
        "derived": derived,
        "requirements": required,
    })
}

fn size(space: &WrittenSpace, form: &FormArgs) -> Result<(), Failure> {
    let distinct = counted(space)?;
    let raw = space.decisions().raw_size().to_string();
    let text = match form.format {
        Form::Table => {
            let mut all = table(&["rollouts", "about", "exactly"], 1);
            all.add_row(["distinct", &approximate(&distinct), &grouped(&distinct)]);
            all.add_row(["all choices free", &approximate(&raw), &grouped(&raw)]);
            format!("{all}\n")
        }
        Form::Json => {
            // Larger than what numbers of JSON hold everywhere, so texts.
            let all = json!({"space": space.name(), "distinct": distinct, "raw": raw});
            format!("{all:#}\n")
        }
    };
    form.output.write(&text)
}

/// A drawn rollout and what came of it.
struct Drawn {
    genotype: Genotype,
    outcome: Result<(Candidate, Metrics), String>,
}

fn sample(args: &SampleArgs) -> Result<(), Failure> {
    args.form.output.check()?;
    let (space, _) = load(&args.space.space)?;
    let (base, _) = args.hardware.load()?;
    let streams = Streams::new(args.seed);
    let decisions = space.decisions();
    let mut drawn = Vec::new();
    for trial in 0..args.count {
        let mut stream = streams.stream(trial, Purpose::Sample);
        let rollout = if args.distinct {
            decisions.sample_distinct(&mut stream)
        } else {
            decisions.sample(&mut stream)
        };
        let rollout = rollout.map_err(|error| Failure::new(&error, Some(error.hint())))?;
        let genotype = Genotype::new(space.name(), decisions, &rollout);
        drawn.push(Drawn { genotype, outcome: evaluated(&space, &rollout, &base) });
    }
    let rejected = drawn.iter().filter(|drawn| drawn.outcome.is_err()).count();
    let text = match args.form.format {
        Form::Table => sample_table(&drawn),
        Form::Json => {
            let all: Json = drawn.iter().enumerate().map(sample_json).collect();
            format!("{all:#}\n")
        }
    };
    note(&format!("{} rollouts, {rejected} of them not possible\n", args.count));
    args.form.output.write(&text)
}

fn evaluated(
    space: &WrittenSpace,
    rollout: &Rollout,
    base: &RawConfig,
) -> Result<(Candidate, Metrics), String> {
    let told = |rejection: Rejection| rejection.to_string();
    let candidate = space.decode(rollout).map_err(told)?;
    let realised = candidate.hardware.apply(base).map_err(told)?;
    let report = simulate(&realised.hardware, &candidate.network, &Options::default())
        .map_err(|error| error.to_string())?;
    Ok((candidate, report.metrics()))
}

/// Weights of a network.
fn weights(network: &Network) -> usize {
    let of = |operation: &Operation| match *operation {
        Operation::Convolution(conv) => {
            let window = conv.kernel_size * conv.kernel_size;
            conv.in_channels / conv.groups.max(1) * conv.out_channels * window
        }
        Operation::FullyConnected { in_features, out_features } => in_features * out_features,
        Operation::BatchNorm { .. }
        | Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::Pooling(_)
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::ElementSum
        | Operation::Expand { .. }
        | Operation::Downsample => 0,
    };
    network.layers.iter().map(|layer| of(&layer.operation)).sum()
}

fn sample_table(drawn: &[Drawn]) -> String {
    let head = ["genotype", "hardware point", "layers", "weights", "ms", "mJ", "mm²", "W"];
    let mut all = table(&head, 2);
    for Drawn { genotype, outcome } in drawn {
        let hash = genotype.hash().to_string();
        match outcome {
            Ok((candidate, metrics)) => {
                let point = candidate.hardware.point.map_or_else(
                    || "of the base".to_owned(),
                    |[size, dac, adc, bits]| {
                        format!("{size}×{size}, DAC {dac}, ADC {adc}, {bits} bit a cell")
                    },
                );
                all.add_row([
                    hash,
                    point,
                    candidate.network.layers.len().to_string(),
                    grouped(&weights(&candidate.network).to_string()),
                    format!("{:.4}", metrics.latency_ms),
                    format!("{:.4}", metrics.energy_mj),
                    format!("{:.2}", metrics.area_mm2),
                    format!("{:.3}", metrics.power_w),
                ]);
            }
            Err(reason) => {
                all.add_row([hash, format!("not possible: {reason}")]);
            }
        }
    }
    format!("{all}\n")
}

fn sample_json((trial, drawn): (usize, &Drawn)) -> Json {
    let mut object = json!({
        "trial": trial,
        "hash": drawn.genotype.hash().to_string(),
        "genotype": drawn.genotype.to_json_value(),
    });
    let (key, value) = match &drawn.outcome {
        Ok((candidate, metrics)) => (
            "metrics",
            json!({
                "layers": candidate.network.layers.len(),
                "weights": weights(&candidate.network),
                "latency_ms": metrics.latency_ms,
                "energy_mJ": metrics.energy_mj,
                "area_mm2": metrics.area_mm2,
                "power_W": metrics.power_w,
            }),
        ),
        Err(reason) => ("rejected", json!(reason)),
    };
    object[key] = value;
    object
}

fn decode(args: &DecodeArgs) -> Result<(), Failure> {
    let (space, _) = load(&args.space.space)?;
    let (base, _) = args.hardware.load()?;
    let bytes = read_file(&args.genotype)?;
    let text = String::from_utf8_lossy(&bytes);
    let bad = |error: crate::search::rollout::GenotypeError| {
        let hint = match error.problems.as_slice() {
            [single] => Some(single.hint.clone()),
            _ => None,
        };
        Failure::of_file(&args.genotype, &error, hint.as_deref())
    };
    let genotype: Genotype = text.parse().map_err(bad)?;
    let rollout = genotype.rollout(space.name(), space.decisions()).map_err(bad)?;
    let candidate = space.decode(&rollout).map_err(rejected)?;
    let RealisedHardware { config, .. } = candidate.hardware.apply(&base).map_err(rejected)?;
    let network = candidate.network.to_layer_list_json() + "\n";
    if let Some(path) = &args.network {
        write_file(path, network.as_bytes())?;
    }
    if let Some(path) = &args.ini {
        write_file(path, config.to_ini().as_bytes())?;
    }
    if args.network.is_none() && args.ini.is_none() {
        return super::output::print(&network);
    }
    Ok(())
}

/// Every reason against a rollout.
pub fn rejected(rejection: Rejection) -> Failure {
    let text = rejection
        .reasons
        .iter()
        .map(|reason| Failure::new(&reason.message, reason.hint.as_deref()).text)
        .collect();
    Failure { text }
}
