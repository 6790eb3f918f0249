//! Simulated annealing (Kirkpatrick et al., Science 1983).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::select::{energy, since};
use super::{Controller, StateError, read, written};
use crate::rollout::{Mutation, VaryError};
use crate::search::{Batch, Lineage, Proposal, TrialId, View};
use crate::streams::Purpose;

/// Its settings. Energies are shares of the last trials that are better, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Annealing {
    /// Temperature at the start.
    pub hot: f64,
    /// Temperature at the end of the budget; in between it falls geometrically.
    pub cold: f64,
}

impl Default for Annealing {
    fn default() -> Self {
        Self { hot: 0.2, cold: 0.002 }
    }
}

/// Moves to a changed rollout when that is better, and otherwise with a probability that falls
/// with the difference of energies and with time.
#[derive(Clone, Debug, Default)]
pub struct SimulatedAnnealing {
    settings: Annealing,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    at: Option<TrialId>,
}

impl SimulatedAnnealing {
    /// With those settings.
    #[must_use]
    pub fn new(settings: Annealing) -> Self {
        Self { settings, state: State::default() }
    }
}

impl Controller for SimulatedAnnealing {
    fn name(&self) -> &'static str {
        "simulated-annealing"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let mut batch = Batch::new(*view, count);
        let at = self.state.at.and_then(|id| Some((id, view.rollout(id)?)));
        while !batch.is_closed() {
            let Some((id, rollout)) = at else {
                batch.draw()?;
                continue;
            };
            batch.offer(|stream| {
                let child = view.decisions().mutate(rollout, Mutation::default(), stream)?;
                Ok((child, Lineage::Mutated(id)))
            })?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, view: &View<'_>, first: usize) {
        for id in since(view, first) {
            let Some(at) = self.state.at else {
                self.state.at = Some(id);
                continue;
            };
            let progress = (id.0 as f64 / view.horizon.max(1) as f64).min(1.0);
            let Annealing { hot, cold } = self.settings;
            let temperature = hot * (cold / hot).powf(progress);
            let rise = energy(view, id) - energy(view, at);
            let drawn = view.streams.stream(id.0, Purpose::Model).unit();
            if rise <= 0.0 || drawn < (-rise / temperature).exp() {
                self.state.at = Some(id);
            }
        }
    }

    fn state(&self) -> Json {
        written(&self.state)
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        self.state = read(state)?;
        Ok(())
    }
}
