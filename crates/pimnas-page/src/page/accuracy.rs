//! Accuracies with their intervals.

use maud::{Markup, html};

use super::svg::px;
use crate::figures::scale::Scale;
use crate::model::AccuracyStage;

pub(super) fn figure(stages: &[AccuracyStage]) -> Markup {
    let stages: Vec<&AccuracyStage> =
        stages.iter().filter(|stage| stage.percent.is_finite()).collect();
    if stages.is_empty() {
        return html! {};
    }
    let ends = stages.iter().flat_map(|stage| {
        let (low, high) = stage.interval.unwrap_or((stage.percent, stage.percent));
        [low, stage.percent, high]
    });
    let scale = Scale::around(ends);
    html! {
        h3 { "Accuracy" }
        div .gantt .accuracy {
            @for stage in &stages {
                span .name { b { (words(stage)) } br; (stage.name) @if !stage.note.is_empty() {
                    " " span .minor { (stage.note) }
                } }
                (row(&scale, stage))
            }
            span .name { "accuracy (%)" }
            div .ticks {
                @for (value, label) in scale.ticks(5) {
                    @if let Some(place) = scale.place(value) {
                        span style=(format!("left:{}%", px(place * 100.0))) { (label) }
                    }
                }
            }
        }
    }
}

fn row(scale: &Scale, stage: &AccuracyStage) -> Markup {
    let place = |value: f64| 100.0 * scale.place(value).unwrap_or(0.0);
    html! {
        div .interval {
            @if let Some((low, high)) = stage.interval {
                span .whisker style=(format!(
                    "left:{}%;width:{}%", px(place(low)), px(place(high) - place(low))
                )) {}
            }
            span .dot style=(format!("left:{}%", px(place(stage.percent)))) {}
        }
    }
}

/// The value and its interval.
fn words(stage: &AccuracyStage) -> String {
    match stage.interval {
        Some((low, high)) => format!("{:.1} ({low:.1} to {high:.1})", stage.percent),
        None => format!("{:.1}", stage.percent),
    }
}
