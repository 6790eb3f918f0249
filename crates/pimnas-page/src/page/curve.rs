//! The hypervolume over evaluations and over time.

use maud::{Markup, html};

use super::svg::{Plot, line};
use super::{Page, section as framed};
use crate::figures::scale::Scale;
use crate::figures::summary::with_unit;
use crate::model::HypervolumePoint;

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 230.0;
const PLOT: Plot = Plot { left: 62.0, top: 10.0, width: 268.0, height: 174.0 };

pub(super) fn section(page: &Page<'_>) -> Markup {
    let Some(volume) = &page.run.hypervolume else { return html! {} };
    if volume.curve.is_empty() {
        return html! {};
    }
    let goals = page.run.goals();
    let by_evaluations = volume.curve.iter().map(|p| (p.evaluations as f64, p.volume)).collect();
    let timed = |p: &HypervolumePoint| Some((p.seconds?, p.volume));
    let by_time: Vec<(f64, f64)> = volume.curve.iter().filter_map(timed).collect();
    framed(
        "hypervolume",
        "Hypervolume",
        html! {
            div .panels {
                (panel("candidates", by_evaluations))
                @if by_time.len() > 1 { (panel("time (s)", by_time)) }
            }
            p .caption {
                "What the front dominates, up to the reference point "
                @for (index, (value, (_, metric))) in volume.reference.iter().zip(goals).enumerate() {
                    @if index > 0 { ", " }
                    (metric.label) " " (with_unit(*value, metric))
                }
                ", in the product of the objectives' units."
            }
        },
    )
}

fn panel(across: &str, points: Vec<(f64, f64)>) -> Markup {
    let x = Scale::from_zero(points.iter().map(|p| p.0));
    let y = Scale::from_zero(points.iter().map(|p| p.1));
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for &(at, volume) in &points {
        let Some((px, py)) = x.place(at).zip(y.place(volume)) else { continue };
        // It keeps its value until it grows.
        if let Some(&(_, before)) = corners.last() {
            corners.push((px, before));
        }
        corners.push((px, py));
    }
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
            aria-label=(format!("hypervolume over {across}")) {
            (PLOT.frame(&x, &y))
            (PLOT.titles(across, "hypervolume"))
            path .curve d=(line(corners.into_iter().map(|(x, y)| PLOT.at(x, y)))) {}
        }
    }
}
