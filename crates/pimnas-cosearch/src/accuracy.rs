//! Where accuracy comes from.

use std::any::Any;

use pimnas_config::Hardware;
use pimnas_search::search::{CostClass, Metric, Stage};
use pimnas_search::space::{Reason, Rejection};
use pimnas_search::table::Table;
use pimnas_search::{Candidate, Rollout, Space, Stream};
use thiserror::Error;

/// A candidate at a stage of accuracy.
pub struct Subject<'s> {
    /// The rollout.
    pub rollout: &'s Rollout,
    /// The network and what is decided of the hardware.
    pub candidate: &'s Candidate,
    /// The hardware.
    pub hardware: &'s Hardware,
    /// Figures of the stages of accuracy before, in their order.
    pub known: &'s [Option<f64>],
    /// The trial's own random numbers, from their start.
    pub stream: Stream,
    /// What is kept for the trial's next stages, such as a calibrated network; nothing at first.
    pub kept: &'s mut Option<Box<dyn Any + Send>>,
}

/// Measures accuracy in one or more stages, cheap ones first: for a super net, one shot with
/// calibrated batch normalisation, then fixed point or crossbars, then draws of noise, whose
/// stages have rungs ([`Stage::with_rung`]) where they halve.
///
/// Stages run on many threads. A figure follows from the rollout, the hardware and the trial's
/// random numbers alone.
pub trait AccuracyStages: Sync {
    /// The stages, in order; one or more, each with metrics.
    fn stages(&self) -> &[Stage];

    /// Whether a stage gives the same figures for the same rollout, whichever trial it is.
    fn is_deterministic(&self, stage: usize) -> bool;

    /// Runs a stage, by its position: the values of its metrics, in their order.
    ///
    /// # Errors
    /// Every reason why the candidate cannot be evaluated.
    fn run(&self, stage: usize, subject: Subject<'_>) -> Result<Vec<Option<f64>>, Rejection>;
}

/// Accuracies that are known beforehand.
#[derive(Clone, Debug)]
pub struct TableAccuracy {
    table: Table,
    columns: Vec<usize>,
    stages: [Stage; 1],
    /// Positions, in the searched space, of the table's decisions; `None` where they are the same.
    places: Option<Vec<usize>>,
}

/// Why a table does not go with a space.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableMismatch {
    /// A metric that it has not.
    #[error("the table has no metric `{name}`")]
    Metric {
        /// Its name.
        name: String,
        /// What to do about it.
        hint: String,
    },
    /// A decision of the table that the space has not, or has with other choices.
    #[error("the table decides {path}, which the space {space} does not decide alike")]
    Decision {
        /// Its path.
        path: String,
        /// The space.
        space: String,
    },
}

impl TableMismatch {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Metric { hint, .. } => hint,
            Self::Decision { .. } => "choose the space that the table is of, or one around it",
        }
    }
}

impl TableAccuracy {
    /// The metrics of those names (all of them where there are none) from a table of rollouts of
    /// `of`, for searches in `space`, which may decide more, such as the hardware.
    ///
    /// # Errors
    /// Names and decisions that do not fit.
    pub fn new(
        (table, of): (Table, &dyn Space),
        space: &dyn Space,
        names: &[String],
    ) -> Result<Self, TableMismatch> {
        let metrics = table.metrics();
        let find = |name: &String| {
            let known = metrics.iter().map(|metric| metric.name.as_str());
            metrics.iter().position(|metric| metric.name == *name).ok_or_else(|| {
                let hint = pimnas_suggest::hint(name, known);
                TableMismatch::Metric { name: pimnas_suggest::shown(name), hint }
            })
        };
        let columns: Vec<usize> = if names.is_empty() {
            (0..metrics.len()).collect()
        } else {
            names.iter().map(find).collect::<Result<_, _>>()?
        };
        let chosen: Vec<Metric> = columns
            .iter()
            .filter_map(|&at| metrics.get(at))
            .map(|metric| Metric { cost: CostClass::Lookup, ..metric.clone() })
            .collect();
        let mut places = Vec::new();
        for decision in of.decisions().list() {
            let place = space.decisions().position(&decision.path).filter(|&place| {
                let same = space.decisions().list().get(place);
                same.is_some_and(|same| same.choices == decision.choices)
            });
            places.push(place.ok_or_else(|| TableMismatch::Decision {
                path: decision.path.clone(),
                space: space.name().to_owned(),
            })?);
        }
        let same = places.iter().copied().eq(0..space.decisions().list().len());
        let stages = [Stage::new("table", chosen)];
        Ok(Self { table, columns, stages, places: (!same).then_some(places) })
    }
}

impl TableAccuracy {
    /// Its metrics.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.stages[0].metrics
    }

    /// The figures of a rollout of the searched space, in the order of the metrics.
    ///
    /// # Errors
    /// A rollout that the table has not.
    pub fn figures(&self, rollout: &Rollout) -> Result<Vec<Option<f64>>, Rejection> {
        let row = match &self.places {
            None => self.table.row(rollout),
            Some(places) => {
                let choices = rollout.choices();
                let choice = |&place: &usize| choices.get(place).copied().flatten();
                let part = places.iter().map(choice).collect();
                self.table.row(&Rollout::from_choices(part))
            }
        };
        let row = row.ok_or_else(|| Reason {
            message: "the table of accuracies has no such row".to_owned(),
            hint: Some("complete the table".to_owned()),
        })?;
        Ok(self.columns.iter().map(|&column| row.get(column).copied().flatten()).collect())
    }
}

impl AccuracyStages for TableAccuracy {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn is_deterministic(&self, _stage: usize) -> bool {
        true
    }

    fn run(&self, _stage: usize, subject: Subject<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        self.figures(subject.rollout)
    }
}
