//! Accuracy stage by stage: table, JSON, CSV.

use pimnas_device::FitReport;
use pimnas_infer::accuracy::{Interval, LayerNoise, StageResult, Summary};
use pimnas_network::Network;
use serde_json::{Value, json};

pub use crate::measured::{device_json, device_table};
use crate::table::table;

/// A stage with its name.
#[derive(Clone, Debug)]
pub struct NamedStage {
    /// Its name, such as `fixed point`.
    pub name: String,
    /// Its scores and its layers' noise.
    pub result: StageResult,
}

/// Accuracy of a network over a data set on a hardware.
#[derive(Clone, Debug)]
pub struct AccuracyReport<'a> {
    /// The network.
    pub network: &'a Network,
    /// What each part is called, in words: network, hardware, images, how.
    pub subject: AccuracySubject,
    /// The stages in their order.
    pub stages: Vec<NamedStage>,
    /// How well laws describe the measured devices, if there are some.
    pub device: Option<FitReport>,
}

/// What a study is about, in words.
#[derive(Clone, Debug)]
pub struct AccuracySubject {
    /// The network.
    pub network: String,
    /// The hardware.
    pub hardware: String,
    /// The images.
    pub dataset: String,
    /// Range of the ADCs.
    pub adc: &'static str,
    /// Fidelity, with the quirks that are switched on their own.
    pub fidelity: String,
    /// Seed of the draws.
    pub seed: u64,
}

/// The report for reading: stages, then the signal-to-noise ratio of each layer.
#[must_use]
pub fn accuracy_table(report: &AccuracyReport<'_>) -> String {
    let AccuracySubject { network, hardware, dataset, adc, fidelity, seed } = &report.subject;
    let head = [
        "stage",
        "draws",
        "accuracy %",
        "deviation",
        "worst",
        "95 % of the mean",
        "95 % by choice of images",
    ];
    let mut stages = table(&head, 1);
    for stage in &report.stages {
        let Some(summary) = stage.result.summary() else { continue };
        let Summary { draws, mean, deviation, worst, interval } = summary;
        stages.add_row([
            stage.name.clone(),
            draws.to_string(),
            percent(mean),
            if draws > 1 { percent(deviation) } else { String::new() },
            if draws > 1 { percent(worst) } else { String::new() },
            interval.map_or_else(String::new, range),
            stage.result.sampling().map_or_else(String::new, range),
        ]);
    }
    let device =
        report.device.as_ref().map_or_else(String::new, |fit| format!("\n{}", device_table(fit)));
    format!(
        "{network} on {hardware}, fidelity {fidelity}, ADC range {adc}\n{dataset}, seed {seed}\n\n\
         {stages}\n\nSignal-to-noise ratio of each layer against floats, dB\n{}\n{device}",
        noise_table(report)
    )
}

fn noise_table(report: &AccuracyReport<'_>) -> comfy_table::Table {
    let others: Vec<&NamedStage> = report.stages.iter().skip(1).collect();
    let names = others.iter().map(|stage| stage.name.as_str());
    let mut noise = table(&std::iter::once("layer").chain(names).collect::<Vec<_>>(), 1);
    let first = report.stages.first().map_or(&[][..], |stage| &stage.result.layers);
    for (place, name) in layer_names(report.network, first).into_iter().enumerate() {
        let ratios = others.iter().map(|stage| {
            let layer = stage.result.layers.get(place);
            layer.map_or_else(String::new, |layer| format!("{:.1}", layer.snr_db()))
        });
        noise.add_row(std::iter::once(name).chain(ratios));
    }
    noise
}

/// Which layers each computed one stands for: `2-3 conv, relu`.
fn layer_names(network: &Network, computed: &[LayerNoise]) -> Vec<String> {
    let mut first = 0;
    let mut names = Vec::new();
    for noise in computed {
        let layers = network.layers.get(first..=noise.layer).unwrap_or_default();
        let kinds: Vec<&str> = layers.iter().map(|layer| layer.operation.name()).collect();
        let places = if first == noise.layer {
            first.to_string()
        } else {
            format!("{first}-{}", noise.layer)
        };
        names.push(format!("{places} {}", kinds.join(", ")));
        first = noise.layer + 1;
    }
    names
}

fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

fn range(interval: Interval) -> String {
    format!("{} to {}", percent(interval.low), percent(interval.high))
}

/// The report as JSON, in full precision; accuracies are shares of 1.
#[must_use]
pub fn accuracy_json(report: &AccuracyReport<'_>) -> Value {
    let AccuracySubject { network, hardware, dataset, adc, fidelity, seed } = &report.subject;
    let stages: Vec<Value> =
        report.stages.iter().map(|stage| stage_json(report.network, stage)).collect();
    let images = report.stages.first().and_then(|stage| stage.result.scores.first());
    json!({
        "network": network,
        "hardware": hardware,
        "dataset": dataset,
        "images": images.map_or(0, |score| score.images),
        "adc": adc,
        "fidelity": fidelity,
        "seed": seed,
        "stages": stages,
        "measured_device": report.device.as_ref().map(device_json),
    })
}

fn stage_json(network: &Network, stage: &NamedStage) -> Value {
    let summary = stage.result.summary();
    let interval = |interval: Option<Interval>| interval.map(|i| json!([i.low, i.high]));
    let accuracies: Vec<f64> = stage.result.scores.iter().map(|score| score.accuracy()).collect();
    let names = layer_names(network, &stage.result.layers);
    let layers: Vec<Value> = stage
        .result
        .layers
        .iter()
        .zip(names)
        // JSON has no infinity: null says that there is no noise.
        .map(|(layer, name)| json!({"layer": layer.layer, "name": name, "snr_db": layer.snr_db()}))
        .collect();
    json!({
        "stage": stage.name,
        "draws": accuracies.len(),
        "accuracy_mean": summary.map(|s| s.mean),
        "accuracy_deviation": summary.map(|s| s.deviation),
        "accuracy_worst": summary.map(|s| s.worst),
        "interval_of_mean": interval(summary.and_then(|s| s.interval)),
        "interval_of_images": interval(stage.result.sampling()),
        "accuracies": accuracies,
        "layers": layers,
    })
}

/// The stages as CSV, one a line.
///
/// # Errors
/// None that the memory does not have.
pub fn accuracy_csv(report: &AccuracyReport<'_>) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "stage",
        "draws",
        "images",
        "accuracy_mean",
        "accuracy_deviation",
        "accuracy_worst",
        "mean_low",
        "mean_high",
        "images_low",
        "images_high",
    ])?;
    for stage in &report.stages {
        let Some(summary) = stage.result.summary() else { continue };
        let images = stage.result.scores.first().map_or(0, |score| score.images);
        let ends = |interval: Option<Interval>| match interval {
            Some(Interval { low, high }) => [low.to_string(), high.to_string()],
            None => [String::new(), String::new()],
        };
        let [low, high] = ends(summary.interval);
        let [images_low, images_high] = ends(stage.result.sampling());
        writer.write_record([
            stage.name.clone(),
            summary.draws.to_string(),
            images.to_string(),
            summary.mean.to_string(),
            summary.deviation.to_string(),
            summary.worst.to_string(),
            low,
            high,
            images_low,
            images_high,
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
