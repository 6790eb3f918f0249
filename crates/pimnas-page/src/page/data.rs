//! What the script needs, as JSON in the page.

use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::Page;
use super::axes::Axis;
use crate::figures::scale::{Kind, Scale};

pub(super) fn element(page: &Page<'_>) -> Markup {
    let value = json!({
        "objectives": page.objectives,
        "all": page.run.trials.len(),
        "axes": page.axes.iter().map(axis).collect::<Vec<_>>(),
        "trials": page.drawn.iter().map(|trial| {
            let values = page.axes.iter().map(|axis| axis.value(trial).map(short));
            json!([
                trial.id,
                u8::from(page.is_front(trial)),
                u8::from(page.has_section(trial.id)),
                values.collect::<Vec<_>>(),
            ])
        }).collect::<Vec<_>>(),
    });
    // A script element ends at the first "</script"; no "<" is left in it.
    let text = value.to_string().replace('<', "\\u003c");
    html! { script id="data" type="application/json" { (PreEscaped(text)) } }
}

/// Six significant digits, which is more than a picture shows.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

fn axis(axis: &Axis) -> Value {
    let Scale { kind, low, high } = axis.scale();
    let logarithmic = match kind {
        Kind::Linear => false,
        Kind::Logarithmic => true,
    };
    match axis {
        Axis::Metric { metric, .. } => json!({
            "title": metric.label, "unit": metric.unit, "low": low, "high": high,
            "log": logarithmic,
        }),
        Axis::Decision { path, choices, .. } => json!({
            "title": path, "unit": "", "low": low, "high": high, "log": false,
            "choices": choices,
        }),
    }
}
