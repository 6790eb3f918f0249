//! Tabular benchmarks: every figure known beforehand.

mod analog;

use std::collections::HashMap;

use thiserror::Error;

use crate::rollout::{Genotype, Rollout};
use crate::search::{CostClass, Direction, Evaluator, Metric, Request, Stage};
use crate::space::{Reason, Rejection, Space};

/// A table: rollouts of a space and their figures.
#[derive(Clone, Debug)]
pub struct Table {
    stages: [Stage; 1],
    rows: HashMap<Rollout, Vec<Option<f64>>>,
    notes: Vec<String>,
}

/// Why a text or a file gives no table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TableError {
    message: String,
    hint: &'static str,
}

impl TableError {
    fn new(message: impl Into<String>, hint: &'static str) -> Self {
        Self { message: message.into(), hint }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.hint
    }
}

impl Table {
    fn new(metrics: Vec<Metric>) -> Self {
        let stage = Stage::new("table", metrics);
        Self { stages: [stage], rows: HashMap::new(), notes: Vec::new() }
    }

    /// A table from comma-separated values without quotes. In the first line, a decision's path,
    /// or `max NAME` or `min NAME` for a metric of that name and direction; every decision once.
    /// Inactive decisions and unknown figures are empty.
    ///
    /// # Errors
    /// The first line that does not fit the space or the head.
    pub fn from_csv(text: &str, space: &dyn Space) -> Result<Self, TableError> {
        const FORM: &str = "give a column for every decision, and `max NAME` or `min NAME` ones";
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let (_, head) = lines.next().ok_or_else(|| TableError::new("it is empty", FORM))?;
        let mut columns = Vec::new();
        let mut metrics = Vec::new();
        for title in head.split(',').map(str::trim) {
            if let Some(metric) = metric(title) {
                columns.push(None);
                metrics.push(metric);
            } else if space.decisions().position(title).is_some() {
                columns.push(Some(title));
            } else {
                let title = pimnas_suggest::shown(title);
                let message = format!("line 1: {title} is neither a decision nor a metric");
                return Err(TableError::new(message, FORM));
            }
        }
        if metrics.is_empty() {
            return Err(TableError::new("line 1: there is no metric", FORM));
        }
        let mut table = Self::new(metrics);
        for (number, line) in lines {
            let at = |message: String| TableError::new(format!("line {number}: {message}"), FORM);
            let (rollout, figures) = row(line, &columns, space).map_err(at)?;
            if table.rows.insert(rollout, figures).is_some() {
                return Err(at("the same rollout as a line before".to_owned()));
            }
        }
        Ok(table)
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The figures of each row, in the order of the metrics; rows in the order of their rollouts.
    #[must_use]
    pub fn rows(&self) -> Vec<&[Option<f64>]> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(rollout, _)| *rollout);
        rows.into_iter().map(|(_, figures)| figures.as_slice()).collect()
    }

    /// Its metrics.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.stages[0].metrics
    }

    /// What is odd about its figures, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The figures of a rollout, in the order of the metrics.
    #[must_use]
    pub fn row(&self, rollout: &Rollout) -> Option<&[Option<f64>]> {
        self.rows.get(rollout).map(Vec::as_slice)
    }

    /// A figure, by the metric's position.
    #[must_use]
    pub fn figure(&self, rollout: &Rollout, metric: usize) -> Option<f64> {
        self.rows.get(rollout)?.get(metric).copied().flatten()
    }

    /// The best figure of a metric, by its position.
    #[must_use]
    pub fn optimum(&self, metric: usize) -> Option<f64> {
        let direction = self.metrics().get(metric)?.direction;
        let figures = self.rows.values().filter_map(|row| row.get(metric).copied().flatten());
        figures.min_by(|a, b| direction.minimised(*a).total_cmp(&direction.minimised(*b)))
    }
}

fn metric(title: &str) -> Option<Metric> {
    let (way, name) = title.split_once(' ')?;
    let direction = match way {
        "max" => Direction::Maximise,
        "min" => Direction::Minimise,
        _ => return None,
    };
    Some(Metric::new(name.trim(), "", direction, CostClass::Lookup))
}

fn row(
    line: &str,
    columns: &[Option<&str>],
    space: &dyn Space,
) -> Result<(Rollout, Vec<Option<f64>>), String> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    if fields.len() != columns.len() {
        return Err(format!("{} fields under {} titles", fields.len(), columns.len()));
    }
    let mut decided = serde_json::Map::new();
    let mut figures = Vec::new();
    for (field, column) in fields.into_iter().zip(columns) {
        match column {
            Some(path) if !field.is_empty() => {
                let value = field.parse::<i64>().map_or_else(|_| field.into(), Into::into);
                decided.insert((*path).to_owned(), value);
            }
            Some(_) => {}
            None if field.is_empty() => figures.push(None),
            None => {
                let figure: f64 = field
                    .parse()
                    .map_err(|_| format!("{} is not a number", pimnas_suggest::shown(field)))?;
                figures.push(Some(figure));
            }
        }
    }
    let written = serde_json::json!({"genotype": 1, "space": space.name(), "decisions": decided});
    let genotype: Genotype = written.to_string().parse().map_err(|e| format!("{e}"))?;
    let rollout = genotype.rollout(space.name(), space.decisions()).map_err(|e| e.to_string())?;
    Ok((rollout, figures))
}

impl Evaluator for Table {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn run(&self, _stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let row = self.rows.get(request.rollout).cloned();
        row.ok_or_else(|| Reason::new("the table has no such row", "complete the table").into())
    }
}
