//! `pimnas bench`.

use std::path::PathBuf;

use crate::Options;
use crate::cosearch::{HardwareTable, JointTable, TableAccuracy};
use crate::report::curves::{Series, svg};
use crate::report::table::table;
use crate::search::benchmark::{
    Curve, Ground, Known, Plan, Summary, Volume, mann_whitney, qualities,
};
use crate::search::controllers::{ABLATIONS, NAMES, by_name};
use crate::search::search::{Constraint, Goals, Metric, Objective, metrics};
use crate::search::{Space, WrittenSpace};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::failure::Failure;
use super::inputs::{FidelityArg, HardwareArgs};
use super::output::{OutputArgs, check_output, note, read_file, write_file};
use super::search::read_table;
use super::threads::ThreadArgs;

/// Comparisons of the search's parts
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum BenchCommand {
    /// Controllers on a table of figures that are known beforehand (docs/SEARCH.md)
    Search(SearchArgs),
    /// Latency, energy, area and power of all rollouts of a small space, as a table for `search`
    Table(TableArgs),
}

#[derive(Args, Clone, Debug)]
struct TableArgs {
    /// The space, a shipped one or a TOML file; all its decisions are always active
    #[arg(long, value_name = "NAME|FILE", default_value = "nasbench201-pim")]
    space: String,
    #[command(flatten)]
    hardware: HardwareArgs,
    /// Keep the reference's defects, or correct them
    #[arg(long, value_enum, default_value_t = FidelityArg::Reference)]
    fidelity: FidelityArg,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    threads: ThreadArgs,
}

#[derive(Args, Clone, Debug)]
struct SearchArgs {
    /// The table: data.anb of the Python package analog-nasbench, or a CSV file
    #[arg(long, value_name = "FILE")]
    table: PathBuf,
    /// The space that its rows are rollouts of
    #[arg(long, value_name = "NAME|FILE", default_value = "nasbench201")]
    space: String,
    /// A table of costs, as `pimnas bench table` writes it: the searches are joint then, over
    /// --joint-space
    #[arg(long, value_name = "FILE")]
    hardware: Option<PathBuf>,
    /// The space of the table of costs, which decides all that --space does
    #[arg(
        long,
        value_name = "NAME|FILE",
        default_value = "nasbench201-pim",
        requires = "hardware"
    )]
    joint_space: String,
    /// What is searched for, a metric of the table; may be repeated: with several, the quality is
    /// the hypervolume as a share of the table's
    #[arg(long, value_name = "NAME", required = true)]
    metric: Vec<String>,
    /// A bound, such as "cost <= 50"; may be repeated
    #[arg(long, value_name = "BOUND")]
    constraint: Vec<String>,
    /// A controller; may be repeated. Without it, all of them. Parts of ESAPP are left out in
    /// esapp-no-entropy, -no-influence, -no-schedule, -no-crossover and -no-priority
    #[arg(long, value_name = "NAME")]
    controller: Vec<String>,
    /// Seed of the first run of each; the others follow. Seeds that chose a setting should not judge it
    #[arg(long, value_name = "S", default_value_t = 0,
          value_parser = clap::value_parser!(u64).range(..=1 << 62))]
    first_seed: u64,
    /// Runs of each
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds: u32,
    /// Evaluations after which results are shown; may be repeated
    #[arg(long, value_name = "N", default_values_t = [100, 300],
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    budget: Vec<u32>,
    /// Rollouts that are proposed at once
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Scales of the hypervolume of several objectives
    #[arg(long, value_enum, default_value_t = VolumeArg::Front)]
    volume: VolumeArg,
    /// A controller that the others are compared with: p-values (Mann and Whitney, two-sided)
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = ResultForm::Table)]
    format: ResultForm,
    /// Write the curves of quality over evaluations to this file, as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// Scales of hypervolumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum VolumeArg {
    /// From the best to the worst of the table's front and a tenth beyond, costs as logarithms
    Front,
    /// From the worst of the whole table, in own units
    Worst,
}

impl From<VolumeArg> for Volume {
    fn from(volume: VolumeArg) -> Self {
        match volume {
            VolumeArg::Front => Self::Front,
            VolumeArg::Worst => Self::Worst,
        }
    }
}

/// Form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ResultForm {
    /// For reading
    Table,
    /// A head line and one line a controller and budget
    Csv,
    /// For programs
    Json,
}

/// Runs the command.
pub fn run(args: &BenchArgs) -> Result<(), Failure> {
    match &args.command {
        BenchCommand::Search(args) => search(args),
        BenchCommand::Table(args) => hardware_table(args),
    }
}

fn hardware_table(args: &TableArgs) -> Result<(), Failure> {
    check_output(&args.output)?;
    let (space, _) = super::space::load(&args.space)?;
    let (base, _) = args.hardware.load()?;
    let options = Options::new(args.fidelity.into());
    let raw = space.decisions().raw_size();
    let bar = ProgressBar::new(u64::try_from(raw).unwrap_or(u64::MAX));
    let done = |rows: usize| bar.inc(rows as u64);
    let table = args.threads.run(|| {
        HardwareTable::compute(&space, (base, options), &done)
            .map_err(|error| Failure::new(&error, Some(error.hint())))
    })?;
    bar.finish_and_clear();
    note(&format!("{} rows, {} of them possible\n", table.len(), table.possible()));
    write_file(&args.output, &table.to_bytes())
}

/// The table that is searched.
fn known(
    args: &SearchArgs,
    space: WrittenSpace,
) -> Result<(WrittenSpace, Box<dyn Known>), Failure> {
    let bytes = read_file(&args.table)?;
    let table = read_table(&args.table, &bytes, &space)?;
    let Some(path) = &args.hardware else { return Ok((space, Box::new(table))) };
    let (joint, _) = super::space::load(&args.joint_space)?;
    let bytes = read_file(path)?;
    let costs = HardwareTable::from_bytes(&bytes, joint.name(), joint.decisions())
        .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))?;
    let accuracy = TableAccuracy::new((table, &space), &joint, &[])
        .map_err(|error| Failure::of_file(&args.table, &error, Some(error.hint())))?;
    Ok((joint, Box::new(JointTable::new(costs, accuracy))))
}

struct Found {
    controller: String,
    evaluations: usize,
    summary: Summary,
    /// Against the controller that is named; none without one, and of itself.
    p: Option<f64>,
}

/// How well a controller's models predict trials that they have not seen, at the end of the runs.
struct Agreement {
    controller: String,
    metric: String,
    evaluations: usize,
    /// Kendall's τ, over runs.
    tau: Summary,
}

/// The agreements of the controllers that predict.
fn agreements(args: &SearchArgs, (all, last): (&[(&str, Vec<Curve>)], usize)) -> Vec<Agreement> {
    let mut found = Vec::new();
    for (name, curves) in all {
        for (objective, metric) in args.metric.iter().enumerate() {
            let of = |curve: &Curve| curve.agreement.as_ref()?.get(objective).copied();
            let values: Vec<f64> = curves.iter().filter_map(of).collect();
            if !values.is_empty() {
                let (controller, metric) = ((*name).to_owned(), metric.clone());
                let tau = Summary::of(&values, 1.0);
                found.push(Agreement { controller, metric, evaluations: last, tau });
            }
        }
    }
    found
}

fn search(args: &SearchArgs) -> Result<(), Failure> {
    args.output.check()?;
    let controllers = controllers(args)?;
    let (space, _) = super::space::load(&args.space)?;
    let (space, table) = known(args, space)?;
    let goals = goals(args, &metrics(table.as_ref()))?;
    let ground = Ground { space: &space, table: table.as_ref(), goals: &goals };
    let failed = |error| Failure::new(error, Some("check the table and the constraints"));
    let ground = ground.measured(args.volume.into()).map_err(failed)?;
    let best = ground.best();
    note(&format!("the table's front has {} members\n", ground.front()));
    let last = args.budget.iter().copied().max().unwrap_or(1) as usize;
    let plan = Plan {
        evaluations: last,
        batch: args.batch as usize,
        first_seed: args.first_seed,
        seeds: args.seeds as usize,
    };
    let bar = ProgressBar::new(controllers.len() as u64);
    let mut all: Vec<(&str, Vec<Curve>)> = Vec::new();
    for name in controllers {
        let make = || by_name(name).unwrap_or_else(|| Box::new(crate::search::controllers::Random));
        let curves = args.threads.run(|| ground.curves(&make, plan).map_err(failed))?;
        all.push((name, curves));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let base = args.against.as_ref().and_then(|name| all.iter().find(|(known, _)| known == name));
    let mut found: Vec<Found> = Vec::new();
    for (name, curves) in &all {
        for evaluations in args.budget.iter().map(|&budget| budget as usize) {
            let summary = Summary::after(curves, evaluations, best);
            let base = base.filter(|(known, _)| known != name);
            let p = base.map(|(_, others)| {
                mann_whitney(&qualities(curves, evaluations), &qualities(others, evaluations))
            });
            found.push(Found { controller: (*name).to_owned(), evaluations, summary, p });
        }
    }
    if let Some(path) = &args.svg {
        write_file(path, picture(args, (&all, last), best).as_bytes())?;
    }
    let agreements = agreements(args, (&all, last));
    args.output.write(&shown(args.format, (&found, &agreements), best))
}

/// The controllers that are asked for, and the one that they are compared with.
fn controllers(args: &SearchArgs) -> Result<Vec<&str>, Failure> {
    let mut controllers: Vec<&str> = if args.controller.is_empty() {
        NAMES.to_vec()
    } else {
        args.controller.iter().map(String::as_str).collect()
    };
    if let Some(against) = &args.against
        && !controllers.contains(&against.as_str())
    {
        controllers.push(against);
    }
    for name in &controllers {
        if by_name(name).is_none() {
            let message = format!("there is no controller `{}`", pimnas_suggest::shown(name));
            let known = || NAMES.into_iter().chain(ABLATIONS);
            let hint = pimnas_suggest::closest(name, known()).map_or_else(
                || format!("choose from {}", known().collect::<Vec<_>>().join(", ")),
                |close| format!("did you mean `{close}`?"),
            );
            return Err(Failure::new(message, Some(&hint)));
        }
    }
    Ok(controllers)
}

fn goals(args: &SearchArgs, metrics: &[Metric]) -> Result<Goals, Failure> {
    let mut text = String::new();
    let mut constraints: Vec<Constraint> = Vec::new();
    for given in &args.constraint {
        match given.parse() {
            Ok(constraint) => constraints.push(constraint),
            Err(error) => {
                let error: crate::search::search::GoalError = error;
                text += &Failure::new(&error, Some(error.hint())).text;
            }
        }
    }
    let mut objectives: Vec<Objective> = Vec::new();
    for given in &args.metric {
        match given.parse::<Objective>() {
            Ok(objective) => objectives.push(objective),
            Err(error) => text += &Failure::new(&error, Some(error.hint())).text,
        }
    }
    match Goals::new(metrics, &objectives, &constraints) {
        Ok(goals) if text.is_empty() => Ok(goals),
        Ok(_) => Err(Failure { text }),
        Err(errors) => {
            for error in errors {
                text += &Failure::new(&error, Some(error.hint())).text;
            }
            Err(Failure { text })
        }
    }
}

fn picture(args: &SearchArgs, (all, last): (&[(&str, Vec<Curve>)], usize), best: f64) -> String {
    /// Points of a curve, at most.
    const POINTS: usize = 150;
    let step = last.div_ceil(POINTS);
    let series: Vec<Series> = all
        .iter()
        .map(|(name, curves)| {
            let point = |evaluations: usize| {
                let summary = Summary::after(curves, evaluations, best);
                let (low, high) = summary.interval();
                (summary.runs > 0).then_some([evaluations as f64, summary.mean, low, high])
            };
            let points = (1..=last).filter(|at| at % step == 0).filter_map(point).collect();
            Series { name: (*name).to_owned(), points }
        })
        .collect();
    let up = match args.metric.as_slice() {
        [single] => format!("best {single} so far"),
        _ => "hypervolume, share of the table's".to_owned(),
    };
    let title = format!("{}: mean of {} runs, 95 % interval", args.metric.join(", "), args.seeds);
    svg(&title, ("evaluations", &up), &series)
}

fn shown(form: ResultForm, (found, agreements): (&[Found], &[Agreement]), best: f64) -> String {
    const HEAD: [&str; 9] = [
        "controller",
        "evaluations",
        "runs",
        "mean",
        "low",
        "high",
        "standard_error",
        "found_best",
        "p",
    ];
    let fields = |Found { controller, evaluations, summary, p }: &Found| {
        let (low, high) = summary.interval();
        let figure = |value: f64| format!("{value:.4}");
        [
            controller.clone(),
            evaluations.to_string(),
            summary.runs.to_string(),
            figure(summary.mean),
            figure(low),
            figure(high),
            figure(summary.error),
            figure(summary.found),
            p.map_or_else(String::new, |p| format!("{p:.2e}")),
        ]
    };
    match form {
        ResultForm::Table => {
            let mut all = table(&HEAD.map(|title| title), 1);
            found.iter().for_each(|one| {
                all.add_row(fields(one));
            });
            let mut text = format!(
                "{all}\nbest possible: {best:.4}; low and high: 95 % interval of the mean\n"
            );
            if found.iter().any(|one| one.p.is_some()) {
                text +=
                    "p: two-sided test of Mann and Whitney against the controller that is named\n";
            }
            for Agreement { controller, metric, evaluations, tau } in agreements {
                text += &format!(
                    "{controller}: Kendall's \u{3c4} of held-out trials after {evaluations}, {metric}: \
                     {:.3} \u{b1} {:.3}\n",
                    tau.mean, tau.error
                );
            }
            text
        }
        ResultForm::Csv => {
            let mut text = HEAD.join(",") + "\n";
            found.iter().for_each(|one| text += &(fields(one).join(",") + "\n"));
            text
        }
        ResultForm::Json => as_json((found, agreements), best),
    }
}

/// The results for programs.
fn as_json((found, agreements): (&[Found], &[Agreement]), best: f64) -> String {
    let row = |one: &Found| {
        let (low, high) = one.summary.interval();
        json!({
            "controller": one.controller,
            "evaluations": one.evaluations,
            "runs": one.summary.runs,
            "mean": one.summary.mean,
            "interval_95": [low, high],
            "standard_error": one.summary.error,
            "found_best": one.summary.found,
            "p": one.p,
        })
    };
    let rows: Value = found.iter().map(row).collect();
    let agreement = |one: &Agreement| {
        json!({
            "controller": one.controller,
            "metric": one.metric,
            "evaluations": one.evaluations,
            "kendall_tau": one.tau.mean,
            "standard_error": one.tau.error,
        })
    };
    let agreements: Value = agreements.iter().map(agreement).collect();
    let all = json!({"best": best, "results": rows, "held_out_agreement": agreements});
    format!("{all:#}\n")
}
