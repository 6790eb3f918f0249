//! A stored run as the page takes it.

use std::time::Duration;

use pimnas_config::RawConfig;
use pimnas_hardware::Fidelity;
use pimnas_infer::accuracy::wilson;
use pimnas_search::search as searched;
use pimnas_search::{Space, WrittenSpace};
use pimnas_simulate::Options;
use pimnas_store::{RunSummary, StoppedAt, TestAccuracies, TrialSummary};
use serde_json::Value as Json;
use thiserror::Error;

use crate::figures;
use crate::member::MemberDetail;
use crate::model::{
    AccuracyStage, Decision, Direction, FunnelStage, Hypervolume, HypervolumePoint, Member, Metric,
    Outcome, RunHead, RunReport, SpaceHead, Stopped, Trial,
};

/// What a page has beside what is stored.
#[derive(Clone, Copy, Debug)]
pub struct RunPage<'p> {
    /// Folder of the run as a word of a command; without it members have no command.
    pub folder: Option<&'p str>,
    /// What was measured after the search.
    pub test: Option<&'p TestAccuracies>,
    /// Members of the front with a section of their own.
    pub sections: usize,
}

/// A run whose space or hardware cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the run's {what} cannot be read: {why}")]
pub struct UnreadableRun {
    what: &'static str,
    why: String,
}

impl UnreadableRun {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "use the version of the program that wrote the run"
    }
}

impl RunPage<'_> {
    /// Sections of members where nothing else is wanted.
    pub const SECTIONS: usize = 12;

    /// The run as the page takes it. A run without times, of which a search in memory is one, has
    /// none on its page.
    ///
    /// # Errors
    /// A space or a hardware that cannot be read any more.
    pub fn report(&self, summary: &RunSummary) -> Result<RunReport, UnreadableRun> {
        let mut run = whole(summary, self.test);
        let chosen = figures::spread(&run, self.sections);
        run.members = members(summary, self, &chosen)?;
        Ok(run)
    }
}

/// All but the members.
fn whole(summary: &RunSummary, test: Option<&TestAccuracies>) -> RunReport {
    let (metrics, objectives) = metrics(summary);
    let seconds = |time: Duration| (!summary.elapsed.is_zero()).then_some(time.as_secs_f64());
    RunReport {
        head: head(summary, test),
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
                    seconds: seconds(point.elapsed),
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
                seconds: seconds(stage.spent),
            })
            .collect(),
        members: Vec::new(),
    }
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

fn head(summary: &RunSummary, test: Option<&TestAccuracies>) -> RunHead {
    let info = &summary.info;
    let budget = &info.budget;
    let mut limits = vec![format!("{} evaluations", budget.evaluations)];
    limits.extend(budget.time.map(|time| format!("{} s", time.as_secs_f64())));
    let session = summary.sessions.first();
    let mut notes = Vec::new();
    if let Some(test) = test {
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
        seconds: (!summary.elapsed.is_zero()).then_some(summary.elapsed.as_secs_f64()),
        version: session.map_or_else(String::new, |session| session.code_version.clone()),
        command: session.map_or_else(String::new, |session| session.command.clone()),
        settings: vec![("batch".to_owned(), info.batch.to_string())],
        notes,
        ..RunHead::default()
    }
}

fn members(
    summary: &RunSummary,
    page: &RunPage<'_>,
    chosen: &[u64],
) -> Result<Vec<Member>, UnreadableRun> {
    let text = summary.info.space.text.as_deref().unwrap_or_default();
    let space = WrittenSpace::from_toml(text).map_err(|problems| {
        let why = problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>();
        UnreadableRun { what: "space", why: why.join("; ") }
    })?;
    let base = RawConfig::from_ini(summary.info.hardware.as_bytes())
        .map_err(|problems| UnreadableRun { what: "hardware", why: problems.to_string() })?;
    let corrected = summary.info.config.pointer("/hardware/fidelity").and_then(Json::as_str);
    let options = Options::new(match corrected {
        Some("corrected") => Fidelity::Corrected,
        Some(_) | None => Fidelity::Reference,
    });
    let found = chosen.iter().filter_map(|&id| summary.trial(searched::TrialId(id)));
    Ok(found
        .map(|one| Member {
            trial: one.trial.id.0,
            detail: detail(&space, &base, one, &options),
            accuracy: accuracies(summary, one, page.test),
            command: page.folder.map_or_else(String::new, |run| commands(summary, one, run)),
        })
        .collect())
}

/// A line each: the run again, the trial in words, and its costs from its files.
fn commands(summary: &RunSummary, one: &TrialSummary, run: &str) -> String {
    let id = one.trial.id.0;
    let found = summary.sessions.first().map(|session| format!("{}\n", session.command));
    let found = found.unwrap_or_default();
    format!("{found}pimnas show {run} --trial {id}\n{}", command(one, run))
}

/// The command that reproduces a trial's costs.
#[must_use]
pub fn command(trial: &TrialSummary, folder: &str) -> String {
    let id = trial.trial.id.0;
    format!(
        "pimnas export {folder} --trial {id} --out trial-{id} && pimnas simulate --network \
         trial-{id}/network.json --config trial-{id}/SimConfig.ini"
    )
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
    test: Option<&TestAccuracies>,
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
    if let Some((test, percent)) = test.and_then(|test| Some((test, test.of(one.trial.id)?))) {
        all.push(stage("crossbar accuracy, test images", percent, Some(test.images)));
    }
    all
}
