//! The cascade: how many each stage stopped, and what it cost.

use maud::{Markup, html};

use super::svg::px;
use super::{Page, section as framed};
use crate::figures::summary::{count, duration};
use crate::model::FunnelStage;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let stages = &page.run.funnel;
    let most = stages.iter().map(|stage| stage.entered).max().unwrap_or(0);
    if most == 0 {
        return html! {};
    }
    framed(
        "funnel",
        "The cascade",
        html! {
            div .wide { table .bars .funnel {
                thead { tr {
                    th { "stage" }
                    th { "candidates" }
                    th { "stopped" }
                    th .number { "time" }
                    th .number { "each" }
                } }
                tbody { @for stage in stages { (row(stage, most)) } }
            } }
            p .caption {
                span .key .bar-pass {} "let through "
                span .key .bar-stop {} "stopped. Times are summed over threads."
            }
        },
    )
}

fn row(stage: &FunnelStage, most: u64) -> Markup {
    let share = |number: u64| 1000.0 * number as f64 / most as f64;
    let each = stage.seconds.filter(|_| stage.entered > 0).map(|s| s / stage.entered as f64);
    html! {
        tr {
            th scope="row" { (stage.name) }
            td {
                (count(stage.entered)) " → " (count(stage.passed()))
                svg .bar .tall viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
                    rect .stop width=(px(share(stage.entered))) height="10" {}
                    rect .fill width=(px(share(stage.passed()))) height="10" {}
                }
            }
            td {
                @for (index, stopped) in stage.stopped.iter().enumerate() {
                    @if index > 0 { br; }
                    (count(stopped.count)) " " (stopped.why)
                }
                @if stage.stopped.is_empty() { "–" }
            }
            td .number { @match stage.seconds { Some(time) => (duration(time)), None => "–" } }
            td .number { @match each { Some(time) => (duration(time)), None => "–" } }
        }
    }
}
