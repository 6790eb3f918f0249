//! What can go wrong with a super net.

use pimnas_infer::InferError;
use pimnas_interface::InterfaceError;
use pimnas_search::Rejection;
use pimnas_search::rollout::VaryError;
use pimnas_train::TrainError;
use thiserror::Error;

/// A problem of a super net.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SupernetError {
    /// A rollout that gives no network or no hardware.
    #[error("the rollout is impossible: {0}")]
    Rejected(#[from] Rejection),
    /// No rollout comes out of a space.
    #[error(transparent)]
    Vary(#[from] VaryError),
    /// A problem of training or of a forward pass.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A problem of a candidate on a hardware.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
    /// A rollout that asks for more than the shared tensors hold.
    #[error("`{name}` has {held:?} shared values, the rollout asks for {asked:?}")]
    TooLarge {
        /// Name of the shared tensor.
        name: String,
        /// Its dimensions: output, kernel row, kernel column, input.
        held: [usize; 4],
        /// Those that the rollout asks for.
        asked: [usize; 4],
    },
    /// A space in which nothing can be decoded.
    #[error("no rollout of the space `{space}` gives a network: {why}")]
    Empty {
        /// Name of the space.
        space: String,
        /// Why the last one that was tried does not.
        why: String,
    },
    /// A candidate without the range of an output.
    #[error("layer {layer} ({kind}) has no scale yet: its slice has not been trained")]
    Uncalibrated {
        /// Index of the layer.
        layer: usize,
        /// Its operation.
        kind: &'static str,
    },
    /// A layer that candidate lists cannot state.
    #[error("layer {layer} ({kind}) has no form in a candidate's layer list: {why}")]
    Form {
        /// Index of the layer.
        layer: usize,
        /// Its operation.
        kind: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Settings that are wrong.
    #[error("{why}")]
    Settings {
        /// What is wrong and where.
        why: String,
    },
    /// Accuracy was asked for before there was a trained super net.
    #[error("there is no trained super net yet")]
    Untrained,
    /// A checkpoint that is none, or of another super net.
    #[error("the checkpoint {why}")]
    Checkpoint {
        /// What is wrong.
        why: String,
    },
}

impl From<InferError> for SupernetError {
    fn from(error: InferError) -> Self {
        Self::Interface(error.into())
    }
}

impl SupernetError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Rejected(rejection) => rejection
                .reasons
                .first()
                .and_then(|reason| reason.hint.as_deref())
                .unwrap_or("choose another rollout"),
            Self::Vary(error) => error.hint(),
            Self::Train(error) => error.hint(),
            Self::Interface(InterfaceError::Inference(error)) => error.hint(),
            Self::Interface(InterfaceError::Simulation(_)) => {
                "choose a hardware that takes the network"
            }
            Self::TooLarge { .. } => "let the super net grow for this rollout first",
            Self::Empty { .. } => "loosen the space's requirements",
            Self::Uncalibrated { .. } => "calibrate the candidate on a few batches",
            Self::Form { .. } => "write the candidate as a layer list with scales",
            Self::Settings { .. } => "see docs/SUPERNET.md for the settings and their defaults",
            Self::Untrained => "train one, or give the folder of one",
            Self::Checkpoint { .. } => {
                "resume with the settings that it was begun with, or begin in another folder"
            }
        }
    }
}
