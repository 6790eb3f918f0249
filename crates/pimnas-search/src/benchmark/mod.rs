//! Controllers compared on a table, over seeds.

mod significance;
mod volume;

use std::time::Duration;

use rayon::prelude::*;
use thiserror::Error;

use crate::controllers::Controller;
use crate::pareto::Archive;
use crate::search::{Budget, Evaluator, Goals, Merit, Search, SearchError, TrialId};
use crate::space::Space;
use crate::table::Table;

pub use significance::mann_whitney;
use volume::Axes;
pub use volume::Volume;

/// A way to make a controller.
pub type Make<'m> = &'m (dyn Fn() -> Box<dyn Controller> + Sync);

/// An evaluator that knows all its figures beforehand.
pub trait Known: Evaluator {
    /// Visits the figures of every row, in the order of the metrics.
    fn each(&self, visit: &mut dyn FnMut(&[Option<f64>]));
}

impl Known for Table {
    fn each(&self, visit: &mut dyn FnMut(&[Option<f64>])) {
        self.rows().into_iter().for_each(visit);
    }
}

/// What is compared on.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// The space.
    pub space: &'g dyn Space,
    /// Its figures.
    pub table: &'g dyn Known,
    /// What is searched for.
    pub goals: &'g Goals,
}

/// How long and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Evaluations of a run.
    pub evaluations: usize,
    /// Trials that are proposed at once.
    pub batch: usize,
    /// Seed of the first run; the others follow.
    pub first_seed: u64,
    /// Runs.
    pub seeds: usize,
}

/// Quality after each evaluation of a run: with one objective, its best value so far in its own
/// unit; with several, the front's hypervolume as a share of that of the whole table's.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Seed.
    pub seed: u64,
    /// After one evaluation, two, …; no number before the first feasible one.
    pub quality: Vec<f64>,
    /// At the end, of a controller that predicts: Kendall's τ of each objective's predictions of
    /// trials that the models have not seen.
    pub agreement: Option<Vec<f64>>,
}

/// Why there is no comparison.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum BenchmarkError {
    /// A search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// Nothing in the table keeps the constraints.
    #[error("no row of the table has all objectives and keeps the constraints")]
    NothingFeasible,
}

/// A ground whose best is known: the table's own front, and the point that hypervolumes are
/// measured from.
pub struct Measured<'g> {
    ground: Ground<'g>,
    whole: Whole,
}

struct Whole {
    axes: Axes,
    volume: f64,
    best: f64,
    front: usize,
}

impl Ground<'_> {
    fn whole(&self, volume: Volume) -> Result<Whole, BenchmarkError> {
        let mut archive = Archive::default();
        let mut furthest: Vec<f64> = vec![f64::NEG_INFINITY; self.goals.count()];
        let mut index = 0;
        self.table.each(&mut |figures| {
            let Some(point) = self.goals.point(figures) else { return };
            if self.goals.violation(figures) == 0.0 {
                archive.insert(TrialId(index), &point);
                index += 1;
                let ends = furthest.iter_mut().zip(&point);
                ends.for_each(|(worst, value)| *worst = worst.max(*value));
            }
        });
        let best = archive.members().first().and_then(|member| member.point.first().copied());
        let best = best.ok_or(BenchmarkError::NothingFeasible)?;
        let axes = Axes::new(volume, &archive, &furthest);
        let mut placed = Archive::default();
        for member in archive.members() {
            placed.insert(member.id, &axes.place(&member.point));
        }
        let volume = axes.hypervolume(&placed);
        Ok(Whole { axes, volume, best, front: archive.members().len() })
    }

    /// Looks at the whole table; hypervolumes of several objectives are measured so.
    ///
    /// # Errors
    /// A table in which nothing keeps the constraints.
    pub fn measured(&self, volume: Volume) -> Result<Measured<'_>, BenchmarkError> {
        Ok(Measured { ground: *self, whole: self.whole(volume)? })
    }

    /// A minimised value of the first objective in its own unit.
    fn own_unit(&self, value: f64) -> f64 {
        // Minimising twice is the value itself.
        self.goals.objectives().next().map_or(value, |(_, direction)| direction.minimised(value))
    }

    fn curve(&self, whole: &Whole, make: Make<'_>, (plan, seed): (Plan, u64)) -> CurveResult {
        let budget = Budget::evaluations(plan.evaluations);
        let mut search = Search::new(self.space, self.goals.clone(), make(), budget)
            .with_seed(seed)
            .with_batch(plan.batch);
        let evaluator: &dyn Evaluator = self.table;
        search.run(evaluator, &|| Duration::ZERO)?;
        let mut quality = Vec::with_capacity(plan.evaluations);
        let mut archive = Archive::default();
        let mut now = f64::NAN;
        for (index, merit) in (0..).zip(search.history().merits()) {
            let placed = merit.point().map(|point| whole.axes.place(point));
            let grown = placed.is_some_and(|point| archive.insert(TrialId(index), &point));
            if grown {
                now = match (self.goals.count(), merit) {
                    (1, Merit::Feasible(point)) => self.own_unit(point[0]),
                    _ if whole.volume > 0.0 => whole.axes.hypervolume(&archive) / whole.volume,
                    _ => 1.0,
                };
            }
            quality.push(now);
        }
        Ok(Curve { seed, quality, agreement: search.agreement() })
    }
}

impl Measured<'_> {
    /// The best that a run can reach: the optimum of the one objective, or 1.
    #[must_use]
    pub fn best(&self) -> f64 {
        let best = self.whole.best;
        if self.ground.goals.count() == 1 { self.ground.own_unit(best) } else { 1.0 }
    }

    /// Members of the table's front.
    #[must_use]
    pub fn front(&self) -> usize {
        self.whole.front
    }

    /// Runs a controller with each seed, in parallel.
    ///
    /// # Errors
    /// A search that fails.
    pub fn curves(&self, make: Make<'_>, plan: Plan) -> Result<Vec<Curve>, BenchmarkError> {
        let seeds = plan.first_seed..plan.first_seed.saturating_add(plan.seeds as u64);
        let one = |seed| self.ground.curve(&self.whole, make, (plan, seed));
        seeds.into_par_iter().map(one).collect()
    }
}

type CurveResult = Result<Curve, BenchmarkError>;

/// Runs after a number of evaluations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Runs.
    pub runs: usize,
    /// Mean quality.
    pub mean: f64,
    /// Standard deviation over runs.
    pub deviation: f64,
    /// Standard error of the mean.
    pub error: f64,
    /// Share of runs that found the best.
    pub found: f64,
}

/// Quality of each run after that many evaluations; runs that were exhausted before count with
/// their last value, those without a feasible trial not at all.
#[must_use]
pub fn qualities(curves: &[Curve], evaluations: usize) -> Vec<f64> {
    let at = |curve: &Curve| {
        let last = evaluations.min(curve.quality.len()).checked_sub(1)?;
        curve.quality.get(last).copied().filter(|quality| !quality.is_nan())
    };
    curves.iter().filter_map(at).collect()
}

impl Summary {
    /// Of curves after that many evaluations, by [`qualities`].
    #[must_use]
    pub fn after(curves: &[Curve], evaluations: usize, best: f64) -> Self {
        Self::of(&qualities(curves, evaluations), best)
    }

    /// Of one value a run.
    #[must_use]
    pub fn of(values: &[f64], best: f64) -> Self {
        let runs = values.len();
        let count = runs.max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (spread / (count - 1.0).max(1.0)).sqrt();
        let near = |value: &&f64| (**value - best).abs() <= 1e-9 * best.abs().max(1.0);
        let found = values.iter().filter(near).count() as f64 / count;
        Self { runs, mean, deviation, error: deviation / count.sqrt(), found }
    }

    /// The 95 % interval of the mean, for many runs.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        /// 97.5 % quantile of the standard normal distribution.
        const WIDTH: f64 = 1.959_964;
        (self.mean - WIDTH * self.error, self.mean + WIDTH * self.error)
    }
}
