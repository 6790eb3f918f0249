//! Drawing, changing and mixing rollouts.

use thiserror::Error;

use super::{Assignment, Rollout};
use crate::decisions::{Decisions, TooLargeToCount};
use crate::streams::Stream;

/// Draws before a requirement counts as out of reach.
const TRIES: usize = 10_000;

/// Why no rollout comes out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VaryError {
    /// Nothing drawn satisfied the requirements.
    #[error("none of {TRIES} rollouts drawn satisfies every requirement")]
    OutOfReach,
    /// No decision can be changed.
    #[error("no active decision with another choice has a positive weight")]
    NothingToChange,
    /// Not a weight for each decision.
    #[error("there are {weights} weights for {decisions} decisions")]
    Weights {
        /// Weights given.
        weights: usize,
        /// Decisions.
        decisions: usize,
    },
    /// The space is empty.
    #[error("the space has no rollout: its requirements exclude all of them")]
    Empty,
    /// The space cannot be counted.
    #[error(transparent)]
    Count(#[from] TooLargeToCount),
}

impl VaryError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OutOfReach => "draw uniformly over distinct rollouts, or loosen the requirements",
            Self::NothingToChange => "give a decision more choices, or a positive weight",
            Self::Weights { .. } => "give one weight a decision, in their order",
            Self::Empty => "loosen the requirements",
            Self::Count(error) => error.hint(),
        }
    }
}

/// How a rollout is changed.
#[derive(Clone, Copy, Debug)]
pub struct Mutation<'w> {
    /// Decisions that get another choice, at least 1; fewer where fewer can be changed.
    pub changes: usize,
    /// Weight of each decision, by its position, with which it is chosen to be changed; without
    /// them all that are active and have another choice are as likely.
    pub weights: Option<&'w [f64]>,
}

impl Default for Mutation<'_> {
    fn default() -> Self {
        Self { changes: 1, weights: None }
    }
}

/// How two rollouts are mixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crossing {
    /// Each decision from either, as likely.
    #[default]
    Uniform,
    /// All decisions whose paths begin with the same name (`stage0`, `hardware`) from the same.
    Parts,
}

impl Decisions {
    /// Draws a rollout: each active decision takes each of its choices as likely, in their
    /// order; repeated until every requirement is met.
    ///
    /// # Errors
    /// [`VaryError::OutOfReach`].
    pub fn sample(&self, stream: &mut Stream) -> Result<Rollout, VaryError> {
        self.until_allowed(|decisions| decisions.assign(|index| decisions.draw(index, stream)))
    }

    /// Draws a rollout, each distinct canonical one as likely.
    ///
    /// # Errors
    /// A space that is empty or cannot be counted.
    pub fn sample_distinct(&self, stream: &mut Stream) -> Result<Rollout, VaryError> {
        let index = stream.below_big(&self.size()?);
        self.rollout_at(&index)?.ok_or(VaryError::Empty)
    }

    /// Changes some active decisions to other choices, each other choice as likely. Decisions
    /// that become active by that are drawn; those that become inactive are masked. The result
    /// differs from the parent.
    ///
    /// # Errors
    /// No decision that can be changed, a wrong number of weights, or requirements that no
    /// change reaches.
    pub fn mutate(
        &self,
        parent: &Rollout,
        mutation: Mutation<'_>,
        stream: &mut Stream,
    ) -> Result<Rollout, VaryError> {
        let count = self.list().len();
        if let Some(given) = mutation.weights
            && given.len() != count
        {
            return Err(VaryError::Weights { weights: given.len(), decisions: count });
        }
        let can_change = |index: usize| {
            parent.choice(index).is_some()
                && self.list().get(index).is_some_and(|decision| decision.choices.len() > 1)
        };
        let weight = |index: usize| {
            let given = mutation.weights.map_or(Some(1.0), |given| given.get(index).copied());
            if can_change(index) { given.unwrap_or_default() } else { 0.0 }
        };
        let weights: Vec<f64> = (0..count).map(weight).collect();
        if !weights.iter().any(|&weight| weight.is_finite() && weight > 0.0) {
            return Err(VaryError::NothingToChange);
        }
        self.until_allowed(|decisions| {
            let mut left = weights.clone();
            let mut changed = vec![false; count];
            for _ in 0..mutation.changes.max(1) {
                let Some(index) = stream.weighted(&left) else { break };
                left[index] = 0.0;
                changed[index] = true;
            }
            decisions.assign(|index| match (parent.choice(index), changed[index]) {
                (Some(choice), true) => decisions.draw_other(index, choice, stream),
                (Some(choice), false) => choice,
                (None, _) => decisions.draw(index, stream),
            })
        })
    }

    /// All rollouts that differ from this one in one active decision and meet the requirements, in
    /// the order of decisions and choices. Decisions that become active take their first choice.
    #[must_use]
    pub fn neighbours(&self, rollout: &Rollout) -> Vec<Rollout> {
        let mut found = Vec::new();
        for index in rollout.active() {
            let count = self.list().get(index).map_or(0, |decision| decision.choices.len());
            for choice in (0..count).filter(|&choice| rollout.choice(index) != Some(choice)) {
                let changed = self.assign(|other| {
                    if other == index { choice } else { rollout.choice(other).unwrap_or(0) }
                });
                if changed.is_allowed() {
                    found.push(changed.rollout);
                }
            }
        }
        found
    }

    /// Mixes two rollouts; decisions that are active in the child alone are drawn.
    ///
    /// # Errors
    /// [`VaryError::OutOfReach`].
    pub fn cross(
        &self,
        (one, other): (&Rollout, &Rollout),
        crossing: Crossing,
        stream: &mut Stream,
    ) -> Result<Rollout, VaryError> {
        let parts = self.parts(crossing);
        let count = parts.iter().max().map_or(0, |last| last + 1);
        self.until_allowed(|decisions| {
            let sides: Vec<usize> = (0..count).map(|_| stream.below(2)).collect();
            decisions.assign(|index| {
                let (first, second) =
                    if sides[parts[index]] == 0 { (one, other) } else { (other, one) };
                let inherited = first.choice(index).or_else(|| second.choice(index));
                inherited.unwrap_or_else(|| decisions.draw(index, stream))
            })
        })
    }

    /// For each decision, which decisions go with it.
    fn parts(&self, crossing: Crossing) -> Vec<usize> {
        match crossing {
            Crossing::Uniform => (0..self.list().len()).collect(),
            Crossing::Parts => {
                let mut heads: Vec<&str> = Vec::new();
                let mut part = |path| {
                    heads.iter().position(|head| *head == path).unwrap_or_else(|| {
                        heads.push(path);
                        heads.len() - 1
                    })
                };
                let head = |path: &'_ str| path.find('.').unwrap_or(path.len());
                self.list()
                    .iter()
                    .map(|d| part(d.path.get(..head(&d.path)).unwrap_or_default()))
                    .collect()
            }
        }
    }

    fn draw(&self, index: usize, stream: &mut Stream) -> usize {
        stream.below(self.list().get(index).map_or(0, |decision| decision.choices.len()))
    }

    /// Any choice but this one.
    fn draw_other(&self, index: usize, choice: usize, stream: &mut Stream) -> usize {
        let count = self.list().get(index).map_or(0, |decision| decision.choices.len());
        let drawn = stream.below(count.saturating_sub(1));
        if drawn < choice { drawn } else { drawn + 1 }
    }

    fn until_allowed(
        &self,
        mut draw: impl FnMut(&Self) -> Assignment,
    ) -> Result<Rollout, VaryError> {
        for _ in 0..TRIES {
            let assignment = draw(self);
            if assignment.is_allowed() {
                return Ok(assignment.rollout);
            }
        }
        Err(VaryError::OutOfReach)
    }
}
