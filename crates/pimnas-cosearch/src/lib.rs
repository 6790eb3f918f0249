//! Evaluation of candidates in a co-search of networks and hardware.
//!
//! A [`Cascade`] is the evaluator of a search ([`pimnas_search::search::Evaluator`]), cheap stages
//! first:
//! ```text
//! rollout ─cache─ decode → hardware → simulate → [predict] → accuracy stage → accuracy stage …
//! ```
//! [`HardwareStage`] gives costs from the simulator. [`AccuracyStages`] is what gives accuracy: a
//! [`TableAccuracy`] here, a super net elsewhere; without one, costs alone are searched. After
//! every stage the search ends what breaks a constraint or is dominated even at its best.
//! A [`HardwareTable`] has the costs of all rollouts of a small space.

pub mod accuracy;
pub mod cascade;
pub mod config;
pub mod dense;
pub mod hardware;
pub mod predictor;

pub use accuracy::{AccuracyStages, Subject, TableAccuracy, TableMismatch};
pub use cascade::{CacheCounts, Cascade};
pub use config::{ConfigProblem, Meant, SearchConfig};
pub use dense::{DenseError, HardwareTable, JointTable};
pub use hardware::{Decoded, HardwareStage, hardware_metrics};
pub use predictor::{Predictor, PredictorSettings};
