//! Curves with bands as one SVG picture.

use std::fmt::Write as _;

/// A curve: at each position a value, and the ends of its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Position, value, low and high end; finite.
    pub points: Vec<[f64; 4]>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 220.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 48.0;
/// Colours that remain apart for colour-blind readers (Okabe and Ito).
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// Labels on each axis, about.
const TICKS: f64 = 5.0;

/// From values to places in the picture.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        let across = LEFT + share(x, self.x) * (WIDTH - LEFT - RIGHT);
        let up = HEIGHT - BOTTOM - share(y, self.y) * (HEIGHT - TOP - BOTTOM);
        (across, up)
    }
}

/// The picture: curves in the order given, with a legend and labelled axes.
#[must_use]
pub fn svg(title: &str, (across, up): (&str, &str), series: &[Series]) -> String {
    let all = || series.iter().flat_map(|one| &one.points);
    let range = |values: &mut dyn Iterator<Item = f64>| {
        let ends = values.fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        match ends {
            Some((low, high)) if low < high => (low, high),
            // One value: an axis around it.
            Some((low, _)) => (low - 0.5, low + 0.5),
            None => (0.0, 1.0),
        }
    };
    let frame = Frame {
        x: range(&mut all().map(|point| point[0])),
        y: range(&mut all().flat_map(|point| [point[2], point[3]])),
    };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{}</text>\n",
        escaped(title)
    );
    axes(&mut text, &frame, (across, up));
    for (index, one) in series.iter().enumerate() {
        curve(&mut text, &frame, (index, one));
    }
    text += "</svg>\n";
    text
}

fn axes(text: &mut String, frame: &Frame, (across, up): (&str, &str)) {
    let (floor, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for value in ticks(frame.y) {
        let (_, y) = frame.place(frame.x.0, value);
        let _ = writeln!(
            text,
            "<path d=\"M{LEFT} {y:.1}H{end}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            label(value)
        );
    }
    for value in ticks(frame.x) {
        let (x, _) = frame.place(value, frame.y.0);
        let _ = writeln!(
            text,
            "<path d=\"M{x:.1} {floor}v4\" stroke=\"#555\"/><text x=\"{x:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{}</text>",
            floor + 17.0,
            label(value)
        );
    }
    let middle = (LEFT + end) / 2.0;
    let _ = writeln!(
        text,
        "<path d=\"M{LEFT} {TOP}V{floor}H{end}\" fill=\"none\" stroke=\"#555\"/>\
         <text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
         <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        HEIGHT - 10.0,
        escaped(across),
        (TOP + floor) / 2.0,
        escaped(up)
    );
}

fn curve(text: &mut String, frame: &Frame, (index, one): (usize, &Series)) {
    let colour = COLOURS[index % COLOURS.len()];
    // The same colours again are dashed.
    let dash = if index < COLOURS.len() { "" } else { " stroke-dasharray=\"5 3\"" };
    let at = |x: f64, y: f64| {
        let (x, y) = frame.place(x, y);
        format!("{x:.1},{y:.1}")
    };
    let line: Vec<String> = one.points.iter().map(|p| at(p[0], p[1])).collect();
    let low = one.points.iter().map(|p| at(p[0], p[2]));
    let band: Vec<String> = low.chain(one.points.iter().rev().map(|p| at(p[0], p[3]))).collect();
    let (x, y) = (WIDTH - RIGHT + 14.0, TOP + 10.0 + 18.0 * index as f64);
    let _ = writeln!(
        text,
        "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"0.15\"/>\n\
         <polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{dash}/>\n\
         <path d=\"M{x} {y}h18\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/>\
         <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        band.join(" "),
        line.join(" "),
        x + 24.0,
        y + 4.0,
        escaped(&one.name)
    );
}

/// Round values in a range.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let rough = (high - low) / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|count| count as f64 * step).collect()
}

fn label(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    rounded.to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_curves_and_labels() {
        let one = |name: &str| Series {
            name: name.to_owned(),
            points: vec![[1.0, 90.0, 89.5, 90.5], [300.0, 91.0, 90.8, 91.2]],
        };
        let text = svg("a < b", ("evaluations", "accuracy"), &[one("x & y"), one("z")]);
        for part in ["a &lt; b", "x &amp; y", ">evaluations<", ">90.5<", ">100<", "</svg>"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.matches("<polyline").count(), 2);
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks((0.0, 1.0)), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks((3.0, 295.0)), [100.0, 200.0]);
        let empty = svg("", ("", ""), &[]);
        assert!(!empty.contains("NaN"), "{empty}");
    }
}
