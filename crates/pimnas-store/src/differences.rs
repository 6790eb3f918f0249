//! What differs between two configurations.

use std::fmt;

use serde_json::Value as Json;

/// A key with other values.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The key, with dots between its levels.
    pub key: String,
    /// Its value before; `None` where it was not there.
    pub before: Option<Json>,
    /// Its value now; `None` where it is gone.
    pub now: Option<Json>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Json>| match value {
            None | Some(Json::Null) => "nothing".to_owned(),
            Some(value) => pimnas_suggest::shown(&value.to_string()),
        };
        write!(f, "{} was {} and is {}", self.key, shown(&self.before), shown(&self.now))
    }
}

/// All keys in which two configurations differ, in the order of the first, then of the second.
#[must_use]
pub fn differences(before: &Json, now: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("", (Some(before), Some(now)), &mut found);
    found
}

fn walk(key: &str, (before, now): (Option<&Json>, Option<&Json>), found: &mut Vec<Difference>) {
    let empty = serde_json::Map::new();
    let objects = match (before, now) {
        (Some(Json::Object(before)), Some(Json::Object(now))) => Some((before, now)),
        (Some(Json::Object(before)), None | Some(Json::Null)) => Some((before, &empty)),
        (None | Some(Json::Null), Some(Json::Object(now))) => Some((&empty, now)),
        _ => None,
    };
    let Some((one, other)) = objects else {
        let null = |value: Option<&Json>| value.cloned().filter(|value| !value.is_null());
        let (before, now) = (null(before), null(now));
        if before != now {
            found.push(Difference { key: key.to_owned(), before, now });
        }
        return;
    };
    let inner = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    for (name, value) in one {
        walk(&inner(name), (Some(value), other.get(name)), found);
    }
    for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
        walk(&inner(name), (None, Some(value)), found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_changed_key_is_named() {
        let before = json!({"seed": 1, "budget": {"evaluations": 5, "time": null}, "gone": "x"});
        let now = json!({"seed": 1, "budget": {"evaluations": 6, "time": 7.0}, "new": [1]});
        let said: Vec<String> =
            differences(&before, &now).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "budget.evaluations was 5 and is 6",
                "budget.time was nothing and is 7.0",
                "gone was \"x\" and is nothing",
                "new was nothing and is [1]"
            ]
        );
        assert_eq!(differences(&now, &now), []);
    }
}
