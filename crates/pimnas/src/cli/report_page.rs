//! `pimnas report`: a run as one page.

use std::path::PathBuf;

use clap::Args;
use pimnas::config::RawConfig;
use pimnas::infer::accuracy::wilson;
use pimnas::page::{
    AccuracyStage, Decision, Direction, FunnelStage, Hypervolume, HypervolumePoint, Member,
    MemberDetail, Metric, Outcome, RunHead, RunReport, SpaceHead, Stopped, Trial, figures, render,
};
use pimnas::search::search as searched;
use pimnas::search::{Space, WrittenSpace};
use pimnas::store::{Place, RunSummary, StoppedAt, TrialSummary};
use pimnas::{Fidelity, Options};
use serde_json::Value as Json;

use super::failure::Failure;
use super::output::{print, write_file};
use super::runs;
use super::space;

/// Members of the front with a section of their own.
const SECTIONS: usize = 12;

/// A run as one page for a browser: fronts, decisions, stages, and each member's network, floor plan
/// and timeline
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The page; without it report.html in the run's folder
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Members of the front with a section of their own
    #[arg(long, value_name = "N", default_value_t = SECTIONS)]
    members: usize,
}

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let (summary, place) = runs::read(&args.run)?;
    let file = args.output.clone().unwrap_or_else(|| page_of(&place));
    let page = report(&summary, &place, args.members)?;
    write_file(&file, render(&page).as_bytes())?;
    print(&format!("{}\n", file.display()))
}

/// Writes the page into the run's folder.
pub fn write(summary: &RunSummary, place: &Place) -> Result<PathBuf, Failure> {
    let file = page_of(place);
    write_file(&file, render(&report(summary, place, SECTIONS)?).as_bytes())?;
    Ok(file)
}

fn page_of(place: &Place) -> PathBuf {
    place.folder().join("report.html")
}

/// The run as the page takes it.
fn report(summary: &RunSummary, place: &Place, sections: usize) -> Result<RunReport, Failure> {
    let (metrics, objectives) = metrics(summary);
    let mut run = RunReport {
        head: head(summary, place),
        metrics,
        objectives,
        decisions: summary
            .info
            .decisions
            .iter()
            .map(|one| Decision { path: one.path.clone(), choices: one.choices.clone() })
            .collect(),
        trials: summary.trials.iter().map(|one| trial(summary, one)).collect(),
        front: summary.front.iter().map(|id| id.0).collect(),
        hypervolume: summary.hypervolume.as_ref().map(|curve| Hypervolume {
            reference: curve.reference.clone(),
            curve: curve
                .curve
                .iter()
                .map(|point| HypervolumePoint {
                    evaluations: point.evaluations as u64,
                    seconds: Some(point.elapsed.as_secs_f64()),
                    volume: point.volume,
                })
                .collect(),
        }),
        funnel: summary
            .funnel
            .iter()
            .map(|stage| FunnelStage {
                name: stage.name.clone(),
                entered: stage.entered as u64,
                stopped: stopped(stage.stopped),
                seconds: Some(stage.spent.as_secs_f64()),
            })
            .collect(),
        members: Vec::new(),
    };
    let chosen = figures::spread(&run, sections);
    run.members = members(summary, place, &chosen)?;
    Ok(run)
}

fn direction(direction: searched::Direction) -> Direction {
    match direction {
        searched::Direction::Maximise => Direction::Maximise,
        searched::Direction::Minimise => Direction::Minimise,
    }
}

/// The metrics, those of scalar objectives at the end, and the positions of the objectives. What
/// is improved may be the other way than a metric's own.
fn metrics(summary: &RunSummary) -> (Vec<Metric>, Vec<usize>) {
    let metric = |metric: &searched::Metric, way| Metric::new(&metric.name, &metric.unit, way);
    let mut metrics: Vec<Metric> =
        summary.metrics.iter().map(|one| metric(one, direction(one.direction))).collect();
    let mut objectives = Vec::new();
    for objective in &summary.objectives {
        let way = direction(objective.direction);
        match objective.position {
            Some(position) => {
                if let Some(metric) = metrics.get_mut(position) {
                    metric.direction = way;
                }
                objectives.push(position);
            }
            None => {
                objectives.push(metrics.len());
                metrics.push(metric(&objective.metric, way));
            }
        }
    }
    (metrics, objectives)
}

fn trial(summary: &RunSummary, one: &TrialSummary) -> Trial {
    let scalars = summary.objectives.iter().zip(&one.values);
    let scalars = scalars.filter(|(objective, _)| objective.position.is_none());
    let outcome = match &one.trial.outcome {
        searched::Outcome::Complete => Outcome::Complete,
        searched::Outcome::Infeasible => Outcome::Infeasible,
        searched::Outcome::Dominated => Outcome::Dominated,
        searched::Outcome::Predicted => Outcome::Predicted,
        searched::Outcome::Outclassed => Outcome::Outclassed,
        searched::Outcome::Rejected(_) => Outcome::Rejected,
    };
    Trial {
        id: one.trial.id.0,
        choices: one.trial.rollout.choices().to_vec(),
        metrics: one.trial.figures.iter().copied().chain(scalars.map(|(_, v)| *v)).collect(),
        outcome,
        reason: one.reason.clone().unwrap_or_default(),
        stages: one.trial.stages,
    }
}

fn stopped(at: StoppedAt) -> Vec<Stopped> {
    let counts = [
        (Outcome::Rejected, at.rejected),
        (Outcome::Infeasible, at.infeasible),
        (Outcome::Dominated, at.dominated),
        (Outcome::Predicted, at.predicted),
        (Outcome::Outclassed, at.outclassed),
    ];
    let some = counts.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(why, count)| Stopped { why: why.words().to_owned(), count: count as u64 }).collect()
}

fn head(summary: &RunSummary, place: &Place) -> RunHead {
    let info = &summary.info;
    let budget = &info.budget;
    let mut limits = vec![format!("{} evaluations", budget.evaluations)];
    limits.extend(budget.time.map(|time| format!("{} s", time.as_secs_f64())));
    let session = summary.sessions.first();
    let mut notes = Vec::new();
    if let Some(test) = runs::test_accuracies(place) {
        notes.push(format!(
            "Accuracies that the search saw are of images that were kept apart from training; \
             the choice among many candidates makes the best of them too good. The front was \
             therefore measured again on {} test images that no choice saw.",
            test.images
        ));
    }
    RunHead {
        title: format!("Search of {}", info.space.name),
        space: SpaceHead {
            name: info.space.name.clone(),
            about: info.space.about.clone(),
            size: info.space.size.clone().unwrap_or_default(),
        },
        constraints: info.constraints.iter().map(ToString::to_string).collect(),
        controller: info.controller.clone(),
        seed: info.seed,
        budget: limits.join(", "),
        stopped: summary.stopped.map_or_else(String::new, |reason| reason.to_string()),
        seconds: Some(summary.elapsed.as_secs_f64()),
        version: session.map_or_else(String::new, |session| session.code_version.clone()),
        command: session.map_or_else(String::new, |session| session.command.clone()),
        settings: vec![("batch".to_owned(), info.batch.to_string())],
        notes,
        ..RunHead::default()
    }
}

fn members(summary: &RunSummary, place: &Place, chosen: &[u64]) -> Result<Vec<Member>, Failure> {
    let text = summary.info.space.text.as_deref().unwrap_or_default();
    let (space, _): (WrittenSpace, String) = space::from_text(&summary.info.space.name, text)?;
    let ini = &summary.info.hardware;
    let base = RawConfig::from_ini(ini.as_bytes()).map_err(|p| Failure::of_config(&p, ini))?;
    let corrected = summary.info.config.pointer("/hardware/fidelity").and_then(Json::as_str);
    let options = Options::new(match corrected {
        Some("corrected") => Fidelity::Corrected,
        Some(_) | None => Fidelity::Reference,
    });
    let test = runs::test_accuracies(place);
    let found = chosen.iter().filter_map(|&id| summary.trial(searched::TrialId(id)));
    Ok(found
        .map(|one| Member {
            trial: one.trial.id.0,
            detail: detail(&space, &base, one, &options),
            accuracy: accuracies(summary, one, test.as_ref()),
            command: commands(summary, one, place),
        })
        .collect())
}

/// A line each: the run again, the trial in words, and its costs from its files.
fn commands(summary: &RunSummary, one: &TrialSummary, place: &Place) -> String {
    let (run, id) = (runs::shown_folder(place), one.trial.id.0);
    let found = summary.sessions.first().map(|session| format!("{}\n", session.command));
    let found = found.unwrap_or_default();
    format!("{found}pimnas show {run} --trial {id}\n{}", runs::command(one, place))
}

/// Nothing for what cannot be simulated any more; the page says so.
fn detail(
    space: &WrittenSpace,
    base: &RawConfig,
    one: &TrialSummary,
    options: &Options,
) -> Option<MemberDetail> {
    let candidate = space.decode(&one.trial.rollout).ok()?;
    let hardware = candidate.hardware.apply(base).ok()?.hardware;
    MemberDetail::new(&candidate.network, &hardware, options).ok()
}

/// The accuracies that were measured, with what the choice of images leaves open.
fn accuracies(
    summary: &RunSummary,
    one: &TrialSummary,
    test: Option<&runs::TestAccuracies>,
) -> Vec<AccuracyStage> {
    let judged = summary.info.config.pointer("/accuracy/validation").and_then(Json::as_u64);
    let from_table = summary.info.config.pointer("/accuracy/table").is_some_and(Json::is_string);
    let judged = judged.filter(|_| !from_table);
    let stage = |name: &str, percent: f64, images: Option<u64>| {
        let images = images.and_then(|images| usize::try_from(images).ok());
        let interval = images.map(|images| wilson(percent / 100.0, images));
        AccuracyStage {
            name: name.to_owned(),
            percent,
            interval: interval.map(|of| (100.0 * of.low, 100.0 * of.high)),
            note: images.map_or_else(String::new, |n| format!("95 %, Wilson, {n} images")),
        }
    };
    let figures = summary.metrics.iter().zip(&one.trial.figures);
    let figures = figures.filter(|(metric, _)| metric.name.contains("accuracy"));
    let mut all: Vec<AccuracyStage> = figures
        .filter_map(|(metric, value)| {
            // Draws add chips to images: their mean has another spread.
            let images = judged.filter(|_| !metric.name.starts_with("noisy"));
            Some(stage(&metric.name.replace('_', " "), (*value)?, images))
        })
        .collect();
    if let Some((test, percent)) = test.and_then(|test| Some((test, test.of(one)?))) {
        all.push(stage("crossbar accuracy, test images", percent, Some(test.images)));
    }
    all
}
