//! The run in a few sentences.

use pimnas_report::figure::digits;

use crate::model::{Metric, Outcome, RunReport};

/// A value with its unit: "0.612 ms".
#[must_use]
pub fn with_unit(value: f64, metric: &Metric) -> String {
    let unit =
        if metric.unit.is_empty() { String::new() } else { format!("\u{a0}{}", metric.unit) };
    format!("{}{unit}", digits(value))
}

/// A duration in words.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds >= 3600.0 {
        format!("{:.0}\u{a0}h {:.0}\u{a0}min", (seconds / 3600.0).floor(), seconds % 3600.0 / 60.0)
    } else if seconds >= 60.0 {
        format!("{:.0}\u{a0}min {:.0}\u{a0}s", (seconds / 60.0).floor(), (seconds % 60.0).floor())
    } else {
        pimnas_report::figure::time(seconds * 1e9).replace(' ', "\u{a0}")
    }
}

/// A count with thousands apart: "12,345".
#[must_use]
pub fn count(number: u64) -> String {
    apart(&number.to_string())
}

/// Digits with thousands apart; text of anything else as it is.
#[must_use]
pub fn apart(text: &str) -> String {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let mut grouped = String::new();
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && (text.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What came of the trials, in a sentence.
#[must_use]
pub fn outcomes(run: &RunReport) -> String {
    let of = |outcome| run.trials.iter().filter(|trial| trial.outcome == outcome).count() as u64;
    let mut parts = vec![format!("{} were evaluated in full", count(of(Outcome::Complete)))];
    for outcome in [
        Outcome::Dominated,
        Outcome::Predicted,
        Outcome::Outclassed,
        Outcome::Infeasible,
        Outcome::Rejected,
    ] {
        let number = of(outcome);
        if number > 0 {
            let words = match outcome {
                Outcome::Complete => continue,
                Outcome::Dominated => "could not reach the front",
                Outcome::Predicted => "were predicted to be dominated",
                Outcome::Outclassed => "were behind the better ones of their batch",
                Outcome::Infeasible => "broke a constraint",
                Outcome::Rejected => "were impossible",
            };
            parts.push(format!("{} {words}", count(number)));
        }
    }
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) }
}

/// When the hypervolume had reached that share of its end, in evaluations.
#[must_use]
pub fn reached(run: &RunReport, share: f64) -> Option<u64> {
    let curve = &run.hypervolume.as_ref()?.curve;
    let end = curve.last()?.volume;
    let there = curve.iter().find(|point| point.volume >= share * end && end > 0.0)?;
    Some(there.evaluations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(apart("about 10"), "about 10");
        assert_eq!(duration(0.25), "250.0\u{a0}ms");
        assert_eq!(duration(125.9), "2\u{a0}min 5\u{a0}s");
        assert_eq!(duration(7_260.0), "2\u{a0}h 1\u{a0}min");
    }
}
