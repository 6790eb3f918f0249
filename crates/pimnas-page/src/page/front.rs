//! The front as a table.

use maud::{Markup, html};

use super::{Page, section as framed};
use crate::figures::summary::count;
use crate::model::{Metric, Outcome, Trial};

pub(super) fn section(page: &Page<'_>) -> Markup {
    let run = page.run;
    let goals = run.goals();
    let others = (0..run.metrics.len()).filter(|index| !run.objectives.contains(index));
    let others = others.filter_map(|index| Some((index, run.metrics.get(index)?)));
    let columns: Vec<(usize, &Metric)> = goals.into_iter().chain(others).collect();
    let trials: Vec<&Trial> = run.front_trials().collect();
    let decimals: Vec<usize> = columns.iter().map(|&(c, _)| decimals(&trials, c)).collect();
    framed(
        "front",
        "Pareto front",
        html! {
            @if trials.is_empty() {
                p { (nothing(page)) }
            } @else {
                div .wide .tall tabindex="0" {
                    table .front {
                        thead { tr {
                            th { button type="button" data-column="0" { "trial" } }
                            @for (at, (_, metric)) in columns.iter().enumerate() {
                                th { button type="button" data-column=(at + 1) { (metric.title()) } }
                            }
                        } }
                        tbody {
                            @for trial in &trials {
                                tr data-trial=(trial.id) {
                                    th scope="row" data-value=(trial.id) { (number(page, trial.id)) }
                                    @for (&(index, _), &decimals) in columns.iter().zip(&decimals) {
                                        (cell(page, (trial, index), decimals))
                                    }
                                }
                            }
                        }
                    }
                }
                p .caption {
                "The best value of each objective is bold. "
                @if !run.members.is_empty() && run.members.len() < trials.len() {
                    (count(run.members.len() as u64)) " of the " (count(trials.len() as u64))
                    " members are linked to a section with all that is known of them."
                }
            }
            }
        },
    )
}

/// Why there is no front.
fn nothing(page: &Page<'_>) -> String {
    let trials = &page.run.trials;
    let infeasible = trials.iter().filter(|trial| trial.outcome == Outcome::Infeasible).count();
    if infeasible > 0 {
        let infeasible = count(infeasible as u64);
        format!("No candidate keeps every constraint; {infeasible} break one.")
    } else {
        "No candidate has all objectives.".to_owned()
    }
}

fn number(page: &Page<'_>, id: u64) -> Markup {
    html! {
        @if page.has_section(id) {
            a href=(format!("#trial-{id}")) { (id) }
        } @else { (id) }
    }
}

fn cell(page: &Page<'_>, (trial, index): (&Trial, usize), decimals: usize) -> Markup {
    let run = page.run;
    let value = trial.metric(index);
    let is_goal = run.objectives.contains(&index);
    let best = is_goal && value.is_some() && run.best(index).map(|(best, _)| best) == value;
    html! {
        td .best[best] data-value=[value] {
            @match value {
                Some(value) => (format!("{value:.decimals$}").replace('-', "−")),
                None => "–",
            }
        }
    }
}

/// Decimals that give the smallest value of a column three significant digits, so that all have
/// as many.
fn decimals(trials: &[&Trial], metric: usize) -> usize {
    let sizes = trials.iter().filter_map(|trial| trial.metric(metric)).map(f64::abs);
    let least = sizes.filter(|size| *size > 0.0).fold(f64::INFINITY, f64::min);
    if !least.is_finite() {
        return 0;
    }
    (2.0 - least.log10().floor()).clamp(0.0, 6.0) as usize
}
