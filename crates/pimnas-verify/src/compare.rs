//! Comparison of two JSON values, number by number.

use std::fmt;

use serde_json::Value;

/// A place at which two values differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Keys and indices that lead there, joined by `.`.
    pub path: String,
    /// What the record has.
    pub expected: String,
    /// What pimnas has.
    pub got: String,
    /// Relative difference, of two numbers.
    pub relative: Option<f64>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.path, self.expected, self.got)?;
        match self.relative {
            Some(relative) => write!(f, " (relative difference {relative:.2e})"),
            None => Ok(()),
        }
    }
}

/// Result of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Numbers compared.
    pub numbers: usize,
    /// Where the values differ.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Adds what `got` says at the places of `expected`, within a relative tolerance. What `got`
    /// has beyond that is not looked at.
    pub fn add(&mut self, path: &str, expected: &Value, got: Option<&Value>, tolerance: f64) {
        let Some(got) = got else {
            self.differ(path, expected, &Value::from("nothing"), None);
            return;
        };
        match (expected, got) {
            (Value::Object(fields), Value::Object(_)) => {
                for (key, value) in fields {
                    self.add(&join(path, key), value, got.get(key), tolerance);
                }
            }
            (Value::Array(values), Value::Array(others)) => {
                if values.len() != others.len() {
                    let what = format!("{} items", others.len());
                    self.differ(path, &Value::from(values.len()), &Value::from(what), None);
                    return;
                }
                for (index, value) in values.iter().enumerate() {
                    self.add(&join(path, &index.to_string()), value, others.get(index), tolerance);
                }
            }
            (Value::Number(a), Value::Number(b)) => {
                self.numbers += 1;
                let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
                let relative = relative_difference(a, b);
                // A NaN differs from everything.
                if relative.is_nan() || relative > tolerance {
                    self.differ(path, expected, got, Some(relative));
                }
            }
            _ => {
                if expected != got {
                    self.differ(path, expected, got, None);
                }
            }
        }
    }

    /// Adds a difference of what are no two numbers of a record.
    pub(crate) fn differ_in_words(&mut self, path: &str, expected: String, got: String) {
        let path = path.to_owned();
        self.differences.push(Difference { path, expected, got, relative: None });
    }

    /// Adds what another comparison found.
    pub fn merge(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.differences.extend(other.differences);
    }

    fn differ(&mut self, path: &str, expected: &Value, got: &Value, relative: Option<f64>) {
        self.differences.push(Difference {
            path: path.to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
            relative,
        });
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn relative_difference(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::equal(json!({"a": [1.0, 2]}), json!({"a": [1, 2.0]}), 0)]
    #[case::more_is_not_looked_at(json!({"a": 1}), json!({"a": 1, "b": 2}), 0)]
    #[case::within_tolerance(json!(1.0), json!(1.000_000_000_1), 0)]
    #[case::beyond_tolerance(json!(1.0), json!(1.000_000_01), 1)]
    #[case::missing(json!({"a": 1, "b": 2}), json!({"a": 1}), 1)]
    #[case::length(json!([1, 2]), json!([1]), 1)]
    #[case::kind(json!({"a": 1}), json!({"a": "1"}), 1)]
    #[case::word(json!({"a": "conv"}), json!({"a": "fc"}), 1)]
    #[case::zero(json!(0.0), json!(1e-30), 1)]
    fn differences(#[case] expected: Value, #[case] got: Value, #[case] count: usize) {
        let mut comparison = Comparison::default();
        comparison.add("", &expected, Some(&got), 1e-9);
        assert_eq!(comparison.differences.len(), count, "{:?}", comparison.differences);
    }
}
