//! The mean of a map with the rounding of the common training framework.
//!
//! A mean of quantised values often lies exactly between two codes, so the order of the additions
//! decides the code. That order: eight interleaved sums, each of four interleaved ones, which are
//! emptied into higher levels after every sixteen (or more, for long maps) additions.

/// Interleaved sums of vectors.
const LANES: usize = 8;
/// Interleaved sums of rows.
const ROWS: usize = 4;
/// Levels of sums.
const LEVELS: usize = 4;
/// Smallest logarithm of the additions between two levels.
const LEVEL_BITS: u32 = 4;

/// The mean of a map's values with the reference's order of additions (interleaved sums): a mean of
/// quantised values often lies exactly between two codes. NaN of none.
#[must_use]
pub fn mean(values: &[f32]) -> f32 {
    sum(values) / values.len() as f32
}

fn sum(values: &[f32]) -> f32 {
    if values.len() < LANES {
        let rows: Vec<[f32; 1]> = values.iter().map(|&value| [value]).collect();
        return sum_of_rows(&rows)[0];
    }
    let (vectors, rest) = values.as_chunks::<LANES>();
    let lanes = sum_of_rows(vectors);
    rest.iter().chain(&lanes).fold(0.0, |sum, value| sum + value)
}

fn add<const N: usize>(sum: &mut [f32; N], values: &[f32; N]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

fn sum_of_rows<const N: usize>(vectors: &[[f32; N]]) -> [f32; N] {
    let (rows, rest) = vectors.as_chunks::<ROWS>();
    let [mut total, others @ ..] = levels(rows);
    for vector in rest.iter().chain(&others) {
        add(&mut total, vector);
    }
    total
}

fn levels<const N: usize>(rows: &[[[f32; N]; ROWS]]) -> [[f32; N]; ROWS] {
    let mut sums = [[[0.0; N]; ROWS]; LEVELS];
    let logarithm = rows.len().max(1).next_power_of_two().ilog2();
    let bits = LEVEL_BITS.max(logarithm / LEVELS as u32);
    let mask = (1_usize << bits) - 1;
    let whole = rows.len() & !mask;
    for (i, row) in rows.iter().enumerate() {
        for (sum, values) in sums[0].iter_mut().zip(row) {
            add(sum, values);
        }
        if (i + 1) & mask == 0 && i < whole {
            lift(&mut sums, (i + 1) >> bits, mask);
        }
    }
    let [mut total, others @ ..] = sums;
    for level in &others {
        for (sum, values) in total.iter_mut().zip(level) {
            add(sum, values);
        }
    }
    total
}

/// Empties each level into the next until one is not yet full.
fn lift<const N: usize>(sums: &mut [[[f32; N]; ROWS]; LEVELS], mut count: usize, mask: usize) {
    for level in 1..LEVELS {
        let full = std::mem::replace(&mut sums[level - 1], [[0.0; N]; ROWS]);
        for (sum, values) in sums[level].iter_mut().zip(&full) {
            add(sum, values);
        }
        if count & mask != 0 {
            break;
        }
        count >>= mask.count_ones();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_maps_are_added_in_rows_of_four() {
        // (1e8 + -1e8) in one interleaved sum, so that the small values survive.
        assert_eq!(sum(&[1e8, 1.0, 1.0, 1.0, -1e8]), 3.0);
    }

    #[test]
    fn long_maps_are_added_in_lanes_and_levels() {
        // Lane 0 of row 0 takes 1e8 and later its opposite: both in the first level's sum.
        let mut values = vec![1.0; 64];
        (values[0], values[32]) = (1e8, -1e8);
        assert_eq!(sum(&values), 62.0);
    }

    #[test]
    fn any_length_has_the_mean_of_its_values() {
        for length in [1, 2, 7, 8, 9, 31, 196, 1024, 5000] {
            let values: Vec<f32> = (0..length).map(|i| (i * 37 % 101) as f32 / 100.0).collect();
            let exact = values.iter().map(|&v| f64::from(v)).sum::<f64>() / f64::from(length);
            assert!((f64::from(mean(&values)) - exact).abs() < 1e-6, "{length}");
        }
    }
}
