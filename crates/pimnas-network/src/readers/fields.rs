//! Reading the keys of one JSON object, with every problem collected.

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::error::{NetworkError, NetworkErrorCode};
use crate::validate::{BITS_HINT, bits_problem};
use pimnas_suggest as suggest;

/// Unknown keys of one object that are reported; whoever has more has a file of another kind.
const MOST_UNKNOWN: usize = 20;

/// Problems found so far.
pub(super) type Problems = Vec<NetworkError>;

/// Which object a message speaks of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// The network.
    Network,
    /// A part of the network, by its key.
    Part(&'static str),
    /// A layer of that type, if it has one.
    Layer(usize, Option<&'a str>),
}

impl Place<'_> {
    /// A problem there.
    pub(super) fn error(self, code: NetworkErrorCode, why: &str) -> NetworkError {
        match self {
            Self::Network => NetworkError::new(code, format!("the network: {why}")),
            Self::Part(key) => NetworkError::new(code, format!("the network's {key}: {why}")),
            Self::Layer(index, None) => {
                NetworkError::new(code, format!("layer {index}: {why}")).in_layer(index)
            }
            Self::Layer(index, Some(kind)) => {
                let kind = suggest::shown(kind);
                NetworkError::new(code, format!("layer {index} ({kind}): {why}")).in_layer(index)
            }
        }
    }
}

/// The keys of an object: those asked for are known, the others are reported by
/// [`Fields::finish`].
///
/// Every reading method reports what is wrong and then returns `None`.
pub(super) struct Fields<'a, 'p> {
    object: &'a Map<String, Value>,
    place: Place<'a>,
    known: Vec<&'static str>,
    problems: &'p mut Problems,
}

impl<'a, 'p> Fields<'a, 'p> {
    pub(super) fn new(
        object: &'a Map<String, Value>,
        place: Place<'a>,
        problems: &'p mut Problems,
    ) -> Self {
        Self { object, place, known: Vec::with_capacity(object.len()), problems }
    }

    pub(super) fn report(&mut self, code: NetworkErrorCode, why: &str, hint: &str) {
        self.problems.push(self.place.error(code, why).with_hint(hint));
    }

    /// A key's value that is wrong: "stride is "a", not …".
    pub(super) fn bad(&mut self, key: impl Display, value: &Value, wanted: &str) {
        let shown = match value {
            // The file may have either.
            Value::Null => "null or NaN".to_owned(),
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => suggest::shown(&value.to_string()),
        };
        let why = format!("{key} is {shown}, not {wanted}");
        self.report(NetworkErrorCode::BadValue, &why, &format!("give {wanted}"));
    }

    /// The value of a key that may be missing.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.object.get(key)
    }

    /// The value of a key.
    pub(super) fn required(&mut self, key: &'static str) -> Option<&'a Value> {
        let value = self.optional(key);
        if value.is_none() {
            let why = format!("the key {key} is missing");
            self.report(NetworkErrorCode::MissingKey, &why, &format!("add `{key}`"));
        }
        value
    }

    /// A size: an integer, 0 or more.
    pub(super) fn size(&mut self, key: &'static str) -> Option<usize> {
        let value = self.required(key)?;
        self.as_size(key, value)
    }

    /// A size, or `default` where the key is missing.
    pub(super) fn size_or(&mut self, key: &'static str, default: usize) -> Option<usize> {
        match self.optional(key) {
            Some(value) => self.as_size(key, value),
            None => Some(default),
        }
    }

    pub(super) fn as_size(&mut self, key: &str, value: &Value) -> Option<usize> {
        let size = integer(value).and_then(|size| usize::try_from(size).ok());
        if size.is_none() {
            self.bad(key, value, "an integer of 0 or more");
        }
        size
    }

    /// Sizes in a list.
    pub(super) fn as_sizes(&mut self, key: impl Display, value: &Value) -> Option<Vec<usize>> {
        let sizes = value.as_array().and_then(|list| {
            list.iter().map(|size| usize::try_from(integer(size)?).ok()).collect()
        });
        if sizes.is_none() {
            self.bad(key, value, "a list of integers of 0 or more");
        }
        sizes
    }

    /// Height and width, as a list of two or one number for both.
    pub(super) fn sides(&mut self, key: &'static str) -> Option<(usize, usize)> {
        let value = self.required(key)?;
        let side = |value: &Value| usize::try_from(integer(value)?).ok();
        let sides = match value.as_array().map(Vec::as_slice) {
            Some([height, width]) => side(height).zip(side(width)),
            Some(_) => None,
            None => side(value).map(|side| (side, side)),
        };
        if sides.is_none() {
            self.bad(key, value, "a number or a list of height and width");
        }
        sides
    }

    /// An integer.
    pub(super) fn integer(&mut self, key: &'static str) -> Option<i64> {
        let value = self.required(key)?;
        let number = integer(value);
        if number.is_none() {
            self.bad(key, value, "an integer");
        }
        number
    }

    /// Integers in a list.
    pub(super) fn as_integers(&mut self, key: &str, value: &Value) -> Option<Vec<i64>> {
        let numbers =
            value.as_array().and_then(|list| list.iter().map(integer).collect::<Option<Vec<_>>>());
        if numbers.is_none() {
            self.bad(key, value, "a list of integers");
        }
        numbers
    }

    /// Bits, sign included, of a key that is there.
    pub(super) fn as_bits(&mut self, key: impl Display, value: &Value) -> Option<u32> {
        let Some(bits) = integer(value).and_then(|bits| u32::try_from(bits).ok()) else {
            self.bad(&key, value, "a number of bits");
            return None;
        };
        if let Some(why) = bits_problem(&key, bits) {
            self.report(NetworkErrorCode::Precision, &why, BITS_HINT);
            return None;
        }
        Some(bits)
    }

    /// A number.
    pub(super) fn as_number(&mut self, key: impl Display, value: &Value) -> Option<f64> {
        let number = value.as_f64();
        if number.is_none() {
            self.bad(key, value, "a number");
        }
        number
    }

    /// A text that may be missing; `Some(None)` where it is.
    pub(super) fn optional_text(&mut self, key: &'static str) -> Option<Option<&'a str>> {
        let Some(value) = self.optional(key) else {
            return Some(None);
        };
        if value.is_null() {
            return Some(None);
        }
        let text = value.as_str();
        if text.is_none() {
            self.bad(key, value, "a text");
        }
        text.map(Some)
    }

    /// Reports the keys that nothing asked for.
    pub(super) fn finish(self) {
        let unknown = self.object.keys().filter(|key| !self.known.contains(&key.as_str()));
        for key in unknown.take(MOST_UNKNOWN) {
            let why = format!("unknown key {}", suggest::shown(key));
            let hint = suggest::hint(key, self.known.iter().copied());
            self.problems
                .push(self.place.error(NetworkErrorCode::UnknownKey, &why).with_hint(hint));
        }
    }
}

/// An integer, also one written as 3.0.
pub(super) fn integer(value: &Value) -> Option<i64> {
    /// From here on a float does not hold every integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
    })
}
