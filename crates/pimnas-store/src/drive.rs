//! A search into its store.

use std::time::Duration;

use pimnas_search::search::{Evaluator, Progress, Search, SearchError, StopReason};
use thiserror::Error;

use crate::error::StoreError;
use crate::store::RunStore;
use crate::timed::Timed;

/// What is called after each batch.
pub type Watch<'w> = &'w mut dyn FnMut(&Progress<'_>);

/// Why a run ended before its time.
#[derive(Debug, Error)]
pub enum DriveError {
    /// The search.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DriveError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Search(error) => error.hint(),
            Self::Store(error) => error.hint(),
        }
    }
}

/// Steps a search until it ends, and stores every batch. `clock` gives the time since the run
/// began, all its sessions together. Where the store fails, the trials that are in it stay.
///
/// # Errors
/// As [`Search::step`]; a store that cannot be written to.
pub fn drive(
    (search, store): (&mut Search<'_>, &mut RunStore),
    evaluator: &dyn Evaluator,
    clock: &(dyn Fn() -> Duration + Sync),
    watch: Watch<'_>,
) -> Result<StopReason, DriveError> {
    let timed = Timed::new(evaluator, clock);
    loop {
        match search.step(&timed, clock()) {
            Ok(None) => {}
            Ok(Some(reason)) => {
                store.finish(search, reason, clock())?;
                return Ok(reason);
            }
            Err(error) => {
                store.save(search, clock())?;
                return Err(error.into());
            }
        }
        store.append(search, &timed.take(), clock())?;
        watch(&search.progress(clock()));
    }
}
