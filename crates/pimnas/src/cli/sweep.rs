//! `pimnas sweep`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::Network;
use crate::config::{Diagnostic, DiagnosticCode, check};
use crate::explore::{Points, Row, Setting, Task, sweep};
use crate::report::sweep::{csv_head, csv_row, json_row};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::failure::{FOUND_WRONG, Failure};
use super::inputs::{HardwareArgs, ModeArgs, ZooArgs, load_network, network_name};
use super::output::{OutputArgs, note, read_file};

/// Rows evaluated between two appends of text; bounds the memory of a large sweep.
const CHUNK: usize = 4096;

/// Figures of merit of networks on a grid or a list of hardware points
#[derive(Args, Clone, Debug)]
pub struct SweepArgs {
    /// A network of the zoo or a layer-list JSON file; may be repeated
    #[arg(long, value_name = "NAME|FILE", default_value = "vgg8")]
    network: Vec<String>,
    #[command(flatten)]
    zoo: ZooArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    mode: ModeArgs,
    /// A key and its values, such as "Crossbar level/Xbar_Size=128,128;256,256"; may be
    /// repeated: every combination is evaluated
    #[arg(long, value_name = "SECTION/KEY=VALUE;VALUE", conflicts_with = "points")]
    axis: Vec<String>,
    /// A CSV file with keys in its first line and a hardware point in each other
    #[arg(long, value_name = "FILE")]
    points: Option<PathBuf>,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = RowFormat::Csv)]
    format: RowFormat,
    #[command(flatten)]
    output: OutputArgs,
}

/// Form of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// A head line and one line a row
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// Runs the command.
pub fn run(args: &SweepArgs) -> Result<ExitCode, Failure> {
    args.output.check()?;
    let options = args.mode.options()?;
    let (base, _) = args.hardware.load()?;
    let points = read_points(args)?;
    check_keys(&points, &base)?;
    let networks = args
        .network
        .iter()
        .map(|given| load_network(given, args.zoo))
        .collect::<Result<Vec<Network>, Failure>>()?;
    let names: Vec<String> = args.network.iter().map(|given| network_name(given)).collect();
    let task = Task { base: &base, networks: &networks, points: &points, options: &options };
    let bar = progress(task.len());
    let mut text = Text::new(args.format, &points)?;
    let mut failed = 0;
    for start in (0..task.len()).step_by(CHUNK) {
        let end = (start + CHUNK).min(task.len());
        for row in sweep(task, start..end, |_| bar.inc(1)) {
            failed += usize::from(row.result.is_err());
            text.add(&row, &names[row.network])?;
        }
    }
    bar.finish_and_clear();
    note(&format!("{} points, {failed} of them not possible\n", task.len()));
    args.output.write(&text.finish()?)?;
    // Some points of a grid are often not possible; if none is, the answer is "no".
    let none = failed == task.len();
    Ok(if none { ExitCode::from(FOUND_WRONG) } else { ExitCode::SUCCESS })
}

fn read_points(args: &SweepArgs) -> Result<Points, Failure> {
    let Some(path) = &args.points else {
        return Points::grid(&args.axis).map_err(|error| Failure::new(&error, Some(error.hint())));
    };
    let bytes = read_file(path)?;
    let unreadable = |error: csv::Error| {
        let hint = "give a CSV file: keys in the first line, a hardware point in each other";
        Failure::of_file(path, format_args!("it is not CSV: {error}"), Some(hint))
    };
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(&bytes[..]);
    let keys = reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(record.map_err(unreadable)?.iter().map(str::to_owned).collect());
    }
    Points::list(keys, rows).map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
}

/// Keys are checked once, before the work starts.
fn check_keys(points: &Points, base: &crate::RawConfig) -> Result<(), Failure> {
    if points.is_empty() {
        return Err(Failure::new("there is no point to evaluate", Some("add a row or an axis")));
    }
    let mut config = base.clone();
    let mut text = String::new();
    for setting in points.get(0) {
        if let Err(error) = config.set(&setting.key, &setting.value) {
            text += &Failure::new(&error, error.hint()).text;
        }
    }
    if text.is_empty() { check_values(points, base) } else { Err(Failure { text }) }
}

/// What can be wrong with a value by itself.
const OF_VALUE: [DiagnosticCode; 3] =
    [DiagnosticCode::WrongType, DiagnosticCode::WrongCount, DiagnosticCode::OutOfRange];

/// So is each value of an axis by itself. (Those of a list are not: a bad row says so in its
/// last column.)
fn check_values(points: &Points, base: &crate::RawConfig) -> Result<(), Failure> {
    let mut text = String::new();
    for Setting { key, value } in points.axis_settings() {
        let mut config = base.clone();
        if let Err(error) = config.set(&key, &value) {
            text += &Failure::new(&error, error.hint()).text;
            continue;
        }
        let about = |problem: &&Diagnostic| {
            let of_value = OF_VALUE.contains(&problem.code);
            let path = problem.key.as_ref().map(|(section, key)| format!("{section}/{key}"));
            of_value && path.is_some_and(|path| path.eq_ignore_ascii_case(&key))
        };
        for problem in check(&config).errors().filter(about) {
            text += &Failure::new(format_args!("--axis: {problem}"), problem.hint()).text;
        }
    }
    if text.is_empty() { Ok(()) } else { Err(Failure { text }) }
}

fn progress(total: usize) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    let style = "{bar:40} {pos}/{len} points, {per_sec}, {eta} left";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The rows as text.
enum Text {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Jsonl(String),
}

impl Text {
    fn new(format: RowFormat, points: &Points) -> Result<Self, Failure> {
        match format {
            RowFormat::Jsonl => Ok(Self::Jsonl(String::new())),
            RowFormat::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                writer.write_record(csv_head(points.keys())).map_err(|e| Failure::new(e, None))?;
                Ok(Self::Csv(Box::new(writer)))
            }
        }
    }

    fn add(&mut self, row: &Row, network: &str) -> Result<(), Failure> {
        match self {
            Self::Csv(writer) => {
                writer.write_record(csv_row(row, network)).map_err(|e| Failure::new(e, None))
            }
            Self::Jsonl(text) => {
                *text += &json_row(row, network).to_string();
                text.push('\n');
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<String, Failure> {
        match self {
            Self::Jsonl(text) => Ok(text),
            Self::Csv(writer) => {
                let bytes = writer.into_inner().map_err(|e| Failure::new(e.error(), None))?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    }
}
