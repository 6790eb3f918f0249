//! What is improved: a metric, or several joined into one figure.

use std::fmt;
use std::str::FromStr;

use pimnas_suggest as suggest;
use serde::{Deserialize, Serialize};

use super::goals::GoalError;
use super::metric::{Best, Direction, Metric};

/// A figure that the search improves, with the direction in which it does. Written as a metric's
/// name (`latency_ms`), with `max` or `min` before it for another direction than its own, or as a
/// scalar of several metrics:
/// - weighted: `max 1 * accuracy - 0.5 * latency_ms`;
/// - a reward (Tan et al., CVPR 2019): `accuracy * (latency_ms / 2.5)^-0.07`, maximised where
///   nothing else is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// What.
    pub quantity: Quantity,
    /// Which way; `None` stands for the metric's own, or for more of a reward.
    pub direction: Option<Direction>,
}

/// What an objective measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// A metric, by its name.
    Metric(String),
    /// A sum of metrics, each with its weight.
    Weighted(Vec<(f64, String)>),
    /// A metric times powers of others, each as a share of its target.
    Reward {
        /// The metric.
        metric: String,
        /// The powers.
        factors: Vec<Factor>,
    },
}

/// A power of a metric: (metric / target)^exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Name of a metric.
    pub metric: String,
    /// What it is measured by, positive.
    pub target: f64,
    /// The exponent.
    pub exponent: f64,
}

impl Objective {
    /// The metric in its own direction.
    #[must_use]
    pub fn new(metric: &str) -> Self {
        Self { quantity: Quantity::Metric(metric.to_owned()), direction: None }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric(name) => f.write_str(name),
            Self::Weighted(terms) => {
                for (index, (weight, name)) in terms.iter().enumerate() {
                    match (index, *weight < 0.0) {
                        (0, _) => write!(f, "{weight} * {name}")?,
                        (_, false) => write!(f, " + {weight} * {name}")?,
                        (_, true) => write!(f, " - {} * {name}", -weight)?,
                    }
                }
                Ok(())
            }
            Self::Reward { metric, factors } => {
                f.write_str(metric)?;
                factors.iter().try_for_each(|Factor { metric, target, exponent }| {
                    write!(f, " * ({metric} / {target})^{exponent}")
                })
            }
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.direction {
            Some(direction) => write!(f, "{} {}", direction.word(), self.quantity),
            None => write!(f, "{}", self.quantity),
        }
    }
}

impl FromStr for Objective {
    type Err = GoalError;

    fn from_str(text: &str) -> Result<Self, GoalError> {
        let wrong =
            |why: &str| GoalError::Objective { text: suggest::shown(text), why: why.to_owned() };
        let text = text.trim();
        let (direction, rest) = match text.split_once(char::is_whitespace) {
            Some(("max", rest)) => (Some(Direction::Maximise), rest.trim()),
            Some(("min", rest)) => (Some(Direction::Minimise), rest.trim()),
            Some(_) | None => (None, text),
        };
        let quantity = if is_name(rest) {
            Quantity::Metric(rest.to_owned())
        } else if rest.contains('(') {
            reward(rest).map_err(|why| wrong(&why))?
        } else {
            weighted(rest).map_err(|why| wrong(&why))?
        };
        match (&quantity, direction) {
            (Quantity::Weighted(_), None) => {
                Err(wrong("a sum needs `max` or `min` before it, as its metrics may differ"))
            }
            (Quantity::Weighted(_) | Quantity::Metric(_) | Quantity::Reward { .. }, _) => {
                Ok(Self { quantity, direction })
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

fn number(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().parse().ok().filter(|n: &f64| n.is_finite());
    number.ok_or_else(|| format!("`{}` is not a number", suggest::shown(text.trim())))
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let wrong = || format!("`{}` is not a metric's name", suggest::shown(text));
    if is_name(text) { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// Signs that join terms: those behind an exponent's letter or an operator belong to a number.
fn terms(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut before = ('+', ' ');
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let exponent = matches!(before.0, 'e' | 'E') && before.1.is_ascii_digit();
        let joins = matches!(c, '+' | '-') && !exponent && !matches!(before.0, '*' | '+' | '-');
        if joins {
            found.push(String::new());
        }
        if let Some(last) = found.last_mut() {
            last.push(c);
        }
        before = (c, before.0);
    }
    found
}

fn weighted(text: &str) -> Result<Quantity, String> {
    let term = |text: &String| {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, text.strip_prefix('+').unwrap_or(text)),
        };
        match rest.split_once('*') {
            Some((weight, metric)) => Ok((sign * number(weight)?, name(metric)?)),
            None => Ok((sign, name(rest)?)),
        }
    };
    terms(text).iter().map(term).collect::<Result<_, String>>().map(Quantity::Weighted)
}

fn reward(text: &str) -> Result<Quantity, String> {
    let mut parts = text.split('(');
    let head = parts.next().unwrap_or_default().trim();
    let metric = name(head.strip_suffix('*').unwrap_or(head))?;
    let factors: Result<Vec<Factor>, String> = parts
        .map(|part| {
            let form = || "a factor is of the form `(metric / target)^exponent`".to_owned();
            let (inside, behind) = part.split_once(')').ok_or_else(form)?;
            let (metric, target) = inside.split_once('/').ok_or_else(form)?;
            let behind = behind.trim().strip_prefix('^').ok_or_else(form)?.trim();
            let exponent = number(behind.strip_suffix('*').unwrap_or(behind))?;
            let target = number(target)?;
            if target <= 0.0 {
                return Err(format!("the target {target} is not positive"));
            }
            Ok(Factor { metric: name(metric)?, target, exponent })
        })
        .collect();
    Ok(Quantity::Reward { metric, factors: factors? })
}

/// An objective bound to positions of metrics.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bound {
    /// The metric; for a scalar, one that is made of others.
    pub(super) metric: Metric,
    pub(super) direction: Direction,
    pub(super) formula: Formula,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Formula {
    Figure(usize),
    Weighted(Vec<(f64, usize)>),
    Reward { base: usize, factors: Vec<(usize, f64, f64)> },
}

impl Bound {
    /// Binds it; `find` gives a metric's position, or notes that there is none.
    pub(super) fn new(
        objective: &Objective,
        metrics: &[Metric],
        find: &mut impl FnMut(&str) -> Option<usize>,
    ) -> Option<Self> {
        let formula = match &objective.quantity {
            Quantity::Metric(name) => Formula::Figure(find(name)?),
            Quantity::Weighted(terms) => {
                // All unknown names are noted, so none ends the loop.
                let found: Vec<_> =
                    terms.iter().map(|(weight, name)| Some((*weight, find(name)?))).collect();
                Formula::Weighted(found.into_iter().collect::<Option<_>>()?)
            }
            Quantity::Reward { metric, factors } => {
                let base = find(metric);
                let factor = |f: &Factor| Some((find(&f.metric)?, f.target, f.exponent));
                let found: Vec<_> = factors.iter().map(factor).collect();
                let factors = found.into_iter().collect::<Option<_>>()?;
                Formula::Reward { base: base?, factors }
            }
        };
        let metric = match formula {
            Formula::Figure(index) => metrics.get(index)?.clone(),
            Formula::Weighted(_) | Formula::Reward { .. } => {
                let cost = formula.inputs().filter_map(|index| metrics.get(index)).map(|m| m.cost);
                let direction = objective.direction.unwrap_or(Direction::Maximise);
                Metric::new(&objective.quantity.to_string(), "", direction, cost.max()?)
            }
        };
        let direction = objective.direction.unwrap_or(metric.direction);
        Some(Self { metric, direction, formula })
    }

    /// The value in its own unit; `None` where a figure is not known or not a number.
    pub(super) fn value(&self, figures: &[Option<f64>]) -> Option<f64> {
        self.formula.value(|index| figures.get(index).copied().flatten())
    }

    /// The best value that it can have, less is better.
    pub(super) fn at_best(&self, figures: &[Option<f64>], metrics: &[Metric]) -> f64 {
        let known = |index: usize| {
            let figure = figures.get(index).copied().flatten();
            figure.or_else(|| {
                let metric = metrics.get(index)?;
                let wanted = self.formula.wanted(index, self.direction)?;
                metric.best.filter(|_| metric.direction == wanted).map(Best::value)
            })
        };
        let value = self.formula.value(known);
        value.map_or(f64::NEG_INFINITY, |value| self.direction.minimised(value))
    }
}

impl Formula {
    fn inputs(&self) -> impl Iterator<Item = usize> {
        let (first, rest): (Option<usize>, Vec<usize>) = match self {
            Self::Figure(index) => (Some(*index), Vec::new()),
            Self::Weighted(terms) => (None, terms.iter().map(|(_, index)| *index).collect()),
            Self::Reward { base, factors } => {
                (Some(*base), factors.iter().map(|(index, _, _)| *index).collect())
            }
        };
        first.into_iter().chain(rest)
    }

    fn value(&self, figure: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Figure(index) => figure(*index)?,
            Self::Weighted(terms) => {
                let term = |&(weight, index): &(f64, usize)| Some(weight * figure(index)?);
                terms.iter().map(term).sum::<Option<f64>>()?
            }
            Self::Reward { base, factors } => {
                let mut value = figure(*base)?;
                for &(index, target, exponent) in factors {
                    value *= (figure(index)? / target).powf(exponent);
                }
                value
            }
        };
        Some(value).filter(|value| !value.is_nan())
    }

    /// In which direction an input improves the objective; `None` where that is not known.
    fn wanted(&self, input: usize, direction: Direction) -> Option<Direction> {
        let sign = |weight: f64| if weight < 0.0 { direction.opposite() } else { direction };
        match self {
            Self::Figure(_) => Some(direction),
            Self::Weighted(terms) => {
                let mut found = terms.iter().filter(|(_, index)| *index == input);
                // An input with two weights may go either way.
                let first = found.next().map(|(weight, _)| sign(*weight));
                first.filter(|_| found.next().is_none())
            }
            Self::Reward { base, factors } => {
                let alone = factors.iter().all(|(index, _, _)| *index != input);
                (*base == input && alone).then_some(direction)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_and_written() {
        for text in [
            "latency_ms",
            "max power_W",
            "max 1 * accuracy - 0.5 * latency_ms",
            "min 0.001 * energy_mJ + 2 * area_mm2",
            "accuracy * (latency_ms / 2.5)^-0.07 * (area_mm2 / 50)^-0.1",
        ] {
            assert_eq!(text.parse::<Objective>().map(|o| o.to_string()), Ok(text.to_owned()));
        }
        let loose: Objective = "max accuracy-5e-1*latency_ms".parse().unwrap();
        assert_eq!(loose.to_string(), "max 1 * accuracy - 0.5 * latency_ms");
        let wrong = [
            ("", "name"),
            ("accuracy - 2 * latency_ms", "`max` or `min`"),
            ("max 2 * 3", "name"),
            ("max two * accuracy", "number"),
            ("accuracy * (latency_ms)^2", "(metric / target)^exponent"),
            ("accuracy * (latency_ms / 0)^2", "positive"),
        ];
        for (text, part) in wrong {
            let error = text.parse::<Objective>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
