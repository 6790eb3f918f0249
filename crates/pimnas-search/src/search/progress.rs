//! How far a search is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::budget::Stagnation;
use super::history::History;
use super::trial::Merit;

/// The reference point of the hypervolume, and when the hypervolume last grew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reference {
    point: Option<Vec<f64>>,
    volume: f64,
    grown_at: usize,
}

impl Reference {
    pub(super) fn fixed(point: Vec<f64>) -> Self {
        Self { point: Some(point), ..Self::default() }
    }

    /// Settles the point as soon as there is one, and notes growth where somebody asks for it.
    pub(super) fn update(&mut self, history: &History, stagnation: Option<Stagnation>) {
        if self.point.is_none() {
            self.point = history.worst();
        }
        let (Some(stagnation), Some(point)) = (stagnation, &self.point) else { return };
        let volume = history.archive().hypervolume(point);
        if volume > self.volume * (1.0 + stagnation.growth.max(0.0)) {
            self.volume = volume;
            self.grown_at = history.trials().len();
        }
    }

    pub(super) fn since_progress(&self, done: usize) -> usize {
        done.saturating_sub(self.grown_at)
    }
}

/// State of a search after an iteration. Figures that cost time are computed when asked for.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'p> {
    /// Iterations so far.
    pub iteration: usize,
    /// Time at the iteration's start.
    pub elapsed: Duration,
    /// Everything that is known.
    pub history: &'p History,
    reference: &'p Reference,
}

impl<'p> Progress<'p> {
    pub(super) fn new(
        (iteration, elapsed): (usize, Duration),
        history: &'p History,
        reference: &'p Reference,
    ) -> Self {
        Self { iteration, elapsed, history, reference }
    }

    /// Trials so far.
    #[must_use]
    pub fn evaluations(&self) -> usize {
        self.history.trials().len()
    }

    /// Members of the front.
    #[must_use]
    pub fn front(&self) -> usize {
        self.history.archive().members().len()
    }

    /// Share of trials that keep every constraint; 0 without trials.
    #[must_use]
    pub fn feasible_share(&self) -> f64 {
        let feasible = self.history.merits().iter().filter(|merit| merit.point().is_some());
        feasible.count() as f64 / self.evaluations().max(1) as f64
    }

    /// The reference point of the hypervolume, less is better; `None` while there is none.
    #[must_use]
    pub fn reference(&self) -> Option<&'p [f64]> {
        self.reference.point.as_deref()
    }

    /// Hypervolume of the front up to the reference point; 0 while there is none.
    #[must_use]
    pub fn hypervolume(&self) -> f64 {
        let point = self.reference.point.as_deref();
        point.map_or(0.0, |point| self.history.archive().hypervolume(point))
    }

    /// The smallest sum of violations of trials that break constraints: how close the best came.
    #[must_use]
    pub fn least_violation(&self) -> Option<f64> {
        let violations = self.history.merits().iter().filter_map(|merit| match merit {
            Merit::Infeasible(violation) => Some(*violation),
            Merit::Feasible(_) | Merit::Unknown | Merit::Impossible => None,
        });
        violations.min_by(f64::total_cmp)
    }
}
