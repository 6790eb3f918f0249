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
                span .name { (stage.name) @if !stage.note.is_empty() {
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
    let at = place(stage.percent);
    // The value stands on the side where there is room.
    let side = if at > 60.0 { "before" } else { "after" };
    let ends = stage.interval.map(|(low, high)| (place(low), place(high)));
    let edge = ends.map_or(at, |(low, high)| if at > 60.0 { low } else { high });
    let words = match stage.interval {
        Some((low, high)) => format!("{:.1} ({low:.1} to {high:.1})", stage.percent),
        None => format!("{:.1}", stage.percent),
    };
    html! {
        div .interval {
            @if let Some((low, high)) = ends {
                span .whisker style=(format!("left:{}%;width:{}%", px(low), px(high - low))) {}
            }
            span .dot style=(format!("left:{}%", px(at))) {}
            span class=(side) style=(format!("left:{}%", px(edge))) { (words) }
        }
    }
}
