//! Searches: what is looked for, how it is evaluated, and the loop.
//!
//! ```text
//! Controller ─ask→ Proposal{rollout, lineage} ─Evaluator, stage by stage→ Trial{figures, outcome}
//!     ↑ tell                                                                  │ History, Archive
//!     └──────────────────────────────────────────────────────────────────────┘
//! ```
//! - [`Goals`] are [`Objective`]s and [`Constraint`]s bound to the [`Metric`]s of an
//!   [`Evaluator`], which is all that the search knows of networks and hardware.
//! - A [`Trial`] is a proposal and its figures; a [`Merit`] is how good it is, ordered by
//!   constraint domination; a [`History`] is all of them, with the exact front.
//! - A [`Search`] is a value: step it, watch it ([`Progress`]), stop it ([`StopReason`]), write it
//!   down ([`Snapshot`]) and continue it.
//! - An [`AskTell`] is the same search turned inside out, for callers that evaluate themselves.
//!
//! Results follow from the seed, the batch size and the set-up. Every trial has random numbers of
//! its own, so the number of threads does not matter. No rollout is a trial twice. Nothing here
//! reads a clock: it is handed in.

mod asktell;
mod budget;
mod constraint;
mod evaluator;
mod goals;
mod history;
mod measure;
mod metric;
mod objective;
mod progress;
mod run;
mod snapshot;
mod trial;
mod units;
mod view;

pub use asktell::{AskTell, TellError, Told};
pub use budget::{Budget, Stagnation, StopReason};
pub use constraint::{Constraint, Relation};
pub use evaluator::{Evaluator, Request, Rung, Scratch, Stage, metrics};
pub use goals::{GoalError, Goals};
pub use history::History;
pub use metric::{Best, CostClass, Direction, Metric};
pub use objective::{Factor, Objective, Quantity};
pub use progress::Progress;
pub use run::{Search, SearchError};
pub use snapshot::{ResumeError, Snapshot};
pub use trial::{Lineage, Merit, Outcome, Proposal, Trial, TrialId};
pub use view::{Batch, View};
