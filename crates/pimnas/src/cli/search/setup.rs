//! From a configuration to everything that a search needs.

use std::path::{Path, PathBuf};

use crate::config::RawConfig;
use crate::cosearch::config::{FidelityName, PredictorName};
use crate::cosearch::{
    AccuracyStages, Cascade, HardwareStage, Meant, Predictor, PredictorSettings, SearchConfig,
    TableAccuracy, hardware_metrics,
};
use crate::search::search::{GoalError, Goals, Metric, Objective, Quantity};
use crate::search::table::Table;
use crate::search::{Space, WrittenSpace};
use crate::store::RunInfo;
#[cfg(feature = "train")]
use crate::supernet::AccuracyMetric;
use crate::{Fidelity, Options};
use serde_json::{Value as Json, json};

use super::super::failure::Failure;
use super::super::inputs::HardwareArgs;
use super::super::output::{note, read_file};
use super::super::space;
#[cfg(feature = "train")]
use super::accuracy::SupernetSource;
use super::args::config_failure;

/// What a run keeps of its files, so that it can be continued without them.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    space: Option<(String, String)>,
    hardware: Option<(Json, String)>,
}

impl Kept {
    /// Of a stored run.
    pub fn of(info: &RunInfo) -> Self {
        let name = info.config.get("space").and_then(Json::as_str).unwrap_or_default().to_owned();
        let hardware = info.config.get("hardware").cloned().unwrap_or_default();
        Self {
            space: info.space.text.clone().map(|text| (name, text)),
            hardware: Some((hardware, info.hardware.clone())),
        }
    }
}

/// Everything that a search needs.
pub struct Setup {
    pub config: SearchConfig,
    pub meant: Meant,
    pub space: WrittenSpace,
    pub space_text: String,
    pub base: RawConfig,
    pub goals: Goals,
    source: Source,
}

/// Where accuracy comes from.
enum Source {
    /// Costs alone are searched.
    Nowhere,
    /// A table, with the hash of its file.
    Table(Box<TableAccuracy>, String),
    /// A super net.
    #[cfg(feature = "train")]
    Supernet(Box<SupernetSource>),
}

impl Source {
    fn stages(&self) -> Option<&dyn AccuracyStages> {
        match self {
            Self::Nowhere => None,
            Self::Table(table, _) => Some(table.as_ref()),
            #[cfg(feature = "train")]
            Self::Supernet(source) => Some(source.stages()),
        }
    }
}

/// The configuration in a description of a run.
pub fn config_of(described: &Json) -> Option<SearchConfig> {
    let mut described = described.as_object()?.clone();
    described.remove("contents");
    serde_json::from_value(Json::Object(described)).ok()
}

impl Setup {
    /// Reads what the configuration names.
    pub fn new(config: SearchConfig, kept: &Kept) -> Result<Self, Failure> {
        let mut text = String::new();
        let mut noted = |failure: Failure| text += &failure.text;
        let meant = config.meant().map_err(|problems| noted(config_failure(&problems))).ok();
        let space = load_space(&config, kept).map_err(&mut noted).ok();
        let base = load_base(&config, kept).map_err(&mut noted).ok();
        let (Some(meant), Some((space, space_text)), Some(base)) = (meant, space, base) else {
            return Err(Failure { text });
        };
        let source = match &config.accuracy.table {
            None => learned(&config, &meant)?,
            Some(path) => {
                let (hash, accuracy) = load_table(&config, (&space, &meant), Path::new(path))?;
                Source::Table(Box::new(accuracy), hash)
            }
        };
        let mut metrics = hardware_metrics();
        if let Some(accuracy) = source.stages() {
            metrics.extend(accuracy.stages().iter().flat_map(|stage| stage.metrics.clone()));
        }
        let goals = Goals::new(&metrics, &meant.objectives, &meant.constraints);
        let goals = goals.map_err(|errors| goals_failure(&errors))?;
        Ok(Self { config, meant, space, space_text, base, goals, source })
    }

    /// The super net that accuracies come from; none where they come from elsewhere.
    #[cfg(feature = "train")]
    pub fn supernet(&self) -> Option<&SupernetSource> {
        match &self.source {
            Source::Nowhere | Source::Table(..) => None,
            Source::Supernet(source) => Some(source),
        }
    }

    /// The evaluator.
    pub fn cascade(&self) -> Cascade<'_> {
        let options = Options::new(fidelity(&self.config));
        let stage = HardwareStage::new(&self.space, self.base.clone(), options);
        let mut cascade = Cascade::new(stage);
        if let Some(accuracy) = self.source.stages() {
            cascade = cascade.with_accuracy(accuracy);
        }
        // Of the controllers, one proposes what was a trial before.
        if self.config.controller.ends_with("-repeats") {
            cascade = cascade.with_cache();
        }
        match self.config.accuracy.predictor {
            PredictorName::None => cascade,
            PredictorName::Forest => {
                let decisions = self.space.decisions();
                let settings = PredictorSettings::default();
                cascade.with_predictor(Predictor::new(settings, decisions, self.config.seed))
            }
        }
    }

    /// The configuration with what the named files say, to be compared.
    pub fn described(&self) -> Json {
        let mut described = serde_json::to_value(&self.config).unwrap_or_default();
        if let Some(object) = described.as_object_mut() {
            let (table, training): (_, Option<String>) = match &self.source {
                Source::Nowhere => (None, None),
                Source::Table(_, hash) => (Some(hash.clone()), None),
                #[cfg(feature = "train")]
                Source::Supernet(source) => (None, source.described().ok()),
            };
            let contents = json!({
                "space": format!("{:032x}", self.space.fingerprint()),
                "hardware": hash(self.base.to_ini().as_bytes()),
                "table": table,
                "training": training,
            });
            object.insert("contents".to_owned(), contents);
        }
        described
    }
}

fn hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))
}

fn load_space(config: &SearchConfig, kept: &Kept) -> Result<(WrittenSpace, String), Failure> {
    match &kept.space {
        Some((name, text)) if *name == config.space => space::from_text(name, text),
        Some(_) | None => space::load(&config.space),
    }
}

fn load_base(config: &SearchConfig, kept: &Kept) -> Result<RawConfig, Failure> {
    let asked = serde_json::to_value(&config.hardware).unwrap_or_default();
    if let Some((described, text)) = &kept.hardware
        && *described == asked
    {
        return RawConfig::from_ini(text.as_bytes())
            .map_err(|problems| Failure::of_config(&problems, text));
    }
    let path = config.hardware.config.as_ref().map(PathBuf::from);
    let args = HardwareArgs { config: path, set: config.hardware.set.clone() };
    args.load().map(|(raw, _)| raw)
}

/// Metrics that are named by objectives and constraints and are none of the hardware's.
fn named(meant: &Meant) -> Vec<String> {
    let of = |objective: &Objective| match &objective.quantity {
        Quantity::Metric(name) => vec![name.clone()],
        Quantity::Weighted(terms) => terms.iter().map(|(_, name)| name.clone()).collect(),
        Quantity::Reward { metric, factors } => {
            let others = factors.iter().map(|factor| factor.metric.clone());
            std::iter::once(metric.clone()).chain(others).collect()
        }
    };
    let bounds = meant.constraints.iter().map(|constraint| constraint.metric.clone());
    let mut names: Vec<String> = meant.objectives.iter().flat_map(of).chain(bounds).collect();
    let costs: Vec<Metric> = hardware_metrics();
    names.retain(|name| costs.iter().all(|metric| metric.name != *name));
    names.sort();
    names.dedup();
    names
}

/// Whether a configuration takes accuracies from a super net.
#[cfg(feature = "train")]
pub fn is_learned(config: &SearchConfig) -> bool {
    let names = config.meant().map(|meant| named(&meant)).unwrap_or_default();
    let of_one = |name: &String| AccuracyMetric::ALL.iter().any(|metric| metric.name() == name);
    config.accuracy.table.is_none() && names.iter().any(of_one)
}

/// A super net, where an accuracy of one is named.
#[cfg(feature = "train")]
fn learned(config: &SearchConfig, meant: &Meant) -> Result<Source, Failure> {
    let names = named(meant);
    let of_one = |metric: AccuracyMetric| names.iter().any(|name| name == metric.name());
    // Metrics that do not exist are said with the names of all that do.
    if !names.is_empty() && !AccuracyMetric::ALL.into_iter().any(of_one) {
        let accuracies = AccuracyMetric::ALL.into_iter().map(AccuracyMetric::metric);
        let known: Vec<Metric> = hardware_metrics().into_iter().chain(accuracies).collect();
        Goals::new(&known, &meant.objectives, &meant.constraints)
            .map_err(|errors| goals_failure(&errors))?;
    }
    if names.is_empty() {
        return Ok(Source::Nowhere);
    }
    let fidelity = fidelity(config);
    Ok(Source::Supernet(Box::new(SupernetSource::new(config, &names, fidelity)?)))
}

/// A build without training has no super nets.
#[cfg(not(feature = "train"))]
fn learned(_config: &SearchConfig, meant: &Meant) -> Result<Source, Failure> {
    if named(meant).iter().any(|name| name.contains("accuracy")) {
        let message = "this program was built without training, which accuracies need";
        let hint = "give --table, name costs with --objective, or build with the feature `train`";
        return Err(Failure::new(message, Some(hint)));
    }
    Ok(Source::Nowhere)
}

/// Which numbers.
pub fn fidelity(config: &SearchConfig) -> Fidelity {
    match config.hardware.fidelity {
        FidelityName::Reference => Fidelity::Reference,
        FidelityName::Corrected => Fidelity::Corrected,
    }
}

fn load_table(
    config: &SearchConfig,
    (space, meant): (&WrittenSpace, &Meant),
    path: &Path,
) -> Result<(String, TableAccuracy), Failure> {
    let of = match &config.accuracy.table_space {
        Some(name) => space::load(name)?.0,
        None => space.clone(),
    };
    let bytes = read_file(path)?;
    let table = read_table(path, &bytes, &of)?;
    let names = named(meant);
    if names.is_empty() {
        let message = "a table of accuracies is given, but no objective or constraint is of it";
        let known: Vec<&str> = table.metrics().iter().map(|m| m.name.as_str()).collect();
        let hint = format!("name one with --objective: {}", known.join(", "));
        return Err(Failure::new(message, Some(&hint)));
    }
    let known: Vec<Metric> =
        hardware_metrics().into_iter().chain(table.metrics().to_vec()).collect();
    // Said with the names of the hardware's metrics, too.
    Goals::new(&known, &meant.objectives, &meant.constraints).map_err(|e| goals_failure(&e))?;
    let accuracy = TableAccuracy::new((table, &of), space, &names)
        .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))?;
    Ok((hash(&bytes), accuracy))
}

/// A table of either kind.
pub fn read_table(path: &Path, bytes: &[u8], space: &WrittenSpace) -> Result<Table, Failure> {
    let table = match std::str::from_utf8(bytes) {
        Ok(text) => Table::from_csv(text, space),
        Err(_) => Table::from_analog_nasbench(bytes, space),
    };
    let table = table.map_err(|error| Failure::of_file(path, &error, Some(error.hint())))?;
    table.notes().iter().for_each(|said| note(&format!("note: {said}\n")));
    Ok(table)
}

fn goals_failure(errors: &[GoalError]) -> Failure {
    let text = errors.iter().map(|error| Failure::new(error, Some(error.hint())).text).collect();
    Failure { text }
}
