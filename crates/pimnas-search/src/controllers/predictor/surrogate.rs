//! Models of several objectives, each on an axis of its own.

use std::sync::Arc;

use super::super::esapp::Part;
use super::{ModelKind, PredictorGuided};
use crate::model::{Alike, Codes, Forest, ForestSettings, Ranking, Trend, Trials};
use crate::pareto::Axis;
use crate::rollout::Rollout;
use crate::search::{Merit, TrialId, View};
use crate::streams::Stream;

/// Trials that a trend is fitted to, at most: its cost grows with their number to the third.
const MOST: usize = 250;
/// Where a bad value is held on its axis: how bad it is would not matter, and would hide
/// differences among the good.
const WORST: f64 = 1.6;

/// What a model sees of a rollout.
pub(super) enum Seen {
    Columns(Arc<[u16]>),
    Unit(Vec<f64>),
}

/// The model of one objective.
struct Fitted {
    trend: Option<Trend>,
    rest: Rest,
}

/// What is fitted to what the trend leaves.
enum Rest {
    Forest(Forest),
    Ranking(Ranking),
}

/// Models of the objectives, and of whether constraints are kept.
pub(super) struct Surrogate {
    objectives: Vec<Fitted>,
    /// None where all trials keep them.
    kept: Option<Forest>,
}

/// A trial's place on an objective's axis, where it is known.
pub(super) fn places(view: &View<'_>, id: TrialId, axes: &[Axis]) -> Vec<Option<f64>> {
    let Some(trial) = view.history.trials().get(id.index()) else { return vec![None; axes.len()] };
    let values = view.goals.values(&trial.figures);
    let directions = view.goals.objectives().map(|(_, direction)| direction);
    let minimised = values.into_iter().zip(directions).map(|(v, d)| Some(d.minimised(v?)));
    let placed = minimised.zip(axes).map(|(value, axis)| Some(axis.place(value?)));
    placed.map(|place| place.filter(|at| at.is_finite()).map(|at| at.min(WORST))).collect()
}

impl PredictorGuided {
    /// What its models see of a rollout.
    pub(super) fn seen(&self, view: &View<'_>, codes: &Codes, rollout: &Rollout) -> Seen {
        match self.guidance.model {
            ModelKind::Forest(_) => Seen::Columns(self.encoder.row(view.space, codes, rollout)),
            ModelKind::Ranking(_) => Seen::Unit(codes.unit_row(rollout)),
        }
    }

    fn rest(&self, seen: &[&Seen], targets: &[f64], stream: &mut Stream) -> Rest {
        match self.guidance.model {
            ModelKind::Forest(settings) => {
                let rows = seen.iter().filter_map(|seen| match seen {
                    Seen::Columns(row) => Some(Arc::clone(row)),
                    Seen::Unit(_) => None,
                });
                let rows: Vec<Arc<[u16]>> = rows.collect();
                Rest::Forest(Forest::fit(&rows, targets, settings, stream))
            }
            ModelKind::Ranking(settings) => {
                let rows = seen.iter().filter_map(|seen| match seen {
                    Seen::Unit(row) => Some(row.clone()),
                    Seen::Columns(_) => None,
                });
                let rows: Vec<Vec<f64>> = rows.collect();
                Rest::Ranking(Ranking::fit(&rows, targets, settings, stream))
            }
        }
    }

    /// Fits a model of each objective to the trials of which it is known.
    pub(super) fn surrogate(
        &self,
        view: &View<'_>,
        (known, axes): (&[TrialId], &[Axis]),
        stream: &mut Stream,
    ) -> Surrogate {
        let codes = Codes::new(view.decisions());
        let rollouts: Vec<&Rollout> = known.iter().filter_map(|&id| view.rollout(id)).collect();
        let seen: Vec<Seen> = rollouts.iter().map(|r| self.seen(view, &codes, r)).collect();
        let places: Vec<Vec<Option<f64>>> =
            known.iter().map(|&id| places(view, id, axes)).collect();
        let mut trends = Trends { view, rollouts: &rollouts, last: None };
        let mut objectives = Vec::new();
        for objective in 0..axes.len() {
            let place = |at: usize| places[at].get(objective).copied().flatten();
            let (members, mut targets): (Vec<usize>, Vec<f64>) =
                (0..rollouts.len()).filter_map(|at| Some((at, place(at)?))).unzip();
            let trend = match self.guidance.several.trend {
                Part::Off => None,
                Part::On => trends.fit(&members, &mut targets),
            };
            let own: Vec<&Seen> = members.iter().map(|&at| &seen[at]).collect();
            objectives.push(Fitted { trend, rest: self.rest(&own, &targets, stream) });
        }
        Surrogate { objectives, kept: kept(view, (&codes, known), stream) }
    }
}

/// Fits trends; objectives that are known of the same trials share the costly part.
struct Trends<'t> {
    view: &'t View<'t>,
    rollouts: &'t [&'t Rollout],
    last: Option<(Vec<usize>, Trials)>,
}

impl Trends<'_> {
    /// Fits one to the last members, and leaves of the targets what it does not explain.
    fn fit(&mut self, members: &[usize], targets: &mut [f64]) -> Option<Trend> {
        let start = members.len().saturating_sub(MOST);
        let fitted = &members[start..];
        if self.last.as_ref().is_none_or(|(of, _)| of != fitted) {
            let rollouts = fitted.iter().map(|&at| self.rollouts[at].clone()).collect();
            self.last = Some((fitted.to_vec(), Trials::new(self.view.decisions(), rollouts)));
        }
        let trend = self.last.as_ref().map(|(_, trials)| trials.fit(&targets[start..]))?;
        for (target, &member) in targets[..start].iter_mut().zip(members) {
            *target -= trend.predict(self.rollouts[member]);
        }
        targets[start..].copy_from_slice(trend.residuals());
        Some(trend)
    }
}

/// A model of whether the constraints are kept: 1 where they are, 0 where not.
fn kept(
    view: &View<'_>,
    (codes, known): (&Codes, &[TrialId]),
    stream: &mut Stream,
) -> Option<Forest> {
    let keeps = |&id: &TrialId| match view.merit(id) {
        Merit::Feasible(_) | Merit::Unknown => 1.0,
        Merit::Infeasible(_) | Merit::Impossible => 0.0,
    };
    let targets: Vec<f64> = known.iter().map(keeps).collect();
    if targets.iter().all(|&target| target == 1.0) {
        return None;
    }
    let rollouts = known.iter().filter_map(|&id| view.rollout(id));
    let rows: Vec<Arc<[u16]>> = rollouts.map(|rollout| codes.row(rollout).into()).collect();
    Some(Forest::fit(&rows, &targets, ForestSettings::default(), stream))
}

impl Surrogate {
    /// How likely a rollout keeps the constraints.
    pub(super) fn chance(&self, codes: &Codes, rollout: &Rollout) -> f64 {
        let said = |kept: &Forest| kept.predict(&codes.row(rollout)).mean.clamp(0.0, 1.0);
        self.kept.as_ref().map_or(1.0, said)
    }

    /// Means and variances of what the members of each objective's ensemble say of a rollout.
    pub(super) fn votes(&self, rollout: &Rollout, seen: &Seen) -> Vec<Vec<(f64, f64)>> {
        let mut alike: Option<Alike> = None;
        let mut of = |fitted: &Fitted| {
            let trend = fitted.trend.as_ref().map_or(0.0, |trend| {
                let known = alike.take().filter(|alike| trend.is_of(alike));
                trend.predict_alike(alike.insert(known.unwrap_or_else(|| trend.alike(rollout))))
            });
            let votes: Vec<(f64, f64)> = match (&fitted.rest, seen) {
                (Rest::Forest(forest), Seen::Columns(row)) => forest.votes(row).collect(),
                (Rest::Ranking(ranking), Seen::Unit(row)) => {
                    ranking.votes(row).map(|vote| (vote, 0.0)).collect()
                }
                (Rest::Forest(_), Seen::Unit(_)) | (Rest::Ranking(_), Seen::Columns(_)) => {
                    Vec::new()
                }
            };
            votes.into_iter().map(|(mean, variance)| (trend + mean, variance)).collect()
        };
        self.objectives.iter().map(&mut of).collect()
    }
}
