//! What a run knows: its trials and what follows from them.

use std::collections::HashSet;

use super::goals::Goals;
use super::trial::{Merit, Trial, TrialId};
use crate::pareto::Archive;
use crate::rollout::Rollout;

/// Trials in the order of their numbers, append-only.
#[derive(Clone, Debug, Default)]
pub struct History {
    trials: Vec<Trial>,
    merits: Vec<Merit>,
    seen: HashSet<Rollout>,
    archive: Archive,
}

impl History {
    /// Adds a trial; its number is that of the trials before it.
    pub(crate) fn push(&mut self, trial: Trial, goals: &Goals) {
        let merit = trial.merit(goals);
        if let Some(point) = merit.point() {
            self.archive.insert(trial.id, point);
        }
        self.seen.insert(trial.rollout.clone());
        self.merits.push(merit);
        self.trials.push(trial);
    }

    /// All trials.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// How good each trial is.
    #[must_use]
    pub fn merits(&self) -> &[Merit] {
        &self.merits
    }

    /// How good a trial is.
    #[must_use]
    pub fn merit(&self, id: TrialId) -> &Merit {
        self.merits.get(id.index()).unwrap_or(&Merit::Impossible)
    }

    /// Whether a rollout was a trial.
    #[must_use]
    pub fn contains(&self, rollout: &Rollout) -> bool {
        self.seen.contains(rollout)
    }

    /// The front.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The best value of each objective, less is better, among feasible trials.
    #[must_use]
    pub fn best(&self) -> Option<Vec<f64>> {
        let mut members = self.archive.members().iter();
        let first = members.next()?.point.clone();
        Some(members.fold(first, |mut best, member| {
            best.iter_mut().zip(&member.point).for_each(|(b, p)| *b = b.min(*p));
            best
        }))
    }

    /// The worst value of each objective, less is better, among feasible trials.
    #[must_use]
    pub fn worst(&self) -> Option<Vec<f64>> {
        let mut points = self.merits.iter().filter_map(Merit::point);
        let first = points.next()?.to_vec();
        Some(points.fold(first, |mut worst, point| {
            worst.iter_mut().zip(point).for_each(|(w, p)| *w = w.max(*p));
            worst
        }))
    }
}
