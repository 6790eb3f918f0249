//! Why a network costs what it costs, in words and figures.

use std::fmt::Write as _;

use pimnas_explore::Effect;
use pimnas_simulate::{Metrics, SimReport};

use crate::breakdown::{ModuleRow, modules};
use crate::figure::{area, change, energy, percent, power, share, time};
use crate::simulation::describe;
use crate::table::table;

/// Shares below this are not worth a line.
const LEAST_SHARE: f64 = 0.02;
/// Knobs listed for each figure of merit.
const LISTED: usize = 5;

/// What bounds the latency, where energy, area and power go, and which knob would change each
/// most.
#[must_use]
pub fn explanation(report: &SimReport, effects: &[Effect]) -> String {
    let mut text = String::new();
    latency(&mut text, report);
    for what in [ENERGY, AREA, POWER] {
        goes_to(&mut text, report, &what);
    }
    knobs(&mut text, &report.metrics(), effects);
    text
}

fn latency(text: &mut String, report: &SimReport) {
    let total = report.timeline.total.value();
    let _ = writeln!(text, "What bounds the latency of {}", time(total));
    let mut steps = report.critical_path();
    steps.sort_by(|a, b| b.added.value().total_cmp(&a.added.value()));
    let listed = steps.iter().filter(|step| step.added.value() >= LEAST_SHARE * total);
    for step in listed {
        let layer = &report.graph.layers[step.layer];
        let _ = writeln!(
            text,
            "  layer {} ({}) adds {} ({}) to the end of its inputs",
            step.layer,
            describe(layer),
            time(step.added.value()),
            share(step.added.value(), total),
        );
    }
    let bottleneck = report.bottleneck();
    let timing = &report.timeline.layers[bottleneck];
    let _ = writeln!(
        text,
        "  layer {bottleneck} ({}) works longest, {}: no inference can follow the one before \
         sooner. Of its time",
        describe(&report.graph.layers[bottleneck]),
        time(timing.active().value()),
    );
    let spent = &timing.spent;
    let m = &spent.modules;
    let mut parts = [
        ("ADCs", m.adc),
        ("DACs", m.dac),
        ("crossbars", m.crossbar),
        ("buffers", spent.buffer()),
        ("pooling", m.pooling),
        ("digital circuits", spent.digital()),
        ("transfer between PEs", spent.intra_tile),
        ("merging tiles", spent.merge),
        ("transfer to the next layer", spent.transfer),
    ];
    parts.sort_by(|a, b| b.1.value().total_cmp(&a.1.value()));
    let sum: f64 = parts.iter().map(|(_, part)| part.value()).sum();
    for (name, part) in parts.iter().filter(|(_, part)| part.value() >= LEAST_SHARE * sum) {
        let _ = writeln!(text, "    {} is spent on {name}", share(part.value(), sum));
    }
}

/// A figure of merit and where to find its parts.
struct Figure {
    name: &'static str,
    verb: &'static str,
    of_module: fn(&ModuleRow) -> f64,
    of_layer: fn(&SimReport, usize) -> f64,
    total: fn(&SimReport) -> f64,
    format: fn(f64) -> String,
}

const ENERGY: Figure = Figure {
    name: "energy",
    verb: "takes",
    of_module: |row| row.energy_nj,
    of_layer: |report, layer| report.energy.layers[layer].total.value(),
    total: |report| report.energy.total.value(),
    format: energy,
};

const AREA: Figure = Figure {
    name: "area",
    verb: "covers",
    of_module: |row| row.area_um2,
    of_layer: |report, layer| report.area.layers[layer].value(),
    total: |report| report.area.total.value(),
    format: area,
};

const POWER: Figure = Figure {
    name: "power",
    verb: "draws",
    of_module: |row| row.power_w,
    of_layer: |report, layer| report.power.layers[layer].total().value(),
    total: |report| report.power.total.value(),
    format: power,
};

fn goes_to(text: &mut String, report: &SimReport, figure: &Figure) {
    let total = (figure.total)(report);
    let _ = writeln!(text, "\nWhat the {} of {} goes to", figure.name, (figure.format)(total));
    let rows = modules(report);
    let mut parts: Vec<(&str, f64)> =
        rows.iter().map(|row| (row.name, (figure.of_module)(row))).collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (name, part) in parts.iter().filter(|(_, part)| *part >= LEAST_SHARE * total) {
        let _ = writeln!(text, "  {name}: {} ({})", (figure.format)(*part), share(*part, total));
    }
    let most = (0..report.graph.layers.len())
        .max_by(|&a, &b| (figure.of_layer)(report, a).total_cmp(&(figure.of_layer)(report, b)));
    if let Some(layer) = most {
        let part = (figure.of_layer)(report, layer);
        let _ = writeln!(
            text,
            "  layer {layer} ({}) {} most: {} ({})",
            describe(&report.graph.layers[layer]),
            figure.verb,
            (figure.format)(part),
            share(part, total),
        );
    }
}

/// One of the four metrics.
type Metric = fn(&Metrics) -> f64;

fn knobs(text: &mut String, now: &Metrics, effects: &[Effect]) {
    let figures: [(&str, Metric); 4] = [
        ("latency", |m| m.latency_ms),
        ("energy", |m| m.energy_mj),
        ("area", |m| m.area_mm2),
        ("power", |m| m.power_w),
    ];
    for (name, figure) in figures {
        let _ = writeln!(text, "\nWhich single change would lower the {name} most");
        let mut better: Vec<(&Effect, &Metrics)> = effects
            .iter()
            .filter_map(|effect| effect.result.as_ref().ok().map(|metrics| (effect, metrics)))
            .filter(|(_, metrics)| figure(metrics) < figure(now))
            .collect();
        better.sort_by(|a, b| figure(a.1).total_cmp(&figure(b.1)));
        if better.is_empty() {
            let _ = writeln!(text, "  none of the documented choices");
            continue;
        }
        let mut table = table(&["change", "latency", "energy", "area", "power"], 1);
        for (effect, metrics) in better.into_iter().take(LISTED) {
            let mut row = vec![settings(effect)];
            row.extend(figures.iter().map(|(_, figure)| change(figure(now), figure(metrics))));
            table.add_row(row);
        }
        let _ = writeln!(text, "{table}");
    }
    let impossible = effects.iter().filter(|effect| effect.result.is_err()).count();
    let _ = writeln!(
        text,
        "\n{} choices tried one at a time, {impossible} of them not possible here",
        effects.len()
    );
}

fn settings(effect: &Effect) -> String {
    let written = effect.settings.iter().map(|setting| {
        let key = setting.key.rsplit('/').next().unwrap_or(&setting.key);
        format!("{key} = {}", setting.value)
    });
    format!("{}: {}", effect.knob, written.collect::<Vec<_>>().join(", "))
}

/// How full the hardware is, in a sentence.
#[must_use]
pub fn fill(report: &SimReport) -> String {
    format!(
        "{} tiles used; {} of their crossbar cells hold weights",
        report.mapping.used_tiles,
        percent(report.area.utilisation.crossbar)
    )
}
