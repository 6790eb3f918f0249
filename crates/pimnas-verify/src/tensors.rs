//! Comparison of output tensors.

use pimnas_infer::Tensor;

use crate::compare::Comparison;

/// Largest difference of two outputs that are computed exactly, as a share of the range.
pub const EXACT: f64 = 1e-6;
/// Largest difference of two outputs that floats can round apart, as a share of the range.
pub const ROUNDED: f64 = 1e-5;
/// Share of the elements that may lie further apart: values that were rounded at a boundary.
pub const OUTLIERS: f64 = 1e-3;
/// How far those may lie apart, in steps of the output's quantiser.
pub const OUTLIER_STEPS: f64 = 2.0;

/// How closely two outputs must agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Closeness {
    /// Every element within this share of the range.
    Every(f64),
    /// All but [`OUTLIERS`] of the elements within [`ROUNDED`] of the range, the others within
    /// [`OUTLIER_STEPS`] of this step, and the same answer of a classifier wherever its two
    /// largest values are further apart than that.
    Nearly {
        /// Step of the output's quantiser.
        step: f64,
    },
}

impl Comparison {
    /// Adds the elements of a tensor. The range is the largest magnitude that is expected.
    pub fn add_tensor(&mut self, name: &str, (expected, got): (&Tensor, &Tensor), how: Closeness) {
        if expected.dims() != got.dims() {
            let (expected, got) =
                (format!("dimensions {:?}", expected.dims()), format!("{:?}", got.dims()));
            self.differ_in_words(name, expected, got);
            return;
        }
        self.numbers += expected.data().len();
        let range = expected.data().iter().fold(0_f64, |most, &v| most.max(f64::from(v.abs())));
        match how {
            Closeness::Every(share) => {
                for element in beyond((expected, got), share * range) {
                    self.element(name, (expected, got), element);
                }
            }
            Closeness::Nearly { step } => {
                let allowed = (OUTLIERS * expected.data().len() as f64) as usize;
                let outliers = beyond((expected, got), ROUNDED * range);
                let far = beyond((expected, got), OUTLIER_STEPS * step);
                if outliers.len() > allowed {
                    for &element in &outliers {
                        self.element(name, (expected, got), element);
                    }
                } else {
                    for element in far {
                        self.element(name, (expected, got), element);
                    }
                }
                self.answers(name, (expected, got), OUTLIER_STEPS * step);
            }
        }
    }

    fn element(&mut self, name: &str, (expected, got): (&Tensor, &Tensor), element: usize) {
        let (e, g) = (expected.data()[element], got.data()[element]);
        self.differ_in_words(&format!("{name}.{element}"), e.to_string(), g.to_string());
    }

    /// Compares the answers that are clear.
    fn answers(&mut self, name: &str, (expected, got): (&Tensor, &Tensor), margin: f64) {
        let size = expected.data().len() / expected.batch().max(1);
        let answers = expected.arg_max().into_iter().zip(got.arg_max()).enumerate();
        for (item, (right, answer)) in answers {
            let values = &expected.data()[item * size..(item + 1) * size];
            let second = values.iter().enumerate().filter(|&(i, _)| i != right);
            let second = second.fold(f32::NEG_INFINITY, |most, (_, &value)| most.max(value));
            if right != answer && f64::from(values[right]) - f64::from(second) > margin {
                let (expected, got) = (right.to_string(), answer.to_string());
                self.differ_in_words(&format!("{name}: answer {item}"), expected, got);
            }
        }
    }
}

/// The elements that differ by more than the limit; not-a-numbers differ from everything.
fn beyond((expected, got): (&Tensor, &Tensor), limit: f64) -> Vec<usize> {
    let differences = expected.data().iter().zip(got.data());
    differences
        .enumerate()
        .filter(|&(_, (&e, &g))| {
            let difference = (f64::from(e) - f64::from(g)).abs();
            difference.is_nan() || difference > limit
        })
        .map(|(element, _)| element)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(expected: &[f32], got: &[f32], how: Closeness) -> usize {
        let tensor = |values: &[f32]| Tensor::new([1, values.len()], values.to_vec()).unwrap();
        let mut comparison = Comparison::default();
        comparison.add_tensor("o", (&tensor(expected), &tensor(got)), how);
        comparison.differences.len()
    }

    #[test]
    fn every_element_must_lie_within_its_share_of_the_range() {
        let how = Closeness::Every(EXACT);
        assert_eq!(differences(&[2.0, 0.0], &[2.0, 1.9e-6], how), 0);
        assert_eq!(differences(&[2.0, 0.0], &[2.0, 2.1e-6], how), 1);
        assert_eq!(differences(&[2.0, 0.0], &[f32::NAN, 0.0], how), 1);
        assert_eq!(differences(&[2.0], &[2.0, 0.0], how), 1);
    }

    #[test]
    fn one_in_a_thousand_may_be_rounded_the_other_way() {
        let how = Closeness::Nearly { step: 0.1 };
        let expected: Vec<f32> = (0..1000).map(|i| i as f32 * 0.1).collect();
        let mut got = expected.clone();
        got[10] += 0.1;
        assert_eq!(differences(&expected, &got, how), 0);
        got[11] += 0.1;
        assert_eq!(differences(&expected, &got, how), 2);
        got[11] = expected[11];
        got[10] += 0.15;
        assert_eq!(differences(&expected, &got, how), 1);
    }

    #[test]
    fn clear_answers_must_be_the_same() {
        let how = Closeness::Nearly { step: 0.1 };
        let mut expected = vec![0.0; 1000];
        (expected[3], expected[4]) = (1.0, 0.85);
        let mut got = expected.clone();
        got[3] = 0.84;
        assert_eq!(differences(&expected, &got, how), 0);
        expected[4] = 0.7;
        (got[3], got[4]) = (1.0, 1.1);
        // The element, and the answer.
        assert_eq!(differences(&expected, &got, how), 2);
    }
}
