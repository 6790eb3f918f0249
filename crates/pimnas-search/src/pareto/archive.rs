//! The exact Pareto archive.

use super::{dominates, hypervolume};
use crate::search::TrialId;

/// A member of the front.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its trial.
    pub id: TrialId,
    /// Its objectives, less is better.
    pub point: Vec<f64>,
}

/// All points that no point seen dominates, unbounded and exact. Equal points of different
/// trials are all members. What is in it does not depend on the order of insertion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Archive {
    members: Vec<Member>,
}

impl Archive {
    /// Adds a point unless it is dominated; removes what it dominates. Gives whether it is in.
    pub fn insert(&mut self, id: TrialId, point: &[f64]) -> bool {
        if point.iter().any(|value| value.is_nan()) || self.dominates(point) {
            return false;
        }
        self.members.retain(|member| !dominates(point, &member.point));
        let place = self.members.partition_point(|member| member.id < id);
        self.members.insert(place, Member { id, point: point.to_vec() });
        true
    }

    /// Whether a member dominates the point.
    #[must_use]
    pub fn dominates(&self, point: &[f64]) -> bool {
        self.members.iter().any(|member| dominates(&member.point, point))
    }

    /// The members, by trial.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Hypervolume with regard to a reference point.
    #[must_use]
    pub fn hypervolume(&self, reference: &[f64]) -> f64 {
        let points: Vec<&[f64]> = self.members.iter().map(|m| m.point.as_slice()).collect();
        hypervolume(&points, reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Streams};

    #[test]
    fn it_is_what_no_other_point_dominates_in_any_order() {
        let mut stream = Streams::new(5).stream(0, Purpose::Sample);
        let mut points: Vec<(TrialId, Vec<f64>)> = (0..400)
            .map(|id| (TrialId(id), (0..3).map(|_| stream.below(9) as f64).collect()))
            .collect();
        let mut expected: Vec<TrialId> = points
            .iter()
            .filter(|(_, one)| !points.iter().any(|(_, other)| dominates(other, one)))
            .map(|(id, _)| *id)
            .collect();
        expected.sort();
        for _ in 0..3 {
            let mut archive = Archive::default();
            for (id, point) in &points {
                archive.insert(*id, point);
            }
            let found: Vec<TrialId> = archive.members().iter().map(|m| m.id).collect();
            assert_eq!(found, expected);
            points.reverse();
            points.rotate_left(131);
        }
    }

    #[test]
    fn what_is_not_a_number_is_kept_out() {
        let mut archive = Archive::default();
        assert!(!archive.insert(TrialId(0), &[f64::NAN, 1.0]));
        assert!(archive.insert(TrialId(1), &[1.0, 1.0]));
        assert!(!archive.insert(TrialId(2), &[1.0, 2.0]));
    }
}
