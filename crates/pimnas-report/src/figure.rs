//! Figures with units that fit their size.

/// A figure with four significant digits and a unit chosen so that it lies in 1 to 1,000.
fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let magnitude = value.abs();
    let fits = units.iter().find(|(scale, _)| magnitude >= *scale).or(units.last());
    match fits {
        Some((scale, unit)) => format!("{} {unit}", digits(value / scale)),
        None => digits(value),
    }
}

/// Four significant digits; powers of ten from 10⁵ on and below 10⁻³.
#[must_use]
pub fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = value.abs().log10().floor();
    if !(-4.0..5.0).contains(&exponent) {
        return format!("{value:.3e}");
    }
    let decimals = (3.0 - exponent).clamp(0.0, 7.0) as usize;
    format!("{value:.decimals$}")
}

/// A time given in ns.
#[must_use]
pub fn time(nanoseconds: f64) -> String {
    scaled(nanoseconds, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")])
}

/// An energy given in nJ.
#[must_use]
pub fn energy(nanojoules: f64) -> String {
    scaled(nanojoules, &[(1e9, "J"), (1e6, "mJ"), (1e3, "µJ"), (1.0, "nJ"), (1e-3, "pJ")])
}

/// A power given in W.
#[must_use]
pub fn power(watts: f64) -> String {
    scaled(watts, &[(1.0, "W"), (1e-3, "mW"), (1e-6, "µW"), (1e-9, "nW")])
}

/// An area given in µm².
#[must_use]
pub fn area(square_micrometres: f64) -> String {
    scaled(square_micrometres, &[(1e6, "mm²"), (1.0, "µm²")])
}

/// A share as percent with one decimal.
#[must_use]
pub fn share(part: f64, whole: f64) -> String {
    if whole == 0.0 { "–".to_owned() } else { percent(part / whole) }
}

/// A ratio as percent with one decimal.
#[must_use]
pub fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

/// A change of a figure as signed percent.
#[must_use]
pub fn change(from: f64, to: f64) -> String {
    if from == 0.0 { "–".to_owned() } else { format!("{:+.1} %", (to / from - 1.0) * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_fit_the_size() {
        assert_eq!(time(20_313_034.6), "20.31 ms");
        assert_eq!(time(999.0), "999.0 ns");
        assert_eq!(energy(17_948_221.9), "17.95 mJ");
        assert_eq!(energy(0.5), "500.0 pJ");
        assert_eq!(power(24.2), "24.20 W");
        assert_eq!(area(314_417_944.8), "314.4 mm²");
        assert_eq!(area(12.0), "12.00 µm²");
    }

    #[test]
    fn small_and_large_figures_keep_four_digits() {
        assert_eq!(digits(0.0), "0");
        assert_eq!(digits(1234.4), "1234");
        assert_eq!(digits(0.012_345), "0.01235");
        assert_eq!(digits(1.5e9), "1.500e9");
        assert_eq!(digits(1.5e-9), "1.500e-9");
    }
}
