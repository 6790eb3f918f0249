//! Which trials the pictures show.

use crate::model::{RunReport, Trial};

/// Most trials off the front in pictures; the rest count in every figure, but are not drawn.
pub const MAX_DRAWN: usize = 3000;

/// The trials that are drawn: the front, and of the others as many as fit, evenly over the run.
/// Trials without any objective have no place in a picture.
#[must_use]
pub fn drawn(run: &RunReport) -> Vec<&Trial> {
    let goals = run.goals();
    let placed = |trial: &&Trial| goals.iter().any(|&(metric, _)| trial.metric(metric).is_some());
    let front: std::collections::BTreeSet<u64> = run.front.iter().copied().collect();
    let (on, off): (Vec<&Trial>, Vec<&Trial>) =
        run.trials.iter().filter(placed).partition(|trial| front.contains(&trial.id));
    let count = off.len();
    // Every trial where they fit; otherwise the i-th of MAX_DRAWN equal parts gives its first.
    let kept = count.min(MAX_DRAWN);
    let picked = (0..kept).filter_map(|part| off.get(part * count / kept.max(1)).copied());
    // The front last, so that it is drawn above the others.
    picked.chain(on).collect()
}

/// How many trials could be drawn if all were.
#[must_use]
pub fn drawable(run: &RunReport) -> usize {
    let goals = run.goals();
    let placed = |trial: &&Trial| goals.iter().any(|&(metric, _)| trial.metric(metric).is_some());
    run.trials.iter().filter(placed).count()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::{Decision, Direction, Metric, Outcome};

    /// A run with one decision and one objective.
    pub(crate) fn run_of(trials: &[(Option<u16>, f64)]) -> RunReport {
        let trial = |(id, &(choice, value)): (usize, &(Option<u16>, f64))| Trial {
            id: id as u64,
            choices: vec![choice],
            metrics: vec![Some(value)],
            outcome: Outcome::Complete,
            reason: String::new(),
            stages: 1,
        };
        RunReport {
            metrics: vec![Metric::new("latency_ms", "ms", Direction::Minimise)],
            objectives: vec![0],
            decisions: vec![Decision { path: "d".into(), choices: vec!["a".into(), "b".into()] }],
            trials: trials.iter().enumerate().map(trial).collect(),
            ..RunReport::default()
        }
    }

    #[test]
    fn few_are_all_drawn_and_many_are_thinned_but_for_the_front() {
        let mut run = run_of(&[(Some(0), 1.0); 10]);
        run.front = vec![3];
        let ids = |run: &RunReport| drawn(run).iter().map(|trial| trial.id).collect::<Vec<_>>();
        assert_eq!(ids(&run), [0, 1, 2, 4, 5, 6, 7, 8, 9, 3]);
        run.trials[0].metrics = vec![Some(f64::NAN)];
        assert_eq!(ids(&run).len(), 9);
        let mut run = run_of(&vec![(Some(0), 1.0); 10_001]);
        run.front = vec![7, 9_999];
        let shown = ids(&run);
        assert_eq!(shown.len(), MAX_DRAWN + 2);
        assert_eq!(shown[MAX_DRAWN..], [7, 9_999]);
        assert!(shown.iter().any(|id| *id > 9_990), "the end of the run is shown");
        let distinct: std::collections::BTreeSet<u64> = shown.iter().copied().collect();
        assert_eq!(distinct.len(), shown.len());
    }
}
