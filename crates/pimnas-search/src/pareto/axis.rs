//! Scales on which objectives can be compared.

/// One objective's axis: values are minimised, and 0 and 1 are the ends of some of them. It is
/// logarithmic where all of those are positive, as costs differ by orders of magnitude; what is
/// maximised comes with its sign turned, so it is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    scale: Scale,
    least: f64,
    span: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Plain,
    Logarithm,
}

impl Scale {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Plain => value,
            Self::Logarithm => value.ln(),
        }
    }
}

impl Axis {
    /// Values as they are.
    pub(crate) const PLAIN: Self = Self { scale: Scale::Plain, least: 0.0, span: 1.0 };

    /// From the least to the largest of some values.
    pub(crate) fn over(values: &[f64]) -> Self {
        let positive = values.iter().all(|&value| value > 0.0);
        let scale = if positive { Scale::Logarithm } else { Scale::Plain };
        let scaled = || values.iter().map(|&value| scale.of(value));
        let least = scaled().fold(f64::INFINITY, f64::min);
        let most = scaled().fold(f64::NEG_INFINITY, f64::max);
        let span = if most > least { most - least } else { 1.0 };
        Self { scale, least, span }
    }

    /// Where a value is; no number where a logarithm has none.
    pub(crate) fn place(self, value: f64) -> f64 {
        (self.scale.of(value) - self.least) / self.span
    }
}
