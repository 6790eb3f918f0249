//! Search spaces of networks and hardware.
//!
//! A [`Space`] has [`Decisions`]; a [`Rollout`] is an assignment of them; decoded, it is a
//! [`Candidate`]: a network and a hardware point. Rollouts are drawn, changed, mixed, counted and
//! listed by [`Decisions`], and written as a [`Genotype`]. Spaces are written in TOML
//! ([`WrittenSpace`], see docs/SPACES.md), or in Rust by implementing the trait; [`spaces`] has
//! those that come with it. A [`search::Search`] improves objectives over a space: a controller
//! proposes, an evaluator measures (see docs/SEARCH.md). Nothing here reads files, a clock or the environment.
//!
//! ```
//! use pimnas_search::{Purpose, Space, Streams, spaces};
//!
//! let space = spaces::build("nasbench201")?;
//! assert_eq!(space.decisions().size()?.to_string(), "15625");
//! let mut stream = Streams::new(1).stream(0, Purpose::Sample);
//! let rollout = space.decisions().sample(&mut stream)?;
//! let candidate = space.decode(&rollout)?;
//! assert_eq!(candidate.network.name, "nasbench201");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod benchmark;
pub mod controllers;
pub mod decisions;
pub mod model;
pub mod pareto;
mod problem;
pub mod rollout;
pub mod search;
pub mod space;
pub mod spaces;
pub mod streams;
pub mod table;

pub use decisions::{Decision, Decisions, DecisionsBuilder, Kind, Value};
pub use problem::{Place, Problem, Problems};
pub use rollout::{Assignment, Crossing, Genotype, GenotypeHash, Mutation, Rollout};
pub use space::{Candidate, HardwareChoice, PaddingFlag, Reason, Rejection, Space, WrittenSpace};
pub use streams::{Purpose, Stream, Streams};
