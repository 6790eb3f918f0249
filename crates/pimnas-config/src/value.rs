//! The text of one value, read as its key wants it.

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::registry::{Key, Sentinel, Unset, ValueKind};
use pimnas_suggest::{closest, shown};

/// Most figures of a list.
const MAX_FIGURES: usize = 65_536;

/// A problem; boxed, because results of single figures pass through many hands.
type Problem = Box<Diagnostic>;

/// A value as its key reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// 0, -1 or 0,0, where that stands for "not given".
    Unset,
    /// One figure or more, as many as the key wants, each in its range.
    Figures(Vec<f64>),
    /// One of the key's words, as the registry writes it.
    Word(&'static str),
}

/// Reads a value.
pub(crate) fn interpret(key: &Key, text: &str) -> Result<Value, Problem> {
    match key.kind {
        ValueKind::Word(words) => word(key, text, words),
        ValueKind::Choice(choices) => {
            let number = single(key, text)?;
            let known = choices.iter().any(|&(choice, _)| choice as f64 == number);
            if known { Ok(Value::Figures(vec![number])) } else { Err(out_of_range(key, text)) }
        }
        ValueKind::Integer | ValueKind::Number => {
            let number = single(key, text)?;
            if key.unset.is(number) {
                return Ok(Value::Unset);
            }
            in_range(key, text, vec![number])
        }
        ValueKind::IntegerPair | ValueKind::NumberPair => pair(key, text),
        ValueKind::NumberList => in_range(key, text, figures(key, text)?),
    }
}

fn word(key: &Key, text: &str, words: &'static [&'static str]) -> Result<Value, Problem> {
    match words.iter().find(|word| word.eq_ignore_ascii_case(text.trim())) {
        Some(word) => Ok(Value::Word(word)),
        None => {
            let message = format!("`{}` is `{}`, which does not exist", key.name, shown(text));
            let hint = match closest(text.trim(), words.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("choose one of {}", words.join(", ")),
            };
            Err(refused(key, DiagnosticCode::WrongType, (message, hint)))
        }
    }
}

fn single(key: &Key, text: &str) -> Result<f64, Problem> {
    match figures(key, text)?.as_slice() {
        [figure] => Ok(*figure),
        several => Err(wrong_count(key, "one figure", several.len())),
    }
}

fn pair(key: &Key, text: &str) -> Result<Value, Problem> {
    let figures = figures(key, text)?;
    let &[first, second] = figures.as_slice() else {
        return Err(wrong_count(key, "two figures", figures.len()));
    };
    match (key.unset.is(first), key.unset.is(second)) {
        (true, true) => Ok(Value::Unset),
        (true, false) | (false, true) if either_zero(key) => Ok(Value::Unset),
        (false, false) => in_range(key, text, figures),
        (true, false) | (false, true) => {
            let message = format!("`{}` is {}: only one of the two is 0", key.name, shown(text));
            Err(refused(
                key,
                DiagnosticCode::OutOfRange,
                (message, "write 0,0 for the default, or give both figures"),
            ))
        }
    }
}

fn either_zero(key: &Key) -> bool {
    match key.unset {
        Unset::Constant(sentinel, _) | Unset::Modelled(sentinel, _) => {
            sentinel == Sentinel::EitherZero
        }
        Unset::Never => false,
    }
}

fn in_range(key: &Key, text: &str, figures: Vec<f64>) -> Result<Value, Problem> {
    if figures.iter().all(|&figure| key.bounds.contains(figure)) {
        Ok(Value::Figures(figures))
    } else {
        Err(out_of_range(key, text))
    }
}

/// The figures between the commas.
fn figures(key: &Key, text: &str) -> Result<Vec<f64>, Problem> {
    if text.trim().is_empty() {
        let message = format!("`{}` has no value", key.name);
        return Err(refused(
            key,
            DiagnosticCode::WrongType,
            (message, format!("write `{} = {}`", key.name, example(key))),
        ));
    }
    if text.matches(',').count() >= MAX_FIGURES {
        let message = format!("`{}` has more than {MAX_FIGURES} figures", key.name);
        return Err(refused(
            key,
            DiagnosticCode::WrongCount,
            (message, "check that the file is the right one"),
        ));
    }
    text.split(',').map(|part| figure(key, part.trim())).collect()
}

fn figure(key: &Key, part: &str) -> Result<f64, Problem> {
    let plain = without_underscores(part);
    let integral = match key.kind {
        ValueKind::Integer | ValueKind::IntegerPair | ValueKind::Choice(_) => true,
        ValueKind::Number | ValueKind::NumberPair | ValueKind::NumberList | ValueKind::Word(_) => {
            false
        }
    };
    let parsed = plain.parse::<f64>().ok().filter(|_| !plain.is_empty());
    let not_finite = |what: &str| {
        let message = format!("`{}` has `{}`, {what}", key.name, shown(part));
        refused(
            key,
            DiagnosticCode::OutOfRange,
            (message, format!("give a finite figure, such as `{} = {}`", key.name, example(key))),
        )
    };
    match parsed {
        Some(number) if number.is_nan() => Err(not_finite("which is not a number")),
        Some(number) if number.is_infinite() && plain.contains(|c: char| c.is_ascii_digit()) => {
            Err(not_finite("which is too large for any number"))
        }
        Some(number) if number.is_infinite() => Err(not_finite("which is infinite")),
        Some(number) if !integral || is_whole(&plain) => Ok(number),
        Some(_) => {
            let message = format!("`{}` has `{}`, not a whole number", key.name, shown(part));
            Err(refused(
                key,
                DiagnosticCode::WrongType,
                (message, "write it without point and exponent"),
            ))
        }
        None => {
            let message = format!("`{}` has `{}`, not a number", key.name, shown(part));
            Err(refused(key, DiagnosticCode::WrongType, (message, advice(key, part))))
        }
    }
}

/// Why a text is not a number, where that can be told.
fn advice(key: &Key, part: &str) -> String {
    if part.contains(['#', ';']) {
        return "a comment needs a line of its own".to_owned();
    }
    if part.is_empty() {
        return "remove the surplus comma".to_owned();
    }
    let unitless = part.trim_end_matches(|c: char| c.is_alphabetic() || "%²Ω".contains(c)).trim();
    if !unitless.is_empty() && unitless.parse::<f64>().is_ok() {
        return match key.unit {
            "" => format!("write `{unitless}` alone"),
            unit => format!("write the figure alone; its unit is {unit}"),
        };
    }
    format!("write for example `{} = {}`", key.name, example(key))
}

fn example(key: &Key) -> &'static str {
    if key.default.is_empty() { "1" } else { key.default }
}

/// Digits only, as Python's `int` takes them.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Without the underscores between digits, which Python's numbers may have.
fn without_underscores(text: &str) -> Cow<'_, str> {
    if !text.contains('_') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let digit = |i: Option<usize>| i.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_digit);
    let between = |i: usize| digit(i.checked_sub(1)) && digit(i.checked_add(1));
    text.char_indices().filter(|&(i, c)| c != '_' || !between(i)).map(|(_, c)| c).collect()
}

fn wrong_count(key: &Key, wanted: &str, found: usize) -> Problem {
    let message = format!("`{}` needs {wanted}, not {found}", key.name);
    refused(
        key,
        DiagnosticCode::WrongCount,
        (message, format!("write for example `{} = {}`", key.name, example(key))),
    )
}

fn out_of_range(key: &Key, text: &str) -> Problem {
    let message = format!("`{}` is {}, which is not allowed", key.name, shown(text));
    refused(
        key,
        DiagnosticCode::OutOfRange,
        (message, format!("write for example `{} = {}`", key.name, example(key))),
    )
}

fn refused(
    key: &Key,
    code: DiagnosticCode,
    (message, hint): (String, impl Into<String>),
) -> Problem {
    let mut diagnostic =
        Diagnostic::error(code, message).about(key.section, key.name).with_hint(hint);
    diagnostic.allowed = Some(key.allowed());
    diagnostic.into()
}
