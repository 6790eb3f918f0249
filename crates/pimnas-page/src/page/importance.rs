//! How much each decision explains of each objective.

use maud::{Markup, html};

use super::svg::bar;
use super::{Page, section as framed};
use crate::figures::importance::Importance;
use crate::figures::scale::Kind;

/// Decisions that are shown at once; the others are folded.
const SHOWN: usize = 12;

pub(super) fn section(page: &Page<'_>) -> Markup {
    if page.importance.is_empty() || page.objectives == 0 {
        return html! {};
    }
    let (first, rest) = page.importance.split_at(page.importance.len().min(SHOWN));
    let logarithmic: Vec<String> = page.axes[..page.objectives]
        .iter()
        .filter(|axis| axis.scale().kind == Kind::Logarithmic)
        .map(super::axes::Axis::title)
        .collect();
    framed(
        "importance",
        "What decides each objective",
        html! {
            (table(page, first))
            @if !rest.is_empty() {
                details {
                    summary { (rest.len()) " more decisions" }
                    (table(page, rest))
                }
            }
            p .caption {
                "Share of an objective's variance over the trials that a decision explains by itself: \
                 ε² of a one-way analysis of variance, that is η² without its bias, 0 where it comes \
                 out below. Interactions of decisions are not in it"
                @if !logarithmic.is_empty() {
                    "; the logarithm of " (logarithmic.join(", ")) " is explained"
                }
                ". Trials are those that the controller chose, not a random sample of the space, \
                 unless it draws at random."
            }
        },
    )
}

fn table(page: &Page<'_>, rows: &[Importance]) -> Markup {
    html! {
        table .bars {
            thead { tr {
                th { "decision" }
                @for (_, metric) in page.run.goals() { th .number { (metric.label) } }
            } }
            tbody {
                @for row in rows {
                    @let decision = page.run.decisions.get(row.decision);
                    tr {
                        th scope="row" { (super::breakable(decision.map_or("", |d| &d.path))) }
                        @for explained in &row.explained {
                            td .number {
                                @match explained {
                                    Some(share) => {
                                        (format!("{:.0} %", share * 100.0)) (bar(*share, "fill"))
                                    }
                                    None => "–",
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
