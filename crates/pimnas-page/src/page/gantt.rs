//! The layers' timeline.

use maud::{Markup, html};
use pimnas_report::figure::time;

use super::svg::{colour, px};
use crate::figures::scale::Scale;
use crate::member::{LayerFigures, MemberDetail};

pub(super) fn figure(detail: &MemberDetail) -> Markup {
    let end = detail.layers.iter().map(|layer| layer.finish_ns).fold(0.0, f64::max);
    let scale = Scale { high: end.max(f64::MIN_POSITIVE), ..Scale::from_zero([1.0]) };
    let (unit, factor) = unit(end);
    let in_units = Scale { high: scale.high / factor, ..scale };
    html! {
        div .gantt {
            @for (index, layer) in detail.layers.iter().enumerate() {
                span .name { span class=(format!("swatch {}", colour(index))) {} (index) " "
                    (super::breakable(&layer.name)) }
                (row(&scale, (layer, index)))
            }
            span .name { "time (" (unit) ")" }
            div .ticks {
                @for (value, label) in in_units.ticks(5) {
                    @if let Some(place) = in_units.place(value) {
                        span style=(format!("left:{}%", px(place * 100.0))) { (label) }
                    }
                }
            }
        }
        p .caption {
            "From a layer's first to its last output position; the full colour is the share of \
             that time in which it works, the line the end of its first position. The last ends \
             after " (time(end)) "."
            @if (end - detail.totals.latency_ns).abs() > 1e-6 * end {
                " The latency of " (time(detail.totals.latency_ns)) " is the end of another \
                 layer, as the reference takes it."
            }
        }
    }
}

fn unit(nanoseconds: f64) -> (&'static str, f64) {
    let units = [("s", 1e9), ("ms", 1e6), ("µs", 1e3)];
    units.into_iter().find(|(_, factor)| nanoseconds >= *factor).unwrap_or(("ns", 1.0))
}

fn row(scale: &Scale, (layer, index): (&LayerFigures, usize)) -> Markup {
    let place = |time: f64| 1000.0 * scale.place(time).unwrap_or(0.0);
    let (begin, end) = (place(layer.begin_ns), place(layer.finish_ns));
    let width = (end - begin).max(1.5);
    let first = place(layer.first_finish_ns);
    let working = 14.0 * layer.occupancy.clamp(0.0, 1.0);
    let colour = colour(index);
    let words = format!(
        "{}: {} to {}, works {:.0} %",
        layer.name,
        time(layer.begin_ns),
        time(layer.finish_ns),
        layer.occupancy * 100.0
    );
    html! {
        svg .lane viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" aria-label=(words) {
            title { (words) }
            rect class=(format!("pale {colour}")) x=(px(begin)) width=(px(width)) y="1"
                height="14" {}
            rect class=(colour) x=(px(begin)) width=(px(width)) y=(px(15.0 - working))
                height=(px(working)) {}
            rect .first x=(px(first)) width="1.5" y="1" height="14" {}
        }
    }
}
