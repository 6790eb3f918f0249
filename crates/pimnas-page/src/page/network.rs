//! A network, one row a layer: how wide and large its maps are, what it is, and what it takes.

use maud::{Markup, html};

use super::svg::{colour, px};
use crate::figures::summary::count;
use crate::member::{MemberDetail, Node};

const WIDTH: f64 = 400.0;
const ROW: f64 = 34.0;
/// Middle of the pictures of maps.
const MAPS: f64 = 104.0;
/// Largest picture of a map: width for channels, height for its side.
const MAP: (f64, f64) = (88.0, 24.0);
const TEXT: f64 = 158.0;
/// Signs of a line that have room.
const SIGNS: usize = 41;
/// Least channels' picture, so that one is seen.
const LEAST: (f64, f64) = (5.0, 3.0);

pub(super) fn figure(detail: &MemberDetail) -> Markup {
    let network = &detail.network;
    let height = ROW * (network.nodes.len() + 1) as f64;
    let shapes = network.nodes.iter().map(|node| node.shape).chain([network.input]);
    let (widest, largest) =
        shapes.fold((1, 1), |(w, l), [channels, height, _]| (w.max(channels), l.max(height)));
    html! {
        svg .network viewBox=(format!("0 0 {WIDTH} {height}")) role="img"
            aria-label=(format!("{} layers of {}", network.nodes.len(), network.name)) {
            @for (index, node) in network.nodes.iter().enumerate() { (edges(node, index)) }
            (row((0, None), (network.input, (widest, largest)), &["input".to_owned(), format!(
                "{} · {} bits", shape(network.input), network.input_bits
            )]))
            @for (index, node) in network.nodes.iter().enumerate() {
                (row((index + 1, node.circuit), (node.shape, (widest, largest)), &lines(node)))
            }
        }
        p .caption {
            (count(network.weights)) " weights, " (count(network.macs as u64))
            " multiplications. Bars: channels across, side of the map up; coloured where the \
             layer has circuits. W and A are bits of weights and of outputs."
        }
    }
}

fn shape([channels, height, width]: [usize; 3]) -> String {
    if (height, width) == (1, 1) {
        channels.to_string()
    } else {
        format!("{channels} × {height}×{width}")
    }
}

fn lines(node: &Node) -> [String; 2] {
    let then = if node.then.is_empty() { String::new() } else { format!(", {}", node.then) };
    let bits = match node.weight_bits {
        Some(bits) => format!(" · W{bits} A{}", node.activation_bits),
        None => format!(" · A{}", node.activation_bits),
    };
    let number = node.circuit.map_or(String::new(), |circuit| format!("{circuit}  "));
    [
        clipped(format!("{number}{}{then}", node.what)),
        clipped(format!("{}{bits} · {}", shape(node.shape), node.name)),
    ]
}

/// Long lines end early.
fn clipped(line: String) -> String {
    if line.chars().count() <= SIGNS {
        return line;
    }
    line.chars().take(SIGNS - 1).chain(['…']).collect()
}

fn row(
    (row, circuit): (usize, Option<usize>),
    ([channels, height, _], (widest, largest)): ([usize; 3], (usize, usize)),
    [first, second]: &[String; 2],
) -> Markup {
    let top = ROW * row as f64;
    let centre = top + ROW / 2.0;
    let across = (MAP.0 * channels as f64 / widest as f64).max(LEAST.0);
    let up = (MAP.1 * height as f64 / largest as f64).max(LEAST.1);
    let class = circuit.map_or("plain".to_owned(), colour);
    html! {
        rect class=(class) x=(px(MAPS - across / 2.0)) y=(px(centre - up / 2.0))
            width=(px(across)) height=(px(up)) rx="1.5" {}
        text .what x=(px(TEXT)) y=(px(centre - 3.0)) { (first) }
        text .minor x=(px(TEXT)) y=(px(centre + 11.0)) { (second) }
    }
}

/// Lines from what a layer takes: straight from the row above, in an arc from further up.
fn edges(node: &Node, index: usize) -> Markup {
    let centre = |row: usize| ROW * (row as f64 + 0.5);
    let to = index + 1;
    html! {
        @for &input in &node.inputs {
            @let from = input.map_or(0, |node| node + 1);
            @let (start, end) = (centre(from), centre(to));
            @if from + 1 == to {
                path .edge d=(format!("M{} {}V{}", px(MAPS), px(start), px(end))) {}
            } @else {
                @let out = (MAPS - 52.0 - 5.0 * (to - from) as f64).max(3.0);
                path .edge d=(format!(
                    "M{m} {s}C{o} {s} {o} {s} {o} {a}V{b}C{o} {e} {o} {e} {m} {e}",
                    m = px(MAPS), s = px(start), o = px(out), a = px(start + 14.0),
                    b = px(end - 14.0), e = px(end)
                )) {}
            }
        }
    }
}
