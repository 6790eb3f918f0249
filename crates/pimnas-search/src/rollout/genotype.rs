//! The written form of a rollout, and its hash.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value as Json, json};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_128;

use super::Rollout;
use crate::decisions::{Decisions, Value};
use pimnas_suggest as suggest;

/// Version of the written form.
const VERSION: u64 = 1;

/// The written form of a rollout: the space's name and the values of the active decisions.
///
/// Its JSON has the keys `genotype` (the version, 1), `space` and `decisions`, an object of the
/// active decisions' values by path, sorted by the paths' bytes; it is compact (no white space).
/// The same rollout gives the same bytes everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genotype {
    space: String,
    values: Vec<(String, Value)>,
}

/// XXH3 (128 bits, seed 0) of a genotype's compact JSON, as 32 hexadecimal digits, the most
/// significant first. Independent of platform and versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GenotypeHash(pub u128);

impl fmt::Display for GenotypeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// One problem of a genotype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenotypeProblem {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// Every problem of a genotype.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct GenotypeError {
    /// One or more.
    pub problems: Vec<GenotypeProblem>,
}

impl fmt::Display for GenotypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [single] = self.problems.as_slice() {
            return write!(f, "the genotype: {}", single.message);
        }
        write!(f, "{} problems in the genotype:", self.problems.len())?;
        for problem in &self.problems {
            write!(f, "\n- {}\n  hint: {}", problem.message, problem.hint)?;
        }
        Ok(())
    }
}

impl Genotype {
    /// The genotype of a rollout of those decisions.
    #[must_use]
    pub fn new(space: &str, decisions: &Decisions, rollout: &Rollout) -> Self {
        let mut values: Vec<(String, Value)> = decisions
            .list()
            .iter()
            .enumerate()
            .filter_map(|(index, decision)| {
                let value = decision.choices.get(rollout.choice(index)?)?;
                Some((decision.path.clone(), value.clone()))
            })
            .collect();
        values.sort();
        Self { space: space.to_owned(), values }
    }

    /// Name of the space.
    #[must_use]
    pub fn space(&self) -> &str {
        &self.space
    }

    /// Values of the active decisions, sorted by path.
    #[must_use]
    pub fn values(&self) -> &[(String, Value)] {
        &self.values
    }

    /// The written form as a JSON value, keys in their order.
    #[must_use]
    pub fn to_json_value(&self) -> Json {
        let value = |value: &Value| match value {
            Value::Inactive => Json::Null,
            Value::Int(number) => json!(number),
            Value::Word(word) => json!(word.as_ref()),
        };
        let decisions: Map<String, Json> =
            self.values.iter().map(|(path, chosen)| (path.clone(), value(chosen))).collect();
        json!({"genotype": VERSION, "space": self.space, "decisions": decisions})
    }

    /// The compact JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_json_value().to_string()
    }

    /// The hash of [`Self::to_json`].
    #[must_use]
    pub fn hash(&self) -> GenotypeHash {
        GenotypeHash(xxh3_128(self.to_json().as_bytes()))
    }

    /// The rollout of those decisions. Values of decisions that are not active in it are left
    /// out, so that any assignment gives its canonical rollout.
    ///
    /// # Errors
    /// Another space; paths and values that do not exist; active decisions without a value;
    /// requirements that are not met.
    pub fn rollout(&self, space: &str, decisions: &Decisions) -> Result<Rollout, GenotypeError> {
        let mut problems = Vec::new();
        let mut report = |message: String, hint: String| {
            problems.push(GenotypeProblem { message, hint });
        };
        if self.space != space {
            let message =
                format!("it is of the space {}, not {space}", suggest::shown(&self.space));
            report(message, format!("use the space {}", suggest::shown(&self.space)));
        }
        let mut choices = vec![None; decisions.list().len()];
        for (path, value) in &self.values {
            let Some(index) = decisions.position(path) else {
                let names: Vec<&str> = decisions.list().iter().map(|d| d.path.as_str()).collect();
                let hint = suggest::closest(path, names)
                    .map_or("remove it".to_owned(), |close| format!("did you mean `{close}`?"));
                report(format!("there is no decision `{}`", suggest::shown(path)), hint);
                continue;
            };
            let known = &decisions.list()[index].choices;
            choices[index] = known.iter().position(|choice| choice == value);
            if choices[index].is_none() {
                let allowed: Vec<String> = known.iter().map(Value::to_string).collect();
                let message = format!("{path} is {}", suggest::shown(&value.to_string()));
                report(message, format!("choose one of {}", allowed.join(", ")));
                // Said once; it does not count as missing, too.
                choices[index] = Some(0);
            }
        }
        let mut missing = Vec::new();
        let assignment = decisions.assign(|index| {
            choices[index].unwrap_or_else(|| {
                missing.push(index);
                0
            })
        });
        for index in missing {
            let message = format!("{} has no value", decisions.list()[index].path);
            report(message, "give every active decision a value".to_owned());
        }
        if problems.is_empty() {
            for requirement in decisions.unmet(&assignment) {
                let message =
                    format!("it violates `{}`: {}", requirement.that, requirement.because);
                problems.push(GenotypeProblem { message, hint: "choose other values".to_owned() });
            }
        }
        if problems.is_empty() { Ok(assignment.rollout) } else { Err(GenotypeError { problems }) }
    }
}

impl FromStr for Genotype {
    type Err = GenotypeError;

    /// Reads the JSON form; white space and the order of keys do not count.
    fn from_str(text: &str) -> Result<Self, GenotypeError> {
        let single = |message: String, hint: &str| GenotypeError {
            problems: vec![GenotypeProblem { message, hint: hint.to_owned() }],
        };
        let json: Json = serde_json::from_str(text)
            .map_err(|error| single(format!("not JSON: {error}"), "give what `sample` wrote"))?;
        if json.get("genotype").and_then(Json::as_u64) != Some(VERSION) {
            let hint = "the key `genotype` is 1 in this version";
            return Err(single("not a genotype of a known version".to_owned(), hint));
        }
        let space = json.get("space").and_then(Json::as_str);
        let decisions = json.get("decisions").and_then(Json::as_object);
        let (Some(space), Some(decisions)) = (space, decisions) else {
            let hint = "give `space`, a text, and `decisions`, an object";
            return Err(single("`space` or `decisions` is missing".to_owned(), hint));
        };
        let mut problems = Vec::new();
        let mut values = Vec::new();
        for (path, value) in decisions {
            match (value.as_i64(), value.as_str()) {
                (Some(number), _) => values.push((path.clone(), Value::Int(number))),
                (None, Some(word)) => values.push((path.clone(), Value::from(word))),
                (None, None) => problems.push(GenotypeProblem {
                    message: format!(
                        "{} is neither a whole number nor a word",
                        suggest::shown(path)
                    ),
                    hint: "give one of its choices".to_owned(),
                }),
            }
        }
        values.sort();
        let space = space.to_owned();
        if problems.is_empty() {
            Ok(Self { space, values })
        } else {
            Err(GenotypeError { problems })
        }
    }
}
