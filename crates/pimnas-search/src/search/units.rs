//! Units behind numbers: those of a metric's own quantity are converted to that in its name.

use pimnas_suggest as suggest;

use super::goals::GoalError;

/// Units of a quantity with their size in its base unit.
type Quantity = &'static [(&'static str, f64)];

const TIME: Quantity = &[("ms", 1.0), ("ns", 1e-6), ("us", 1e-3), ("s", 1e3)];
const ENERGY: Quantity = &[("mJ", 1.0), ("pJ", 1e-9), ("nJ", 1e-6), ("uJ", 1e-3), ("J", 1e3)];
const AREA: Quantity = &[("mm2", 1.0), ("um2", 1e-6), ("cm2", 1e2)];
const POWER: Quantity = &[("W", 1.0), ("uW", 1e-6), ("mW", 1e-3)];
const QUANTITIES: [Quantity; 4] = [TIME, ENERGY, AREA, POWER];

/// A number and the unit behind it; no unit where there is none.
pub(super) fn split(text: &str) -> (&str, &str) {
    // An exponent's letter belongs to the number, as in `1e-3`.
    let end = (0..=text.len()).rev().filter(|&end| text.is_char_boundary(end));
    let end = end.into_iter().find(|&end| text[..end].trim_end().parse::<f64>().is_ok());
    end.map_or((text, ""), |end| (text[..end].trim_end(), text[end..].trim()))
}

/// What a number of that unit is multiplied by to be one of the metric's unit.
pub(super) fn factor(metric: &str, unit: &str) -> Result<f64, GoalError> {
    let plain = unit.replace('²', "2").replace(['µ', 'μ'], "u");
    let own = metric.rsplit('_').next().unwrap_or_default();
    let size = |quantity: Quantity, name: &str| {
        quantity.iter().find(|(known, _)| *known == name).map(|(_, size)| *size)
    };
    let found = QUANTITIES.iter().find_map(|quantity| Some((quantity, size(quantity, own)?)));
    let Some((quantity, size_of_own)) = found else {
        if plain == "%" {
            return Ok(1.0);
        }
        let hint = format!("write a number alone; {metric} is not converted");
        return Err(GoalError::Unit { unit: suggest::shown(unit), metric: metric.into(), hint });
    };
    size(quantity, &plain).map(|size| size / size_of_own).ok_or_else(|| {
        let names = quantity.iter().map(|(name, _)| *name);
        let hint = suggest::hint(&plain, names);
        GoalError::Unit { unit: suggest::shown(unit), metric: metric.into(), hint }
    })
}
