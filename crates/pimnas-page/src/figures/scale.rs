//! Scales of axes: linear, or logarithmic where values differ by more than a factor.

use pimnas_report::figure::digits;

/// From this ratio of the largest to the smallest value on, an axis is logarithmic.
const LOGARITHMIC_FROM: f64 = 10.0;
/// Room beside the outermost values, as a share of the range.
const MARGIN: f64 = 0.04;

/// Values from here on do not stretch an axis.
const LARGEST: f64 = 1e150;

/// How values lie on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By their difference.
    Linear,
    /// By their ratio.
    Logarithmic,
}

/// A scale with its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// How values lie on it.
    pub kind: Kind,
    /// Where it begins, as [`Self::straight`] gives it.
    pub low: f64,
    /// Where it ends, as [`Self::straight`] gives it; above `low`.
    pub high: f64,
}

impl Scale {
    /// The scale for those values, with a margin; from 0 to 1 for none.
    #[must_use]
    pub fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (least, most) = extremes(values);
        let kind = if least > 0.0 && most / least > LOGARITHMIC_FROM {
            Kind::Logarithmic
        } else {
            Kind::Linear
        };
        let (low, high) = match kind {
            Kind::Linear => (least, most),
            Kind::Logarithmic => (least.log10(), most.log10()),
        };
        let room = (high - low) * MARGIN;
        // One value alone lies in the middle.
        let room = if room > 0.0 { room } else { (low.abs() * 0.05).max(1e-9) };
        Self { kind, low: low - room, high: high + room }
    }

    /// The linear scale from 0 to a bit above the largest of those values.
    #[must_use]
    pub fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let (_, most) = extremes(values);
        let high = if most > 0.0 { most * (1.0 + MARGIN) } else { 1.0 };
        Self { kind: Kind::Linear, low: 0.0, high }
    }

    /// The value on a line on which equal lengths mean the same; `None` where it has no place.
    #[must_use]
    pub fn straight(&self, value: f64) -> Option<f64> {
        match self.kind {
            Kind::Linear => value.is_finite().then_some(value),
            Kind::Logarithmic => (value > 0.0 && value.is_finite()).then(|| value.log10()),
        }
    }

    /// Where a value lies: 0 at the begin, 1 at the end.
    #[must_use]
    pub fn place(&self, value: f64) -> Option<f64> {
        Some((self.straight(value)? - self.low) / (self.high - self.low))
    }

    /// Round values in the range, few enough to be labelled, with their labels.
    #[must_use]
    pub fn ticks(&self, about: usize) -> Vec<(f64, String)> {
        let values = match self.kind {
            Kind::Linear => linear_ticks((self.low, self.high), about),
            Kind::Logarithmic => logarithmic_ticks((self.low, self.high), about),
        };
        values.into_iter().map(|value| (value, label(value))).collect()
    }
}

fn extremes(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    // What is larger is no quantity, and differences of it would overflow.
    let finite = values.into_iter().filter(|value| value.abs() < LARGEST);
    let (least, most) = finite
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), value| (l.min(value), m.max(value)));
    if least <= most { (least, most) } else { (0.0, 1.0) }
}

fn linear_ticks((low, high): (f64, f64), about: usize) -> Vec<f64> {
    let rough = (high - low) / (about + 1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
    if !(step > 0.0 && (low / step).abs() < 1e15 && (high / step).abs() < 1e15) {
        return Vec::new();
    }
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|count| count as f64 * step).collect()
}

/// 1, 2 and 5 times powers of ten, or powers alone, as many as there is room for.
fn logarithmic_ticks((low, high): (f64, f64), about: usize) -> Vec<f64> {
    let decades = (low.floor() as i32)..=(high.ceil() as i32);
    let of = |factors: &[f64], every: i32| -> Vec<f64> {
        let powers = decades.clone().filter(|power| power.rem_euclid(every) == 0);
        powers
            .flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)))
            .filter(|value| (low..=high).contains(&value.log10()))
            .collect()
    };
    let sets = [of(&[1.0, 2.0, 5.0], 1), of(&[1.0, 3.0], 1), of(&[1.0], 1), of(&[1.0], 2)];
    let fits = sets.iter().find(|set| set.len() <= about + 1);
    fits.unwrap_or(&of(&[1.0], 5)).clone()
}

/// A tick's value without superfluous zeros.
fn label(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e6).contains(&magnitude) {
        return digits(value);
    }
    let rounded = (value * 1e9).round() / 1e9;
    format!("{rounded}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let ticks = |values: [f64; 2]| {
            let ticks = Scale::around(values).ticks(5);
            ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(ticks([0.0, 1.0]), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(ticks([86.1, 91.2]), ["86", "87", "88", "89", "90", "91"]);
        assert_eq!(ticks([1.0, 100.0]), ["1", "3", "10", "30", "100"]);
        assert_eq!(ticks([0.4, 9.0]), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(ticks([1.0, 1e9]).len(), 5);
        assert_eq!(ticks([-1.0, 1.0])[0], "−1");
    }

    #[test]
    fn places_are_shares_of_the_range_and_anything_is_survived() {
        let scale = Scale::around([1.0, 1000.0]);
        assert_eq!(scale.kind, Kind::Logarithmic);
        let middle = scale.place(1000_f64.sqrt()).unwrap();
        assert!((middle - 0.5).abs() < 1e-12);
        assert_eq!(scale.place(0.0), None);
        assert_eq!(scale.place(f64::NAN), None);
        let alone = Scale::around([7.0]);
        assert!((alone.place(7.0).unwrap() - 0.5).abs() < 1e-12);
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![1e308, -1e308], vec![1e-320]] {
            let scale = Scale::around(values.clone());
            assert!(scale.high > scale.low, "{values:?}");
            let _ = scale.ticks(5);
        }
    }
}
