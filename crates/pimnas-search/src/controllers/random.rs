//! Random search, the measure of all others.

use serde_json::Value as Json;

use super::{Controller, StateError, read, written};
use crate::rollout::VaryError;
use crate::search::{Batch, Proposal, View};

/// Draws each active decision uniformly.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Controller for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let mut batch = Batch::new(*view, count);
        while !batch.is_closed() {
            batch.draw()?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, _view: &View<'_>, _first: usize) {}

    fn state(&self) -> Json {
        written(&())
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        read(state)
    }
}
