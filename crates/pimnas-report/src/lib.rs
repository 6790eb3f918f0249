//! Results as tables, CSV, JSON and words.
//!
//! Nothing here computes a figure that a report does not have, and nothing prints.

pub mod accuracy;
pub mod breakdown;
pub mod curves;
pub mod explain;
pub mod figure;
mod measured;
pub mod simulation;
pub mod sweep;
pub mod table;

pub use explain::explanation;
pub use simulation::{simulation_csv, simulation_json, simulation_table};
