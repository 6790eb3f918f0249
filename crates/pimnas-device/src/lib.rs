//! Memristor cells as they are: from the digits that a cell should hold to the conductance that
//! it has, and from there to the currents of a whole array.
//!
//! [`NonIdealities`] names the effects, each of which can be switched alone. Prepared for a cell of
//! so many bits ([`NonIdealities::prepare`]) they turn an array of levels into conductances, in
//! units of a digit, so that an ideal cell of level *k* has the conductance *k*. Everything random
//! is drawn from a [`Streams`] value: a number belongs to (seed, draw, purpose, array, cell), never
//! to a thread or an order of calls. Equations and sources: `docs/NONIDEALITIES.md`.
//!
//! Nothing here knows networks, reads files or keeps state.

mod adc;
mod cells;
mod drift;
mod effect;
mod error;
mod levels;
mod noise;
mod normal;
mod quirk;
mod stream;
mod stuck;
mod variation;

pub use adc::{AdcError, AdcFault};
pub use cells::{Cells, PreparedCells};
pub use drift::Drift;
pub use effect::{Effect, NonIdealities};
pub use error::DeviceError;
pub use levels::{CellBits, OnOffRatio};
pub use noise::ReadNoise;
pub use quirk::{DeviceQuirk, DeviceQuirks};
pub use stream::{ArrayPlace, Draw, Purpose, Seed, Stream, Streams};
pub use stuck::StuckAt;
pub use variation::{Deviations, LevelDeviation, Variation, VariationLaw};
