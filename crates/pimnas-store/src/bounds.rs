//! How trials stand to each constraint of a run.

use pimnas_search::search::{Constraint, TrialId};

use crate::summary::RunSummary;

/// A constraint, and how close trials came to it.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundSummary {
    /// The constraint.
    pub constraint: Constraint,
    /// Trials whose metric is known.
    pub measured: usize,
    /// Those of them that keep the bound.
    pub kept: usize,
    /// The trial that is furthest on the right side of the bound, or closest to it, with its
    /// figure in the metric's unit; `None` where none is known.
    pub best: Option<(TrialId, f64)>,
}

impl RunSummary {
    /// Each constraint with how trials stand to it, alone: a trial that keeps one may break
    /// another.
    #[must_use]
    pub fn bounds(&self) -> Vec<BoundSummary> {
        self.info.constraints.iter().map(|constraint| self.bound(constraint)).collect()
    }

    fn bound(&self, constraint: &Constraint) -> BoundSummary {
        let at = self.metrics.iter().position(|metric| metric.name == constraint.metric);
        let mut found =
            BoundSummary { constraint: constraint.clone(), measured: 0, kept: 0, best: None };
        for one in &self.trials {
            let figure = at.and_then(|at| one.trial.figures.get(at).copied().flatten());
            let Some(figure) = figure.filter(|figure| !figure.is_nan()) else { continue };
            found.measured += 1;
            found.kept += usize::from(constraint.excess(figure) <= 0.0);
            let excess = |known: f64| constraint.excess(known);
            if found.best.is_none_or(|(_, known)| excess(figure) < excess(known)) {
                found.best = Some((one.trial.id, figure));
            }
        }
        found
    }
}
