//! Accuracy of a network over labelled images, stage by stage, with what it leaves open.
//!
//! A *stage* is the network in one arithmetic on one kind of hardware. A deterministic stage is
//! scored once; a stage with something random is scored for several independent *draws*, each a
//! piece of hardware of its own. Over draws there are mean, deviation, worst and an interval
//! ([`Summary`]); the choice of images has an interval of its own ([`wilson`]). Each stage is also
//! compared, layer by layer, with another arithmetic ([`LayerSignals`]).

mod images;
mod signal;
mod stage;
mod statistics;

pub use images::{Images, Score};
pub use signal::{LayerNoise, LayerSignals};
pub use stage::{StageResult, Trials, evaluate};
pub use statistics::{Interval, Summary, wilson};
