//! What is computed for the page.

pub mod importance;
pub mod sample;
pub mod scale;
pub mod shares;
pub mod spread;
pub mod summary;

pub use importance::{Importance, importance};
pub use shares::{DecisionShares, ValueShare, shares};
pub use spread::spread;
