//! All combinations of networks and hardware points.

use pimnas_config::RawConfig;
use pimnas_network::Network;
use pimnas_simulate::{Metrics, Options};
use rayon::prelude::*;

use crate::evaluate::evaluate;
use crate::points::{Points, Setting};

/// What a sweep evaluates.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Configuration under the points.
    pub base: &'a RawConfig,
    /// Networks.
    pub networks: &'a [Network],
    /// Hardware points.
    pub points: &'a Points,
    /// How to simulate.
    pub options: &'a Options,
}

/// One result of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Index of the network.
    pub network: usize,
    /// Index of the point.
    pub point: usize,
    /// What the point sets.
    pub settings: Vec<Setting>,
    /// Figures of merit, or why there are none.
    pub result: Result<Metrics, String>,
}

impl Task<'_> {
    /// Evaluations of the sweep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.networks.len() * self.points.len()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Evaluates points `from..to` of the task in parallel (see [`Task::len`]; networks are the
/// outer order) and returns the rows in that order, whatever the number of threads. `done` is
/// called once a row, from any thread.
#[must_use]
pub fn sweep(
    task: Task<'_>,
    range: std::ops::Range<usize>,
    done: impl Fn(&Row) + Sync,
) -> Vec<Row> {
    range
        .into_par_iter()
        .map(|index| {
            let (network, point) = (index / task.points.len(), index % task.points.len());
            let settings = task.points.get(point);
            let subject = (&task.networks[network], task.options);
            let result = evaluate(task.base, &settings, subject);
            let row = Row { network, point, settings, result };
            done(&row);
            row
        })
        .collect()
}
