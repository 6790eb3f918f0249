//! Scales that the hypervolume of a front is measured on.

use crate::pareto::{Archive, Axis};

/// Which scales, and from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Volume {
    /// Each objective from the best to the worst of the table's front (ideal and nadir point), in
    /// logarithms where it is minimised and all of the front's values are positive, as costs differ
    /// by orders of magnitude. The reference point is a tenth of the range beyond the nadir;
    /// what is worse than that in one objective counts for nothing.
    #[default]
    Front,
    /// Each objective in its own unit, from the worst value in the whole table. Where the worst is
    /// far off, nearly every front has nearly all of the volume.
    Worst,
}

/// How far beyond the nadir point the reference point is, as a share of the range.
const BEYOND: f64 = 0.1;

/// The axes of all objectives and the point that volumes are measured from.
#[derive(Clone, Debug, PartialEq)]
pub struct Axes {
    axes: Vec<Axis>,
    reference: Vec<f64>,
}

impl Axes {
    /// From the front of minimised points, and the worst of all points.
    #[must_use]
    pub fn new(volume: Volume, front: &Archive, worst: &[f64]) -> Self {
        match volume {
            Volume::Worst => {
                Self { axes: vec![Axis::PLAIN; worst.len()], reference: worst.to_vec() }
            }
            Volume::Front => {
                let members = front.members();
                let of =
                    |at| members.iter().filter_map(move |member| member.point.get(at).copied());
                let axis = |at| Axis::over(&of(at).collect::<Vec<f64>>());
                let axes: Vec<Axis> = (0..worst.len()).map(axis).collect();
                let reference = vec![1.0 + BEYOND; axes.len()];
                Self { axes, reference }
            }
        }
    }

    /// A minimised point on the axes.
    #[must_use]
    pub fn place(&self, point: &[f64]) -> Vec<f64> {
        let pairs = self.axes.iter().zip(point);
        pairs.map(|(axis, &value)| axis.place(value)).collect()
    }

    /// Hypervolume of points that are placed.
    #[must_use]
    pub fn hypervolume(&self, placed: &Archive) -> f64 {
        placed.hypervolume(&self.reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::TrialId;

    fn archive(points: &[[f64; 2]]) -> Archive {
        let mut archive = Archive::default();
        for (index, point) in (0..).zip(points) {
            archive.insert(TrialId(index), point);
        }
        archive
    }

    #[test]
    fn the_ends_of_the_front_are_0_and_1_and_costs_are_logarithmic() {
        let front = archive(&[[-90.0, 100.0], [-70.0, 1.0]]);
        let axes = Axes::new(Volume::Front, &front, &[-10.0, 1e6]);
        assert_eq!(axes.place(&[-90.0, 100.0]), [0.0, 1.0]);
        let middle = axes.place(&[-80.0, 10.0]);
        assert!((middle[0] - 0.5).abs() < 1e-12 && (middle[1] - 0.5).abs() < 1e-12);
    }

    #[test]
    fn only_what_is_better_than_the_reference_counts() {
        let front = archive(&[[-90.0, 100.0], [-70.0, 1.0]]);
        let axes = Axes::new(Volume::Front, &front, &[-10.0, 1e6]);
        let volume = |points: &[[f64; 2]]| {
            let placed: Vec<[f64; 2]> = points
                .iter()
                .map(|point| <[f64; 2]>::try_from(axes.place(point)).unwrap())
                .collect();
            axes.hypervolume(&archive(&placed))
        };
        // 1.1 · 0.1 and 0.1 · 1.1, whose corner is shared.
        assert!((volume(&[[-90.0, 100.0], [-70.0, 1.0]]) - 0.21).abs() < 1e-12);
        assert_eq!(volume(&[[-60.0, 0.5]]), 0.0);
    }

    #[test]
    fn the_worst_of_the_table_in_own_units() {
        let front = archive(&[[-90.0, 100.0]]);
        let axes = Axes::new(Volume::Worst, &front, &[-10.0, 300.0]);
        assert_eq!(axes.hypervolume(&front), 80.0 * 200.0);
    }
}
