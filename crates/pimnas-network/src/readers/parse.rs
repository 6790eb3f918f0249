//! Bytes to a JSON value.

use std::borrow::Cow;

use serde_json::Value;

use crate::error::{NetworkError, NetworkErrorCode};

const NOT_A_NUMBER: &[u8] = b"NaN";
const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Parses JSON; `NaN` outside strings, as the usual Python writer puts it, is null.
pub(super) fn parse(json: &[u8]) -> Result<Value, NetworkError> {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let json = without_nan(json);
    serde_json::from_slice(&json).map_err(|error| {
        NetworkError::new(NetworkErrorCode::Syntax, format!("the network is not JSON: {error}"))
            .with_hint("give the text of a JSON file")
    })
}

fn without_nan(json: &[u8]) -> Cow<'_, [u8]> {
    if !json.windows(NOT_A_NUMBER.len()).any(|window| window == NOT_A_NUMBER) {
        return Cow::Borrowed(json);
    }
    let mut clean = Vec::with_capacity(json.len());
    let mut rest = json;
    let (mut in_string, mut escaped) = (false, false);
    while let [byte, after @ ..] = rest {
        if !in_string && let Some(after) = rest.strip_prefix(NOT_A_NUMBER) {
            clean.extend_from_slice(b"null");
            rest = after;
            continue;
        }
        if escaped {
            escaped = false;
        } else {
            in_string ^= *byte == b'"';
            escaped = in_string && *byte == b'\\';
        }
        clean.push(*byte);
        rest = after;
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_becomes_null_outside_strings_only() {
        let value = parse(br#"[NaN, "NaN", "\"NaN", {"a": NaN}]"#).unwrap();
        assert_eq!(value.to_string(), r#"[null,"NaN","\"NaN",{"a":null}]"#);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parse(b"\xEF\xBB\xBF[1]").unwrap().to_string(), "[1]");
    }
}
