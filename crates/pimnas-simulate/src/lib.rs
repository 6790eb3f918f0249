//! From a network and a hardware description to latency, energy, area and power.
//!
//! The flow is one way: network → [`HardwareGraph`] → [`Mapping`] → [`Timeline`] → [`Area`],
//! [`Power`], [`Energy`] → [`SimReport`]. Each step is a plain value that can be looked at; none
//! does I/O, draws random numbers or reads a clock.

pub mod area;
pub mod energy;
pub mod error;
pub mod graph;
pub mod mapping;
pub mod options;
pub mod power;
pub mod report;
pub mod timeline;

pub use area::{Area, Utilisation};
pub use energy::Energy;
pub use error::{LayerRef, SimulationError};
pub use graph::{HardwareGraph, HardwareLayer, LayerKind};
pub use mapping::{Mapping, Partition};
pub use options::{BufferSizing, InnerPipeline, Options};
pub use power::Power;
pub use report::{Metrics, SimReport, simulate, simulate_graph};
pub use timeline::{LayerTiming, TimeBreakdown, Timeline};
