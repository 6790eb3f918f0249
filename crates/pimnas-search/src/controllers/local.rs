//! Local search: to a better neighbour until there is none, then from a new start.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::select::since;
use super::{Controller, StateError, read, written};
use crate::rollout::{Rollout, VaryError};
use crate::search::{Batch, Lineage, Proposal, TrialId, View};
use crate::streams::Purpose;

/// Hill climbing with restarts (White et al., UAI 2021, search all neighbours and take the best;
/// here the first that is better is taken). Neighbours differ in one decision.
///
/// Better is meant by constraint domination; of two that do not dominate each other, neither is.
#[derive(Clone, Debug, Default)]
pub struct LocalSearch {
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Where it stands; nothing before a start.
    at: Option<TrialId>,
}

impl Controller for LocalSearch {
    fn name(&self) -> &'static str {
        "local-search"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let mut batch = Batch::new(*view, count);
        if let Some((at, rollout)) = self.state.at.and_then(|id| Some((id, view.rollout(id)?))) {
            let mut stream = batch.stream(Purpose::Propose);
            let mut left: Vec<Rollout> = view.decisions().neighbours(rollout);
            left.retain(|neighbour| batch.is_new(neighbour));
            while !batch.is_closed() && !left.is_empty() {
                let next = left.swap_remove(stream.below(left.len()));
                batch.add(next, Lineage::Mutated(at));
            }
            if !batch.is_closed() && batch.room() == count {
                // No neighbour is left: this is a local optimum.
                self.state.at = None;
            }
        }
        while !batch.is_closed() {
            batch.draw()?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, view: &View<'_>, first: usize) {
        for id in since(view, first) {
            if self.state.at.is_none_or(|at| view.merit(id).dominates(view.merit(at))) {
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
