//! From choices to a canonical rollout, its values and what it violates.

use super::schedule::Step;
use super::value::Value;
use super::{Decisions, Requirement};
use crate::rollout::{Assignment, Rollout};

impl Decisions {
    /// Takes the decisions one after another: `choose` gives the position of the choice of an
    /// active decision, by its position; the last choice stands for positions past it. What is
    /// inactive is not asked for and masked in the rollout.
    pub fn assign(&self, mut choose: impl FnMut(usize) -> usize) -> Assignment {
        let mut choices = vec![None; self.list().len()];
        let mut values = vec![Value::Inactive; self.slot_count()];
        let mut unmet = Vec::new();
        for &step in &self.inner.steps {
            match step {
                Step::Decide(index) => {
                    if !self.is_active(index, &values) {
                        continue;
                    }
                    let Some(decision) = self.list().get(index) else { continue };
                    let choice = choose(index).min(decision.choices.len().saturating_sub(1));
                    if let Some(value) = decision.choices.get(choice) {
                        choices[index] = u16::try_from(choice).ok();
                        values[index] = value.clone();
                    }
                }
                Step::Derive(index) => self.derive(index, &mut values),
                Step::Require(index) => {
                    if !self.is_met(index, &values) {
                        unmet.push(index);
                    }
                }
            }
        }
        Assignment { rollout: Rollout::new(choices), values, unmet }
    }

    /// The values of a rollout.
    #[must_use]
    pub fn values(&self, rollout: &Rollout) -> Assignment {
        self.assign(|index| rollout.choice(index).unwrap_or(0))
    }

    /// Whether it is a rollout of these decisions: canonical, of choices that there are, and
    /// allowed.
    #[must_use]
    pub fn owns(&self, rollout: &Rollout) -> bool {
        let assignment = self.values(rollout);
        assignment.is_allowed() && assignment.rollout == *rollout
    }

    /// The requirements that an assignment does not satisfy.
    #[must_use]
    pub fn unmet(&self, assignment: &Assignment) -> Vec<&Requirement> {
        assignment.unmet.iter().filter_map(|&index| self.requirements().get(index)).collect()
    }

    pub(super) fn is_active(&self, decision: usize, values: &[Value]) -> bool {
        let decision = self.list().get(decision);
        let condition = decision.and_then(|decision| decision.condition.as_ref());
        condition.is_none_or(|condition| condition.evaluate(values).holds())
    }

    pub(super) fn is_met(&self, requirement: usize, values: &[Value]) -> bool {
        let requirement = self.requirements().get(requirement);
        requirement.is_none_or(|requirement| requirement.expression.evaluate(values).holds())
    }

    pub(super) fn derive(&self, derived: usize, values: &mut [Value]) {
        let slot = self.list().len() + derived;
        let value = self.derived().get(derived).map(|d| d.expression.evaluate(values));
        if let (Some(place), Some(value)) = (values.get_mut(slot), value) {
            *place = value;
        }
    }
}
