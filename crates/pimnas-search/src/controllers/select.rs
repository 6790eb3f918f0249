//! Ordering and choosing trials.

use crate::pareto::{Axis, crowding, ranks};
use crate::search::{Merit, TrialId, View};
use crate::streams::Stream;

/// Where a trial stands among others: the front that it is in, then how crowded it is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(super) rank: usize,
    pub(super) crowding: f64,
}

impl Standing {
    /// Order from the better to the worse.
    pub(crate) fn compare(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank).then(other.crowding.total_cmp(&self.crowding))
    }
}

/// Where each of some trials stands among them.
pub(super) fn standings(view: &View<'_>, ids: &[TrialId]) -> Vec<Standing> {
    let merits: Vec<&Merit> = ids.iter().map(|&id| view.merit(id)).collect();
    standings_of(&merits)
}

/// Where each of some merits stands among them; all have as many objectives.
pub(crate) fn standings_of(merits: &[&Merit]) -> Vec<Standing> {
    let objectives = merits.iter().find_map(|merit| merit.point()).map_or(1, <[f64]>::len);
    if objectives == 1 {
        return single(merits);
    }
    let ranks = ranks(merits);
    let mut standings: Vec<Standing> =
        ranks.iter().map(|&rank| Standing { rank, crowding: 0.0 }).collect();
    for rank in 0..=ranks.iter().copied().max().unwrap_or(0) {
        let members: Vec<usize> = (0..merits.len()).filter(|&index| ranks[index] == rank).collect();
        let points: Option<Vec<&[f64]>> =
            members.iter().map(|&index| merits[index].point()).collect();
        let Some(points) = points else { continue };
        for (&index, distance) in members.iter().zip(crowding(&points)) {
            standings[index].crowding = distance;
        }
    }
    standings
}

/// With one objective, fronts are the distinct merits in order.
fn single(merits: &[&Merit]) -> Vec<Standing> {
    let order = |one: &Merit, other: &Merit| {
        if one.dominates(other) {
            std::cmp::Ordering::Less
        } else if other.dominates(one) {
            std::cmp::Ordering::Greater
        } else {
            std::cmp::Ordering::Equal
        }
    };
    let mut sorted: Vec<usize> = (0..merits.len()).collect();
    sorted.sort_by(|&a, &b| order(merits[a], merits[b]));
    let mut standings = vec![Standing { rank: 0, crowding: 0.0 }; merits.len()];
    let mut rank = 0;
    for pair in 0..sorted.len() {
        if pair > 0 && order(merits[sorted[pair - 1]], merits[sorted[pair]]).is_ne() {
            rank += 1;
        }
        standings[sorted[pair]].rank = rank;
    }
    standings
}

/// Trials from the best to the worst; of equals, the earlier first.
pub(super) fn ordered(view: &View<'_>, ids: &[TrialId]) -> Vec<TrialId> {
    sorted(ids, &standings(view, ids))
}

fn sorted(ids: &[TrialId], standings: &[Standing]) -> Vec<TrialId> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by(|&a, &b| standings[a].compare(&standings[b]).then(ids[a].cmp(&ids[b])));
    order.into_iter().map(|index| ids[index]).collect()
}

/// The same, crowded as the axes of the front say: costs as logarithms.
pub(super) fn ordered_on_axes(view: &View<'_>, ids: &[TrialId]) -> Vec<TrialId> {
    let axes = axes(view);
    let placed = |id: &TrialId| match view.merit(*id) {
        Merit::Feasible(point) => {
            Merit::Feasible(axes.iter().zip(point).map(|(axis, &at)| axis.place(at)).collect())
        }
        other @ (Merit::Unknown | Merit::Infeasible(_) | Merit::Impossible) => other.clone(),
    };
    let merits: Vec<Merit> = ids.iter().map(placed).collect();
    let standings = standings_of(&merits.iter().collect::<Vec<&Merit>>());
    sorted(ids, &standings)
}

/// The best of `size` trials drawn from these with replacement.
pub(super) fn tournament(
    view: &View<'_>,
    ids: &[TrialId],
    size: usize,
    stream: &mut Stream,
) -> Option<TrialId> {
    if ids.is_empty() {
        return None;
    }
    let drawn: Vec<TrialId> = (0..size.max(1)).map(|_| ids[stream.below(ids.len())]).collect();
    ordered(view, &drawn).first().copied()
}

/// An axis for each objective: from the best to the worst of the front, or of all trials that
/// keep the constraints where the front has but one value.
pub(super) fn axes(view: &View<'_>) -> Vec<Axis> {
    let front: Vec<&[f64]> =
        view.history.archive().members().iter().map(|member| member.point.as_slice()).collect();
    let all: Vec<&[f64]> = view.history.merits().iter().filter_map(Merit::point).collect();
    let of = |points: &[&[f64]], at: usize| -> Vec<f64> {
        points.iter().filter_map(|point| point.get(at).copied()).collect()
    };
    (0..view.goals.count())
        .map(|at| {
            let own = of(&front, at);
            let differ = own.iter().any(|&value| value != own[0]);
            if differ { Axis::over(&own) } else { Axis::over(&of(&all, at)) }
        })
        .collect()
}

/// Trials of the run from a position on.
pub(super) fn since(view: &View<'_>, first: usize) -> Vec<TrialId> {
    (first..view.history.trials().len()).map(|index| TrialId(index as u64)).collect()
}

/// How bad a trial is in comparison with the last ones: for each objective, the share of them
/// that are better, averaged; from 0 to 1 for those that keep the constraints, 1 for others.
/// It does not depend on the scale of any figure.
pub(super) fn energy(view: &View<'_>, id: TrialId) -> f64 {
    /// Trials that are compared with.
    const LAST: usize = 512;
    let Some(point) = view.merit(id).point() else { return 1.0 };
    let merits = view.history.merits();
    let last = &merits[merits.len().saturating_sub(LAST)..];
    let mut better = 0.0;
    for merit in last {
        if let Some(other) = merit.point() {
            better += other.iter().zip(point).filter(|(o, p)| o < p).count() as f64;
        }
    }
    better / (last.len().max(1) * point.len().max(1)) as f64
}
