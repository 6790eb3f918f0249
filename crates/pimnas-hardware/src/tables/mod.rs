//! Technology tables. Each figure has the unit that its field says and the source that its
//! table says.

pub mod converters;
pub mod digital;
pub mod sram;
