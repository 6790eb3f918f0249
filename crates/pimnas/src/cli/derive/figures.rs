//! What was measured beside what the search knew: rows, a table, JSON.

use crate::cosearch::hardware_metrics;
use crate::report::accuracy::{AccuracyReport, AccuracySubject, accuracy_json};
use crate::report::table::table;
use crate::supernet::AccuracyMetric;
use crate::train::TrainingOptions;
use serde_json::{Value as Json, json};

use super::images::Images;
use super::measure::{Accuracies, Measured};
use super::subject::Subject;
use crate::cli::runs::digits;

/// Accuracy in training's arithmetic; of a search the one-shot accuracy stands beside it.
const TRAINED: &str = "trained_accuracy";

/// Everything that is shown.
pub struct Context<'c> {
    pub subject: &'c Subject<'c>,
    pub images: &'c Images,
    pub options: &'c TrainingOptions,
    pub measured: &'c Measured,
    /// Accuracy on crossbars and test images of the candidate with the super net's weights, in
    /// percent, where it was measured after the search.
    pub searched: Option<f64>,
}

/// A metric.
struct Row {
    name: String,
    unit: String,
    /// What the search knew.
    search: Option<f64>,
    /// The same of the trained network.
    derived: Option<f64>,
    /// On test images, after the search.
    search_test: Option<f64>,
    /// The same of the trained network.
    derived_test: Option<f64>,
}

impl Context<'_> {
    fn rows(&self) -> Vec<Row> {
        let Measured { validation, test, costs, .. } = self.measured;
        let float = Row {
            name: "float_accuracy".to_owned(),
            unit: "%".to_owned(),
            search: None,
            derived: validation.float(),
            search_test: None,
            derived_test: test.float(),
        };
        let accuracy = |metric: AccuracyMetric| Row {
            name: match metric {
                AccuracyMetric::OneShot => TRAINED.to_owned(),
                AccuracyMetric::FixedPoint
                | AccuracyMetric::Crossbar
                | AccuracyMetric::NoisyMean
                | AccuracyMetric::NoisyWorst => metric.name().to_owned(),
            },
            unit: metric.metric().unit,
            search: self.subject.searched(metric.name()),
            derived: validation.percent(metric),
            search_test: self.searched.filter(|_| metric == AccuracyMetric::Crossbar),
            derived_test: test.percent(metric),
        };
        let costs = costs.iter().zip(hardware_metrics()).map(|((name, value), metric)| Row {
            name: name.clone(),
            unit: metric.unit,
            search: self.subject.searched(name),
            derived: *value,
            search_test: None,
            derived_test: None,
        });
        let known = |row: &Row| row.derived.or(row.search).is_some();
        let accuracies = AccuracyMetric::ALL.into_iter().map(accuracy).filter(known);
        std::iter::once(float).chain(accuracies).chain(costs).collect()
    }
}

/// The figures for reading.
pub fn text(context: &Context<'_>) -> String {
    let head = ["metric", "unit", "search", "derived", "search, test", "derived, test"];
    let mut all = table(&head, 2);
    for row in context.rows() {
        let figures = [row.search, row.derived, row.search_test, row.derived_test];
        let figures = figures.map(|figure| figure.map_or_else(String::new, digits));
        all.add_row([row.name, row.unit].into_iter().chain(figures));
    }
    let (split, name) = (&context.images.split, &context.images.name);
    let (training, validation) = (split.training.len(), split.test.len());
    let (epochs, test) = (context.options.epochs, context.images.test.len());
    let trial = context.subject.one.trial.id.0;
    format!(
        "{all}\ntrial {trial}, {epochs} epochs on {training} images of {name}\nsearch, derived: the \
         {validation} images that were kept apart; test: {test} images that no choice saw\n\
         {TRAINED}: training's arithmetic; of the search its {}\n",
        AccuracyMetric::OneShot.name()
    )
}

/// The figures for programs, with every stage of both studies.
pub fn json(context: &Context<'_>) -> Json {
    let Context { subject, images, options, measured, .. } = context;
    let figures: Vec<Json> = context
        .rows()
        .into_iter()
        .map(|row| {
            json!({
                "metric": row.name,
                "unit": row.unit,
                "search": row.search,
                "derived": row.derived,
                "search_test": row.search_test,
                "derived_test": row.derived_test,
            })
        })
        .collect();
    let study = |of: &Accuracies| accuracy_json(&report(context, of));
    json!({
        "trial": subject.one.trial.id.0,
        "genotype": subject.summary.genotype(&subject.one.trial),
        "genotype_hash": subject.one.hash,
        "dataset": images.name,
        "images": {
            "training": images.split.training.len(),
            "validation": images.split.test.len(),
            "test": images.test.len(),
        },
        "training": serde_json::to_value(options).unwrap_or_default(),
        "figures": figures,
        "validation": study(&measured.validation),
        "test": study(&measured.test),
    })
}

fn report<'r>(context: &'r Context<'_>, of: &Accuracies) -> AccuracyReport<'r> {
    let fidelity = match context.subject.fidelity {
        crate::Fidelity::Reference => "reference",
        crate::Fidelity::Corrected => "corrected",
    };
    let subject = AccuracySubject {
        network: "network.json".to_owned(),
        hardware: "SimConfig.ini".to_owned(),
        dataset: of.images.clone(),
        adc: "scale",
        fidelity: fidelity.to_owned(),
        seed: of.seed,
    };
    let network = &context.measured.model.network;
    AccuracyReport { network, subject, stages: of.stages.clone(), device: None }
}
