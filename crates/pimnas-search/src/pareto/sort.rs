//! Non-dominated sorting and crowding distance (Deb et al., 2002).

use crate::search::Merit;

/// For each merit, the front that it is in, counted from 0: those that nothing dominates, those
/// that only they dominate, and so on, by constraint domination.
#[must_use]
pub fn ranks(merits: &[&Merit]) -> Vec<usize> {
    let count = merits.len();
    let mut dominated_by = vec![0_usize; count];
    let mut beats: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (one, first) in merits.iter().enumerate() {
        for (other, second) in merits.iter().enumerate().skip(one + 1) {
            if first.dominates(second) {
                beats[one].push(other);
                dominated_by[other] += 1;
            } else if second.dominates(first) {
                beats[other].push(one);
                dominated_by[one] += 1;
            }
        }
    }
    let mut rank = vec![0; count];
    let mut front: Vec<usize> = (0..count).filter(|&index| dominated_by[index] == 0).collect();
    let mut level = 0;
    while !front.is_empty() {
        let mut next = Vec::new();
        for index in front {
            rank[index] = level;
            for &other in &beats[index] {
                dominated_by[other] -= 1;
                if dominated_by[other] == 0 {
                    next.push(other);
                }
            }
        }
        front = next;
        level += 1;
    }
    rank
}

/// Crowding distance of each point within its front: for each objective, the distance between
/// its neighbours as a share of the front's range, summed; infinite at the ends.
#[must_use]
pub fn crowding(points: &[&[f64]]) -> Vec<f64> {
    let mut distance = vec![0.0; points.len()];
    let dimensions = points.first().map_or(0, |point| point.len());
    for axis in 0..dimensions {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&a, &b| points[a][axis].total_cmp(&points[b][axis]).then(a.cmp(&b)));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else { continue };
        let range = points[last][axis] - points[first][axis];
        distance[first] = f64::INFINITY;
        distance[last] = f64::INFINITY;
        if range <= 0.0 || !range.is_finite() {
            continue;
        }
        for window in order.windows(3) {
            if let [before, this, after] = *window {
                distance[this] += (points[after][axis] - points[before][axis]) / range;
            }
        }
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fronts_peel_off_one_after_another() {
        let merits: Vec<Merit> = [[1.0, 4.0], [2.0, 2.0], [4.0, 1.0], [2.0, 5.0], [5.0, 5.0]]
            .into_iter()
            .map(|point| Merit::Feasible(point.to_vec()))
            .chain([Merit::Infeasible(1.0), Merit::Impossible])
            .collect();
        let merits: Vec<&Merit> = merits.iter().collect();
        assert_eq!(ranks(&merits), [0, 0, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn distances_are_shares_of_the_range() {
        let points: [&[f64]; 4] = [&[0.0, 10.0], &[1.0, 4.0], &[3.0, 2.0], &[4.0, 0.0]];
        let distance = crowding(&points);
        assert_eq!(distance[0], f64::INFINITY);
        assert_eq!(distance[3], f64::INFINITY);
        assert!((distance[1] - (3.0 / 4.0 + 8.0 / 10.0)).abs() < 1e-12);
        assert!((distance[2] - (3.0 / 4.0 + 4.0 / 10.0)).abs() < 1e-12);
    }
}
