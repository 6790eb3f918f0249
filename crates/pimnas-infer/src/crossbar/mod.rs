//! Layers in crossbars.

pub(crate) mod arrays;
mod draw;
pub(crate) mod geometry;
pub(crate) mod layer;
mod real;
mod run;
mod tile;

pub use arrays::CellArray;
