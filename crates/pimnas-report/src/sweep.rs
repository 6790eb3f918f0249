//! Rows of a sweep as CSV and JSON lines.

use pimnas_explore::Row;
use pimnas_simulate::Metrics;
use serde_json::{Map, Value};

/// Head of the CSV of a sweep over these keys.
#[must_use]
pub fn csv_head(keys: &[String]) -> Vec<String> {
    let before = std::iter::once("network".to_owned());
    let after = ["latency_ms", "energy_mJ", "area_mm2", "power_W", "error"].map(str::to_owned);
    before.chain(keys.iter().cloned()).chain(after).collect()
}

/// A row of that CSV. A point without a result has empty figures and a reason.
#[must_use]
pub fn csv_row(row: &Row, network: &str) -> Vec<String> {
    let mut fields = vec![network.to_owned()];
    fields.extend(row.settings.iter().map(|setting| setting.value.clone()));
    match &row.result {
        Ok(metrics) => {
            fields.extend(figures(metrics).map(|(_, figure)| figure.to_string()));
            fields.push(String::new());
        }
        Err(reason) => {
            fields.extend(std::iter::repeat_n(String::new(), 4));
            fields.push(reason.clone());
        }
    }
    fields
}

/// A row as a JSON object: `network`, `settings`, and the figures or `error`.
#[must_use]
pub fn json_row(row: &Row, network: &str) -> Value {
    let settings = row.settings.iter().map(|s| (s.key.clone(), Value::from(s.value.clone())));
    let mut object = Map::new();
    object.insert("network".into(), network.into());
    object.insert("settings".into(), Value::Object(settings.collect()));
    match &row.result {
        Ok(metrics) => {
            for (key, figure) in figures(metrics) {
                object.insert(key.into(), figure.into());
            }
        }
        Err(reason) => {
            object.insert("error".into(), reason.clone().into());
        }
    }
    Value::Object(object)
}

fn figures(metrics: &Metrics) -> [(&'static str, f64); 4] {
    [
        ("latency_ms", metrics.latency_ms),
        ("energy_mJ", metrics.energy_mj),
        ("area_mm2", metrics.area_mm2),
        ("power_W", metrics.power_w),
    ]
}
