//! All of a run as one value, for reports.

use std::time::Duration;

use pimnas_search::pareto::Archive;
use pimnas_search::search::{
    Direction, GoalError, Goals, Metric, Outcome, StopReason, Trial, TrialId,
};
use serde_json::Value as Json;

use crate::error::StoreError;
use crate::info::{RunInfo, Session};
use crate::place::Place;
use crate::read::Stored;

/// All of a run: what was searched, what was found, where trials ended. It is computed from what
/// is stored; nothing in it is stored beside that.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// What was searched: the space with its text, decisions, stages, seed, budget, constraints
    /// and the base hardware.
    pub info: RunInfo,
    /// Times in which the run was worked on.
    pub sessions: Vec<Session>,
    /// Metrics, in the order of the trials' figures.
    pub metrics: Vec<Metric>,
    /// What was improved, in the order of the trials' values.
    pub objectives: Vec<ObjectiveSummary>,
    /// All trials, in order.
    pub trials: Vec<TrialSummary>,
    /// The end of each batch: trials until then, and the time since the run began.
    pub batches: Vec<(usize, Duration)>,
    /// The front, by trial.
    pub front: Vec<TrialId>,
    /// The hypervolume of the front while it grew; `None` where no trial keeps the constraints, and
    /// for fronts larger than [`cheap_front`].
    pub hypervolume: Option<HypervolumeCurve>,
    /// What each stage stopped and cost, in order.
    pub funnel: Vec<Funnel>,
    /// Time since the run began, all sessions together.
    pub elapsed: Duration,
    /// Why it ended; `None` for one that runs or was killed.
    pub stopped: Option<StopReason>,
    /// Where no trial keeps the constraints, the one that breaks least of them.
    pub closest: Option<TrialId>,
}

/// An objective.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveSummary {
    /// The metric; a scalar's is named by its formula.
    pub metric: Metric,
    /// Which way.
    pub direction: Direction,
    /// Position among the metrics; `None` for a scalar.
    pub position: Option<usize>,
}

/// A trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialSummary {
    /// The trial with its figures.
    pub trial: Trial,
    /// Hash of its genotype.
    pub hash: String,
    /// Values of the objectives in their own units.
    pub values: Vec<Option<f64>>,
    /// Whether it keeps every constraint and has every objective.
    pub feasible: bool,
    /// Why it ended early, in words.
    pub reason: Option<String>,
    /// Time that each stage took; `None` for those that did not run.
    pub spent: Vec<Option<Duration>>,
}

/// The hypervolume over a run.
#[derive(Clone, Debug, PartialEq)]
pub struct HypervolumeCurve {
    /// The point that it is measured from: the worst of the first batch with feasible trials, in
    /// the order and units of the objectives.
    pub reference: Vec<f64>,
    /// Where it changed, at the ends of batches; the last is the end of the run.
    pub curve: Vec<HypervolumePoint>,
}

/// The hypervolume at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HypervolumePoint {
    /// Trials so far.
    pub evaluations: usize,
    /// Time since the run began.
    pub elapsed: Duration,
    /// Hypervolume, in the product of the objectives' units.
    pub volume: f64,
}

/// What a stage did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funnel {
    /// Its name.
    pub name: String,
    /// Trials that came to it.
    pub entered: usize,
    /// Trials that ended at it, by reason.
    pub stopped: StoppedAt,
    /// Time spent in it, summed over threads.
    pub spent: Duration,
}

/// Trials that ended at a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoppedAt {
    /// They break a constraint.
    pub infeasible: usize,
    /// They are dominated even at their best.
    pub dominated: usize,
    /// They are dominated even at what is predicted at best.
    pub predicted: usize,
    /// They are behind the better ones of their batch.
    pub outclassed: usize,
    /// They cannot be evaluated.
    pub rejected: usize,
}

impl StoppedAt {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> usize {
        self.infeasible + self.dominated + self.predicted + self.outclassed + self.rejected
    }
}

impl RunSummary {
    /// Reads a run, which may be in the making.
    ///
    /// # Errors
    /// As [`Stored::read`].
    pub fn read(place: &Place) -> Result<Self, StoreError> {
        let goals = |errors: Vec<GoalError>| StoreError::Damaged {
            path: place.file(),
            why: errors.first().map_or_else(String::new, ToString::to_string),
        };
        Self::new(Stored::read(place)?).map_err(goals)
    }

    /// Of a run that was read.
    ///
    /// # Errors
    /// Objectives or constraints that are not over the run's metrics.
    pub fn new(stored: Stored) -> Result<Self, Vec<GoalError>> {
        let info = stored.info;
        let metrics = info.metrics();
        let goals = Goals::new(&metrics, &info.objectives, &info.constraints)?;
        let objectives: Vec<ObjectiveSummary> = goals
            .objectives()
            .map(|(metric, direction)| ObjectiveSummary {
                position: metrics.iter().position(|known| known == metric),
                metric: metric.clone(),
                direction,
            })
            .collect();
        let mut closest: Option<(f64, TrialId)> = None;
        let mut points = Vec::with_capacity(stored.trials.len());
        let mut trials = Vec::with_capacity(stored.trials.len());
        let mut batches = stored.batches;
        let mut all = stored.trials;
        // Of a running batch, what is told up to the first trial that is not.
        let whole = all.len();
        let running = stored.running.into_iter().zip(whole..);
        all.extend(running.take_while(|(one, at)| one.trial.id.index() == *at).map(|(one, _)| one));
        if all.len() > whole || batches.is_empty() {
            batches.push((all.len(), stored.elapsed));
        }
        for one in all {
            let merit = one.trial.merit(&goals);
            let violation = goals.violation(&one.trial.figures);
            if violation > 0.0 && closest.is_none_or(|(least, _)| violation < least) {
                closest = Some((violation, one.trial.id));
            }
            trials.push(TrialSummary {
                hash: one.hash,
                values: goals.values(&one.trial.figures),
                feasible: merit.point().is_some(),
                reason: one.reason,
                spent: one.spent,
                trial: one.trial,
            });
            points.push(merit.point().map(<[f64]>::to_vec));
        }
        let (front, hypervolume) = grown(&points, &batches, &objectives);
        Ok(Self {
            funnel: funnel(&info, &trials),
            closest: closest.filter(|_| front.is_empty()).map(|(_, id)| id),
            metrics,
            objectives,
            trials,
            batches,
            front,
            hypervolume,
            sessions: stored.sessions,
            elapsed: stored.elapsed,
            stopped: stored.stopped,
            info,
        })
    }

    /// A trial.
    #[must_use]
    pub fn trial(&self, id: TrialId) -> Option<&TrialSummary> {
        self.trials.get(id.index())
    }

    /// Members of the front.
    pub fn members(&self) -> impl Iterator<Item = &TrialSummary> {
        self.front.iter().filter_map(|&id| self.trial(id))
    }

    /// The decisions of a trial in words: path and choice, inactive ones left out.
    #[must_use]
    pub fn decided(&self, trial: &Trial) -> Vec<(&str, &str)> {
        let decisions = self.info.decisions.iter().zip(trial.rollout.choices());
        decisions
            .filter_map(|(decision, choice)| {
                let choice = decision.choices.get(usize::from((*choice)?))?;
                Some((decision.path.as_str(), choice.as_str()))
            })
            .collect()
    }

    /// The genotype of a trial, as JSON that [`pimnas_search::Genotype`] reads.
    #[must_use]
    pub fn genotype(&self, trial: &Trial) -> Json {
        let decisions = self.info.decisions.iter().zip(trial.rollout.choices());
        let mut decided: Vec<(String, Json)> = decisions
            .filter_map(|(decision, choice)| {
                let value = decision.value(usize::from((*choice)?))?;
                Some((decision.path.clone(), value))
            })
            .collect();
        decided.sort_by(|a, b| a.0.cmp(&b.0));
        let decided: serde_json::Map<_, _> = decided.into_iter().collect();
        serde_json::json!({"genotype": 1, "space": self.info.space.name, "decisions": decided})
    }

    /// Share of trials that keep every constraint; 0 without trials.
    #[must_use]
    pub fn feasible_share(&self) -> f64 {
        let feasible = self.trials.iter().filter(|trial| trial.feasible).count();
        feasible as f64 / self.trials.len().max(1) as f64
    }
}

/// The largest front whose hypervolume is computed along a run, by the number of objectives: its
/// cost grows steeply with both.
#[must_use]
pub fn cheap_front(objectives: usize) -> usize {
    match objectives {
        0..=2 => usize::MAX,
        3 => 5_000,
        4 => 300,
        5 => 100,
        _ => 40,
    }
}

/// Points of a hypervolume curve, about.
const POINTS: usize = 200;

/// The front, and the hypervolume at the ends of batches at which it changed.
fn grown(
    points: &[Option<Vec<f64>>],
    batches: &[(usize, Duration)],
    objectives: &[ObjectiveSummary],
) -> (Vec<TrialId>, Option<HypervolumeCurve>) {
    let mut archive = Archive::default();
    let mut reference: Option<Vec<f64>> = None;
    let mut curve: Option<Vec<HypervolumePoint>> = Some(Vec::new());
    let (mut done, mut changed) = (0, false);
    // Of many batches, only some are looked at.
    let step = batches.len().div_ceil(POINTS);
    let cheap = cheap_front(objectives.len());
    for (index, &(evaluations, elapsed)) in batches.iter().enumerate() {
        let new = points.get(done..evaluations).unwrap_or_default();
        for (id, point) in (done as u64..).zip(new) {
            let Some(point) = point else { continue };
            changed |= archive.insert(TrialId(id), point);
        }
        done = evaluations;
        let feasible = || new.iter().flatten();
        if reference.is_none() {
            reference = feasible().next().map(|first| {
                feasible().fold(first.clone(), |mut worst, point| {
                    worst.iter_mut().zip(point).for_each(|(w, p)| *w = w.max(*p));
                    worst
                })
            });
        }
        let last = index + 1 == batches.len();
        let due = last || (changed && index % step == 0);
        if let Some(reference) = reference.as_ref().filter(|_| due) {
            curve = curve.filter(|_| archive.members().len() <= cheap);
            if let Some(curve) = &mut curve {
                let volume = archive.hypervolume(reference);
                curve.push(HypervolumePoint { evaluations, elapsed, volume });
            }
            changed = false;
        }
    }
    let own = |point: Vec<f64>| {
        let pairs = objectives.iter().zip(point);
        pairs.map(|(objective, value)| objective.direction.minimised(value)).collect()
    };
    let front = archive.members().iter().map(|member| member.id).collect();
    let whole = reference.zip(curve);
    (front, whole.map(|(point, curve)| HypervolumeCurve { reference: own(point), curve }))
}

fn funnel(info: &RunInfo, trials: &[TrialSummary]) -> Vec<Funnel> {
    let blank = |stage: &crate::info::StageInfo| Funnel {
        name: stage.name.clone(),
        entered: 0,
        stopped: StoppedAt::default(),
        spent: Duration::ZERO,
    };
    let mut stages: Vec<Funnel> = info.stages.iter().map(blank).collect();
    for one in trials {
        let ran = one.trial.stages;
        let rejected = matches!(one.trial.outcome, Outcome::Rejected(_));
        let entered = ran + usize::from(rejected);
        stages.iter_mut().take(entered).for_each(|stage| stage.entered += 1);
        for (stage, spent) in stages.iter_mut().zip(&one.spent) {
            stage.spent += spent.unwrap_or_default();
        }
        let Some(stage) = entered.checked_sub(1).and_then(|at| stages.get_mut(at)) else {
            continue;
        };
        match one.trial.outcome {
            Outcome::Complete => {}
            Outcome::Infeasible => stage.stopped.infeasible += 1,
            Outcome::Dominated => stage.stopped.dominated += 1,
            Outcome::Predicted => stage.stopped.predicted += 1,
            Outcome::Outclassed => stage.stopped.outclassed += 1,
            Outcome::Rejected(_) => stage.stopped.rejected += 1,
        }
    }
    stages
}
