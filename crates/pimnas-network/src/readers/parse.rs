//! Bytes to a JSON value.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::error::Category;

use super::strict::Strict;
use crate::error::{NetworkError, NetworkErrorCode};

const NOT_A_NUMBER: &[u8] = b"NaN";
const INFINITY: &[u8] = b"Infinity";
const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Parses JSON; `NaN` outside strings, as the usual Python writer puts it, is null. A key that
/// is there twice in an object is an error.
pub(super) fn parse(json: &[u8]) -> Result<Value, NetworkError> {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err(syntax("the network's file is empty", "give the text of a JSON file"));
    }
    let json = without_nan(json)?;
    let parsed: Result<Strict, serde_json::Error> = serde_json::from_slice(&json);
    parsed.map(|Strict(value)| value).map_err(|error| refused(&error))
}

fn syntax(message: impl Into<String>, hint: &str) -> NetworkError {
    NetworkError::new(NetworkErrorCode::Syntax, message).with_hint(hint)
}

fn refused(error: &serde_json::Error) -> NetworkError {
    let why = error.to_string();
    match error.classify() {
        Category::Eof => {
            syntax(format!("the network's JSON is cut short: {why}"), "give the whole file")
        }
        Category::Data => syntax(format!("the network's JSON is ambiguous: {why}"), "keep one"),
        Category::Syntax if why.starts_with("number out of range") => syntax(
            format!("the network's JSON has a figure too large for any number: {why}"),
            "give a finite figure",
        ),
        Category::Syntax if why.starts_with("recursion limit") => syntax(
            format!("the network's JSON is nested too deeply: {why}"),
            "give an object with `input_shape` and `layers`",
        ),
        Category::Syntax | Category::Io => {
            syntax(format!("the network is not JSON: {why}"), "give the text of a JSON file")
        }
    }
}

/// The text with `null` for `NaN`; an error where it has an infinity.
fn without_nan(json: &[u8]) -> Result<Cow<'_, [u8]>, NetworkError> {
    let has = |word: &[u8]| json.windows(word.len()).any(|window| window == word);
    if !has(NOT_A_NUMBER) && !has(INFINITY) {
        return Ok(Cow::Borrowed(json));
    }
    let mut clean = Vec::with_capacity(json.len());
    let mut rest = json;
    let mut line = 1_usize;
    let (mut in_string, mut escaped) = (false, false);
    while let [byte, after @ ..] = rest {
        if !in_string && let Some(after) = rest.strip_prefix(NOT_A_NUMBER) {
            clean.extend_from_slice(b"null");
            rest = after;
            continue;
        }
        if !in_string && rest.starts_with(INFINITY) {
            let why = format!("the network's JSON has an infinite figure on line {line}");
            return Err(syntax(why, "give a finite figure"));
        }
        if escaped {
            escaped = false;
        } else {
            in_string ^= *byte == b'"';
            escaped = in_string && *byte == b'\\';
        }
        line = line.saturating_add(usize::from(*byte == b'\n'));
        clean.push(*byte);
        rest = after;
    }
    Ok(Cow::Owned(clean))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn nan_becomes_null_outside_strings_only() {
        let value = parse(br#"[NaN, "NaN", "\"NaN Infinity", {"a": NaN}]"#).unwrap();
        assert_eq!(value.to_string(), r#"[null,"NaN","\"NaN Infinity",{"a":null}]"#);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parse(b"\xEF\xBB\xBF[1]").unwrap().to_string(), "[1]");
    }

    #[test]
    fn values_are_those_of_the_usual_parser() {
        let json =
            r#"{"b": [1, -2, 1.5, 18446744073709551615, 1e-320], "a": {"x": null, "y": true}}"#;
        let usual: Value = serde_json::from_str(json).unwrap();
        let strict = parse(json.as_bytes()).unwrap();
        assert_eq!(strict, usual);
        assert_eq!(strict.to_string(), usual.to_string(), "the order of keys is kept");
    }

    #[rstest]
    #[case::empty(" \n", "empty")]
    #[case::cut_short("{\"a\": [1, ", "cut short")]
    #[case::twice("{\"x\": {\"a\": 1, \"b\": 2, \"a\": 1}}", "`a` is there twice")]
    #[case::too_large("[1e400]", "too large")]
    #[case::infinite("[\n-Infinity]", "infinite figure on line 2")]
    #[case::deep(&"[".repeat(100_000), "nested too deeply")]
    #[case::no_json("layers: 3", "not JSON")]
    fn bad_texts_say_why(#[case] json: &str, #[case] why: &str) {
        let error = parse(json.as_bytes()).unwrap_err();
        assert!(error.message.contains(why), "{}", error.message);
        assert!(error.hint.is_some());
    }
}
