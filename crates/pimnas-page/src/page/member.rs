//! A member of the front, on a page of its own in print.

use maud::{Markup, html};

use super::{Page, accuracy, breakdown, floor, gantt, network};
use crate::figures::summary::with_unit;
use crate::member::MemberDetail;
use crate::model::{Member, RunReport, Trial};
use pimnas_report::figure;

pub(super) fn section(page: &Page<'_>, member: &Member) -> Markup {
    let trial = page.run.trial(member.trial);
    html! {
        section .member id=(format!("trial-{}", member.trial)) {
            h2 { "Trial " (member.trial) " " a .back href="#front" { "↑ front" } }
            @if let Some(trial) = trial { (figures(page.run, trial)) }
            @if let Some(detail) = &member.detail { (hardware(detail)) }
            (accuracy::figure(&member.accuracy))
            @if let Some(detail) = &member.detail { (drawings(detail)) }
            @if let Some(trial) = trial { (decisions(page.run, trial)) }
            @if !member.command.is_empty() {
                h3 { "Reproduce" }
                pre .command { (member.command) }
            }
        }
    }
}

fn figures(run: &RunReport, trial: &Trial) -> Markup {
    let known = run.metrics.iter().enumerate();
    let known = known.filter_map(|(index, metric)| Some((metric, trial.metric(index)?)));
    html! {
        dl .figures {
            @for (metric, value) in known {
                div { dt { (metric.label) } dd { (with_unit(value, metric)) } }
            }
        }
    }
}

fn hardware(detail: &MemberDetail) -> Markup {
    let totals = &detail.totals;
    let facts = [
        ("power, all layers at work", figure::power(totals.power_w)),
        ("TOPS/W", figure::digits(totals.tops_per_watt)),
        ("cells that hold weights", figure::percent(totals.cells_used)),
    ];
    html! {
        p .line {
            @for (index, (name, value)) in detail.hardware.iter().enumerate() {
                @if index > 0 { " · " }
                (name) " " b { (value) }
            }
            @for (name, value) in facts { " · " (name) " " b { (value) } }
        }
    }
}

fn decisions(run: &RunReport, trial: &Trial) -> Markup {
    let chosen = run.decisions.iter().enumerate().filter_map(|(index, decision)| {
        Some((&decision.path, decision.choices.get(trial.choice(index)?)?))
    });
    let chosen: Vec<_> = chosen.collect();
    html! {
        @if !chosen.is_empty() {
            h3 { "Decisions" }
            dl .decisions {
                @for (path, value) in chosen {
                    div { dt { (super::breakable(path)) } dd { (value) } }
                }
            }
        }
    }
}

fn drawings(detail: &MemberDetail) -> Markup {
    html! {
        div .drawings {
            div { h3 { "Network" } (network::figure(detail)) }
            div {
                h3 { "Tiles on the mesh" }
                (floor::figure(detail))
                h3 { "By kind of circuit" }
                (breakdown::by_module(detail))
            }
        }
        div .whole { h3 { "Timeline" } (gantt::figure(detail)) }
        div .whole { h3 { "By layer" } (breakdown::by_layer(detail)) }
    }
}
