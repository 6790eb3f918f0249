//! Accuracies of a front on test images, which are measured after the search and kept beside it.

use std::collections::BTreeMap;
use std::fs;

use pimnas_search::search::TrialId;
use serde_json::{Map, Value as Json, json};

use crate::place::Place;

/// Accuracies on crossbars and test images, in percent, of the front's members.
#[derive(Clone, Debug, PartialEq)]
pub struct TestAccuracies {
    /// How many images.
    pub images: u64,
    /// The accuracies.
    pub percent: BTreeMap<TrialId, f64>,
}

impl TestAccuracies {
    /// File, in a run's folder, that has them.
    pub const FILE: &str = "test.json";
    /// What they are called.
    pub const NAME: &str = "test_crossbar_accuracy";

    /// Those of a run; none where nothing was measured or the file is no such file.
    #[must_use]
    pub fn read(place: &Place) -> Option<Self> {
        let text = fs::read_to_string(place.folder().join(Self::FILE)).ok()?;
        let read: Json = serde_json::from_str(&text).ok()?;
        let percent = read.get(Self::NAME)?.as_object()?.iter();
        let one =
            |(id, value): (&String, &Json)| Some((TrialId(id.parse().ok()?), value.as_f64()?));
        Some(Self {
            images: read.get("images")?.as_u64()?,
            percent: percent.filter_map(one).collect(),
        })
    }

    /// That of a trial.
    #[must_use]
    pub fn of(&self, id: TrialId) -> Option<f64> {
        self.percent.get(&id).copied()
    }

    /// As text for the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let percent: Map<String, Json> =
            self.percent.iter().map(|(id, value)| (id.0.to_string(), json!(value))).collect();
        format!("{:#}\n", json!({ "images": self.images, Self::NAME: percent }))
    }
}
