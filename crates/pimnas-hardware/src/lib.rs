//! Component models of a memristor-crossbar accelerator.
//!
//! From a [`Hardware`](pimnas_config::Hardware) description and cited technology tables to the
//! area, power and latency of each component, of a PE and of a tile. Nothing here knows a
//! network; nothing does I/O. `docs/EQUATIONS.md` lists every model with its source.

pub mod buffer;
pub mod converter;
pub mod crossbar;
pub mod device;
pub mod digital;
pub mod error;
pub mod fidelity;
pub mod modules;
pub mod multiplexer;
pub mod pe;
pub mod pooling;
pub mod tables;
pub mod tile;
pub mod timing;

pub use error::HardwareError;
pub use fidelity::{Fidelity, Quirk, Quirks};
pub use modules::Modules;
pub use pe::Occupancy;
pub use tile::{Accelerator, BufferRole};
pub use timing::{LocalBuffers, TileTiming};
