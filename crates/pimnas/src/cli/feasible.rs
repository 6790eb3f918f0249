//! How the trials of a run stand to its constraints.

use crate::store::{BoundSummary, RunSummary};
use serde_json::{Value as Json, json};

use super::runs::digits;

/// Where nothing keeps the constraints: which of them, and how close the best came.
pub fn nothing_feasible(summary: &RunSummary) -> Option<String> {
    if !summary.front.is_empty() {
        return None;
    }
    if summary.trials.is_empty() {
        return Some("there is no trial yet\n".to_owned());
    }
    let hint = "  hint: loosen the constraint, or search longer or in another space\n";
    let Some(closest) = summary.closest.and_then(|id| summary.trial(id)) else {
        let why = summary.trials.iter().find_map(|trial| trial.reason.clone());
        let why = why.unwrap_or_else(|| "a figure is not a number".to_owned());
        return Some(format!("no candidate can be evaluated: {why}\n{hint}"));
    };
    let broken = closest.reason.clone().unwrap_or_default();
    let id = closest.trial.id.0;
    let bounds = summary.bounds();
    let bounds = bounds.iter().map(|bound| format!("  {}: {}\n", bound.constraint, kept(bound)));
    let bounds: String = bounds.collect();
    Some(format!(
        "no candidate keeps the constraints; the closest is trial {id}: {broken}\n{bounds}{hint}"
    ))
}

/// How trials stand to a constraint, in words.
pub fn kept(bound: &BoundSummary) -> String {
    let BoundSummary { measured, kept, best, .. } = bound;
    let number = if *kept == 0 { "none".to_owned() } else { kept.to_string() };
    let best = best.map_or_else(String::new, |(id, figure)| {
        let way = if *kept == 0 { "closest" } else { "best" };
        format!(", {way} {} (trial {})", digits(figure), id.0)
    });
    format!("kept by {number} of the {measured} trials that were measured{best}")
}

/// The same for programs.
pub fn bounds_json(summary: &RunSummary) -> Json {
    let bound = |bound: BoundSummary| {
        let (trial, best) = bound.best.map(|(id, figure)| (id.0, figure)).unzip();
        json!({
            "constraint": bound.constraint.to_string(),
            "measured": bound.measured,
            "kept": bound.kept,
            "best": best,
            "trial": trial,
        })
    };
    summary.bounds().into_iter().map(bound).collect()
}
