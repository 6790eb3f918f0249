//! Hypervolume: the measure of what a front dominates, up to a reference point.
//!
//! Exact: a sweep for two objectives, a sweep over slices for three, and for more the algorithm
//! WFG (While, Bradstreet and Barone, IEEE Transactions on Evolutionary Computation 2012).

/// Hypervolume of points, less is better. Points that are not better than the reference in
/// every objective count for nothing, and so do those that are dominated.
#[must_use]
pub fn hypervolume(points: &[&[f64]], reference: &[f64]) -> f64 {
    let mut inside: Vec<Vec<f64>> = points
        .iter()
        .filter(|point| point.iter().zip(reference).all(|(value, limit)| value < limit))
        .map(|point| point.to_vec())
        .collect();
    inside.sort_by(|one, other| compare(one, other));
    inside.dedup();
    match reference.len() {
        0 => 0.0,
        1 => inside.first().map_or(0.0, |best| reference[0] - best[0]),
        2 => plane(&inside, reference),
        3 => slices(&inside, reference),
        _ => wfg(inside, reference),
    }
}

/// Order by the last objective, then by those before it.
fn compare(one: &[f64], other: &[f64]) -> std::cmp::Ordering {
    let pairs = one.iter().rev().zip(other.iter().rev());
    pairs
        .map(|(a, b)| a.total_cmp(b))
        .find(|order| order.is_ne())
        .unwrap_or(one.len().cmp(&other.len()))
}

/// Two objectives, sorted by the second.
fn plane(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let mut area = 0.0;
    let mut width = reference[0];
    for point in points {
        if point[0] < width {
            area += (width - point[0]) * (reference[1] - point[1]);
            width = point[0];
        }
    }
    area
}

/// Three objectives, sorted by the third: between two values of it, the area that those before
/// dominate in the other two, held as a staircase.
fn slices(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    let mut volume = 0.0;
    let mut area = 0.0;
    let mut height = 0.0;
    for point in points {
        volume += area * (point[2] - height);
        height = point[2];
        if step(&mut stairs, (point[0], point[1])) {
            area = staircase(&stairs, reference);
        }
    }
    volume + area * (reference[2] - height) * f64::from(u8::from(!points.is_empty()))
}

/// Adds a step to a staircase (first rising, second falling); gives whether it changed.
fn step(stairs: &mut Vec<(f64, f64)>, (x, y): (f64, f64)) -> bool {
    let place = stairs.partition_point(|stair| stair.0 < x);
    let covered = stairs.get(place).is_some_and(|stair| stair.0 == x && stair.1 <= y)
        || place.checked_sub(1).and_then(|left| stairs.get(left)).is_some_and(|left| left.1 <= y);
    if covered {
        return false;
    }
    let end = stairs[place..].iter().position(|stair| stair.1 < y);
    let end = end.map_or(stairs.len(), |length| place + length);
    stairs.splice(place..end, [(x, y)]);
    true
}

fn staircase(stairs: &[(f64, f64)], reference: &[f64]) -> f64 {
    let mut area = 0.0;
    let mut top = reference[1];
    for &(x, y) in stairs {
        area += (reference[0] - x) * (top - y);
        top = y;
    }
    area
}

/// Any number of objectives: the sum, over the points, of what each dominates beyond those that
/// follow it.
fn wfg(mut points: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    match reference.len() {
        2 => {
            points.sort_by(|one, other| compare(one, other));
            return plane(&points, reference);
        }
        3 => {
            points.sort_by(|one, other| compare(one, other));
            return slices(&points, reference);
        }
        _ => {}
    }
    // From the worst of the last objective to its best, so that limited sets share that value.
    points.sort_by(|one, other| compare(other, one));
    let last = reference.len() - 1;
    let mut total = 0.0;
    for (index, point) in points.iter().enumerate() {
        let rest = points.get(index + 1..).unwrap_or_default();
        let depth = reference[last] - point[last];
        // What follows is at least as good in the last objective, so it is left out.
        let limited: Vec<Vec<f64>> = rest
            .iter()
            .map(|other| other[..last].iter().zip(point).map(|(a, b)| a.max(*b)).collect())
            .collect();
        let own: f64 = point[..last].iter().zip(reference).map(|(v, limit)| limit - v).product();
        let shared = wfg(front(limited), &reference[..last]);
        total += depth * (own - shared);
    }
    total
}

/// Those that no other dominates, each once.
fn front(mut points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    points.sort_by(|one, other| compare(one, other));
    points.dedup();
    let mut kept: Vec<Vec<f64>> = Vec::new();
    for point in points {
        // A point that dominates another comes before it in this order.
        if !kept.iter().any(|other| super::dominates(other, &point)) {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Streams};

    /// Inclusion and exclusion over all subsets.
    fn by_subsets(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        let mut total = 0.0;
        for subset in 1_u32..1 << points.len() {
            let mut corner = vec![f64::NEG_INFINITY; reference.len()];
            for (index, point) in points.iter().enumerate() {
                if subset >> index & 1 == 1 {
                    corner.iter_mut().zip(point).for_each(|(c, p)| *c = c.max(*p));
                }
            }
            let box_: f64 = corner.iter().zip(reference).map(|(c, r)| (r - c).max(0.0)).product();
            total += if subset.count_ones() % 2 == 1 { box_ } else { -box_ };
        }
        total
    }

    #[test]
    fn it_agrees_with_inclusion_and_exclusion() {
        let mut stream = Streams::new(3).stream(0, Purpose::Sample);
        for dimensions in 1..=6 {
            for round in 0..40 {
                // Coarse values, so that ties and equal points occur; some beyond the reference.
                let steps = if round % 2 == 0 { 5 } else { 1000 };
                let points: Vec<Vec<f64>> = (0..1 + stream.below(9))
                    .map(|_| {
                        let value = |s: &mut crate::Stream| s.below(steps) as f64 / steps as f64;
                        (0..dimensions).map(|_| value(&mut stream) * 1.2).collect()
                    })
                    .collect();
                let reference = vec![1.0; dimensions];
                let slices: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
                let (found, exact) =
                    (hypervolume(&slices, &reference), by_subsets(&points, &reference));
                assert!((found - exact).abs() < 1e-10, "{points:?}: {found} {exact}");
            }
        }
    }

    #[test]
    fn known_values() {
        let two: [&[f64]; 3] = [&[1.0, 3.0], &[2.0, 2.0], &[3.0, 1.0]];
        assert_eq!(hypervolume(&two, &[4.0, 4.0]), 6.0);
        assert_eq!(hypervolume(&[], &[1.0, 1.0, 1.0]), 0.0);
        let far = [1e6 - 1.0; 3];
        assert_eq!(hypervolume(&[&far], &[1e6; 3]), 1.0);
        // A discrete simplex: points i + j + k + l = 3 in whole numbers, reference 4: what they
        // dominate is every unit cube whose lower corner sums to 3 or more, 256 − 15.
        let mut simplex = Vec::new();
        for code in 0..256_usize {
            let point: Vec<f64> = (0..4).map(|axis| (code >> (2 * axis) & 3) as f64).collect();
            if point.iter().sum::<f64>() == 3.0 {
                simplex.push(point);
            }
        }
        let slices: Vec<&[f64]> = simplex.iter().map(Vec::as_slice).collect();
        assert_eq!(slices.len(), 20);
        assert_eq!(hypervolume(&slices, &[4.0; 4]), 241.0);
    }

    #[test]
    fn many_points_agree_with_counting() {
        let mut stream = Streams::new(9).stream(1, Purpose::Sample);
        for dimensions in [3, 5] {
            let points: Vec<Vec<f64>> =
                (0..60).map(|_| (0..dimensions).map(|_| stream.unit()).collect()).collect();
            let slices: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
            let exact = hypervolume(&slices, &vec![1.0; dimensions]);
            let draws = 40_000;
            let hits = (0..draws)
                .filter(|_| {
                    let at: Vec<f64> = (0..dimensions).map(|_| stream.unit()).collect();
                    points.iter().any(|point| point.iter().zip(&at).all(|(p, a)| p <= a))
                })
                .count();
            let share = hits as f64 / f64::from(draws);
            // Four standard errors of the count.
            let error = 4.0 * (exact * (1.0 - exact) / f64::from(draws)).sqrt();
            assert!((share - exact).abs() < error, "{share} {exact}");
        }
    }
}
