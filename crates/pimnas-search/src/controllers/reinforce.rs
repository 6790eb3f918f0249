//! REINFORCE with an LSTM (Williams, 1992; Zoph and Le, ICLR 2017).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::select::{energy, since};
use super::{Controller, StateError, read, written};
use crate::model::{Lstm, Memory};
use crate::rollout::{Rollout, VaryError};
use crate::search::{Batch, Lineage, Proposal, View};
use crate::streams::Purpose;

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Hidden units.
    pub hidden: usize,
    /// Weight of the entropy of its choices beside the reward.
    pub entropy: f64,
    /// Share of a new reward in the running mean that is subtracted from rewards.
    pub forget: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Self { hidden: 24, entropy: 0.01, forget: 0.05 }
    }
}

/// A policy that proposes and learns from the rewards: the share of the last trials that are
/// worse, averaged over objectives, and 0 for what keeps no constraint.
#[derive(Clone, Debug, Default)]
pub struct Reinforce {
    settings: Policy,
    network: Option<Lstm>,
    /// A state that was restored before the decisions were known.
    restored: Option<Memory>,
    mean: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct State {
    memory: Option<Memory>,
    mean: Option<f64>,
}

impl Reinforce {
    /// With those settings.
    #[must_use]
    pub fn new(settings: Policy) -> Self {
        Self { settings, ..Self::default() }
    }

    fn ready(&mut self, view: &View<'_>) {
        if self.network.is_none() {
            let mut stream = view.streams.stream(0, Purpose::Model);
            let mut network = Lstm::new(view.decisions(), self.settings.hidden, &mut stream);
            if let Some(memory) = self.restored.take() {
                // One of another space is refused with the trials already.
                network.remember(memory);
            }
            self.network = Some(network);
        }
    }
}

impl Controller for Reinforce {
    fn name(&self) -> &'static str {
        "reinforce"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        self.ready(view);
        let mut batch = Batch::new(*view, count);
        while !batch.is_closed() {
            let Some(network) = &self.network else {
                batch.draw()?;
                continue;
            };
            let drawn = |stream: &mut crate::Stream| network.draw(view.decisions(), stream);
            batch.offer(|stream| {
                let assignment = drawn(stream);
                if assignment.is_allowed() {
                    Ok((assignment.rollout, Lineage::Model))
                } else {
                    // Drawn until the requirements hold.
                    Ok((view.decisions().sample(stream)?, Lineage::Drawn))
                }
            })?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, view: &View<'_>, first: usize) {
        self.ready(view);
        let mut lessons: Vec<(&Rollout, f64)> = Vec::new();
        for id in since(view, first) {
            let reward = 1.0 - energy(view, id);
            let mean = self.mean.unwrap_or(reward);
            self.mean = Some(mean + self.settings.forget * (reward - mean));
            if let Some(rollout) = view.rollout(id) {
                lessons.push((rollout, reward - mean));
            }
        }
        if let Some(network) = &mut self.network {
            network.learn(view.decisions(), &lessons, self.settings.entropy);
        }
    }

    fn state(&self) -> Json {
        let memory = self.network.as_ref().map(|network| network.memory.clone());
        written(&State { memory: memory.or_else(|| self.restored.clone()), mean: self.mean })
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        let State { memory, mean } = read(state)?;
        self.network = None;
        self.restored = memory;
        self.mean = mean;
        Ok(())
    }
}
