//! An order in which everything is known before it is needed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is settled next, by its position in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A requirement is checked.
    Require(usize),
    /// A value is derived.
    Derive(usize),
    /// A decision is taken, or found inactive.
    Decide(usize),
}

/// How many there are of each.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    pub(super) decisions: usize,
    pub(super) derived: usize,
    pub(super) requirements: usize,
}

impl Counts {
    fn node(self, step: Step) -> usize {
        match step {
            Step::Decide(index) => index,
            Step::Derive(index) => self.decisions + index,
            Step::Require(index) => self.decisions + self.derived + index,
        }
    }

    fn step(self, node: usize) -> Step {
        if node < self.decisions {
            Step::Decide(node)
        } else if node < self.decisions + self.derived {
            Step::Derive(node - self.decisions)
        } else {
            Step::Require(node - self.decisions - self.derived)
        }
    }

    fn all(self) -> usize {
        self.decisions + self.derived + self.requirements
    }
}

/// The order: decisions as in the description, unless a condition needs a later one; derived
/// values and requirements as soon as they can be, so that few values must be remembered.
/// `needs` has for each node (decisions, derived values, requirements) the slots that it reads.
///
/// # Errors
/// The steps that need each other in a circle, or something in it.
pub(super) fn order(counts: Counts, needs: &[Vec<usize>]) -> Result<Vec<Step>, Vec<Step>> {
    let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); counts.all()];
    for (node, slots) in needs.iter().enumerate() {
        for &slot in slots {
            // A slot of a decision or derived value is its node.
            if let Some(list) = users.get_mut(slot) {
                list.push(node);
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<Step>> = (0..counts.all())
        .filter(|&node| open.get(node) == Some(&0))
        .map(|node| Reverse(counts.step(node)))
        .collect();
    let mut steps = Vec::with_capacity(counts.all());
    while let Some(Reverse(step)) = ready.pop() {
        steps.push(step);
        for &user in users.get(counts.node(step)).into_iter().flatten() {
            if let Some(left) = open.get_mut(user) {
                *left -= 1;
                if *left == 0 {
                    ready.push(Reverse(counts.step(user)));
                }
            }
        }
    }
    if steps.len() == counts.all() {
        return Ok(steps);
    }
    let stuck = (0..counts.all()).filter(|&node| open.get(node).is_some_and(|&left| left > 0));
    Err(stuck.map(|node| counts.step(node)).collect())
}
