//! By how much points would make a front's hypervolume grow, by counting.
//!
//! What many points add, each for itself and many times over, would take long to measure
//! exactly. Here places are drawn evenly from a box; of those that the front does not dominate,
//! a point adds as many as it dominates. Sets of places are bits, so this is quick in any number
//! of objectives.

use crate::streams::Stream;

/// Draws for each place that is wanted, at most; where the front leaves nearly nothing open,
/// there are fewer places.
const DRAWS: usize = 30;
/// Bits of a word.
const WORD: usize = 64;

/// Places of the box that a front does not dominate.
pub(crate) struct Growth {
    words: usize,
    axes: Vec<Behind>,
}

/// For one objective, the places in order, and which are behind each.
struct Behind {
    sorted: Vec<f64>,
    /// Row *r*: all places but the first *r* in order.
    sets: Vec<u64>,
}

/// Places that are not dominated yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open(Vec<u64>);

impl Open {
    /// Number of places.
    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

impl Growth {
    /// Draws about that many places between two corners of a box, outside of what the points of a
    /// front dominate.
    pub(crate) fn new(
        front: &[Vec<f64>],
        (least, most): (&[f64], &[f64]),
        count: usize,
        stream: &mut Stream,
    ) -> Self {
        let mut places: Vec<Vec<f64>> = Vec::with_capacity(count);
        for _ in 0..count * DRAWS {
            if places.len() == count {
                break;
            }
            let corners = least.iter().zip(most);
            let place: Vec<f64> = corners.map(|(a, b)| a + (b - a) * stream.unit()).collect();
            let within = |point: &Vec<f64>| point.iter().zip(&place).all(|(own, at)| own <= at);
            if !front.iter().any(within) {
                places.push(place);
            }
        }
        let words = places.len().div_ceil(WORD);
        let axes = (0..most.len()).map(|axis| Behind::new(&places, axis, words)).collect();
        Self { words, axes }
    }

    /// All places.
    pub(crate) fn open(&self) -> Open {
        let all = self.axes.first().map(|axis| axis.sets[..self.words].to_vec());
        Open(all.unwrap_or_default())
    }

    /// How many places are better than a value, along an axis: what the other methods take.
    pub(crate) fn rank(&self, axis: usize, value: f64) -> u32 {
        let sorted = self.axes.get(axis).map_or(&[][..], |axis| &axis.sorted);
        // What is no number is behind all places.
        if value.is_nan() {
            return sorted.len() as u32;
        }
        sorted.partition_point(|&at| at < value) as u32
    }

    fn row(&self, axis: usize, rank: u32) -> &[u64] {
        let start = rank as usize * self.words;
        &self.axes[axis].sets[start..start + self.words]
    }

    /// How many open places a point of these ranks dominates.
    pub(crate) fn gain(&self, open: &Open, ranks: &[u32]) -> u32 {
        match *ranks {
            [] => 0,
            [x, y] => {
                let rows = self.row(0, x).iter().zip(self.row(1, y));
                rows.zip(&open.0).map(|((x, y), open)| (x & y & open).count_ones()).sum()
            }
            [x, y, z] => {
                let rows = self.row(0, x).iter().zip(self.row(1, y)).zip(self.row(2, z));
                let both = rows.zip(&open.0);
                both.map(|(((x, y), z), open)| (x & y & z & open).count_ones()).sum()
            }
            _ => Open(self.taken(open, ranks).collect()).count(),
        }
    }

    fn taken(&self, open: &Open, ranks: &[u32]) -> impl Iterator<Item = u64> {
        (0..self.words).map(move |word| {
            let ranked = ranks.iter().enumerate();
            ranked.fold(open.0[word], |bits, (axis, &rank)| bits & self.row(axis, rank)[word])
        })
    }

    /// Closes the places that a point of these ranks dominates.
    pub(crate) fn close(&self, open: &mut Open, ranks: &[u32]) {
        let taken: Vec<u64> = self.taken(open, ranks).collect();
        open.0.iter_mut().zip(taken).for_each(|(word, taken)| *word &= !taken);
    }
}

impl Behind {
    fn new(places: &[Vec<f64>], axis: usize, words: usize) -> Self {
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|&a, &b| places[a][axis].total_cmp(&places[b][axis]).then(a.cmp(&b)));
        let mut set = vec![0_u64; words];
        (0..places.len()).for_each(|place| set[place / WORD] |= 1 << (place % WORD));
        let mut sets = Vec::with_capacity((places.len() + 1) * words);
        sets.extend_from_slice(&set);
        for &place in &order {
            set[place / WORD] &= !(1 << (place % WORD));
            sets.extend_from_slice(&set);
        }
        Self { sorted: order.into_iter().map(|place| places[place][axis]).collect(), sets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pareto::hypervolume;
    use crate::streams::{Purpose, Streams};

    #[test]
    fn it_is_what_hypervolumes_differ_by() {
        let mut stream = Streams::new(8).stream(0, Purpose::Model);
        for axes in [2, 3, 4] {
            let mut point =
                || -> Vec<f64> { (0..axes).map(|_| 0.2 + 0.8 * stream.unit()).collect() };
            let front: Vec<Vec<f64>> = (0..6).map(|_| point()).collect();
            let (one, other) = (point(), point());
            let volume = |points: &[Vec<f64>]| {
                let points: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
                hypervolume(&points, &vec![1.0; axes])
            };
            let with = |more: &[&Vec<f64>]| {
                let mut all = front.clone();
                all.extend(more.iter().map(|&point| point.clone()));
                volume(&all) - volume(&front)
            };
            let growth =
                Growth::new(&front, (&vec![0.0; axes], &vec![1.0; axes]), 20_000, &mut stream);
            let mut open = growth.open();
            let places = f64::from(open.count());
            let ranks = |point: &[f64]| -> Vec<u32> {
                point.iter().enumerate().map(|(axis, &value)| growth.rank(axis, value)).collect()
            };
            let free = 1.0 - volume(&front);
            let share = |count: u32| f64::from(count) / places * free;
            assert!((share(growth.gain(&open, &ranks(&one))) - with(&[&one])).abs() < 0.015);
            growth.close(&mut open, &ranks(&one));
            assert_eq!(growth.gain(&open, &ranks(&one)), 0);
            let both = with(&[&one, &other]) - with(&[&one]);
            assert!((share(growth.gain(&open, &ranks(&other))) - both).abs() < 0.015);
        }
    }

    #[test]
    fn a_front_that_leaves_nothing_open_and_no_number_add_nothing() {
        let mut stream = Streams::new(8).stream(1, Purpose::Model);
        let front = vec![vec![0.0, 0.0]];
        let growth = Growth::new(&front, (&[0.0, 0.0], &[1.0, 1.0]), 50, &mut stream);
        let open = growth.open();
        assert_eq!(open.count(), 0);
        let ranks = [growth.rank(0, f64::NAN), growth.rank(1, -1.0)];
        assert_eq!(growth.gain(&open, &ranks), 0);
    }
}
