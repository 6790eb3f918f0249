//! Bounds on metrics.

use std::fmt;
use std::str::FromStr;

use pimnas_suggest as suggest;
use serde::{Deserialize, Serialize};

use super::goals::GoalError;
use super::units;

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
        let size = if self.bound == 0.0 { 1.0 } else { self.bound.abs() };
        self.excess(value).max(0.0) / size
    }

    /// How far a value is on the wrong side of the bound, in the metric's unit; 0 or less where
    /// the bound is kept.
    #[must_use]
    pub fn excess(&self, value: f64) -> f64 {
        match self.relation {
            Relation::AtMost => value - self.bound,
            Relation::AtLeast => self.bound - value,
        }
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

impl FromStr for Constraint {
    type Err = GoalError;

    /// Reads `area_mm2 <= 50`, or with a unit of the same quantity `latency_ms <= 500 us`, which
    /// is converted to that of the metric's name.
    fn from_str(text: &str) -> Result<Self, GoalError> {
        let wrong = || GoalError::Constraint { text: suggest::shown(text) };
        let parts = [("<=", Relation::AtMost), (">=", Relation::AtLeast)]
            .into_iter()
            .find_map(|(sign, relation)| Some((text.split_once(sign)?, relation)));
        let ((metric, bound), relation) = parts.ok_or_else(wrong)?;
        let (metric, bound) = (metric.trim(), bound.trim());
        let (number, unit) = units::split(bound);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        if metric.is_empty() || !number.is_finite() {
            return Err(wrong());
        }
        let factor = if unit.is_empty() { 1.0 } else { units::factor(metric, unit)? };
        Ok(Self { metric: metric.to_owned(), relation, bound: number * factor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn units_are_converted_or_refused() {
        let bound = |text: &str| text.parse::<Constraint>().map(|constraint| constraint.bound);
        assert_eq!(bound("latency_ms <= 500 us"), Ok(0.5));
        assert_eq!(bound("latency_ms <= 2ms"), Ok(2.0));
        assert_eq!(bound("energy_mJ <= 1e-3 J"), Ok(1.0));
        assert_eq!(bound("area_mm2 <= 5e7 um2"), Ok(50.0));
        let hint = |text: &str| bound(text).unwrap_err().hint().to_owned();
        assert!(hint("latency_ms <= 5 mss").contains("ms"), "{}", hint("latency_ms <= 5 mss"));
        assert!(hint("latency_ms <= 5 mJ").contains("ms"));
        assert!(bound("area <= five").is_err());
    }
}
