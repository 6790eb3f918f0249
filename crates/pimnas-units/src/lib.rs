//! Physical quantities with coherent units.
//!
//! House units are ns, W, nJ, µm², Ω and V, chosen so that products need no factor: W × ns = nJ.
//! Each quantity is a transparent `f64`; the only conversions are the named ones below, so a
//! figure in ms or mm² can only come from a place that says so.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            /// Zero of this quantity.
            pub const ZERO: Self = Self(0.0);
            /// The unit's symbol, as printed behind a figure.
            pub const SYMBOL: &'static str = $symbol;

            /// The bare figure, in this quantity's house unit.
            #[must_use]
            pub const fn value(self) -> f64 {
                self.0
            }

            /// The larger of two quantities.
            #[must_use]
            pub fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, divisor: f64) -> Self {
                Self(self.0 / divisor)
            }
        }

        impl Div for $name {
            /// The ratio of two like quantities has no unit.
            type Output = f64;
            fn div(self, other: Self) -> f64 {
                self.0 / other.0
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                Self(items.map(|item| item.0).sum())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)?;
                write!(f, " {}", $symbol)
            }
        }
    };
}

quantity!(
    /// A duration in nanoseconds.
    Nanoseconds,
    "ns"
);
quantity!(
    /// A power in watts.
    Watts,
    "W"
);
quantity!(
    /// An energy in nanojoules.
    Nanojoules,
    "nJ"
);
quantity!(
    /// An area in square micrometres.
    SquareMicrometres,
    "µm²"
);
quantity!(
    /// An electrical resistance in ohms.
    Ohms,
    "Ω"
);
quantity!(
    /// An electrical potential in volts.
    Volts,
    "V"
);
quantity!(
    /// A memory size in units of 1024 bytes.
    Kibibytes,
    "KB"
);

impl Mul<Nanoseconds> for Watts {
    type Output = Nanojoules;
    fn mul(self, time: Nanoseconds) -> Nanojoules {
        Nanojoules(self.0 * time.0)
    }
}

impl Mul<Watts> for Nanoseconds {
    type Output = Nanojoules;
    fn mul(self, power: Watts) -> Nanojoules {
        power * self
    }
}

impl Div<Ohms> for Volts {
    /// Current in amperes; it has no type of its own because no model keeps one.
    type Output = f64;
    fn div(self, resistance: Ohms) -> f64 {
        self.0 / resistance.0
    }
}

impl Nanoseconds {
    /// This duration in milliseconds.
    #[must_use]
    pub fn as_milliseconds(self) -> f64 {
        self.0 / 1e6
    }
}

impl Nanojoules {
    /// This energy in millijoules.
    #[must_use]
    pub fn as_millijoules(self) -> f64 {
        self.0 / 1e6
    }
}

impl SquareMicrometres {
    /// This area in square millimetres.
    #[must_use]
    pub fn as_square_millimetres(self) -> f64 {
        self.0 / 1e6
    }
}

impl Watts {
    /// A power given in milliwatts.
    #[must_use]
    pub fn from_milliwatts(milliwatts: f64) -> Self {
        Self(milliwatts * 1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watt_for_a_nanosecond_is_a_nanojoule() {
        assert_eq!(Watts(2.0) * Nanoseconds(3.0), Nanojoules(6.0));
        assert_eq!(Nanoseconds(3.0) * Watts(2.0), Nanojoules(6.0));
    }

    #[test]
    fn named_conversions_keep_their_powers_of_ten() {
        assert_eq!(Nanoseconds(2.5e6).as_milliseconds(), 2.5);
        assert_eq!(Nanojoules(4e6).as_millijoules(), 4.0);
        assert_eq!(SquareMicrometres(1e6).as_square_millimetres(), 1.0);
        assert_eq!(Watts::from_milliwatts(5.0), Watts(0.005));
    }

    #[test]
    fn display_carries_the_unit_and_honours_precision() {
        assert_eq!(format!("{:.2}", Nanoseconds(1.239)), "1.24 ns");
    }
}
