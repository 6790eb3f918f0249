//! Exact numbers of rollouts without listing them.
//!
//! The decisions are settled in order. At every point only the values that something later
//! reads matter; all partial assignments that agree in them are one state. Counting from the
//! end back, each state has as many completions as its successors together.

use std::collections::HashMap;

use num_bigint::BigUint;
use thiserror::Error;

use super::expression::{Expression, Slot};
use super::schedule::Step;
use super::value::Value;
use super::{Decisions, Inner};
use crate::rollout::Rollout;

/// Most states of all points together: some hundred megabytes, and seconds.
const MOST_STATES: usize = 1_000_000;

/// The values of a state, of the live slots in order.
type State = Box<[Value]>;

/// Why a space cannot be counted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "counting needs more than {MOST_STATES} states: conditions and requirements read too many \
     values at once"
)]
pub struct TooLargeToCount;

impl TooLargeToCount {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "write decisions that depend on each other close together, and long requirements as a \
         chain of derived values"
    }
}

/// Completions of every state.
#[derive(Debug)]
pub(super) struct Table {
    /// Slots that matter before each step, and after the last.
    live: Vec<Vec<Slot>>,
    /// Completions of the states before each step, and after the last.
    levels: Vec<HashMap<State, BigUint>>,
}

impl Table {
    fn completions(&self, step: usize, state: &State) -> BigUint {
        let level = self.levels.get(step);
        level.and_then(|level| level.get(state)).cloned().unwrap_or_default()
    }
}

impl Decisions {
    /// The number of distinct canonical rollouts that satisfy every requirement.
    ///
    /// # Errors
    /// [`TooLargeToCount`].
    pub fn size(&self) -> Result<BigUint, TooLargeToCount> {
        self.table().map(|table| table.completions(0, &State::default()))
    }

    /// The rollout of that index among all of [`Self::size`], in the order in which the decisions
    /// are settled and of their choices; `None` past the end.
    ///
    /// # Errors
    /// [`TooLargeToCount`].
    pub fn rollout_at(&self, index: &BigUint) -> Result<Option<Rollout>, TooLargeToCount> {
        let table = self.table()?;
        let mut left = index.clone();
        let mut state = State::default();
        if left >= table.completions(0, &state) {
            return Ok(None);
        }
        let mut choices = vec![None; self.list().len()];
        for (at, step) in self.inner.steps.iter().enumerate() {
            let mut chosen = None;
            for (choice, next) in self.successors(&table.live, at, &state) {
                let completions = table.completions(at + 1, &next);
                if left < completions {
                    chosen = Some((choice, next));
                    break;
                }
                left -= completions;
            }
            let Some((choice, next)) = chosen else { return Ok(None) };
            if let (Step::Decide(decision), Some(place)) = (step, choice)
                && let Some(slot) = choices.get_mut(*decision)
            {
                *slot = Some(place);
            }
            state = next;
        }
        Ok(Some(Rollout::new(choices)))
    }

    /// All distinct canonical rollouts, in the order of [`Self::rollout_at`].
    ///
    /// # Errors
    /// [`TooLargeToCount`].
    pub fn rollouts(&self) -> Result<Rollouts, TooLargeToCount> {
        self.table().map(|_| Rollouts { decisions: self.clone(), next: BigUint::ZERO })
    }

    fn table(&self) -> Result<&Table, TooLargeToCount> {
        let table = self.inner.table.get_or_init(|| self.count());
        table.as_ref().map_err(Clone::clone)
    }

    fn count(&self) -> Result<Table, TooLargeToCount> {
        let live = live_slots(&self.inner);
        let steps = self.inner.steps.len();
        let mut levels: Vec<HashMap<State, BigUint>> = Vec::with_capacity(steps + 1);
        levels.push(HashMap::from([(State::default(), BigUint::ZERO)]));
        let mut total = 1;
        for at in 0..steps {
            let mut next = HashMap::new();
            for state in levels[at].keys() {
                for (_, successor) in self.successors(&live, at, state) {
                    next.entry(successor).or_insert(BigUint::ZERO);
                }
                if total + next.len() > MOST_STATES {
                    return Err(TooLargeToCount);
                }
            }
            total += next.len();
            levels.push(next);
        }
        if let Some(last) = levels.last_mut() {
            last.values_mut().for_each(|completions| *completions = BigUint::from(1_u32));
        }
        for at in (0..steps).rev() {
            let (before, after) = levels.split_at_mut(at + 1);
            let (Some(level), Some(next)) = (before.last_mut(), after.first()) else { continue };
            for (state, completions) in level.iter_mut() {
                let successors = self.successors(&live, at, state);
                *completions = successors.iter().filter_map(|(_, state)| next.get(state)).sum();
            }
        }
        Ok(Table { live, levels })
    }

    /// The states after a step, each with the choice that leads to it.
    fn successors(
        &self,
        live: &[Vec<Slot>],
        at: usize,
        state: &State,
    ) -> Vec<(Option<u16>, State)> {
        let mut values = vec![Value::Inactive; self.slot_count()];
        let slots = live.get(at).map(Vec::as_slice).unwrap_or_default();
        for (&slot, value) in slots.iter().zip(state) {
            values[slot] = value.clone();
        }
        let kept = live.get(at + 1).map(Vec::as_slice).unwrap_or_default();
        let after = |values: &[Value]| kept.iter().map(|&slot| values[slot].clone()).collect();
        match self.inner.steps.get(at) {
            Some(Step::Decide(index)) if self.is_active(*index, &values) => {
                let Some(decision) = self.list().get(*index) else { return Vec::new() };
                (0..)
                    .zip(&decision.choices)
                    .map(|(choice, value)| {
                        values[*index] = value.clone();
                        (Some(choice), after(&values))
                    })
                    .collect()
            }
            Some(Step::Derive(index)) => {
                self.derive(*index, &mut values);
                vec![(None, after(&values))]
            }
            Some(Step::Require(index)) if !self.is_met(*index, &values) => Vec::new(),
            Some(Step::Decide(_) | Step::Require(_)) => vec![(None, after(&values))],
            None => Vec::new(),
        }
    }
}

/// For each point between steps, the slots that are set before it and read behind it.
fn live_slots(inner: &Inner) -> Vec<Vec<Slot>> {
    let mut live: Vec<Vec<Slot>> = vec![Vec::new()];
    let mut needed: Vec<Slot> = Vec::new();
    for step in inner.steps.iter().rev() {
        let (set, read): (Option<Slot>, Option<&Expression>) = match *step {
            Step::Decide(index) => {
                (Some(index), inner.decisions.get(index).and_then(|d| d.condition.as_ref()))
            }
            Step::Derive(index) => {
                let slot = inner.decisions.len() + index;
                (Some(slot), inner.derived.get(index).map(|d| &d.expression))
            }
            Step::Require(index) => (None, inner.requirements.get(index).map(|r| &r.expression)),
        };
        needed.retain(|&slot| Some(slot) != set);
        if let Some(expression) = read {
            expression.visit_slots(&mut |slot| needed.push(slot));
        }
        needed.sort_unstable();
        needed.dedup();
        live.push(needed.clone());
    }
    live.reverse();
    live
}

/// All distinct canonical rollouts of a space; see [`Decisions::rollouts`].
#[derive(Clone, Debug)]
pub struct Rollouts {
    decisions: Decisions,
    next: BigUint,
}

impl Iterator for Rollouts {
    type Item = Rollout;

    fn next(&mut self) -> Option<Rollout> {
        let rollout = self.decisions.rollout_at(&self.next).ok().flatten();
        self.next += 1_u32;
        rollout
    }
}
