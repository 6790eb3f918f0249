//! The store of a search: one SQLite file a run, in a folder of its own.
//!
//! A [`RunStore`] is written by one search at a time: trials are appended, batch by batch, in one
//! transaction with the [`pimnas_search::search::Snapshot`] that the search continues from, so
//! that a run that is killed at any moment is there up to a whole batch and ends, continued, with
//! the trials of the uninterrupted one. [`drive`] runs a search into it. A [`RunSummary`] is all of
//! a run as one value, for reports. docs/STORE.md describes the file.
//!
//! A file that is truncated, foreign or of another version is refused and never written to.

mod bounds;
mod code;
mod differences;
mod drive;
mod error;
mod info;
mod optuna;
mod place;
mod read;
mod schema;
mod store;
mod summary;
mod test;
mod timed;

pub use bounds::BoundSummary;
pub use differences::{Difference, differences};
pub use drive::{DriveError, Watch, drive};
pub use error::StoreError;
pub use info::{DecisionInfo, RunInfo, Session, SpaceInfo, StageInfo};
pub use optuna::optuna_journal;
pub use place::{FILE_NAME, Place};
pub use read::{Stored, StoredTrial};
pub use schema::FORMAT;
pub use store::RunStore;
pub use summary::{
    Funnel, HypervolumeCurve, HypervolumePoint, ObjectiveSummary, RunSummary, StoppedAt,
    TrialSummary, cheap_front,
};
pub use test::TestAccuracies;
pub use timed::{Spent, Timed};
