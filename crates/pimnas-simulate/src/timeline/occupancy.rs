//! The time in which a layer works, where its positions overlap.

use pimnas_units::Nanoseconds;

/// Length of the union of intervals [begin, end], sorted by begin.
pub(crate) fn union_length(
    sorted: impl IntoIterator<Item = (Nanoseconds, Nanoseconds)>,
) -> Nanoseconds {
    let mut length = Nanoseconds::ZERO;
    let mut current: Option<(Nanoseconds, Nanoseconds)> = None;
    for (begin, end) in sorted {
        current = match current {
            Some((first, last)) if begin <= last => Some((first, last.max(end))),
            Some((first, last)) => {
                length += last - first;
                Some((begin, end))
            }
            None => Some((begin, end)),
        };
    }
    if let Some((first, last)) = current {
        length += last - first;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::none(&[], 0.0)]
    #[case::one(&[(1.0, 3.0)], 2.0)]
    #[case::apart(&[(0.0, 1.0), (2.0, 4.0)], 3.0)]
    #[case::touching(&[(0.0, 1.0), (1.0, 4.0)], 4.0)]
    #[case::overlapping(&[(0.0, 3.0), (1.0, 4.0)], 4.0)]
    #[case::nested(&[(0.0, 9.0), (1.0, 4.0), (5.0, 6.0)], 9.0)]
    fn length_of_a_union(#[case] intervals: &[(f64, f64)], #[case] expected: f64) {
        let intervals = intervals.iter().map(|&(a, b)| (Nanoseconds(a), Nanoseconds(b)));
        assert_eq!(union_length(intervals).value(), expected);
    }
}
