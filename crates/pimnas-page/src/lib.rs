//! A co-search run as one HTML file.
//!
//! [`render`] makes the page from a [`RunReport`], a plain value with all that is known of a run.
//! The page holds everything that it shows and asks for nothing: it works without a network, its
//! pictures are there without a script, and a script adds tooltips, brushing and sorting.
//! [`RunPage`] makes that value from a stored run.
//! [`MemberDetail`] is what a member of the front looks like in the simulator.
//!
//! Nothing here reads files or a clock; the same value gives the same text.

pub mod figures;
pub mod member;
pub mod model;
mod page;
pub mod run;

pub use member::MemberDetail;
pub use model::{
    AccuracyStage, Decision, Direction, FunnelStage, Hypervolume, HypervolumePoint, Member, Metric,
    Outcome, RunHead, RunReport, SpaceHead, Stopped, Trial, funnel_of,
};
pub use page::render;
pub use run::{RunPage, UnreadableRun};
