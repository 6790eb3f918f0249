//! What the front's members have in common: how often each value was chosen on the front and in
//! all trials.

use crate::model::{RunReport, Trial};

/// How often a value was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueShare {
    /// The value in words.
    pub value: String,
    /// Share of the front's members in which the decision is active, 0 to 1.
    pub front: f64,
    /// Share of all trials in which the decision is active, 0 to 1.
    pub all: f64,
}

/// The values of a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionShares {
    /// The decision.
    pub decision: usize,
    /// Members of the front in which it is active.
    pub members: usize,
    /// Its values, in their order.
    pub values: Vec<ValueShare>,
}

impl DecisionShares {
    /// Total variation distance of the front from all trials: the share of members that would
    /// have to choose otherwise to be like all trials, 0 to 1.
    #[must_use]
    pub fn distance(&self) -> f64 {
        self.values.iter().map(|value| (value.front - value.all).abs()).sum::<f64>() / 2.0
    }

    /// The distance that a front drawn at random from all trials would have on average, by the
    /// normal approximation of each share.
    #[must_use]
    pub fn expected_distance(&self) -> f64 {
        let members = self.members.max(1) as f64;
        let deviation = |p: f64| (p * (1.0 - p) / members).sqrt();
        let absolute = (2.0 / std::f64::consts::PI).sqrt();
        self.values.iter().map(|value| absolute * deviation(value.all)).sum::<f64>() / 2.0
    }
}

/// The shares of every decision that is active on the front, those that set it apart most first.
#[must_use]
pub fn shares(run: &RunReport) -> Vec<DecisionShares> {
    let front: Vec<&Trial> = run.front_trials().collect();
    let all: Vec<&Trial> = run.trials.iter().collect();
    let mut found: Vec<DecisionShares> = run
        .decisions
        .iter()
        .enumerate()
        .filter_map(|(index, decision)| {
            let count = decision.choices.len();
            let (members, front) = counted(&front, index, count);
            let (trials, all) = counted(&all, index, count);
            if members == 0 || trials == 0 || count < 2 {
                return None;
            }
            let values = decision.choices.iter().zip(front.iter().zip(&all));
            let values = values.map(|(value, (&front, &all))| ValueShare {
                value: value.clone(),
                front: front as f64 / members as f64,
                all: all as f64 / trials as f64,
            });
            Some(DecisionShares { decision: index, members, values: values.collect() })
        })
        .collect();
    let excess = |one: &DecisionShares| one.distance() - one.expected_distance();
    found.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
    found
}

/// Trials in which a decision is active, and those of each choice.
fn counted(trials: &[&Trial], decision: usize, choices: usize) -> (usize, Vec<usize>) {
    let mut counts = vec![0; choices];
    for choice in trials.iter().filter_map(|trial| trial.choice(decision)) {
        if let Some(count) = counts.get_mut(choice) {
            *count += 1;
        }
    }
    (counts.iter().sum(), counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::sample::tests::run_of;

    #[test]
    fn shares_are_of_active_trials() {
        // Decision 0 of five trials: a, a, b, b, inactive; trials 0 and 4 are on the front.
        let choices = [Some(0), Some(0), Some(1), Some(1), None];
        let mut run = run_of(&choices.map(|choice| (choice, 1.0)));
        run.front = vec![0, 4];
        let found = shares(&run);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].members, 1);
        let of = |value: usize| (found[0].values[value].front, found[0].values[value].all);
        assert_eq!((of(0), of(1)), ((1.0, 0.5), (0.0, 0.5)));
        assert_eq!(found[0].distance(), 0.5);
    }

    #[test]
    fn a_front_like_all_trials_has_no_distance() {
        let mut run = run_of(&[(Some(0), 1.0), (Some(1), 1.0), (Some(0), 1.0), (Some(1), 1.0)]);
        run.front = vec![0, 1];
        assert_eq!(shares(&run)[0].distance(), 0.0);
        run.front.clear();
        assert!(shares(&run).is_empty());
    }

    #[test]
    fn chance_is_that_of_a_binomial_share() {
        let shares = DecisionShares {
            decision: 0,
            members: 100,
            values: [0.5, 0.5]
                .map(|all| ValueShare { value: String::new(), front: all, all })
                .to_vec(),
        };
        // E|X - p| of 100 draws with p = 1/2 is 0.0398; the normal approximation is within 1 %.
        assert!((shares.expected_distance() - 0.0398).abs() < 0.0004);
    }
}
