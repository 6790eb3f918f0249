//! The head: what was searched, how, and what came of it in words.

use maud::{Markup, html};

use super::Page;
use crate::figures::summary::{apart, count, duration, outcomes, reached, with_unit};
use pimnas_report::figure::digits;

pub(super) fn section(page: &Page<'_>, title: &str) -> Markup {
    let head = &page.run.head;
    html! {
        header {
            h1 { (title) }
            (summary(page))
            @for note in &head.notes { p .note { (note) } }
            dl .facts {
                (fact("Space", html! {
                    b { (head.space.name) }
                    @if !head.space.about.is_empty() { ": " (head.space.about) }
                    @if !head.space.size.is_empty() {
                        " (" (size(&head.space.size)) " distinct candidates)"
                    }
                }))
                (fact("Objectives", html! {
                    @for (index, (_, metric)) in page.run.goals().into_iter().enumerate() {
                        @if index > 0 { "; " }
                        (metric.title()) ", " (metric.direction.words())
                    }
                }))
                @if head.constraints.is_empty() {
                    (fact("Constraints", html! { "none" }))
                } @else {
                    (fact("Constraints", html! {
                        @for (index, constraint) in head.constraints.iter().enumerate() {
                            @if index > 0 { ", " }
                            code { (constraint) }
                        }
                    }))
                }
                (fact("Controller", html! { (head.controller) }))
                (fact("Seed", html! { (head.seed) }))
                (fact("Budget", html! {
                    (head.budget)
                    @if !head.stopped.is_empty() { "; ended: " (head.stopped) }
                }))
                @if let Some(seconds) = head.seconds {
                    (fact("Time", html! {
                        (duration(seconds))
                        @if !head.started.is_empty() { ", from " (head.started) }
                    }))
                }
                @for (name, value) in &head.settings { (fact(name, html! { (value) })) }
                (fact("Version", html! { (head.version) }))
            }
            @if !head.command.is_empty() { pre .command { (head.command) } }
        }
    }
}

fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Long counts are rounded.
fn size(digits: &str) -> String {
    if digits.len() > 15 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{}.{} · 10^{}", &digits[..1], &digits[1..3], digits.len() - 1)
    } else {
        apart(digits)
    }
}

fn summary(page: &Page<'_>) -> Markup {
    let run = page.run;
    let front = run.front_trials().count() as u64;
    html! {
        p .summary {
            "Of " b { (count(run.trials.len() as u64)) } " candidates, " (outcomes(run)) ". "
            @if front == 0 {
                "None is on a front. "
            } @else {
                "The Pareto front has " b { (count(front)) }
                @if front == 1 { " member. " } @else { " members. " }
                "Best on it: "
                @for (at, (index, metric)) in run.goals().into_iter().enumerate() {
                    @if let Some((value, id)) = run.best(index) {
                        @if at > 0 { ", " }
                        (metric.label) " " b { (with_unit(value, metric)) }
                        " (" (trial_link(page, id)) ")"
                    }
                }
                ". "
            }
            @if let Some(end) = run.hypervolume.as_ref().and_then(|h| h.curve.last()) {
                "Its hypervolume is " b { (digits(end.volume)) }
                @if let Some(evaluations) = reached(run, 0.95) {
                    ", 95 % of which was there after " (count(evaluations)) " candidates"
                }
                "."
            }
        }
    }
}

/// A trial's number, linked to its section where it has one.
pub(super) fn trial_link(page: &Page<'_>, id: u64) -> Markup {
    html! {
        @if page.has_section(id) {
            a href=(format!("#trial-{id}")) { "trial " (id) }
        } @else {
            "trial " (id)
        }
    }
}
