//! Training of networks: layers as functions of tensors, convolution kernels, quantisation-aware
//! layers, optimisers, checkpoints.
//!
//! [`ops`] has the layers as functions of tensors, whoever owns the parameters; a [`Model`] is a
//! [`pimnas_network::Network`] with its parameters; a [`Trainer`] takes it through a data set. On
//! the processor all of it runs on this crate's kernels, whose results do not depend on the
//! number of threads. Nothing here reads files, prints or looks at a clock.

pub mod backend;
mod checkpoint;
mod error;
pub mod gradcheck;
mod kernel;
mod loader;
mod model;
pub mod ops;
mod optimise;
mod options;
mod random;
pub mod tensorboard;
mod trainer;

pub use error::TrainError;
pub use kernel::conv::{ConvGeometry, ConvOptions, EvenEdge, MapShape};
pub use kernel::element::{Activation, Quantiser, Range};
pub use loader::{Changes, Flip, Loader, TrainBatch};
pub use model::{
    Activations, AdcNoise, ForwardPass, LayerState, Leaves, Model, Noise, Output, Parameter,
    ParameterStore, PassOptions, PassPurpose, Precision, Step, Update, images, steps,
};
pub use optimise::{Nesterov, Optimiser, OptimiserState, Schedule, StepOptions};
pub use options::TrainingOptions;
pub use trainer::{Evaluation, Position, StepReport, Sums, Trainer, fingerprint};
