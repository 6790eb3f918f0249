//! Trials: what was proposed, where it came from and what came of it.

use serde::{Deserialize, Serialize};

use super::asktell::Told;
use super::goals::Goals;
use crate::rollout::{Genotype, Rollout};
use crate::space::Space;

/// Number of a trial in its run, counted from 0 in the order of proposal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct TrialId(pub u64);

impl TrialId {
    /// Position in a run's list of trials.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// How a proposal was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lineage {
    /// Drawn at random.
    Drawn,
    /// One of those that the search begins with.
    Given,
    /// A parent with other choices.
    Mutated(TrialId),
    /// Mixed from two parents.
    Crossed(TrialId, TrialId),
    /// Drawn from a learnt distribution, or chosen by a model.
    Model,
}

/// A rollout to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The rollout; no other trial of the run has it.
    pub rollout: Rollout,
    /// Where it comes from.
    pub lineage: Lineage,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every stage ran.
    Complete,
    /// A constraint was broken by then; later stages did not run.
    Infeasible,
    /// Not on the front, whatever the later stages would have given.
    Dominated,
    /// Not on the front, if the predictor is right.
    Predicted,
    /// The better ones of its batch went on, and it did not.
    Outclassed,
    /// There is no such network or hardware, or it cannot be evaluated; the reasons.
    Rejected(Vec<String>),
}

/// A trial. Figures are in the order of [`Goals::metrics`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number; with the run's seed, it is the key of its random numbers.
    pub id: TrialId,
    /// What was evaluated.
    pub rollout: Rollout,
    /// Where it comes from.
    pub lineage: Lineage,
    /// Seed of the run.
    pub seed: u64,
    /// Figures that are known.
    pub figures: Vec<Option<f64>>,
    /// Stages that ran.
    pub stages: usize,
    /// What came of it.
    pub outcome: Outcome,
}

impl Trial {
    /// Its written form.
    #[must_use]
    pub fn genotype(&self, space: &dyn Space) -> Genotype {
        Genotype::new(space.name(), space.decisions(), &self.rollout)
    }

    /// What was told of it.
    #[must_use]
    pub fn told(&self) -> Told {
        match &self.outcome {
            Outcome::Rejected(reasons) => Told::Rejected(reasons.clone()),
            Outcome::Complete
            | Outcome::Infeasible
            | Outcome::Dominated
            | Outcome::Predicted
            | Outcome::Outclassed => Told::Figures(self.figures.clone()),
        }
    }

    /// Why it ended before the last stage, in words; `None` for one that is complete.
    #[must_use]
    pub fn reason(&self, goals: &Goals) -> Option<String> {
        match &self.outcome {
            Outcome::Complete => None,
            Outcome::Infeasible => {
                let broken = goals.broken(&self.figures);
                let said: Vec<String> = broken
                    .map(|(constraint, value)| {
                        format!("{} is {value}, not {constraint}", constraint.metric)
                    })
                    .collect();
                Some(said.join("; "))
            }
            Outcome::Dominated => Some("dominated even at its best".to_owned()),
            Outcome::Predicted => Some("dominated even at what is predicted at best".to_owned()),
            Outcome::Outclassed => Some("behind the better ones of its batch".to_owned()),
            Outcome::Rejected(reasons) => Some(reasons.join("; ")),
        }
    }

    /// How good it is.
    #[must_use]
    pub fn merit(&self, goals: &Goals) -> Merit {
        let violation = goals.violation(&self.figures);
        match (goals.point(&self.figures), &self.outcome) {
            (_, Outcome::Rejected(_)) => Merit::Impossible,
            (Some(point), _) if violation == 0.0 => Merit::Feasible(point),
            (_, Outcome::Complete | Outcome::Infeasible) if violation > 0.0 => {
                Merit::Infeasible(violation)
            }
            (
                _,
                Outcome::Complete
                | Outcome::Infeasible
                | Outcome::Dominated
                | Outcome::Predicted
                | Outcome::Outclassed,
            ) => Merit::Unknown,
        }
    }
}

/// How good a trial is; classes from the best to the worst.
#[derive(Clone, Debug, PartialEq)]
pub enum Merit {
    /// Keeps every constraint; its objectives, less is better.
    Feasible(Vec<f64>),
    /// Keeps the constraints on what is known, but is dominated whatever the rest is.
    Unknown,
    /// Breaks constraints by that much in total.
    Infeasible(f64),
    /// Cannot be evaluated.
    Impossible,
}

impl Merit {
    /// The objectives of one that keeps every constraint, less is better.
    #[must_use]
    pub fn point(&self) -> Option<&[f64]> {
        match self {
            Self::Feasible(point) => Some(point),
            Self::Unknown | Self::Infeasible(_) | Self::Impossible => None,
        }
    }

    /// Class, and the order within it where that does not need Pareto domination.
    fn rank(&self) -> (u8, f64) {
        match self {
            Self::Feasible(_) => (0, 0.0),
            Self::Unknown => (1, 0.0),
            Self::Infeasible(violation) => (2, *violation),
            Self::Impossible => (3, 0.0),
        }
    }

    /// Constraint domination (Deb et al., 2002): a feasible one dominates those that are not; of
    /// two that are not, that which breaks less; of two feasible ones, Pareto domination.
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Feasible(one), Self::Feasible(other)) => crate::pareto::dominates(one, other),
            (one, other) => one.rank() < other.rank(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraint_domination_orders_classes_then_within() {
        let feasible = |point: &[f64]| Merit::Feasible(point.to_vec());
        let ordered = [
            feasible(&[1.0, 1.0]),
            feasible(&[2.0, 1.0]),
            Merit::Unknown,
            Merit::Infeasible(0.1),
            Merit::Infeasible(0.2),
            Merit::Impossible,
        ];
        for (index, better) in ordered.iter().enumerate() {
            for (other, worse) in ordered.iter().enumerate() {
                assert_eq!(better.dominates(worse), index < other, "{better:?} {worse:?}");
            }
        }
        assert!(!feasible(&[1.0, 2.0]).dominates(&feasible(&[2.0, 1.0])));
    }
}
