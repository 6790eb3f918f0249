//! Controllers: what to evaluate next. One file each; all pass [`conformance`].

pub mod conformance;
mod evolution;
mod predictor;
mod random;
mod select;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use thiserror::Error;

use crate::rollout::VaryError;
use crate::search::{Proposal, View};

pub use evolution::{Evolution, RegularisedEvolution};
pub use predictor::{Acquisition, Guidance, ModelKind, PredictorGuided};
pub use random::Random;

/// Decides what to evaluate next.
///
/// What it proposes follows from its state, the view and the run's random numbers. It takes
/// random numbers from the streams of the trials that it proposes or is told of, so that a
/// restored state continues as if nothing had happened.
pub trait Controller: Send {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Proposes up to that many rollouts (see [`crate::search::Batch`]); none where the space has
    /// nothing new.
    ///
    /// # Errors
    /// Requirements that nothing drawn satisfies.
    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError>;

    /// Learns of the trials from that position on, which are those that it proposed last.
    fn tell(&mut self, view: &View<'_>, first: usize);

    /// What it remembers beside the history.
    fn state(&self) -> Json;

    /// Takes a state that [`Self::state`] gave.
    ///
    /// # Errors
    /// Anything else.
    fn restore(&mut self, state: &Json) -> Result<(), StateError>;
}

/// A state that is not one of the controller's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct StateError(String);

/// A state in writing. States are plain data, whose writing cannot fail.
fn written(state: &impl Serialize) -> Json {
    serde_json::to_value(state).unwrap_or(Json::Null)
}

/// A state from writing.
fn read<T: DeserializeOwned>(state: &Json) -> Result<T, StateError> {
    T::deserialize(state).map_err(|error| StateError(error.to_string()))
}

/// Names of the controllers, for [`by_name`].
pub const NAMES: [&str; 4] =
    ["random", "regularised-evolution", "predictor-forest", "predictor-ranking"];

/// A controller with its usual settings; `None` for a name that is not one of [`NAMES`].
#[must_use]
pub fn by_name(name: &str) -> Option<Box<dyn Controller>> {
    Some(match name {
        "random" => Box::new(Random),
        "regularised-evolution" => Box::new(RegularisedEvolution::default()),
        "predictor-forest" => Box::new(PredictorGuided::new(Guidance::default())),
        "predictor-ranking" => Box::new(PredictorGuided::new(Guidance {
            model: ModelKind::Ranking(crate::model::RankingSettings::default()),
            ..Guidance::default()
        })),
        _ => return None,
    })
}
