//! Pareto domination, fronts and their hypervolume. Points are such that less is better.

mod archive;
mod axis;
mod growth;
mod hypervolume;
mod sort;

pub use archive::{Archive, Member};
pub(crate) use axis::Axis;
pub(crate) use growth::{Growth, Open};
pub use hypervolume::hypervolume;
pub use sort::{crowding, ranks};

/// Whether a point dominates another: nowhere worse, somewhere better.
#[must_use]
pub fn dominates(one: &[f64], other: &[f64]) -> bool {
    let mut better = false;
    for (one, other) in one.iter().zip(other) {
        if one > other {
            return false;
        }
        better |= one < other;
    }
    better
}
