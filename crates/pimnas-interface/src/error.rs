//! Why a candidate has no answer.

use pimnas_infer::InferError;
use pimnas_simulate::SimulationError;
use thiserror::Error;

/// Why a candidate has no answer on a hardware.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InterfaceError {
    /// The network does not fit the hardware, or a component has no figures.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Weights that do not belong to the network, or inputs that it cannot take.
    #[error(transparent)]
    Inference(#[from] InferError),
}

impl InterfaceError {
    /// What to do about it, if there is something to say beyond the message.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Simulation(error) => error.hint(),
            Self::Inference(error) => Some(error.hint().to_owned()),
        }
    }
}
