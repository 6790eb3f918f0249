//! NSGA-II (Deb et al., IEEE Transactions on Evolutionary Computation 2002).

use serde_json::Value as Json;

use super::genetic::{Generation, Genetic, breed};
use super::select::{ordered, since};
use super::{Controller, StateError, read, written};
use crate::rollout::VaryError;
use crate::search::{Batch, Proposal, View};

/// Keeps the best of parents and children by front, then by crowding distance.
#[derive(Clone, Debug, Default)]
pub struct Nsga2 {
    settings: Genetic,
    generation: Generation,
}

impl Nsga2 {
    /// With those settings.
    #[must_use]
    pub fn new(settings: Genetic) -> Self {
        Self { settings, generation: Generation::default() }
    }
}

impl Controller for Nsga2 {
    fn name(&self) -> &'static str {
        "nsga2"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let mut batch = Batch::new(*view, count);
        breed(view, &self.generation.parents, self.settings, &mut batch)?;
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, view: &View<'_>, first: usize) {
        let size = self.settings.population.max(1);
        if let Some(all) = self.generation.take(&since(view, first), size) {
            self.generation.parents = ordered(view, &all);
            self.generation.parents.truncate(size);
        }
    }

    fn state(&self) -> Json {
        written(&self.generation)
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        self.generation = read(state)?;
        Ok(())
    }
}
