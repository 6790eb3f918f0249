//! NSGA-III (Deb and Jain, IEEE Transactions on Evolutionary Computation 2014).

use serde_json::Value as Json;

use super::genetic::{Generation, Genetic, breed};
use super::select::{since, standings};
use super::{Controller, StateError, read, written};
use crate::rollout::VaryError;
use crate::search::{Batch, Proposal, TrialId, View};

/// Keeps the best of parents and children by front; of the last front that fits in part, those
/// that are closest to the directions with the fewest members so far.
///
/// Directions are evenly spread over the simplex (Das and Dennis, 1998), the finest such grid
/// with no more directions than the population. Objectives are scaled by the range of the front
/// that nothing dominates, instead of by a plane through its extreme points, which does not
/// exist for every front.
#[derive(Clone, Debug, Default)]
pub struct Nsga3 {
    settings: Genetic,
    generation: Generation,
}

impl Nsga3 {
    /// With those settings.
    #[must_use]
    pub fn new(settings: Genetic) -> Self {
        Self { settings, generation: Generation::default() }
    }
}

impl Controller for Nsga3 {
    fn name(&self) -> &'static str {
        "nsga3"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let mut batch = Batch::new(*view, count);
        breed(view, &self.generation.parents, self.settings, &mut batch)?;
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, view: &View<'_>, first: usize) {
        let size = self.settings.population.max(1);
        if let Some(all) = self.generation.take(&since(view, first), size) {
            self.generation.parents = survivors(view, &all, size);
        }
    }

    fn state(&self) -> Json {
        written(&self.generation)
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        self.generation = read(state)?;
        Ok(())
    }
}

fn survivors(view: &View<'_>, all: &[TrialId], size: usize) -> Vec<TrialId> {
    let standings = standings(view, all);
    let mut kept: Vec<TrialId> = Vec::new();
    let mut rank = 0;
    while kept.len() < size.min(all.len()) {
        let of_rank = |at: &usize| standings[*at].rank == rank;
        let front: Vec<TrialId> = (0..all.len()).filter(of_rank).map(|at| all[at]).collect();
        if front.is_empty() {
            return kept;
        }
        if kept.len() + front.len() <= size {
            kept.extend(front);
        } else {
            let room = size - kept.len();
            let chosen = niches(view, (&kept, &front), room, size);
            kept.extend(chosen);
        }
        rank += 1;
    }
    kept
}

/// Those of a front that fill the emptiest directions.
fn niches(
    view: &View<'_>,
    (kept, front): (&[TrialId], &[TrialId]),
    room: usize,
    size: usize,
) -> Vec<TrialId> {
    let points: Option<Vec<&[f64]>> = front.iter().map(|&id| view.merit(id).point()).collect();
    let Some(points) = points else {
        // Not feasible, so all alike.
        return front.iter().copied().take(room).collect();
    };
    let before: Vec<&[f64]> = kept.iter().filter_map(|&id| view.merit(id).point()).collect();
    let axes = view.goals.count();
    let directions = directions(axes, size);
    let range: Vec<(f64, f64)> = (0..axes)
        .map(|axis| {
            let values = before.iter().chain(&points).map(|point| point[axis]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
        })
        .collect();
    let near = |point: &[f64]| nearest(point, &range, &directions);
    let mut members = vec![0_usize; directions.len()];
    for point in &before {
        members[near(point).0] += 1;
    }
    let mut left: Vec<(TrialId, usize, f64)> = front
        .iter()
        .zip(&points)
        .map(|(&id, point)| {
            let (direction, distance) = near(point);
            (id, direction, distance)
        })
        .collect();
    let mut chosen = Vec::new();
    while chosen.len() < room && !left.is_empty() {
        let best = (0..left.len()).min_by(|&a, &b| {
            let crowd = |at: usize| members[left[at].1];
            crowd(a)
                .cmp(&crowd(b))
                .then(left[a].2.total_cmp(&left[b].2))
                .then(left[a].0.cmp(&left[b].0))
        });
        let Some(best) = best else { break };
        let (id, direction, _) = left.remove(best);
        members[direction] += 1;
        chosen.push(id);
    }
    chosen
}

/// The direction that a point is closest to, and how far it is from that line.
fn nearest(point: &[f64], range: &[(f64, f64)], directions: &[Vec<f64>]) -> (usize, f64) {
    let scaled: Vec<f64> = point
        .iter()
        .zip(range)
        .map(|(value, (low, high))| if high > low { (value - low) / (high - low) } else { 0.0 })
        .collect();
    let square: f64 = scaled.iter().map(|value| value * value).sum();
    let distance = |direction: &Vec<f64>| {
        let along: f64 = scaled.iter().zip(direction).map(|(a, b)| a * b).sum();
        let length: f64 = direction.iter().map(|value| value * value).sum();
        (square - along * along / length.max(f64::MIN_POSITIVE)).max(0.0)
    };
    let all = directions.iter().map(distance).enumerate();
    all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

/// Evenly spread directions, at most `most` of them, at least one an axis.
fn directions(axes: usize, most: usize) -> Vec<Vec<f64>> {
    let count = |parts: usize| {
        // Parts over axes: binomial(parts + axes − 1, axes − 1).
        (1..axes).fold(1.0, |all, k| all * (parts + k) as f64 / k as f64)
    };
    let mut parts = 1;
    while axes > 1 && count(parts + 1) <= most as f64 {
        parts += 1;
    }
    let mut all = Vec::new();
    spread(axes, parts, &mut Vec::new(), &mut all);
    all.into_iter().map(|whole| whole.into_iter().map(|part| part as f64).collect()).collect()
}

fn spread(axes: usize, parts: usize, so_far: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    if axes <= 1 {
        let mut whole = so_far.clone();
        whole.push(parts);
        all.push(whole);
        return;
    }
    for part in 0..=parts {
        so_far.push(part);
        spread(axes - 1, parts - part, so_far, all);
        so_far.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_cover_the_simplex() {
        assert_eq!(directions(1, 40), [[1.0]]);
        assert_eq!(directions(2, 4), [[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]]);
        // 36 = binomial(9, 2), the largest for three axes that is not above 40.
        assert_eq!(directions(3, 40).len(), 36);
        assert_eq!(directions(4, 2).len(), 4);
        assert!(directions(3, 40).iter().all(|d| d.iter().sum::<f64>() == 7.0));
    }

    #[test]
    fn a_point_belongs_to_the_line_next_to_it() {
        let directions = directions(2, 3);
        let range = [(0.0, 10.0), (5.0, 6.0)];
        assert_eq!(nearest(&[0.0, 6.0], &range, &directions), (0, 0.0));
        let (at, distance) = nearest(&[5.0, 5.5], &range, &directions);
        assert!(at == 1 && distance < 1e-12);
        assert_eq!(nearest(&[10.0, 5.1], &range, &directions).0, 2);
    }
}
