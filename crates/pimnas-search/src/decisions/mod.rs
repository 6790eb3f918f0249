//! The decisions of a space, what is derived from them, and what they must satisfy.

mod assign;
mod build;
mod count;
mod expression;
mod parse;
mod schedule;
mod value;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use num_bigint::BigUint;

pub use build::DecisionsBuilder;
pub(crate) use build::Written;
pub use count::{Rollouts, TooLargeToCount};
pub(crate) use expression::{Expression, Slot};
pub(crate) use parse::{Names, ParseFault, parse};
use schedule::Step;
pub use value::{Kind, Value};

/// A decision: a path and its choices.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Its name, such as `stage2.block0.conv1.kernel`.
    pub path: String,
    /// What can be chosen, one or more, all numbers or all words. Numbers are ordered, from the
    /// smallest to the largest; words are categories.
    pub choices: Vec<Value>,
    /// As written, the condition under which it counts; otherwise it is inactive.
    pub when: Option<String>,
    condition: Option<Expression>,
}

impl Decision {
    /// Whether its choices are ordered.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.choices.first().and_then(Value::kind) == Some(Kind::Int)
    }
}

/// A value that follows from decisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// Its name.
    pub path: String,
    /// As written, what it is.
    pub value: String,
    expression: Expression,
}

/// A condition that every rollout satisfies.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// As written.
    pub that: String,
    /// Why.
    pub because: String,
    expression: Expression,
}

/// The decisions of a space. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Decisions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    decisions: Vec<Decision>,
    derived: Vec<Derived>,
    requirements: Vec<Requirement>,
    kinds: Vec<Kind>,
    slots: HashMap<String, Slot>,
    steps: Vec<Step>,
    table: OnceLock<Result<count::Table, TooLargeToCount>>,
}

impl Decisions {
    /// A builder without decisions.
    #[must_use]
    pub fn builder() -> DecisionsBuilder {
        DecisionsBuilder::default()
    }

    /// The decisions, in the order of the description.
    #[must_use]
    pub fn list(&self) -> &[Decision] {
        &self.inner.decisions
    }

    /// The derived values.
    #[must_use]
    pub fn derived(&self) -> &[Derived] {
        &self.inner.derived
    }

    /// What every rollout satisfies.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.inner.requirements
    }

    /// Position of a decision in [`Self::list`].
    #[must_use]
    pub fn position(&self, path: &str) -> Option<usize> {
        self.inner.slots.get(path).copied().filter(|&slot| slot < self.list().len())
    }

    /// Assignments of all decisions, each chosen freely: what a count that knows of no
    /// conditions and requirements gives.
    #[must_use]
    pub fn raw_size(&self) -> BigUint {
        self.list().iter().map(|decision| BigUint::from(decision.choices.len())).product()
    }

    /// Slot of a decision or derived value.
    pub(crate) fn slot(&self, path: &str) -> Option<Slot> {
        self.inner.slots.get(path).copied()
    }

    /// What a slot's values are.
    pub(crate) fn kind(&self, slot: Slot) -> Kind {
        self.inner.kinds.get(slot).copied().unwrap_or(Kind::Int)
    }

    /// Names of all values.
    pub(crate) fn names(&self) -> Vec<&str> {
        let decisions = self.list().iter().map(|decision| decision.path.as_str());
        decisions.chain(self.derived().iter().map(|derived| derived.path.as_str())).collect()
    }

    pub(crate) fn slot_count(&self) -> usize {
        self.list().len() + self.derived().len()
    }
}
