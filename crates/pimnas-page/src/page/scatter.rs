//! Every pair of objectives.

use maud::{Markup, html};

use super::axes::Axis;
use super::svg::{Plot, dots, line, px};
use super::{Page, section as framed};
use crate::figures::sample;
use crate::figures::summary::count;
use crate::model::{Direction, Trial};

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 290.0;
const PLOT: Plot = Plot { left: 56.0, top: 10.0, width: 274.0, height: 234.0 };

pub(super) fn section(page: &Page<'_>) -> Markup {
    let pairs: Vec<(usize, usize)> =
        (0..page.objectives).flat_map(|y| (y + 1..page.objectives).map(move |x| (x, y))).collect();
    let (drawn, all) = (page.drawn.len(), sample::drawable(page.run));
    if pairs.is_empty() || drawn == 0 {
        return html! {};
    }
    framed(
        "pairs",
        "Objectives in pairs",
        html! {
            div .panels { @for &(x, y) in &pairs { (panel(page, x, y)) } }
            p .caption {
                span .key .dot-front {} "front of all objectives "
                span .key .line-front {} "best of the two alone "
                span .key .dot-all {} "other trials"
                @if drawn < all {
                    " (" (count(drawn as u64)) " of " (count(all as u64))
                    " drawn, evenly over the run)"
                }
                ". "
                span .live {
                    "Point at a trial to see it in every picture; drag over an area to select trials, \
                     click beside them to select all again."
                }
            }
            p #selection .live role="status" aria-live="polite" {}
        },
    )
}

fn panel(page: &Page<'_>, x: usize, y: usize) -> Markup {
    let (across, up) = (&page.axes[x], &page.axes[y]);
    let at = |trial: &Trial| Some(PLOT.at(across.place(trial)?, up.place(trial)?));
    let (on, off): (Vec<&&Trial>, Vec<&&Trial>) =
        page.drawn.iter().partition(|trial| page.is_front(trial));
    let faint: Vec<(f64, f64)> = off.into_iter().filter_map(|trial| at(trial)).collect();
    let label = format!("{} against {}", up.title(), across.title());
    html! {
        svg .scatter viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label)
            data-x=(x) data-y=(y)
            data-plot=(format!("{} {} {} {}", PLOT.left, PLOT.top, PLOT.width, PLOT.height)) {
            (PLOT.frame(&across.scale(), &up.scale()))
            (PLOT.titles(&across.arrow_title(), &up.arrow_title()))
            g .all { @for part in dots(&faint) { path d=(part) {} } }
            path .best-of-two d=(staircase(page, across, up)) {}
            path .picked {}
            g .members {
                @for trial in on {
                    @if let Some((x, y)) = at(trial) { (point(page, trial, (x, y))) }
                }
            }
            circle .near r="7" visibility="hidden" {}
            rect .box visibility="hidden" {}
        }
    }
}

fn point(page: &Page<'_>, trial: &Trial, (x, y): (f64, f64)) -> Markup {
    let circle = html! {
        circle data-trial=(trial.id) cx=(px(x)) cy=(px(y)) r="3.6" { title { (words(page, trial)) } }
    };
    html! {
        @if page.has_section(trial.id) {
            a href=(format!("#trial-{}", trial.id)) tabindex="-1" { (circle) }
        } @else { (circle) }
    }
}

/// A trial in words, for readers without the script.
fn words(page: &Page<'_>, trial: &Trial) -> String {
    let goals = page.run.goals();
    let values = goals.iter().filter_map(|&(index, metric)| {
        let value = crate::figures::summary::with_unit(trial.metric(index)?, metric);
        Some(format!("{} {value}", metric.label))
    });
    format!("trial {}: {}", trial.id, values.collect::<Vec<_>>().join(", "))
}

/// The border of what is dominated when only these two objectives count, from all trials that
/// keep the constraints and have every objective (the front holds the best of each pair).
fn staircase(page: &Page<'_>, across: &Axis, up: &Axis) -> String {
    let (Some(dx), Some(dy)) = (direction(across), direction(up)) else { return String::new() };
    let mut points: Vec<(f64, f64)> = page
        .run
        .front_trials()
        .filter_map(|trial| Some((across.place(trial)?, up.place(trial)?)))
        .collect();
    points.sort_by(|a, b| {
        let by_x = dx.minimised(a.0).total_cmp(&dx.minimised(b.0));
        by_x.then(dy.minimised(a.1).total_cmp(&dy.minimised(b.1)))
    });
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (x, y) in points {
        match corners.last() {
            Some(&(_, before)) if dy.minimised(y) >= dy.minimised(before) => {}
            Some(&(_, before)) => corners.extend([(x, before), (x, y)]),
            None => corners.push((x, y)),
        }
    }
    line(corners.into_iter().map(|(x, y)| PLOT.at(x, y)))
}

fn direction(axis: &Axis) -> Option<Direction> {
    match axis {
        Axis::Metric { metric, .. } => Some(metric.direction),
        Axis::Decision { .. } => None,
    }
}
