//! Which members of a large front are shown in full.

use crate::figures::scale::Scale;
use crate::model::{RunReport, Trial};

/// Members of the front that show what there is: the best of each objective, then again and
/// again the one farthest from those chosen, on the scales of the pictures; in the order of the
/// first objective, the best first.
#[must_use]
pub fn spread(run: &RunReport, count: usize) -> Vec<u64> {
    let goals = run.goals();
    let scales: Vec<Scale> = goals
        .iter()
        .map(|&(metric, _)| Scale::around(run.front_trials().filter_map(|t| t.metric(metric))))
        .collect();
    let place = |trial: &Trial| -> Option<Vec<f64>> {
        let places = goals.iter().zip(&scales);
        places.map(|(&(metric, _), scale)| scale.place(trial.metric(metric)?)).collect()
    };
    let mut left: Vec<(u64, Vec<f64>)> =
        run.front_trials().filter_map(|trial| Some((trial.id, place(trial)?))).collect();
    let mut chosen: Vec<(u64, Vec<f64>)> = Vec::new();
    let best = goals.iter().filter_map(|&(metric, _)| run.best(metric)).map(|(_, id)| id);
    for id in best {
        if let Some(at) = left.iter().position(|(other, _)| *other == id) {
            chosen.push(left.swap_remove(at));
        }
    }
    chosen.truncate(count);
    while chosen.len() < count {
        let nearest = |place: &[f64]| {
            chosen.iter().map(|(_, other)| distance(place, other)).fold(f64::INFINITY, f64::min)
        };
        let farthest = (0..left.len()).max_by(|&a, &b| {
            let by_distance = nearest(&left[a].1).total_cmp(&nearest(&left[b].1));
            by_distance.then(left[b].0.cmp(&left[a].0))
        });
        let Some(farthest) = farthest else { break };
        chosen.push(left.swap_remove(farthest));
    }
    let first = goals.first().map(|&(metric, goal)| (metric, goal.direction));
    let key = |id: u64| {
        let (metric, direction) = first?;
        run.trial(id)?.metric(metric).map(|value| direction.minimised(value))
    };
    let mut ids: Vec<u64> = chosen.into_iter().map(|(id, _)| id).collect();
    ids.sort_by(|&a, &b| key(a).unwrap_or(0.0).total_cmp(&key(b).unwrap_or(0.0)).then(a.cmp(&b)));
    ids
}

fn distance(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::sample::tests::run_of;
    use crate::model::{Direction, Metric};

    #[test]
    fn the_ends_come_first_then_the_gaps_are_filled() {
        let mut run = run_of(&[10.0, 11.0, 11.5, 15.0, 20.0].map(|value| (Some(0), value)));
        run.metrics.push(Metric::new("energy_mJ", "mJ", Direction::Minimise));
        run.objectives.push(1);
        for trial in &mut run.trials {
            let value = trial.metrics[0].unwrap();
            trial.metrics.push(Some(30.0 - value));
        }
        run.front = vec![0, 1, 2, 3, 4];
        assert_eq!(spread(&run, 2), [0, 4]);
        assert_eq!(spread(&run, 3), [0, 3, 4]);
        assert_eq!(spread(&run, 9), [0, 1, 2, 3, 4]);
        assert_eq!(spread(&run, 0), [0_u64; 0]);
        run.front.clear();
        assert_eq!(spread(&run, 3), [0_u64; 0]);
    }
}
