//! What the front's members have in common.

use maud::{Markup, html};

use super::svg::px;
use super::{Page, section as framed};
use crate::figures::shares::{DecisionShares, ValueShare, shares};
use crate::figures::summary::count;

/// Decisions that are shown at once; the others are folded.
const SHOWN: usize = 12;
const COLUMN: f64 = 46.0;
const FLOOR: f64 = 74.0;
const TALL: f64 = 52.0;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let all = shares(page.run);
    if all.is_empty() {
        return html! {};
    }
    let (first, rest) = all.split_at(all.len().min(SHOWN));
    framed(
        "common",
        "What the front has in common",
        html! {
            div .cards { @for one in first { (card(page, one)) } }
            @if !rest.is_empty() {
                details {
                    summary { (rest.len()) " more decisions" }
                    div .cards { @for one in rest { (card(page, one)) } }
                }
            }
            p .caption {
                span .key .bar-front {} "share of the front "
                span .key .bar-all {} "share of all " (count(page.run.trials.len() as u64)) " trials, \
                 with the band in which 95 % of fronts drawn at random would lie. Shares are of the \
                 trials in which the decision is active; decisions that set the front apart most come \
                 first."
            }
        },
    )
}

fn card(page: &Page<'_>, shares: &DecisionShares) -> Markup {
    let path = page.run.decisions.get(shares.decision).map_or("", |decision| &decision.path);
    let width = COLUMN * shares.values.len() as f64;
    html! {
        figure .card {
            figcaption { (path) }
            svg .shares viewBox=(format!("0 0 {width} 92")) style=(format!("width:{width}px"))
                role="img" aria-label=(words(path, shares)) {
                path .frame d=(format!("M0 {FLOOR}H{width}")) {}
                @for (index, value) in shares.values.iter().enumerate() {
                    (column(value, shares.members, index))
                }
            }
        }
    }
}

fn column(value: &ValueShare, members: usize, index: usize) -> Markup {
    let middle = COLUMN * (index as f64 + 0.5);
    let y = |share: f64| FLOOR - share * TALL;
    // 1.96 standard deviations of a share among that many.
    let band = 1.96 * (value.all * (1.0 - value.all) / members.max(1) as f64).sqrt();
    let (low, high) = ((value.all - band).max(0.0), (value.all + band).min(1.0));
    html! {
        rect .front x=(px(middle - 11.0)) width="22" y=(px(y(value.front)))
            height=(px(value.front * TALL)) {}
        rect .band x=(px(middle - 15.0)) width="30" y=(px(y(high)))
            height=(px((high - low) * TALL)) {}
        path .mark d=(format!("M{} {}h30", px(middle - 15.0), px(y(value.all)))) {}
        text x=(px(middle)) y=(px(y(value.front.max(high)) - 5.0)) text-anchor="middle" {
            (percent(value.front))
        }
        text .value x=(px(middle)) y=(px(FLOOR + 14.0)) text-anchor="middle" { (value.value) }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn words(path: &str, shares: &DecisionShares) -> String {
    let values = shares.values.iter().map(|value| {
        let (front, all) = (percent(value.front), percent(value.all));
        format!("{}: {front} of the front, {all} of all", value.value)
    });
    format!("{path}: {}", values.collect::<Vec<_>>().join("; "))
}
