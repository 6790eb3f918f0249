//! `pimnas front`, `status` and `show`: what a stored run has.

use std::path::{Path, PathBuf};

use crate::config::RawConfig;
use crate::report::table::table;
use crate::search::search::{Lineage, Outcome, StopReason, Trial, TrialId};
use crate::search::space::RealisedHardware;
use crate::search::{Candidate, Space, WrittenSpace};
use crate::store::{Place, RunSummary, TestAccuracies, TrialSummary};
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::feasible::{bounds_json, kept, nothing_feasible};
#[cfg(feature = "train")]
use super::output::write_file;
use super::output::{OutputArgs, quoted};
use super::search::store_failure;
use super::space;

/// Which run, and in which form.
#[derive(Args, Clone, Debug)]
pub struct FrontArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = FrontForm::Table)]
    format: FrontForm,
    #[command(flatten)]
    output: OutputArgs,
}

/// Form of a front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FrontForm {
    /// For reading
    Table,
    /// A head line and one line a member
    Csv,
    /// For programs
    Json,
}

/// Which run, and in which form.
#[derive(Args, Clone, Debug)]
pub struct StatusArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
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

/// Which trial of which run.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Number of the trial; without it the first member of the front
    #[arg(long, value_name = "N")]
    trial: Option<u64>,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    #[command(flatten)]
    output: OutputArgs,
}

/// A number in four digits.
pub fn digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    match magnitude {
        -3..=5 => format!("{value:.*}", usize::try_from(3 - magnitude).unwrap_or(0)),
        _ => format!("{value:.3e}"),
    }
}

/// Whether the hypervolume of a front of that size can be had in a moment.
pub fn volume_is_cheap(objectives: usize, front: usize) -> bool {
    objectives <= 2 || front <= crate::store::cheap_front(objectives)
}

pub fn read(run: &Path) -> Result<(RunSummary, Place), Failure> {
    let place = Place::new(run);
    let summary = RunSummary::read(&place).map_err(|error| store_failure(&error))?;
    Ok((summary, place))
}

/// A run's folder as a word of a command.
pub fn shown_folder(place: &Place) -> String {
    quoted(&place.folder().to_string_lossy())
}

/// The command that reproduces a trial's costs.
pub fn command(trial: &TrialSummary, place: &Place) -> String {
    crate::page::run::command(trial, &shown_folder(place))
}

/// How a run ended, in words.
pub fn ended(summary: &RunSummary, reason: StopReason) -> String {
    let seconds = summary.elapsed.as_secs_f64();
    let trials = summary.trials.len();
    format!("{trials} trials in {} s: {reason}\n", digits(seconds))
}

/// The front as a table, best in the first objective first.
pub fn front_table(summary: &RunSummary, place: &Place) -> String {
    let titles: Vec<String> = summary
        .objectives
        .iter()
        .map(|objective| format!("{} {}", objective.direction.word(), objective.metric.name))
        .collect();
    let test = TestAccuracies::read(place);
    let mut head = vec!["trial"];
    head.extend(titles.iter().map(String::as_str));
    head.extend(test.as_ref().map(|_| TestAccuracies::NAME));
    let mut all = table(&head, 0);
    let members = ordered(summary);
    /// Members that a table shows; CSV and JSON have all.
    const SHOWN: usize = 50;
    for member in members.iter().take(SHOWN) {
        let mut row = vec![member.trial.id.0.to_string()];
        row.extend(member.values.iter().map(|value| value.map_or_else(String::new, digits)));
        row.extend(
            test.as_ref().map(|test| test.of(member.trial.id).map_or_else(String::new, digits)),
        );
        all.add_row(row);
    }
    let run = shown_folder(place);
    let mut text = format!("{all}\n");
    if let Some(test) = &test {
        let images = test.images;
        text += &format!(
            "{}: percent of {images} test images, which no choice saw\n",
            TestAccuracies::NAME
        );
    }
    if members.len() > SHOWN {
        let more = members.len() - SHOWN;
        text += &format!("and {more} more: pimnas front {run} --format csv\n");
    }
    text + &format!(
        "decisions of one: pimnas show {run} --trial N; its files: pimnas export {run} --trial N \
         --out FOLDER\n"
    )
}

/// Keeps accuracies on test images beside the run.
#[cfg(feature = "train")]
pub fn write_test(place: &Place, measured: &TestAccuracies) -> Result<(), Failure> {
    write_file(&place.folder().join(TestAccuracies::FILE), measured.to_text().as_bytes())
}

/// Members of the front, best in the first objective first.
fn ordered(summary: &RunSummary) -> Vec<&TrialSummary> {
    let mut members: Vec<&TrialSummary> = summary.members().collect();
    let first = summary.objectives.first();
    let value = |trial: &TrialSummary| {
        let value = trial.values.first().copied().flatten().unwrap_or(f64::NAN);
        first.map_or(value, |objective| objective.direction.minimised(value))
    };
    members.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.trial.id.cmp(&b.trial.id)));
    members
}

/// Runs `pimnas front`.
pub fn front(args: &FrontArgs) -> Result<(), Failure> {
    args.output.check()?;
    let (summary, place) = read(&args.run)?;
    if let Some(said) = nothing_feasible(&summary) {
        super::output::note(&said);
    }
    let text = match args.format {
        FrontForm::Table => front_table(&summary, &place),
        FrontForm::Csv => front_csv(&summary, &place)?,
        FrontForm::Json => {
            let all = ordered(&summary);
            let test = TestAccuracies::read(&place);
            let json = |one: &&TrialSummary| trial_json(&summary, one, (&place, test.as_ref()));
            let all: Json = all.iter().map(json).collect();
            format!("{all:#}\n")
        }
    };
    args.output.write(&text)
}

fn front_csv(summary: &RunSummary, place: &Place) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head = vec!["trial".to_owned(), "genotype_hash".to_owned()];
    // Scalars are no metrics; metrics have columns of their own.
    let scalars: Vec<usize> = (0..summary.objectives.len())
        .filter(|&at| summary.objectives[at].position.is_none())
        .collect();
    head.extend(scalars.iter().map(|&at| summary.objectives[at].metric.name.clone()));
    head.extend(summary.metrics.iter().map(|metric| metric.name.clone()));
    let test = TestAccuracies::read(place);
    head.extend(test.as_ref().map(|_| TestAccuracies::NAME.to_owned()));
    head.extend(summary.info.decisions.iter().map(|decision| decision.path.clone()));
    head.push("command".to_owned());
    let failed = |error: csv::Error| Failure::new(error, None);
    writer.write_record(&head).map_err(failed)?;
    for member in ordered(summary) {
        let figure = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        let mut row = vec![member.trial.id.0.to_string(), member.hash.clone()];
        row.extend(scalars.iter().map(|&at| figure(member.values.get(at).copied().flatten())));
        row.extend(member.trial.figures.iter().map(|&value| figure(value)));
        row.extend(test.as_ref().map(|test| figure(test.of(member.trial.id))));
        let decided = summary.decided(&member.trial);
        let choice = |path: &str| {
            decided.iter().find(|(known, _)| *known == path).map_or("", |(_, choice)| choice)
        };
        row.extend(summary.info.decisions.iter().map(|d| choice(&d.path).to_owned()));
        row.push(command(member, place));
        writer.write_record(&row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::new(error, None))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Infeasible => "infeasible",
        Outcome::Dominated => "dominated",
        Outcome::Predicted => "predicted",
        Outcome::Outclassed => "outclassed",
        Outcome::Rejected(_) => "rejected",
    }
}

fn parents(lineage: &Lineage) -> Vec<u64> {
    match lineage {
        Lineage::Drawn | Lineage::Given | Lineage::Model => Vec::new(),
        Lineage::Mutated(parent) => vec![parent.0],
        Lineage::Crossed(one, other) => vec![one.0, other.0],
    }
}

fn lineage_word(lineage: &Lineage) -> &'static str {
    match lineage {
        Lineage::Drawn => "drawn at random",
        Lineage::Given => "an edge of the space",
        Lineage::Mutated(_) => "mutated",
        Lineage::Crossed(..) => "crossed",
        Lineage::Model => "proposed by a model",
    }
}

/// A trial as JSON.
pub fn trial_json(
    summary: &RunSummary,
    one: &TrialSummary,
    (place, test): (&Place, Option<&TestAccuracies>),
) -> Json {
    let names = summary.metrics.iter().map(|metric| metric.name.clone());
    let figures = one.trial.figures.iter().map(|figure| json!(figure));
    let mut figures: serde_json::Map<String, Json> = names.zip(figures).collect();
    if let Some(measured) = test.and_then(|test| test.of(one.trial.id)) {
        figures.insert(TestAccuracies::NAME.to_owned(), json!(measured));
    }
    let names = summary.objectives.iter().map(|objective| objective.metric.name.clone());
    let values: serde_json::Map<String, Json> =
        names.zip(one.values.iter().map(|value| json!(value))).collect();
    let names = summary.info.stages.iter().map(|stage| stage.name.clone());
    let spent = one.spent.iter().map(|spent| json!(spent.map(|spent| spent.as_secs_f64() * 1e3)));
    let spent: serde_json::Map<String, Json> = names.zip(spent).collect();
    json!({
        "trial": one.trial.id.0,
        "genotype": summary.genotype(&one.trial),
        "genotype_hash": one.hash,
        "objectives": values,
        "metrics": figures,
        "outcome": outcome_word(&one.trial.outcome),
        "reason": one.reason,
        "feasible": one.feasible,
        "seed": one.trial.seed,
        "made_by": lineage_word(&one.trial.lineage),
        "parents": parents(&one.trial.lineage),
        "spent_ms": spent,
        "command": command(one, place),
    })
}

/// Runs `pimnas status`.
pub fn status(args: &StatusArgs) -> Result<(), Failure> {
    args.output.check()?;
    let (summary, place) = read(&args.run)?;
    let text = match args.format {
        Form::Table => status_text(&summary, &place),
        Form::Json => format!("{:#}\n", status_json(&summary)),
    };
    args.output.write(&text)
}

/// The last hypervolume.
fn volume(summary: &RunSummary) -> Option<f64> {
    summary.hypervolume.as_ref()?.curve.last().map(|point| point.volume)
}

fn state(summary: &RunSummary) -> String {
    let by = if summary.info.config.get("study").is_some() {
        "pimnas.Study.open in Python"
    } else {
        "pimnas search --resume"
    };
    summary.stopped.map_or_else(
        || format!("running, or killed (continue with {by})"),
        |reason| format!("ended: {reason}"),
    )
}

fn status_text(summary: &RunSummary, place: &Place) -> String {
    let info = &summary.info;
    let mut all = table(&["run", &place.folder().display().to_string()], 2);
    let size = info.space.size.clone().unwrap_or_else(|| "many".to_owned());
    let sessions = summary.sessions.len();
    let seconds = summary.elapsed.as_secs_f64();
    let budget = info.budget.evaluations;
    all.add_row(["state", &state(summary)]);
    all.add_row(["space", &format!("{}, {size} rollouts", info.space.name)]);
    all.add_row([
        "controller",
        &format!("{}, seed {}, batches of {}", info.controller, info.seed, info.batch),
    ]);
    for objective in &summary.objectives {
        let best = ordered_by(summary, objective);
        let best = best.map_or_else(|| "none yet".to_owned(), digits);
        let word = objective.direction.word();
        all.add_row(["objective", &format!("{word} {}, best {best}", objective.metric.name)]);
    }
    for bound in summary.bounds() {
        all.add_row(["constraint", &format!("{}, {}", bound.constraint, kept(&bound))]);
    }
    all.add_row([
        "trials",
        &format!(
            "{} of {budget} in {} s, {sessions} sessions",
            summary.trials.len(),
            digits(seconds)
        ),
    ]);
    all.add_row(["feasible", &format!("{:.1} %", 100.0 * summary.feasible_share())]);
    all.add_row(["front", &summary.front.len().to_string()]);
    if let Some(volume) = volume(summary) {
        all.add_row(["hypervolume", &digits(volume)]);
    }
    let head = [
        "stage",
        "entered",
        "infeasible",
        "dominated",
        "predicted",
        "outclassed",
        "rejected",
        "passed",
        "seconds",
    ];
    let mut funnel = table(&head, 1);
    for stage in &summary.funnel {
        let stopped = &stage.stopped;
        let passed = stage.entered - stopped.total();
        let counts = [
            stage.entered,
            stopped.infeasible,
            stopped.dominated,
            stopped.predicted,
            stopped.outclassed,
            stopped.rejected,
            passed,
        ];
        let mut row = vec![stage.name.clone()];
        row.extend(counts.map(|count| count.to_string()));
        row.push(digits(stage.spent.as_secs_f64()));
        funnel.add_row(row);
    }
    let said = nothing_feasible(summary).unwrap_or_default();
    format!("{all}\n{funnel}\n{said}")
}

fn ordered_by(summary: &RunSummary, objective: &crate::store::ObjectiveSummary) -> Option<f64> {
    let at = summary.objectives.iter().position(|known| known == objective)?;
    let values = summary.members().filter_map(|member| member.values.get(at).copied().flatten());
    let way = objective.direction;
    values.min_by(|a, b| way.minimised(*a).total_cmp(&way.minimised(*b)))
}

fn status_json(summary: &RunSummary) -> Json {
    let funnel: Json = summary
        .funnel
        .iter()
        .map(|stage| {
            let stopped = &stage.stopped;
            json!({
                "stage": stage.name,
                "entered": stage.entered,
                "infeasible": stopped.infeasible,
                "dominated": stopped.dominated,
                "predicted": stopped.predicted,
                "outclassed": stopped.outclassed,
                "rejected": stopped.rejected,
                "passed": stage.entered - stopped.total(),
                "spent_s": stage.spent.as_secs_f64(),
            })
        })
        .collect();
    let best: serde_json::Map<String, Json> = summary
        .objectives
        .iter()
        .map(|one| (one.metric.name.clone(), json!(ordered_by(summary, one))))
        .collect();
    let closest = summary.closest.and_then(|id| summary.trial(id));
    json!({
        "space": summary.info.space.name,
        "controller": summary.info.controller,
        "seed": summary.info.seed,
        "batch": summary.info.batch,
        "constraints": summary.info.constraints.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "bounds": bounds_json(summary),
        "budget": summary.info.budget.evaluations,
        "trials": summary.trials.len(),
        "elapsed_s": summary.elapsed.as_secs_f64(),
        "stopped": summary.stopped,
        "sessions": summary.sessions.len(),
        "feasible_share": summary.feasible_share(),
        "front": summary.front.len(),
        "hypervolume": volume(summary),
        "best": best,
        "closest": closest.map(|one| json!({"trial": one.trial.id.0, "reason": one.reason})),
        "funnel": funnel,
        "configuration": summary.info.config,
    })
}

/// The trial of that number, or the first member of the front.
pub fn chosen<'s>(
    summary: &'s RunSummary,
    given: Option<u64>,
    run: &Path,
) -> Result<&'s TrialSummary, Failure> {
    let last = summary.trials.len();
    match given {
        Some(id) => summary.trial(TrialId(id)).ok_or_else(|| {
            let why = format!("there is no trial {id}: the run has {last}");
            Failure::of_file(run, why, Some("see `pimnas front RUN` for those on the front"))
        }),
        None => ordered(summary).first().copied().ok_or_else(|| {
            let closest = summary.closest.map(|id| id.0);
            let hint = closest.map_or_else(
                || "give a trial with --trial".to_owned(),
                |id| format!("--trial {id} is the one that comes closest to the constraints"),
            );
            Failure::of_file(run, "the front has no member", Some(&hint))
        }),
    }
}

/// Runs `pimnas show`.
pub fn show(args: &ShowArgs) -> Result<(), Failure> {
    args.output.check()?;
    let (summary, place) = read(&args.run)?;
    let one = chosen(&summary, args.trial, &args.run)?;
    let text = match args.format {
        Form::Table => show_text(&summary, one, &place),
        Form::Json => {
            let test = TestAccuracies::read(&place);
            format!("{:#}\n", trial_json(&summary, one, (&place, test.as_ref())))
        }
    };
    args.output.write(&text)
}

/// Trials that a trial comes from, through first parents, nearest first.
fn ancestors(summary: &RunSummary, trial: &Trial) -> Vec<u64> {
    let mut found = Vec::new();
    let mut parent = parents(&trial.lineage).first().copied();
    while let Some(id) = parent {
        found.push(id);
        // A parent is an earlier trial, so this ends.
        let next =
            summary.trial(TrialId(id)).and_then(|one| parents(&one.trial.lineage).first().copied());
        parent = next.filter(|next| *next < id);
    }
    found
}

fn show_text(summary: &RunSummary, one: &TrialSummary, place: &Place) -> String {
    let trial = &one.trial;
    let mut all = table(&["trial", &trial.id.0.to_string()], 2);
    all.add_row(["genotype", &one.hash]);
    let outcome = outcome_word(&trial.outcome);
    let outcome = one.reason.as_ref().map_or(outcome.to_owned(), |why| format!("{outcome}: {why}"));
    all.add_row(["outcome", &outcome]);
    let ancestors = ancestors(summary, trial);
    let line: Vec<String> = ancestors.iter().take(12).map(ToString::to_string).collect();
    let from =
        if line.is_empty() { String::new() } else { format!(", from {}", line.join(" ← ")) };
    all.add_row(["made", &format!("{}{from}", lineage_word(&trial.lineage))]);
    for (path, choice) in summary.decided(trial) {
        all.add_row([path, choice]);
    }
    let mut figures = table(&["metric", "value", "unit"], 1);
    for (objective, value) in summary.objectives.iter().zip(&one.values) {
        if objective.position.is_none() {
            let value = value.map_or_else(String::new, digits);
            figures.add_row([objective.metric.name.as_str(), &value, ""]);
        }
    }
    for (metric, value) in summary.metrics.iter().zip(&trial.figures) {
        let value = value.map_or_else(String::new, digits);
        figures.add_row([metric.name.as_str(), &value, &metric.unit]);
    }
    format!("{all}\n{figures}\n{}\n", command(one, place))
}

/// The space that a run searches.
pub fn space_of(summary: &RunSummary) -> Result<WrittenSpace, Failure> {
    let text = summary.info.space.text.as_deref().unwrap_or_default();
    Ok(space::from_text(&summary.info.space.name, text)?.0)
}

/// A trial's candidate, and its hardware over the run's base.
pub fn realised(
    summary: &RunSummary,
    one: &TrialSummary,
) -> Result<(Candidate, RealisedHardware), Failure> {
    let ini = &summary.info.hardware;
    let base = RawConfig::from_ini(ini.as_bytes()).map_err(|p| Failure::of_config(&p, ini))?;
    let candidate = space_of(summary)?.decode(&one.trial.rollout).map_err(space::rejected)?;
    let hardware = candidate.hardware.apply(&base).map_err(space::rejected)?;
    Ok((candidate, hardware))
}
