//! Quantities that an evaluator gives.

use serde::{Deserialize, Serialize};

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

impl Direction {
    /// The other one.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Maximise => Self::Minimise,
            Self::Minimise => Self::Maximise,
        }
    }

    /// As objectives and the heads of tables write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Maximise => "max",
            Self::Minimise => "min",
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
