//! What is searched for: objectives and constraints over the metrics of an evaluator.

use pimnas_suggest as suggest;
use thiserror::Error;

use super::constraint::Constraint;
use super::metric::{Direction, Metric};
use super::objective::{Bound, Objective};

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
    /// An objective that cannot be read.
    #[error("the objective `{text}`: {why}")]
    Objective {
        /// As given, shortened.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// A unit that is none of the metric's quantity.
    #[error("`{unit}` is not a unit of {metric}")]
    Unit {
        /// As given.
        unit: String,
        /// The metric.
        metric: String,
        /// What to do about it.
        hint: String,
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
            Self::UnknownMetric { hint, .. } | Self::Unit { hint, .. } => hint,
            Self::Objective { .. } => {
                "write a metric's name, `max 1 * accuracy - 0.5 * latency_ms`, or \
                 `accuracy * (latency_ms / 2.5)^-0.07`"
            }
            Self::Constraint { .. } => "write, for example, `area_mm2 <= 50`",
            Self::NoObjective => "give one objective or more",
            Self::Twice { .. } => "remove one of them",
        }
    }
}

/// Objectives and constraints, bound to the metrics of an evaluator.
#[derive(Clone, Debug, PartialEq)]
pub struct Goals {
    metrics: Vec<Metric>,
    objectives: Vec<Bound>,
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
        let mut bound: Vec<Bound> = Vec::new();
        let mut twice = Vec::new();
        for objective in objectives {
            let Some(one) = Bound::new(objective, metrics, &mut find) else { continue };
            if bound.iter().any(|known| known.formula == one.formula) {
                twice.push(GoalError::Twice { name: objective.quantity.to_string() });
            }
            bound.push(one);
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

    /// The objectives' metrics, and the direction of each. A scalar's metric is named by its
    /// formula and has no unit.
    pub fn objectives(&self) -> impl Iterator<Item = (&Metric, Direction)> {
        self.objectives.iter().map(|bound| (&bound.metric, bound.direction))
    }

    /// The objectives' values in their own units; `None` for those that are not known.
    #[must_use]
    pub fn values(&self, figures: &[Option<f64>]) -> Vec<Option<f64>> {
        self.objectives.iter().map(|bound| bound.value(figures)).collect()
    }

    /// The constraints that known figures break, with those figures.
    pub fn broken<'g>(
        &'g self,
        figures: &'g [Option<f64>],
    ) -> impl Iterator<Item = (&'g Constraint, f64)> {
        self.constraints.iter().filter_map(|(index, constraint)| {
            let value = figures.get(*index).copied().flatten()?;
            (constraint.violation(value) > 0.0).then_some((constraint, value))
        })
    }

    /// The constraints.
    pub fn constraints(&self) -> impl Iterator<Item = &Constraint> {
        self.constraints.iter().map(|(_, constraint)| constraint)
    }

    /// The objectives' values, each such that less is better; `None` where one is not known or
    /// is not a number.
    #[must_use]
    pub fn point(&self, figures: &[Option<f64>]) -> Option<Vec<f64>> {
        let value = |bound: &Bound| Some(bound.direction.minimised(bound.value(figures)?));
        self.objectives.iter().map(value).collect()
    }

    /// The best point that a candidate with these figures can have: unknown objectives stand at
    /// their metrics' best in that direction, or at minus infinity.
    #[must_use]
    pub fn at_best(&self, figures: &[Option<f64>]) -> Vec<f64> {
        self.objectives.iter().map(|bound| bound.at_best(figures, &self.metrics)).collect()
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

    use super::super::metric::CostClass;

    fn metrics() -> Vec<Metric> {
        vec![
            Metric::new("accuracy", "%", Direction::Maximise, CostClass::Inference),
            Metric::new("area_mm2", "mm²", Direction::Minimise, CostClass::Simulation),
        ]
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

    #[test]
    fn scalars_join_metrics_and_know_their_best() {
        let metrics = vec![
            Metric::new("accuracy", "%", Direction::Maximise, CostClass::Inference).at_best(100.0),
            Metric::new("latency_ms", "ms", Direction::Minimise, CostClass::Simulation),
        ];
        let goals = |text: &str| Goals::new(&metrics, &[text.parse().unwrap()], &[]).unwrap();
        let reward = goals("accuracy * (latency_ms / 2)^-0.5");
        assert_eq!(reward.point(&[Some(90.0), Some(8.0)]), Some(vec![-45.0]));
        assert_eq!(reward.at_best(&[None, Some(8.0)]), [-50.0]);
        assert_eq!(reward.at_best(&[Some(90.0), None]), [f64::NEG_INFINITY]);
        let sum = goals("max accuracy - 2 * latency_ms");
        assert_eq!(sum.values(&[Some(90.0), Some(8.0)]), [Some(74.0)]);
        assert_eq!(sum.at_best(&[None, Some(8.0)]), [-84.0]);
        // Less accuracy is wanted here, of which nothing is known.
        assert_eq!(
            goals("min accuracy + latency_ms").at_best(&[None, Some(8.0)]),
            [f64::NEG_INFINITY]
        );
        let unknown = "accurcy * (latency / 2)^-0.5".parse().unwrap();
        assert_eq!(Goals::new(&metrics, &[unknown], &[]).unwrap_err().len(), 2);
    }
}
