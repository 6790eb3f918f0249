//! Sets of hardware points.

use thiserror::Error;

/// A key of the configuration and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// `Section/Key`.
    pub key: String,
    /// The value as a file would have it.
    pub value: String,
}

/// Hardware points: every combination of the values of some keys, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Points {
    keys: Vec<String>,
    rows: Rows,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rows {
    Grid(Vec<Vec<String>>),
    List(Vec<Vec<String>>),
}

/// Why points cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PointError {
    /// An axis without `=`.
    #[error("`{0}` is no axis: expected `Section/Key=value;value;…`")]
    NoAxis(String),
    /// An axis without a value.
    #[error("axis `{0}` has no values")]
    NoValues(String),
    /// The same key on two axes or in two columns.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// A row of a list of another length than its head.
    #[error("row {row} of the list has {got} values, but there are {expected} keys")]
    RowLength {
        /// Row, from 1.
        row: usize,
        /// Values of the row.
        got: usize,
        /// Keys.
        expected: usize,
    },
    /// More combinations than can be counted.
    #[error("the grid has too many points")]
    TooMany,
}

impl PointError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoAxis(_) => "write --axis \"Crossbar level/Xbar_Size=128,128;256,256\"",
            Self::NoValues(_) => "separate the values by semicolons",
            Self::Twice(_) => "give all its values once",
            Self::RowLength { .. } => "give each row one value for each key of the first line",
            Self::TooMany => "use fewer axes or fewer values",
        }
    }
}

impl Points {
    /// The grid over axes `Section/Key=value;value;…`. Values may hold commas. No axis: one
    /// point without settings.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn grid<S: AsRef<str>>(axes: &[S]) -> Result<Self, PointError> {
        let mut keys = Vec::with_capacity(axes.len());
        let mut values = Vec::with_capacity(axes.len());
        for axis in axes {
            let axis = axis.as_ref();
            let (key, list) =
                axis.split_once('=').ok_or_else(|| PointError::NoAxis(axis.to_owned()))?;
            let list: Vec<String> = list
                .split(';')
                .map(str::trim)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .collect();
            if list.is_empty() {
                return Err(PointError::NoValues(key.to_owned()));
            }
            keys.push(key.trim().to_owned());
            values.push(list);
        }
        reject_twice(&keys)?;
        let count = values.iter().try_fold(1_usize, |count, axis| count.checked_mul(axis.len()));
        if count.is_none() {
            Err(PointError::TooMany)
        } else {
            Ok(Self { keys, rows: Rows::Grid(values) })
        }
    }

    /// A list of points: the keys, then one row of values for each point.
    ///
    /// # Errors
    /// [`PointError`].
    pub fn list(keys: Vec<String>, rows: Vec<Vec<String>>) -> Result<Self, PointError> {
        reject_twice(&keys)?;
        for (index, row) in rows.iter().enumerate() {
            if row.len() != keys.len() {
                let expected = keys.len();
                return Err(PointError::RowLength { row: index + 1, got: row.len(), expected });
            }
        }
        Ok(Self { keys, rows: Rows::List(rows) })
    }

    /// The keys that the points set.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The key and a value of an axis, for each value of each axis of a grid; none of a list.
    #[must_use]
    pub fn axis_settings(&self) -> Vec<Setting> {
        match &self.rows {
            Rows::List(_) => Vec::new(),
            Rows::Grid(axes) => self
                .keys
                .iter()
                .zip(axes)
                .flat_map(|(key, values)| {
                    values.iter().map(|value| Setting { key: key.clone(), value: value.clone() })
                })
                .collect(),
        }
    }

    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Grid(axes) => axes.iter().map(Vec::len).product(),
            Rows::List(rows) => rows.len(),
        }
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The settings of a point; the last axis of a grid changes fastest.
    #[must_use]
    pub fn get(&self, index: usize) -> Vec<Setting> {
        let setting =
            |(key, value): (&String, &String)| Setting { key: key.clone(), value: value.clone() };
        match &self.rows {
            Rows::List(rows) => self.keys.iter().zip(&rows[index]).map(setting).collect(),
            Rows::Grid(axes) => {
                let mut left = index;
                let mut settings: Vec<Setting> = Vec::with_capacity(axes.len());
                for (key, values) in self.keys.iter().zip(axes).rev() {
                    settings.push(setting((key, &values[left % values.len()])));
                    left /= values.len();
                }
                settings.reverse();
                settings
            }
        }
    }
}

fn reject_twice(keys: &[String]) -> Result<(), PointError> {
    let mut seen = std::collections::HashSet::new();
    match keys.iter().find(|key| !seen.insert(key.to_lowercase())) {
        Some(key) => Err(PointError::Twice(key.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_grid_has_every_combination_once_last_axis_fastest() {
        let points = Points::grid(&["a/x=1;2", "b/y=1,1; 2,2 ;3,3"]).unwrap();
        let all: Vec<String> = (0..points.len())
            .map(|i| points.get(i).into_iter().map(|s| s.value).collect::<Vec<_>>().join("|"))
            .collect();
        assert_eq!(all, ["1|1,1", "1|2,2", "1|3,3", "2|1,1", "2|2,2", "2|3,3"]);
    }

    #[test]
    fn no_axis_is_one_point_without_settings() {
        let points = Points::grid::<&str>(&[]).unwrap();
        assert_eq!((points.len(), points.get(0).len()), (1, 0));
    }

    #[rstest]
    #[case::no_equals(&["a/x"], PointError::NoAxis("a/x".into()))]
    #[case::no_values(&["a/x= ; "], PointError::NoValues("a/x".into()))]
    #[case::twice(&["a/x=1", "A/X=2"], PointError::Twice("A/X".into()))]
    fn bad_axes(#[case] axes: &[&str], #[case] error: PointError) {
        assert_eq!(Points::grid(axes), Err(error));
    }

    #[test]
    fn rows_of_a_list_must_have_the_length_of_its_head() {
        let rows = vec![vec!["1".to_owned()], vec![]];
        let error = PointError::RowLength { row: 2, got: 0, expected: 1 };
        assert_eq!(Points::list(vec!["a/x".to_owned()], rows), Err(error));
    }
}
