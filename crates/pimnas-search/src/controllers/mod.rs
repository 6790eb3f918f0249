//! Controllers: what to evaluate next. One file each; all pass [`conformance`].

mod annealing;
pub mod conformance;
mod differentiable;
mod esapp;
mod evolution;
mod genetic;
mod local;
mod nsga2;
mod nsga3;
mod predictor;
mod random;
mod reinforce;
mod select;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use thiserror::Error;

use crate::model::{Encoder, RankingSettings};
use crate::rollout::VaryError;
use crate::search::{Proposal, View};

pub use annealing::{Annealing, SimulatedAnnealing};
pub use differentiable::{Descent, Differentiable};
pub use esapp::{Esapp, Part, Priorities};
pub use evolution::{Evolution, RegularisedEvolution, Repeats};
pub use genetic::Genetic;
pub use local::LocalSearch;
pub use nsga2::Nsga2;
pub use nsga3::Nsga3;
pub use predictor::{Acquisition, Guidance, ModelKind, PredictorGuided, Several};
pub use random::Random;
pub use reinforce::{Policy, Reinforce};
pub(crate) use select::standings_of;

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

    /// Of a controller that predicts trials: for each objective, Kendall's τ between what was found
    /// and what models of other trials say; none of any other.
    fn agreement(&self, _view: &View<'_>) -> Option<Vec<f64>> {
        None
    }

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
pub const NAMES: [&str; 12] = [
    "random",
    "regularised-evolution",
    "regularised-evolution-repeats",
    "nsga2",
    "nsga3",
    "local-search",
    "simulated-annealing",
    "esapp",
    "predictor-forest",
    "predictor-ranking",
    "reinforce",
    "differentiable",
];

/// ESAPP with a part left out, for [`by_name`]: without entropy, influence, schedule, crossover, or
/// any priority.
pub const ABLATIONS: [&str; 5] = [
    "esapp-no-entropy",
    "esapp-no-influence",
    "esapp-no-schedule",
    "esapp-no-crossover",
    "esapp-no-priority",
];

fn ablation(name: &str) -> Option<Priorities> {
    let whole = Priorities::default();
    let off = Part::Off;
    Some(match name {
        "esapp-no-entropy" => Priorities { entropy: off, ..whole },
        "esapp-no-influence" => Priorities { influence: off, ..whole },
        "esapp-no-schedule" => Priorities { schedule: off, ..whole },
        "esapp-no-crossover" => Priorities { crossover: off, ..whole },
        "esapp-no-priority" => Priorities { entropy: off, influence: off, ..whole },
        _ => return None,
    })
}

/// A controller with its usual settings; `None` for a name that is not one of [`NAMES`] or
/// [`ABLATIONS`].
#[must_use]
pub fn by_name(name: &str) -> Option<Box<dyn Controller>> {
    if let Some(priorities) = ablation(name) {
        return Some(Box::new(Esapp(priorities)));
    }
    Some(match name {
        "random" => Box::new(Random),
        "regularised-evolution" => Box::new(RegularisedEvolution::default()),
        "regularised-evolution-repeats" => {
            let repeats = Repeats::Evaluate;
            Box::new(RegularisedEvolution(Evolution { repeats, ..Evolution::default() }))
        }
        "nsga2" => Box::new(Nsga2::default()),
        "nsga3" => Box::new(Nsga3::default()),
        "local-search" => Box::new(LocalSearch::default()),
        "simulated-annealing" => Box::new(SimulatedAnnealing::default()),
        "esapp" => Box::new(Esapp::default()),
        "reinforce" => Box::new(Reinforce::default()),
        "differentiable" => Box::new(Differentiable::default()),
        "predictor-forest" => {
            let encoder = Arc::new(Encoder::of_networks());
            Box::new(PredictorGuided::new(Guidance::default(), encoder))
        }
        "predictor-ranking" => {
            let model = ModelKind::Ranking(RankingSettings::default());
            let guidance = Guidance { model, ..Guidance::default() };
            Box::new(PredictorGuided::new(guidance, Arc::new(Encoder::of_decisions())))
        }
        _ => return None,
    })
}
