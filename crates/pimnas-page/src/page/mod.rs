//! The page: one function a section, from the run to markup.

mod accuracy;
mod axes;
mod breakdown;
mod common;
mod curve;
mod data;
mod floor;
mod front;
mod funnel;
mod gantt;
mod head;
mod importance;
mod member;
mod network;
mod parallel;
mod scatter;
mod svg;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::figures::{importance::Importance, importance::importance, sample};
use crate::model::{RunReport, Trial};
use axes::Axis;

/// Nothing is loaded: what the page needs is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
                      script-src 'unsafe-inline'; img-src data:";

/// What several sections need, computed once.
struct Page<'r> {
    run: &'r RunReport,
    /// Trials in pictures, the front last.
    drawn: Vec<&'r Trial>,
    /// The objectives, then the most important decisions.
    axes: Vec<Axis>,
    /// How many of the axes are objectives.
    objectives: usize,
    /// Decisions by importance.
    importance: Vec<Importance>,
    /// Trials of the front, as a set.
    front: std::collections::BTreeSet<u64>,
}

impl<'r> Page<'r> {
    fn new(run: &'r RunReport) -> Self {
        let objectives = axes::objectives(run);
        let scales: Vec<_> = objectives.iter().map(Axis::scale).collect();
        let importance = importance(run, &scales);
        let count = objectives.len();
        let decisions = axes::decisions(run, &importance);
        Self {
            run,
            drawn: sample::drawn(run),
            axes: objectives.into_iter().chain(decisions).collect(),
            objectives: count,
            importance,
            front: run.front.iter().copied().collect(),
        }
    }

    fn is_front(&self, trial: &Trial) -> bool {
        self.front.contains(&trial.id)
    }

    /// Whether a trial has a section of its own.
    fn has_section(&self, id: u64) -> bool {
        self.run.members.iter().any(|member| member.trial == id)
    }
}

/// The page of a run, as HTML.
#[must_use]
pub fn render(run: &RunReport) -> String {
    let page = Page::new(run);
    let title = if run.head.title.is_empty() { "Co-search" } else { &run.head.title };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                (head::section(&page, title))
                main {
                    (scatter::section(&page))
                    (parallel::section(&page))
                    (front::section(&page))
                    (curve::section(&page))
                    (common::section(&page))
                    (importance::section(&page))
                    (funnel::section(&page))
                    @for member in &run.members { (member::section(&page, member)) }
                }
                div id="tip" hidden {}
                (data::element(&page))
                script { (PreEscaped(include_str!("script.js"))) }
            }
        }
    };
    markup.into_string()
}

/// A section with a heading that can be linked to.
fn section(id: &str, heading: &str, content: Markup) -> Markup {
    html! {
        section id=(id) { h2 { (heading) } (content) }
    }
}

/// Text that may be broken behind its dots and underscores.
fn breakable(text: &str) -> Markup {
    html! {
        @for part in text.split_inclusive(['.', '_']) { (part) wbr; }
    }
}
