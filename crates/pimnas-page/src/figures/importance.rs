//! How much of an objective's variance a decision explains by itself.
//!
//! The measure is ε² of a one-way analysis of variance (Kelley, 1935): η² = SSB / SST without
//! its bias, ε² = (SSB − (k − 1) · MSW) / SST with MSW = SSW / (n − k), for n trials in k groups
//! by the decision's value; 0 where it comes out below. Trials in which the decision is inactive
//! are a group of their own. It sees no interaction of decisions, and describes the trials of
//! the run, not the space: a controller does not draw at random.

use crate::figures::scale::Scale;
use crate::model::RunReport;

/// The part of an objective's variance that a decision explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// The decision.
    pub decision: usize,
    /// ε² for every objective, in their order; `None` where it is not defined: fewer than two
    /// values occur, no trial more than values, or the objective does not vary.
    pub explained: Vec<Option<f64>>,
}

impl Importance {
    /// The largest over the objectives.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.explained.iter().flatten().copied().fold(0.0, f64::max)
    }
}

/// The importance of every decision, the most important first. Objectives count on the scale on
/// which they are drawn.
#[must_use]
pub fn importance(run: &RunReport, scales: &[Scale]) -> Vec<Importance> {
    let goals = run.goals();
    let mut all: Vec<Importance> = (0..run.decisions.len())
        .map(|decision| {
            let explained = goals.iter().zip(scales).map(|(&(metric, _), scale)| {
                let observed = run.trials.iter().filter_map(|trial| {
                    Some((trial.choice(decision), scale.straight(trial.metric(metric)?)?))
                });
                epsilon_squared(&observed.collect::<Vec<_>>())
            });
            Importance { decision, explained: explained.collect() }
        })
        .collect();
    all.sort_by(|a, b| b.most().total_cmp(&a.most()));
    all
}

/// ε² of values by group.
fn epsilon_squared(observed: &[(Option<usize>, f64)]) -> Option<f64> {
    let count = observed.len() as f64;
    let mean = observed.iter().map(|(_, value)| value).sum::<f64>() / count;
    let mut groups = std::collections::BTreeMap::<Option<usize>, (f64, f64)>::new();
    for &(group, value) in observed {
        let (members, sum) = groups.entry(group).or_default();
        *members += 1.0;
        *sum += value;
    }
    let total: f64 = observed.iter().map(|(_, value)| (value - mean).powi(2)).sum();
    let within: f64 = observed
        .iter()
        .filter_map(|(group, value)| {
            let (members, sum) = groups.get(group)?;
            Some((value - sum / members).powi(2))
        })
        .sum();
    let kinds = groups.len() as f64;
    // Relative to the values' size, so that rounding is not taken for variance.
    let noise = count * (mean * f64::EPSILON * 8.0).powi(2);
    if kinds < 2.0 || count <= kinds || total <= noise {
        return None;
    }
    let between = total - within;
    Some(((between - (kinds - 1.0) * within / (count - kinds)) / total).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(groups: &[&[f64]]) -> Option<f64> {
        let observed: Vec<(Option<usize>, f64)> = groups
            .iter()
            .enumerate()
            .flat_map(|(group, values)| values.iter().map(move |&value| (Some(group), value)))
            .collect();
        epsilon_squared(&observed)
    }

    #[test]
    fn it_is_that_of_a_worked_example() {
        // Means 2 and 5, overall 3.5: SSB = 13.5, SSW = 4, SST = 17.5, MSW = 1.
        let found = of(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]).unwrap();
        assert!((found - 12.5 / 17.5).abs() < 1e-12, "{found}");
        // Unequal groups: means 1, 4, 7; overall 3; SSB = 3·4 + 2·1 + 1·16 = 30; SSW = 2 + 2 = 4;
        // SST = 34; MSW = 4 / 3.
        let found = of(&[&[0.0, 1.0, 2.0], &[3.0, 5.0], &[7.0]]).unwrap();
        assert!((found - (30.0 - 8.0 / 3.0) / 34.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn everything_nothing_and_undefined() {
        assert_eq!(of(&[&[1.0, 1.0], &[2.0, 2.0]]), Some(1.0));
        assert_eq!(of(&[&[1.0, 2.0], &[1.0, 2.0]]), Some(0.0));
        assert_eq!(of(&[&[1.0, 2.0]]), None);
        assert_eq!(of(&[&[1.0], &[2.0]]), None);
        assert_eq!(of(&[&[0.1 + 0.2, 0.3], &[0.3, 0.3]]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn inactive_is_a_group_of_its_own() {
        let observed = [(None, 1.0), (None, 1.0), (Some(0), 5.0), (Some(0), 5.0)];
        assert_eq!(epsilon_squared(&observed), Some(1.0));
    }
}
