//! A simulation as table, JSON and CSV.

use pimnas_simulate::report::wire;
use pimnas_simulate::{HardwareLayer, LayerKind, SimReport};
use serde_json::Value;

use crate::breakdown::modules;
use crate::figure::{area, digits, energy, percent, power, share, time};
use crate::table::table;

/// What a report is about, for its head line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The network.
    pub network: String,
    /// The hardware.
    pub hardware: String,
    /// How it was simulated.
    pub mode: String,
}

/// The results under the keys of the recorded cases.
///
/// # Errors
/// None that a report can cause.
pub fn simulation_json(report: &SimReport) -> Result<Value, serde_json::Error> {
    serde_json::to_value(wire::Report::from(report))
}

/// Totals, breakdowns by module and by layer, utilisation and the bottleneck.
#[must_use]
pub fn simulation_table(report: &SimReport, subject: &Subject) -> String {
    let Subject { network, hardware, mode } = subject;
    let sections = [
        format!("{network} on {hardware}, {mode}"),
        totals(report),
        by_module(report),
        by_layer(report),
        remarks(report),
    ];
    sections.join("\n\n") + "\n"
}

/// The four figures of merit in full precision, and what follows from them.
fn totals(report: &SimReport) -> String {
    let metrics = report.metrics();
    let utilisation = &report.area.utilisation;
    let mut table = table(&["total", "", ""], 1);
    table.add_row(["latency", &metrics.latency_ms.to_string(), "ms"]);
    table.add_row(["area", &metrics.area_mm2.to_string(), "mm²"]);
    table.add_row(["power", &metrics.power_w.to_string(), "W"]);
    table.add_row(["energy per inference", &metrics.energy_mj.to_string(), "mJ"]);
    table.add_row(["throughput, one inference at a time", &digits(report.tops()), "TOPS"]);
    table.add_row(["efficiency", &digits(report.tops_per_watt()), "TOPS/W"]);
    table.add_row(["tiles used", &report.mapping.used_tiles.to_string(), ""]);
    table.add_row(["crossbar cells used", &percent(utilisation.crossbar), ""]);
    table.add_row(["DACs used", &percent(utilisation.dac), ""]);
    table.add_row(["ADCs used", &percent(utilisation.adc), ""]);
    table.to_string()
}

fn by_module(report: &SimReport) -> String {
    let head = ["module", "time", "", "area", "", "power", "", "energy", ""];
    let mut table = table(&head, 1);
    let rows = modules(report);
    let sum =
        |figure: fn(&crate::breakdown::ModuleRow) -> f64| rows.iter().map(figure).sum::<f64>();
    let (times, areas) = (sum(|r| r.time_ns), sum(|r| r.area_um2));
    let (powers, energies) = (sum(|r| r.power_w), sum(|r| r.energy_nj));
    for row in &rows {
        table.add_row([
            row.name.to_owned(),
            time(row.time_ns),
            share(row.time_ns, times),
            area(row.area_um2),
            share(row.area_um2, areas),
            power(row.power_w),
            share(row.power_w, powers),
            energy(row.energy_nj),
            share(row.energy_nj, energies),
        ]);
    }
    table.to_string()
}

fn by_layer(report: &SimReport) -> String {
    let head = [
        "layer", "", "tiles", "PEs", "cells", "works", "busy", "area", "", "power", "", "energy",
        "",
    ];
    let mut table = table(&head, 2);
    let total =
        (report.area.total.value(), report.power.total.value(), report.energy.total.value());
    for (index, layer) in report.graph.layers.iter().enumerate() {
        let partition = &report.mapping.partitions[index];
        let timing = &report.timeline.layers[index];
        let layer_area = report.area.layers[index].value();
        let layer_power = report.power.layers[index].total().value();
        let layer_energy = report.energy.layers[index].total.value();
        table.add_row([
            index.to_string(),
            describe(layer),
            partition.tiles.to_string(),
            partition.pes.to_string(),
            percent(report.area.utilisation.crossbar_layers[index]),
            time(timing.active().value()),
            percent(timing.occupancy),
            area(layer_area),
            share(layer_area, total.0),
            power(layer_power),
            share(layer_power, total.1),
            energy(layer_energy),
            share(layer_energy, total.2),
        ]);
    }
    table.to_string()
}

/// A layer in a few signs: `conv 3×3, 64→128, 16×16`.
#[must_use]
pub fn describe(layer: &HardwareLayer) -> String {
    let name = layer.reference().kind;
    let (out, height, width) = (layer.out_channels, layer.out_size.height, layer.out_size.width);
    let input = layer.in_channels * layer.groups;
    match layer.kind {
        LayerKind::Convolution => {
            format!("{name} {k}×{k}, {input}→{out}, {height}×{width}", k = layer.kernel)
        }
        LayerKind::FullyConnected => format!("{name} {input}→{out}"),
        LayerKind::Pooling => format!("{name} {k}×{k}, {out}, {height}×{width}", k = layer.kernel),
        LayerKind::ElementSum => format!("{name}, {out}, {height}×{width}"),
    }
}

fn remarks(report: &SimReport) -> String {
    let bottleneck = report.bottleneck();
    let timing = &report.timeline.layers[bottleneck];
    let layer = describe(&report.graph.layers[bottleneck]);
    let most = report.most_energy();
    format!(
        "bottleneck: layer {bottleneck} ({layer}) works for {} of {}\n\
         most energy: layer {most} ({}) takes {} of {}",
        time(timing.active().value()),
        time(report.timeline.total.value()),
        describe(&report.graph.layers[most]),
        percent(report.energy_share(most)),
        energy(report.energy.total.value()),
    )
}

/// One line for each layer and one for the total.
///
/// # Errors
/// None that a report can cause.
pub fn simulation_csv(report: &SimReport) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "layer",
        "type",
        "tiles",
        "PEs",
        "begin_ns",
        "finish_ns",
        "active_ns",
        "occupancy",
        "area_um2",
        "power_W",
        "energy_nJ",
        "crossbar_utilization",
    ])?;
    for (index, layer) in report.graph.layers.iter().enumerate() {
        let partition = &report.mapping.partitions[index];
        let timing = &report.timeline.layers[index];
        writer.write_record([
            index.to_string(),
            layer.reference().kind.to_owned(),
            partition.tiles.to_string(),
            partition.pes.to_string(),
            timing.begin.value().to_string(),
            timing.finish.value().to_string(),
            timing.active().value().to_string(),
            timing.occupancy.to_string(),
            report.area.layers[index].value().to_string(),
            report.power.layers[index].total().value().to_string(),
            report.energy.layers[index].total.value().to_string(),
            report.area.utilisation.crossbar_layers[index].to_string(),
        ])?;
    }
    let pes: u64 = report.mapping.partitions.iter().map(|partition| partition.pes).sum();
    let total = report.timeline.total.value().to_string();
    writer.write_record([
        "total".to_owned(),
        String::new(),
        report.mapping.used_tiles.to_string(),
        pes.to_string(),
        "0".to_owned(),
        total.clone(),
        total,
        String::new(),
        report.area.total.value().to_string(),
        report.power.total.value().to_string(),
        report.energy.total.value().to_string(),
        report.area.utilisation.crossbar.to_string(),
    ])?;
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
