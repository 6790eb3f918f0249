//! What is searched for: objectives and constraints over the metrics of an evaluator.

use std::fmt;
use std::str::FromStr;

use pimnas_suggest as suggest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger values are better.
    Maximise,
    /// Smaller values are better.
    Minimise,
}

impl Direction {
    /// The value such that less is better.
    #[must_use]
    pub fn minimised(self, value: f64) -> f64 {
        match self {
            Self::Maximise => -value,
            Self::Minimise => value,
        }
    }
}

/// What it costs to know a metric; stages of a cascade run from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostClass {
    /// Read from a table or from the network's shape: nanoseconds.
    Lookup,
    /// Simulated hardware: microseconds.
    Simulation,
    /// A network's outputs on some images: milliseconds to seconds.
    Inference,
    /// The same under many draws of noise.
    Draws,
    /// A network's training.
    Training,
}

/// A quantity that an evaluator gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// Name with its unit, such as `latency_ms`.
    pub name: String,
    /// The unit for reading, such as `ms`; empty for none.
    pub unit: String,
    /// Which way it is better.
    pub direction: Direction,
    /// What it costs.
    pub cost: CostClass,
    /// The best value that it can ever have, such as an accuracy of 100 %; `None` where nothing
    /// better is known than any number. With it, what is dominated even at its best is stopped.
    #[serde(default)]
    pub best: Option<Best>,
}

/// Bits of the best possible value, so that metrics can be compared for equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Best(u64);

impl Best {
    /// The value.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl Metric {
    /// A metric of that name and unit.
    #[must_use]
    pub fn new(name: &str, unit: &str, direction: Direction, cost: CostClass) -> Self {
        Self { name: name.to_owned(), unit: unit.to_owned(), direction, cost, best: None }
    }

    /// With the best value that it can ever have.
    #[must_use]
    pub fn at_best(mut self, value: f64) -> Self {
        self.best = Some(Best(value.to_bits()));
        self
    }
}

/// A metric that the search improves, with the direction in which it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Name of a metric.
    pub metric: String,
    /// Which way; `None` stands for the metric's own.
    pub direction: Option<Direction>,
}

impl Objective {
    /// The metric in its own direction.
    #[must_use]
    pub fn new(metric: &str) -> Self {
        Self { metric: metric.to_owned(), direction: None }
    }
}

/// On which side of its bound a metric must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
}

/// A bound that candidates must keep, written `area_mm2 <= 50`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// Name of a metric.
    pub metric: String,
    /// On which side of the bound.
    pub relation: Relation,
    /// The bound, in the metric's unit; finite.
    pub bound: f64,
}

impl Constraint {
    /// By how much a value breaks it, as a share of the bound's size (of 1 for a bound of 0);
    /// 0 where it is kept, infinite for what is not a number.
    #[must_use]
    pub fn violation(&self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::INFINITY;
        }
        let over = match self.relation {
            Relation::AtMost => value - self.bound,
            Relation::AtLeast => self.bound - value,
        };
        let size = if self.bound == 0.0 { 1.0 } else { self.bound.abs() };
        over.max(0.0) / size
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.relation {
            Relation::AtMost => "<=",
            Relation::AtLeast => ">=",
        };
        write!(f, "{} {relation} {}", self.metric, self.bound)
    }
}

/// What is wrong with goals.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GoalError {
    /// A metric that the evaluator does not give.
    #[error("there is no metric `{name}`")]
    UnknownMetric {
        /// As given.
        name: String,
        /// What to do about it.
        hint: String,
    },
    /// A constraint that cannot be read.
    #[error("the constraint `{text}` is not of the form `metric <= number` or `metric >= number`")]
    Constraint {
        /// As given, shortened.
        text: String,
    },
    /// Nothing to search for.
    #[error("there is no objective")]
    NoObjective,
    /// The same objective twice.
    #[error("the objective `{name}` is given twice")]
    Twice {
        /// Its name.
        name: String,
    },
}

impl GoalError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::UnknownMetric { hint, .. } => hint,
            Self::Constraint { .. } => "write, for example, `area_mm2 <= 50`",
            Self::NoObjective => "give one objective or more",
            Self::Twice { .. } => "remove one of them",
        }
    }
}

impl FromStr for Constraint {
    type Err = GoalError;

    fn from_str(text: &str) -> Result<Self, GoalError> {
        let wrong = || GoalError::Constraint { text: suggest::shown(text) };
        let parts = [("<=", Relation::AtMost), (">=", Relation::AtLeast)]
            .into_iter()
            .find_map(|(sign, relation)| Some((text.split_once(sign)?, relation)));
        let ((metric, bound), relation) = parts.ok_or_else(wrong)?;
        let bound: f64 = bound.trim().parse().map_err(|_| wrong())?;
        let metric = metric.trim();
        if metric.is_empty() || !bound.is_finite() {
            return Err(wrong());
        }
        Ok(Self { metric: metric.to_owned(), relation, bound })
    }
}

/// Objectives and constraints, bound to the metrics of an evaluator.
#[derive(Clone, Debug, PartialEq)]
pub struct Goals {
    metrics: Vec<Metric>,
    objectives: Vec<(usize, Direction)>,
    constraints: Vec<(usize, Constraint)>,
}

impl Goals {
    /// Binds them by name.
    ///
    /// # Errors
    /// Every unknown metric, objectives given twice, no objective at all.
    pub fn new(
        metrics: &[Metric],
        objectives: &[Objective],
        constraints: &[Constraint],
    ) -> Result<Self, Vec<GoalError>> {
        let mut errors = Vec::new();
        let mut find = |name: &str| {
            let found = metrics.iter().position(|metric| metric.name == name);
            if found.is_none() {
                let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
                let hint = suggest::closest(name, names.iter().copied()).map_or_else(
                    || format!("choose from {}", names.join(", ")),
                    |close| format!("did you mean `{close}`?"),
                );
                errors.push(GoalError::UnknownMetric { name: suggest::shown(name), hint });
            }
            found
        };
        let mut bound: Vec<(usize, Direction)> = Vec::new();
        let mut twice = Vec::new();
        for objective in objectives {
            let Some(index) = find(&objective.metric) else { continue };
            if bound.iter().any(|&(known, _)| known == index) {
                twice.push(GoalError::Twice { name: objective.metric.clone() });
            }
            bound.push((index, objective.direction.unwrap_or(metrics[index].direction)));
        }
        let constraints = constraints
            .iter()
            .filter_map(|constraint| Some((find(&constraint.metric)?, constraint.clone())))
            .collect();
        errors.extend(twice);
        if objectives.is_empty() {
            errors.push(GoalError::NoObjective);
        }
        if errors.is_empty() {
            Ok(Self { metrics: metrics.to_vec(), objectives: bound, constraints })
        } else {
            Err(errors)
        }
    }

    /// All metrics, in the order of the trials' figures.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Number of objectives.
    #[must_use]
    pub fn count(&self) -> usize {
        self.objectives.len()
    }

    /// The objectives' metrics, and the direction of each.
    pub fn objectives(&self) -> impl Iterator<Item = (&Metric, Direction)> {
        let bound = self.objectives.iter();
        bound.filter_map(|&(index, direction)| Some((self.metrics.get(index)?, direction)))
    }

    /// The constraints.
    pub fn constraints(&self) -> impl Iterator<Item = &Constraint> {
        self.constraints.iter().map(|(_, constraint)| constraint)
    }

    /// The objectives' values, each such that less is better; `None` where one is not known or
    /// is not a number.
    #[must_use]
    pub fn point(&self, figures: &[Option<f64>]) -> Option<Vec<f64>> {
        let value = |&(index, direction): &(usize, Direction)| {
            let value = figures.get(index).copied().flatten().filter(|value| !value.is_nan())?;
            Some(direction.minimised(value))
        };
        self.objectives.iter().map(value).collect()
    }

    /// The best point that a candidate with these figures can have: unknown objectives stand at
    /// their metrics' best in that direction, or at minus infinity.
    #[must_use]
    pub fn at_best(&self, figures: &[Option<f64>]) -> Vec<f64> {
        let value = |&(index, direction): &(usize, Direction)| {
            let known = figures.get(index).copied().flatten();
            let metric = self.metrics.get(index).filter(|metric| metric.direction == direction);
            let best = || metric.and_then(|metric| metric.best).map(Best::value);
            known.or_else(best).map_or(f64::NEG_INFINITY, |value| direction.minimised(value))
        };
        self.objectives.iter().map(value).collect()
    }

    /// Sum of the violations of the constraints on known figures; 0 where none is broken.
    #[must_use]
    pub fn violation(&self, figures: &[Option<f64>]) -> f64 {
        let known = |(index, constraint): &(usize, Constraint)| {
            Some(constraint.violation(figures.get(*index).copied().flatten()?))
        };
        self.constraints.iter().filter_map(known).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Vec<Metric> {
        vec![
            Metric::new("accuracy", "%", Direction::Maximise, CostClass::Inference),
            Metric::new("area_mm2", "mm²", Direction::Minimise, CostClass::Simulation),
        ]
    }

    #[test]
    fn constraints_are_read_and_measured() {
        let constraint: Constraint = "area_mm2 <= 50".parse().unwrap();
        assert_eq!(constraint.violation(75.0), 0.5);
        assert_eq!(constraint.violation(50.0), 0.0);
        assert_eq!(constraint.violation(f64::NAN), f64::INFINITY);
        assert_eq!(constraint.to_string(), "area_mm2 <= 50");
        let other: Constraint = "accuracy>=-2".parse().unwrap();
        assert_eq!(other.violation(-3.0), 0.5);
        for wrong in ["area", "area < 5", "<= 5", "area <= five", "area <= inf"] {
            assert!(wrong.parse::<Constraint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_problems_are_said_at_once_with_hints() {
        let constraint = "aria_mm2 <= 1".parse().unwrap();
        let objectives = [Objective::new("acuracy"), Objective::new("area_mm2")];
        let objectives = [&objectives[..], &objectives[1..]].concat();
        let errors = Goals::new(&metrics(), &objectives, &[constraint]).unwrap_err();
        let hints: Vec<&str> = errors.iter().map(GoalError::hint).collect();
        assert_eq!(
            hints,
            ["did you mean `accuracy`?", "did you mean `area_mm2`?", "remove one of them"]
        );
        assert_eq!(Goals::new(&metrics(), &[], &[]), Err(vec![GoalError::NoObjective]));
    }

    #[test]
    fn points_are_minimised_and_need_every_objective() {
        let objectives = [Objective::new("accuracy"), Objective::new("area_mm2")];
        let goals = Goals::new(&metrics(), &objectives, &["area_mm2 <= 2".parse().unwrap()]);
        let goals = goals.unwrap();
        assert_eq!(goals.point(&[Some(90.0), Some(4.0)]), Some(vec![-90.0, 4.0]));
        assert_eq!(goals.point(&[None, Some(4.0)]), None);
        assert_eq!(goals.violation(&[None, Some(4.0)]), 1.0);
        assert_eq!(goals.violation(&[Some(1.0), None]), 0.0);
    }
}
