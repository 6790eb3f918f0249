//! Super nets: one set of weights for all rollouts of a space, trained once.
//!
//! A [`SuperNet`] holds for each named layer of a [`Space`](pimnas_search::Space) tensors as large
//! as any rollout asks for; a [`Subnet`] is a rollout's part of them. A [`SupernetTrainer`] trains
//! the parts of the rollouts that a [`Sampler`] draws. An [`Assembled`] candidate is a rollout's
//! network with its weights, scales and hardware, ready for the crossbars. Nothing here reads
//! files, prints or looks at a clock; docs/SUPERNET.md has the equations and figures.

mod assemble;
mod checkpoint;
mod cover;
mod error;
mod evaluator;
mod gradient;
mod kendall;
mod mnsim;
mod sampler;
mod select;
mod settings;
mod shared;
mod stages;
mod subnet;
mod supernet;
mod trainer;

/// Names of the files in the folder of a super net.
pub mod files {
    /// Weights, statistics and the state of the training ([`crate::SupernetTrainer::checkpoint`]).
    pub const CHECKPOINT: &str = "checkpoint.safetensors";
    /// Settings of the training ([`crate::SupernetSettings`]).
    pub const SETTINGS: &str = "settings.toml";
    /// The text of the space.
    pub const SPACE: &str = "space.toml";
}

pub use assemble::Assembled;
pub use cover::{Edges, Extent, corners, cover, edges};
pub use error::SupernetError;
pub use evaluator::{EvaluatorImages, JudgedCandidate, JudgedOnHardware, SupernetEvaluator};
pub use gradient::Gradients;
pub use kendall::kendall_tau;
pub use sampler::{LossTable, Sampler, SamplerKind};
pub use select::Selection;
pub use settings::{CalibrationSettings, DEFAULT_SETTINGS, SupernetSettings};
pub use shared::{Role, Shared, SharedStore};
pub use stages::{AccuracyMetric, StageOptions, SupernetAccuracy, noise_seed};
pub use subnet::{Slice, StateKey, Subnet};
pub use supernet::{SuperNet, own_model};
pub use trainer::{Calibration, SupernetStep, SupernetTrainer};
