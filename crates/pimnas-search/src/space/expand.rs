//! Repetition and substitution: `for`, and `{variable}` in texts.

use toml_edit::{Item, TableLike, Value as Toml};

use super::fields::{Fields, Written};
use crate::problem::{Place, Problem, Problems};
use pimnas_suggest as suggest;

/// Most repetitions of an entry, and most values of a variable.
const MOST: usize = 10_000;

/// What variables stand for; later ones hide earlier ones of the same name.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings(Vec<(String, String)>);

impl Bindings {
    pub(super) fn with(&self, name: &str, text: &str) -> Self {
        let mut more = self.clone();
        more.0.push((name.to_owned(), text.to_owned()));
        more
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The text with every `{name}`, `{name+1}` and `{name-1}` replaced.
    pub(super) fn fill(&self, written: &Written, problems: &mut Problems) -> Option<Written> {
        match self.filled(&written.text) {
            Ok(text) => Some(Written { text, place: written.place.clone() }),
            Err((message, hint)) => {
                problems.push(Problem::new(message, written.place.as_ref()).with_hint(hint));
                None
            }
        }
    }

    fn filled(&self, text: &str) -> Result<String, (String, String)> {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            result.push_str(before);
            let Some((inner, after)) = behind.split_once('}') else {
                let message = format!("`{}` has a `{{` without `}}`", suggest::shown(text));
                return Err((message, "close the bracket".to_owned()));
            };
            result.push_str(&self.value(inner.trim())?);
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn value(&self, inner: &str) -> Result<String, (String, String)> {
        if let Some(text) = self.get(inner) {
            return Ok(text.to_owned());
        }
        let sign = inner.rfind(['+', '-']);
        let parts = sign.map(|at| inner.split_at(at)).and_then(|(name, offset)| {
            let number: i64 = self.get(name.trim())?.parse().ok()?;
            number.checked_add(offset.replace(' ', "").parse().ok()?)
        });
        parts.map(|number| number.to_string()).ok_or_else(|| {
            let known: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("there is no variable `{{{}}}` here", suggest::shown(inner));
            let hint = if known.is_empty() {
                "declare it: `for = { s = \"0..3\" }`".to_owned()
            } else {
                suggest::hint(inner, known)
            };
            (message, hint)
        })
    }
}

/// A variable of a `for` and what it runs over: for each value, what it and its fields are.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    values: Vec<Vec<(String, String)>>,
    place: Place,
}

/// The `for` of an entry.
pub(super) fn loops(fields: &mut Fields<'_, '_>) -> Vec<Loop> {
    let Some((item, place)) = fields.item("for") else { return Vec::new() };
    let Some(table) = item.as_table_like() else {
        fields.report("`for` is not a table", &place, "write `for = { s = \"0..3\" }`");
        return Vec::new();
    };
    let mut found = Vec::new();
    for (variable, item) in table.iter() {
        match values(variable, item) {
            Some(values) => {
                found.push(Loop { values, place: place.clone() });
            }
            None => fields.report(
                &format!("`for` cannot run {} over that", suggest::shown(variable)),
                &place,
                "give a range \"0..3\" (without 3), a list of numbers or words, or a list of \
                 tables of them",
            ),
        }
    }
    found
}

fn values(variable: &str, item: &Item) -> Option<Vec<Vec<(String, String)>>> {
    let single = |text: String| vec![(variable.to_owned(), text)];
    if let Some(range) = item.as_str() {
        let (start, end) = range.split_once("..")?;
        let (start, end): (i64, i64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
        let count = usize::try_from(end.checked_sub(start)?).ok()?;
        return (count <= MOST).then(|| (start..end).map(|n| single(n.to_string())).collect());
    }
    let values: Option<Vec<_>> = item
        .as_array()?
        .iter()
        .map(|value| match value {
            Toml::InlineTable(table) => table
                .iter()
                .map(|(key, value)| Some((format!("{variable}.{key}"), scalar(value)?)))
                .collect(),
            Toml::String(_) | Toml::Integer(_) => Some(single(scalar(value)?)),
            Toml::Float(_) | Toml::Boolean(_) | Toml::Datetime(_) | Toml::Array(_) => None,
        })
        .collect();
    values.filter(|values| values.len() <= MOST)
}

fn scalar(value: &Toml) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_integer().map(|n| n.to_string()))
}

/// Every combination of the variables, the last changing fastest.
pub(super) fn combinations(
    loops: &[Loop],
    outer: &Bindings,
    problems: &mut Problems,
) -> Vec<Bindings> {
    let mut all = vec![outer.clone()];
    for one in loops {
        if all.len().saturating_mul(one.values.len()) > MOST {
            let message = format!("`for` repeats this more than {MOST} times");
            problems.push(Problem::new(message, Some(&one.place)).with_hint("use shorter ranges"));
            return Vec::new();
        }
        all = all
            .iter()
            .flat_map(|bindings| {
                one.values.iter().map(|fields| {
                    let mut more = bindings.clone();
                    // A plain value hides its own outer meaning.
                    more.0.extend(fields.iter().cloned());
                    more
                })
            })
            .collect();
    }
    all
}

/// A table of texts and numbers, as `with` has them.
pub(super) fn pairs(fields: &mut Fields<'_, '_>, key: &'static str) -> Vec<(String, Written)> {
    let Some((item, place)) = fields.item(key) else { return Vec::new() };
    let read = |table: &dyn TableLike| {
        table
            .iter()
            .map(|(name, item)| {
                let text = item.as_value().and_then(scalar)?;
                Some((name.to_owned(), Written { text, place: Some(place.clone()) }))
            })
            .collect::<Option<Vec<_>>>()
    };
    item.as_table_like().and_then(read).unwrap_or_else(|| {
        let message = format!("`{key}` is not a table of texts and numbers");
        fields.report(&message, &place, "write `with = { from = \"stem\" }`");
        Vec::new()
    })
}
