//! Which rollouts a step trains.

use pimnas_search::{Decisions, Purpose, Rollout, Space, Stream, Streams};
use serde::{Deserialize, Serialize};

use crate::cover::{Edges, Extent};
use crate::error::SupernetError;

/// Draws for one rollout that decodes.
const TRIES: u64 = 1000;
/// What is added to the seed for permutations, so that they are not the draws of rollouts.
const PERMUTATIONS: u64 = 0x5045_524d;
/// Share of the old mean that a new loss leaves in a [`LossTable`].
const MEMORY: f64 = 0.9;

/// How rollouts are drawn for training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SamplerKind {
    /// Every choice of every active decision as likely.
    Uniform {
        /// Rollouts of a step.
        rollouts: usize,
    },
    /// The largest network, the smallest one, and random ones.
    Sandwich {
        /// Random ones of a step.
        random: usize,
    },
    /// Every choice as often: of every decision with c choices, c rollouts one after another take
    /// each choice once.
    Fair {
        /// Rollouts of a step; 0 for as many as the decision with the most choices has.
        rollouts: usize,
    },
    /// Those that seem best for their size: of a pool drawn uniformly, one on the front of the loss
    /// that is expected and of the products for an item.
    Pareto {
        /// Rollouts of a step.
        rollouts: usize,
        /// Rollouts of a pool.
        pool: usize,
        /// Share of rollouts that are drawn uniformly instead.
        explore: f64,
    },
}

impl SamplerKind {
    /// Rollouts of a step.
    #[must_use]
    pub fn rollouts(&self, space: &dyn Space) -> usize {
        match *self {
            Self::Uniform { rollouts } | Self::Pareto { rollouts, .. } => rollouts.max(1),
            Self::Sandwich { random } => random + 2,
            Self::Fair { rollouts: 0 } => {
                let choices =
                    space.decisions().list().iter().map(|decision| decision.choices.len());
                choices.max().unwrap_or(1)
            }
            Self::Fair { rollouts } => rollouts,
        }
    }
}

/// Mean losses by decision and choice, recent ones counting more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LossTable {
    losses: Vec<Vec<Option<f64>>>,
}

impl LossTable {
    /// Takes the loss of a rollout in.
    pub fn record(&mut self, decisions: &Decisions, rollout: &Rollout, loss: f64) {
        self.losses.resize(decisions.list().len(), Vec::new());
        for decision in rollout.active() {
            let (Some(choice), Some(row)) =
                (rollout.choice(decision), self.losses.get_mut(decision))
            else {
                continue;
            };
            if row.len() <= choice {
                row.resize(choice + 1, None);
            }
            row[choice] = Some(match row[choice] {
                Some(old) => MEMORY * old + (1.0 - MEMORY) * loss,
                None => loss,
            });
        }
    }

    /// The loss that is expected of a rollout: the mean over its choices that have been seen.
    #[must_use]
    pub fn expected(&self, rollout: &Rollout) -> f64 {
        let seen = rollout.active().filter_map(|decision| {
            let row = self.losses.get(decision)?;
            row.get(rollout.choice(decision)?).copied().flatten()
        });
        let (sum, count) = seen.fold((0.0, 0), |(sum, count), loss| (sum + loss, count + 1));
        if count == 0 { 0.0 } else { sum / f64::from(count) }
    }
}

/// Draws the rollouts of training steps; the same seed and step give the same rollouts.
#[derive(Clone, Copy)]
pub struct Sampler<'a> {
    /// How.
    pub kind: SamplerKind,
    /// Seed.
    pub seed: u64,
    /// The space.
    pub space: &'a dyn Space,
    /// Its largest and smallest network.
    pub edges: &'a Edges,
    /// Losses so far.
    pub losses: &'a LossTable,
}

impl Sampler<'_> {
    /// The rollouts of a step; all of them decode.
    ///
    /// # Errors
    /// A space in which none of many draws decodes.
    pub fn draw(&self, step: u64) -> Result<Vec<Rollout>, SupernetError> {
        let streams = Streams::new(self.seed);
        let count = self.kind.rollouts(self.space);
        // One stream a rollout: they do not depend on how often another one is drawn again.
        let stream = |index: usize| streams.stream(step << 16 | index as u64, Purpose::Sample);
        match self.kind {
            SamplerKind::Uniform { .. } => {
                (0..count).map(|index| self.uniform(&mut stream(index))).collect()
            }
            SamplerKind::Sandwich { random } => {
                let mut drawn = vec![self.edges.largest.clone(), self.edges.smallest.clone()];
                for index in 0..random {
                    drawn.push(self.uniform(&mut stream(index))?);
                }
                Ok(drawn)
            }
            SamplerKind::Fair { .. } => (0..count)
                .map(|index| {
                    let fair = self.fair(step * count as u64 + index as u64);
                    match self.space.decode(&fair) {
                        Ok(_) => Ok(fair),
                        Err(_) => self.uniform(&mut stream(index)),
                    }
                })
                .collect(),
            SamplerKind::Pareto { pool, explore, .. } => (0..count)
                .map(|index| {
                    let stream = &mut stream(index);
                    if stream.unit() < explore {
                        self.uniform(stream)
                    } else {
                        self.best(pool, stream)
                    }
                })
                .collect(),
        }
    }

    fn uniform(&self, stream: &mut Stream) -> Result<Rollout, SupernetError> {
        let mut last = None;
        for _ in 0..TRIES {
            let rollout = self.space.decisions().sample(stream)?;
            match self.space.decode(&rollout) {
                Ok(_) => return Ok(rollout),
                Err(rejection) => last = Some(rejection),
            }
        }
        let why = last.map(|rejection| rejection.to_string()).unwrap_or_default();
        Err(SupernetError::Empty { space: self.space.name().to_owned(), why })
    }

    /// The rollout of that number in the fair order: each decision goes through random
    /// permutations of its choices. Where conditions mask a decision, its turn passes unused.
    fn fair(&self, number: u64) -> Rollout {
        let decisions = self.space.decisions();
        let streams = Streams::new(self.seed.wrapping_add(PERMUTATIONS));
        let count = decisions.list().len() as u64;
        let choose = |decision: usize| {
            let choices = decisions.list().get(decision).map_or(1, |d| d.choices.len()).max(1);
            let (round, turn) = (number / choices as u64, (number % choices as u64) as usize);
            let mut stream = streams.stream(round * count + decision as u64, Purpose::Sample);
            let mut order: Vec<usize> = (0..choices).collect();
            for last in (1..choices).rev() {
                order.swap(last, stream.below(last + 1));
            }
            order[turn]
        };
        decisions.assign(choose).rollout
    }

    fn best(&self, pool: usize, stream: &mut Stream) -> Result<Rollout, SupernetError> {
        let mut drawn = Vec::new();
        for _ in 0..pool.max(1) {
            let rollout = self.uniform(stream)?;
            let network = self.space.decode(&rollout)?.network;
            let merit = (self.losses.expected(&rollout), Extent::of(&network).products);
            drawn.push((rollout, merit));
        }
        let beats = |a: &(f64, u64), b: &(f64, u64)| a.0 <= b.0 && a.1 <= b.1 && a != b;
        let front: Vec<usize> = (0..drawn.len())
            .filter(|&index| !drawn.iter().any(|(_, merit)| beats(merit, &drawn[index].1)))
            .collect();
        // A finite set has elements that none beats.
        let chosen = front.get(stream.below(front.len())).copied().unwrap_or(0);
        Ok(drawn.swap_remove(chosen).0)
    }
}
