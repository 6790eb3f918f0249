//! Small pieces of SVG.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::figures::scale::Scale;

/// A coordinate with one decimal, which is a tenth of a pixel; 0 for what is no number.
pub(super) fn px(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A rectangle of a picture in which data lie; y points down.
#[derive(Clone, Copy)]
pub(super) struct Plot {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Plot {
    /// Where a pair of shares lies.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + x * self.width, self.top + (1.0 - y) * self.height)
    }

    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Lines at the ticks of both scales, with labels, and the frame's two sides.
    pub fn frame(&self, x: &Scale, y: &Scale) -> Markup {
        let along = |scale: &Scale, about| {
            let ticks = scale.ticks(about);
            let placed = ticks.into_iter().filter_map(|(v, label)| Some((scale.place(v)?, label)));
            placed.collect::<Vec<_>>()
        };
        html! {
            g .axes {
                @for (share, label) in along(y, 5) {
                    @let (left, at) = self.at(0.0, share);
                    path .grid d=(format!("M{} {}h{}", px(left), px(at), px(self.width))) {}
                    text x=(px(left - 6.0)) y=(px(at + 4.0)) text-anchor="end" { (label) }
                }
                @for (share, label) in along(x, 5) {
                    @let (at, floor) = self.at(share, 0.0);
                    path .grid d=(format!("M{} {}v{}", px(at), px(floor), px(-self.height))) {}
                    text x=(px(at)) y=(px(floor + 15.0)) text-anchor="middle" { (label) }
                }
                path .frame d=(format!(
                    "M{} {}V{}H{}",
                    px(self.left), px(self.top), px(self.bottom()), px(self.right())
                )) {}
            }
        }
    }

    /// Titles of the two axes.
    pub fn titles(&self, x: &str, y: &str) -> Markup {
        let (middle, _) = self.at(0.5, 0.0);
        let (_, centre) = self.at(0.0, 0.5);
        html! {
            text .title x=(px(middle)) y=(px(self.bottom() + 34.0)) text-anchor="middle" { (x) }
            text .title text-anchor="middle"
                transform=(format!("translate(12 {}) rotate(-90)", px(centre))) { (y) }
        }
    }
}

/// Dots as paths, in some parts so that dots on each other darken.
pub(super) fn dots(points: &[(f64, f64)]) -> Vec<String> {
    in_parts(points.iter().map(|&(x, y)| format!("M{} {}h0", px(x), px(y))))
}

/// Pieces of paths, dealt out to a few paths in turn.
pub(super) fn in_parts(pieces: impl Iterator<Item = String>) -> Vec<String> {
    const PARTS: usize = 24;
    let mut parts = vec![String::new(); PARTS];
    for (index, piece) in pieces.enumerate() {
        parts[index % PARTS].push_str(&piece);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A line through points.
pub(super) fn line(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (x, y) in points {
        let sign = if text.is_empty() { 'M' } else { 'L' };
        let _ = write!(text, "{sign}{} {}", px(x), px(y));
    }
    text
}

/// A bar that fills a share of its line, for tables.
pub(super) fn bar(share: f64, class: &str) -> Markup {
    let width = if share.is_finite() { (share * 1000.0).clamp(0.0, 1000.0) } else { 0.0 };
    html! {
        svg .bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            rect .track width="1000" height="10" {}
            rect class=(class) width=(px(width)) height="10" {}
        }
    }
}

/// Classes of the colours of layers.
pub(super) const LAYER_COLOURS: usize = 7;

/// The class of a layer's colour: neighbours differ.
pub(super) fn colour(layer: usize) -> String {
    format!("c{}", layer % LAYER_COLOURS)
}
