//! Many hardware points: grids and lists ([`Points`], [`sweep()`]), and what each knob would change
//! ([`sensitivity()`]).

pub mod evaluate;
pub mod points;
pub mod sensitivity;
pub mod sweep;

pub use evaluate::evaluate;
pub use points::{PointError, Points, Setting};
pub use sensitivity::{Effect, Knob, sensitivity};
pub use sweep::{Row, Task, sweep};
