//! What can go wrong in training.

use pimnas_network::NetworkErrors;
use thiserror::Error;

/// A problem of a training.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TrainError {
    /// The network does not fit together.
    #[error("{0}")]
    Network(NetworkErrors),
    /// A network that gives no vector of classes, or takes no images.
    #[error("layer {layer} ({kind}): {why}")]
    Layer {
        /// Index of the layer.
        layer: usize,
        /// Its operation.
        kind: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Images that the network does not take.
    #[error("the images are {found}; the network takes {expected}")]
    Images {
        /// Shape of the images.
        found: String,
        /// Shape of the network's input.
        expected: String,
    },
    /// More classes than the network's output has.
    #[error("the data set has {classes} classes; the network answers {outputs}")]
    Classes {
        /// Classes of the data set.
        classes: usize,
        /// Outputs of the network.
        outputs: usize,
    },
    /// No images to learn from.
    #[error("the training set has no images")]
    NoImages,
    /// An option that makes no sense.
    #[error("{what} is {value}, but {why}")]
    Option {
        /// Which option.
        what: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        why: &'static str,
    },
    /// A loss or gradient that is no number.
    #[error("step {step}: the loss is {loss}")]
    Diverged {
        /// Steps before it.
        step: u64,
        /// The loss.
        loss: f32,
    },
    /// A tensor that a checkpoint or weights file lacks or has in another shape.
    #[error("`{name}`: {why}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A checkpoint that does not belong to this training.
    #[error("the checkpoint {why}")]
    Checkpoint {
        /// What is wrong.
        why: String,
    },
}

impl TrainError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Network(_) => "correct the network's description",
            Self::Layer { .. } => {
                "train a network that takes images and ends in a vector of classes"
            }
            Self::Images { .. } => "give the data set that the network was made for",
            Self::Classes { .. } => "give a network with as many outputs as the data has classes",
            Self::NoImages => "give a data set with training images",
            Self::Option { .. } => "give another value",
            Self::Diverged { .. } => "lower the learning rate, or clip gradients",
            Self::Tensor { .. } => "give the weights of this network",
            Self::Checkpoint { .. } => {
                "resume with the options that it was begun with, or begin in another folder"
            }
        }
    }
}
