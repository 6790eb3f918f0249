//! A run as a journal of Optuna: what its `JournalFileBackend` writes and reads, one JSON object a
//! line (format of Optuna 4, read by 5).

use std::iter;
use std::time::Duration;

use pimnas_search::search::{Constraint, Direction, Outcome, Trial};
use serde_json::{Map, Value as Json, json};
use time::OffsetDateTime;

use crate::code;
use crate::info::DecisionInfo;
use crate::summary::{RunSummary, TrialSummary};

/// Operations of a journal, by Optuna's numbers.
#[derive(Clone, Copy)]
enum Operation {
    CreateStudy = 0,
    SetStudyUserAttribute = 2,
    SetStudySystemAttribute = 3,
    CreateTrial = 4,
}

/// States of a trial, by Optuna's numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Complete = 1,
    Pruned = 2,
    Fail = 3,
}

/// The lines of the journal, without line ends: the study of that name, its attributes, then a line
/// a trial. Running trials are not in it.
///
/// Decisions are categorical parameters, inactive ones left out. A trial with all objectives and
/// all metrics of constraints is complete; its constraint values are above 0 where a bound is
/// broken. What was ended earlier is pruned, what could not be evaluated failed, both with the
/// reason as user attribute `rejected`. Metrics, number, hash, origin and parents are user
/// attributes, as in the Python package's bridge.
pub fn optuna_journal<'s>(
    summary: &'s RunSummary,
    study: &str,
) -> impl Iterator<Item = String> + use<'s> {
    let distributions: Vec<String> = summary.info.decisions.iter().map(distribution).collect();
    let constraints = bound(summary);
    let trials = summary.trials.iter().map(move |one| {
        line(Operation::CreateTrial, trial((summary, one), (&distributions, &constraints)))
    });
    head(summary, study).into_iter().chain(trials)
}

fn line(operation: Operation, fields: Json) -> String {
    let mut line = Map::new();
    line.insert("op_code".to_owned(), json!(operation as u8));
    line.insert("worker_id".to_owned(), json!("pimnas"));
    if let Json::Object(fields) = fields {
        line.extend(fields);
    }
    Json::Object(line).to_string()
}

/// The study and its attributes.
fn head(summary: &RunSummary, study: &str) -> Vec<String> {
    let info = &summary.info;
    let directions = summary.objectives.iter().map(|one| match one.direction {
        Direction::Minimise => json!(1),
        Direction::Maximise => json!(2),
    });
    let directions: Json = directions.collect();
    let names: Json = summary.objectives.iter().map(|one| json!(one.metric.name)).collect();
    let constraints: Json = info.constraints.iter().map(|one| json!(one.to_string())).collect();
    let attributes = [
        ("pimnas.space", json!(info.space.name)),
        ("pimnas.controller", json!(info.controller)),
        ("pimnas.seed", json!(info.seed)),
        ("pimnas.constraints", constraints),
    ];
    let created = json!({"study_name": study, "directions": directions});
    let named = json!({"study_id": 0, "system_attr": {"study:metric_names": names}});
    let attributes = attributes.into_iter().map(|(key, value)| {
        line(Operation::SetStudyUserAttribute, json!({"study_id": 0, "user_attr": {key: value}}))
    });
    iter::once(line(Operation::CreateStudy, created))
        .chain(iter::once(line(Operation::SetStudySystemAttribute, named)))
        .chain(attributes)
        .collect()
}

/// The choices of a decision as Optuna writes a distribution: JSON within a string.
fn distribution(decision: &DecisionInfo) -> String {
    let choices = 0..decision.choices.len();
    let choices: Json = choices.filter_map(|choice| decision.value(choice)).collect();
    json!({"name": "CategoricalDistribution", "attributes": {"choices": choices}}).to_string()
}

/// The constraints with the position of their metrics; names were checked when the run was read.
fn bound(summary: &RunSummary) -> Vec<(Option<usize>, &Constraint)> {
    let position = |name: &str| summary.metrics.iter().position(|metric| metric.name == name);
    summary.info.constraints.iter().map(|one| (position(&one.metric), one)).collect()
}

fn trial(
    (summary, one): (&RunSummary, &TrialSummary),
    (distributions, constraints): (&[String], &[(Option<usize>, &Constraint)]),
) -> Json {
    let Trial { rollout, figures, outcome, .. } = &one.trial;
    let (mut parameters, mut known) = (Map::new(), Map::new());
    for ((decision, choice), distribution) in
        summary.info.decisions.iter().zip(rollout.choices()).zip(distributions)
    {
        if let Some(choice) = choice {
            parameters.insert(decision.path.clone(), json!(choice));
            known.insert(decision.path.clone(), json!(distribution));
        }
    }
    let is_finite = |value: &f64| value.is_finite();
    let values: Option<Vec<f64>> = one.values.iter().map(|value| value.filter(is_finite)).collect();
    let excess = |(position, constraint): &(Option<usize>, &Constraint)| {
        let figure = figures.get((*position)?).copied().flatten()?;
        Some(constraint.excess(figure)).filter(is_finite)
    };
    let broken: Option<Vec<f64>> = constraints.iter().map(excess).collect();
    let state = state(outcome, values.is_some() && broken.is_some());
    let (value, values) = match (state, values.as_deref()) {
        (State::Complete, Some([single])) => (Some(*single), None),
        (State::Complete, values) => (None, values),
        (State::Pruned | State::Fail, _) => (None, None),
    };
    let system = match broken {
        Some(broken) if !broken.is_empty() => json!({"constraints": broken}),
        Some(_) | None => json!({}),
    };
    let (start, complete) = times(summary, one.trial.id.index());
    let mut fields = json!({
        "study_id": 0,
        "state": state as u8,
        "value": value,
        "values": values,
        "datetime_start": start,
        "distributions": known,
        "params": parameters,
        "user_attrs": attributes((summary, one), state),
        "system_attrs": system,
        "intermediate_values": {},
    });
    // Optuna reads a moment wherever the key is.
    if let (Some(complete), Some(fields)) = (complete, fields.as_object_mut()) {
        fields.insert("datetime_complete".to_owned(), json!(complete));
    }
    fields
}

fn state(outcome: &Outcome, is_measured: bool) -> State {
    match outcome {
        Outcome::Rejected(_) => State::Fail,
        Outcome::Complete | Outcome::Infeasible if is_measured => State::Complete,
        // It has a figure that is not a number.
        Outcome::Complete => State::Fail,
        Outcome::Infeasible | Outcome::Dominated | Outcome::Predicted | Outcome::Outclassed => {
            State::Pruned
        }
    }
}

fn attributes((summary, one): (&RunSummary, &TrialSummary), state: State) -> Map<String, Json> {
    let (origin, first, second) = code::lineage(&one.trial.lineage);
    let parents: Json = first.into_iter().chain(second).map(Json::from).collect();
    let own = [
        ("number", json!(one.trial.id.0)),
        ("hash", json!(one.hash)),
        ("origin", json!(origin)),
        ("parents", parents),
    ];
    let mut all: Map<String, Json> =
        own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let figures = summary.metrics.iter().zip(&one.trial.figures);
    all.extend(figures.filter_map(|(metric, figure)| {
        let figure = figure.filter(|figure| figure.is_finite())?;
        Some((metric.name.clone(), json!(figure)))
    }));
    let odd = || (state == State::Fail).then(|| "a figure is not a number".to_owned());
    let reason = one.reason.clone().or_else(odd);
    all.extend(reason.map(|reason| ("rejected".to_owned(), json!(reason))));
    all
}

/// Begin and end of a trial's batch, which lies between the end of the one before and its own;
/// nothing where no session has a time.
fn times(summary: &RunSummary, at: usize) -> (Option<String>, Option<String>) {
    let session = summary.sessions.iter().rev().find(|session| session.trials_before <= at);
    let Some(session) = session.filter(|session| session.started_unix_s > 0) else {
        return (None, None);
    };
    // Time since the run began at the end of the last batch with no more than so many trials.
    let batches = &summary.batches;
    let after = |trials: usize| {
        let batch = batches.partition_point(|(end, _)| *end <= trials).checked_sub(1);
        batch.and_then(|batch| batches.get(batch)).map_or(Duration::ZERO, |(_, elapsed)| *elapsed)
    };
    let ended = batches.get(batches.partition_point(|(end, _)| *end <= at));
    let ended = ended.map_or(summary.elapsed, |(_, elapsed)| *elapsed);
    let before = after(session.trials_before);
    let moment = |since: Duration| {
        written(Duration::from_secs(session.started_unix_s) + since.saturating_sub(before))
    };
    (moment(after(at)), moment(ended))
}

/// A moment, given as the time since 1970, as Python writes one without a zone: Optuna 4 counts in
/// such; it is universal time.
fn written(since: Duration) -> Option<String> {
    let seconds = i64::try_from(since.as_secs()).ok()?;
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    let micros = since.subsec_micros();
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}"))
}
