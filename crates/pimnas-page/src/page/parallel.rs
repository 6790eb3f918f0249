//! Parallel coordinates: a line a trial through all objectives and the decisions that matter most.

use maud::{Markup, html};

use super::axes::Axis;
use super::svg::{Plot, in_parts, px};
use super::{Page, section as framed};
use crate::model::Trial;

const STEP: f64 = 104.0;
const PLOT: Plot = Plot { left: 64.0, top: 46.0, width: 0.0, height: 260.0 };
/// Room right of the last axis, for its labels.
const AFTER: f64 = 64.0;
/// Signs of a title that have room.
const TITLE: usize = 30;

pub(super) fn section(page: &Page<'_>) -> Markup {
    if page.axes.len() < 2 || page.drawn.is_empty() {
        return html! {};
    }
    let width = PLOT.left + STEP * (page.axes.len() - 1) as f64 + AFTER;
    let height = PLOT.bottom() + 18.0;
    let (on, off): (Vec<&&Trial>, Vec<&&Trial>) =
        page.drawn.iter().partition(|trial| page.is_front(trial));
    framed(
        "parallel",
        "All at once",
        html! {
            div .wide {
                svg #lines viewBox=(format!("0 0 {width} {height}"))
                    style=(format!("width:max(100%,{width}px)"))
                    role="group" aria-label="Parallel coordinates of objectives and decisions" {
                    g .all {
                        @for part in in_parts(off.iter().map(|trial| path(page, trial))) {
                            path d=(part) {}
                        }
                    }
                    path .picked {}
                    g .members style=(format!("stroke-opacity:{:.2}", opacity(on.len()))) {
                        @for trial in on { path data-trial=(trial.id) d=(path(page, trial)) {} }
                    }
                    path .near visibility="hidden" {}
                    @for (index, axis) in page.axes.iter().enumerate() { (drawn_axis(axis, index)) }
                }
            }
            p .caption {
                span .key .line-front {} "front "
                span .key .line-all {} "other trials. Axes are the objectives"
                @if page.axes.len() > page.objectives {
                    ", then the decisions that explain most of them"
                }
                ". "
                span .live {
                    "Drag along an axis to select, on several axes to narrow the selection, click an \
                     axis to clear it. With the keyboard: ↑ ↓ move the selection's upper end, with \
                     Shift the lower, Escape clears."
                }
            }
        },
    )
}

/// Many lines of a front are paler, so that one sees where they run together.
fn opacity(lines: usize) -> f64 {
    (24.0 / lines.max(1) as f64).clamp(0.3, 0.85)
}

fn x_of(index: usize) -> f64 {
    PLOT.left + STEP * index as f64
}

/// A trial's line, with gaps where it has no value.
fn path(page: &Page<'_>, trial: &Trial) -> String {
    let mut text = String::new();
    let mut joined = false;
    for (index, axis) in page.axes.iter().enumerate() {
        let Some(place) = axis.place(trial) else {
            joined = false;
            continue;
        };
        let (_, y) = PLOT.at(0.0, place);
        let sign = if joined { 'L' } else { 'M' };
        text.push_str(&format!("{sign}{} {}", px(x_of(index)), px(y)));
        joined = true;
    }
    text
}

fn drawn_axis(axis: &Axis, index: usize) -> Markup {
    let (x, title) = (x_of(index), axis.title());
    // Titles of neighbours stand on two lines, so that long ones fit.
    let row = if index.is_multiple_of(2) { 12.0 } else { 28.0 };
    html! {
        g .axis data-axis=(index) tabindex="0" role="slider" aria-orientation="vertical"
            aria-label=(format!("{title}: selection")) aria-valuemin="0" aria-valuemax="100"
            aria-valuenow="100" aria-valuetext="all" {
            path .frame d=(format!("M{} {}v{}", px(x), px(PLOT.top), px(PLOT.height))) {}
            text .title x=(px(x)) y=(px(row)) text-anchor="middle" {
                (shortened(&title)) title { (title) }
            }
            @for (place, label) in axis.ticks() {
                @let (_, y) = PLOT.at(0.0, place);
                path .frame d=(format!("M{} {}h4", px(x), px(y))) {}
                text .tick x=(px(x + 7.0)) y=(px(y + 4.0)) { (label) }
            }
            rect .brush x=(px(x - 9.0)) width="18" y=(px(PLOT.top)) height="0" {}
            rect .grip x=(px(x - 22.0)) width="44" y=(px(PLOT.top - 6.0))
                height=(px(PLOT.height + 12.0))
                data-plot=(format!("{} {}", px(PLOT.top), px(PLOT.height))) {}
        }
    }
}

/// Long titles lose their middle.
fn shortened(title: &str) -> String {
    let signs: Vec<char> = title.chars().collect();
    if signs.len() <= TITLE {
        return title.to_owned();
    }
    let (head, tail) = (&signs[..TITLE / 2 - 1], &signs[signs.len() - TITLE / 2..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}
