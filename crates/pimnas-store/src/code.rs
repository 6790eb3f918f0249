//! Values of columns.

use pimnas_search::search::{Lineage, Outcome, TrialId};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

/// Choices as text: their positions with commas between, `-` for inactive decisions.
pub(crate) fn choices(choices: &[Option<u16>]) -> String {
    let mut text = String::with_capacity(choices.len() * 2);
    for (index, choice) in choices.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match choice {
            Some(choice) => text += &choice.to_string(),
            None => text.push('-'),
        }
    }
    text
}

/// Choices from text; `None` for what [`choices`] does not give.
pub(crate) fn read_choices(text: &str) -> Option<Vec<Option<u16>>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let one = |part: &str| if part == "-" { Some(None) } else { part.parse().ok().map(Some) };
    text.split(',').map(one).collect()
}

/// A figure: a number, nothing, or a word for what SQLite takes for nothing.
pub(crate) fn figure(figure: Option<f64>) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match figure {
        None => Value::Null,
        Some(value) if value.is_nan() => Value::Text("nan".to_owned()),
        Some(value) => Value::Real(value),
    })
}

/// A figure from its column; `Err` for anything else.
pub(crate) fn read_figure(value: ValueRef<'_>) -> Result<Option<f64>, ()> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Real(value) => Ok(Some(value)),
        ValueRef::Text(b"nan") => Ok(Some(f64::NAN)),
        ValueRef::Integer(_) | ValueRef::Text(_) | ValueRef::Blob(_) => Err(()),
    }
}

/// A lineage as a word and up to two parents.
pub(crate) fn lineage(lineage: &Lineage) -> (&'static str, Option<u64>, Option<u64>) {
    match lineage {
        Lineage::Drawn => ("drawn", None, None),
        Lineage::Given => ("given", None, None),
        Lineage::Mutated(parent) => ("mutated", Some(parent.0), None),
        Lineage::Crossed(one, other) => ("crossed", Some(one.0), Some(other.0)),
        Lineage::Model => ("model", None, None),
    }
}

/// A lineage from its columns.
pub(crate) fn read_lineage(word: &str, one: Option<u64>, other: Option<u64>) -> Option<Lineage> {
    match (word, one, other) {
        ("drawn", None, None) => Some(Lineage::Drawn),
        ("given", None, None) => Some(Lineage::Given),
        ("mutated", Some(parent), None) => Some(Lineage::Mutated(TrialId(parent))),
        ("crossed", Some(one), Some(other)) => Some(Lineage::Crossed(TrialId(one), TrialId(other))),
        ("model", None, None) => Some(Lineage::Model),
        _ => None,
    }
}

/// An outcome as a word.
pub(crate) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Infeasible => "infeasible",
        Outcome::Dominated => "dominated",
        Outcome::Predicted => "predicted",
        Outcome::Outclassed => "outclassed",
        Outcome::Rejected(_) => "rejected",
    }
}

/// Between the reasons of a rejection; no message has it.
pub(crate) const BETWEEN: char = '\u{1f}';

/// The reason as a column: those of a rejection so that they can be told apart.
pub(crate) fn reason(outcome: &Outcome, said: Option<String>) -> Option<String> {
    match outcome {
        Outcome::Rejected(reasons) => Some(reasons.join(&BETWEEN.to_string())),
        Outcome::Complete
        | Outcome::Infeasible
        | Outcome::Dominated
        | Outcome::Predicted
        | Outcome::Outclassed => said,
    }
}

/// An outcome from its columns.
pub(crate) fn read_outcome(word: &str, reason: Option<&str>) -> Option<Outcome> {
    Some(match word {
        "complete" => Outcome::Complete,
        "infeasible" => Outcome::Infeasible,
        "dominated" => Outcome::Dominated,
        "predicted" => Outcome::Predicted,
        "outclassed" => Outcome::Outclassed,
        "rejected" => {
            let reasons = reason.unwrap_or_default().split(BETWEEN);
            Outcome::Rejected(reasons.map(str::to_owned).collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_back_what_was_put_in() {
        for one in [vec![], vec![Some(3), None, Some(65_535)], vec![None]] {
            assert_eq!(read_choices(&choices(&one)), Some(one));
        }
        assert_eq!(read_choices("1,x"), None);
        for one in [
            Lineage::Drawn,
            Lineage::Given,
            Lineage::Model,
            Lineage::Mutated(TrialId(4)),
            Lineage::Crossed(TrialId(1), TrialId(2)),
        ] {
            let (word, a, b) = lineage(&one);
            assert_eq!(read_lineage(word, a, b), Some(one));
        }
        let rejected = Outcome::Rejected(vec!["a; b".to_owned(), "c".to_owned()]);
        for one in [Outcome::Complete, Outcome::Infeasible, Outcome::Outclassed, rejected] {
            let said = reason(&one, Some("because".to_owned()));
            assert_eq!(read_outcome(outcome(&one), said.as_deref()), Some(one));
        }
    }
}
