//! The costs of all rollouts of a small space.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pimnas_config::RawConfig;
use pimnas_network::ShapedNetwork;
use pimnas_search::benchmark::Known;
use pimnas_search::search::{Evaluator, Metric, Request, Stage};
use pimnas_search::space::{Reason, Rejection};
use pimnas_search::{Decisions, Rollout, Space, Value};
use pimnas_simulate::{HardwareGraph, Options, simulate_graph};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_128;

use crate::accuracy::TableAccuracy;
use crate::hardware::{HardwareStage, hardware_metrics};

/// First bytes of a table's file.
const MAGIC: &[u8] = b"pimnas hardware table 1\n";
/// Most rollouts of a table.
const MOST_ROWS: usize = 1 << 23;
/// Figures of a row: latency, energy, area and power, the first of the hardware stage.
const FIGURES: usize = 4;
/// What the paths of decisions about hardware begin with.
const HARDWARE: &str = "hardware.";

/// Latency, energy, area and power of all rollouts of a space whose decisions are always active.
/// A row is found by the rollout's choices as digits, the first decision's the most significant.
#[derive(Clone, Debug, PartialEq)]
pub struct HardwareTable {
    head: Head,
    figures: Vec<f64>,
}

/// What a table is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    space: String,
    decisions: Vec<(String, Vec<String>)>,
    /// XXH3 (128 bits) of the base hardware's SimConfig.ini.
    hardware: String,
    /// How it was simulated, in words.
    options: String,
}

/// Why there is no table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DenseError {
    /// The space has too many rollouts or decisions that may be inactive.
    #[error("no table of the space {space}: {why}")]
    Space {
        /// Its name.
        space: String,
        /// What does not fit.
        why: String,
    },
    /// The file is not one.
    #[error("it is no hardware table: {0}")]
    File(String),
    /// It is of other decisions.
    #[error("it is of the space {found}, whose decisions are not those of {wanted}")]
    Other {
        /// What it is of.
        found: String,
        /// What was wanted.
        wanted: String,
    },
}

impl DenseError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Space { .. } => "choose a small space without conditions",
            Self::File(_) => "give a file that `pimnas bench table` wrote",
            Self::Other { .. } => "give a table of the searched space",
        }
    }
}

fn head(space: &dyn Space, hardware: &HardwareStage<'_>) -> Head {
    let words = |decision: &pimnas_search::Decision| {
        let choices = decision.choices.iter().map(Value::to_string).collect();
        (decision.path.clone(), choices)
    };
    Head {
        space: space.name().to_owned(),
        decisions: space.decisions().list().iter().map(words).collect(),
        hardware: format!("{:032x}", xxh3_128(hardware.base().to_ini().as_bytes())),
        options: format!("{:?}", hardware.options()),
    }
}

/// A network and all hardware points, as positions of choices.
struct Parts {
    sizes: Vec<usize>,
    network: Vec<usize>,
    hardware: Vec<usize>,
}

impl Parts {
    fn new(space: &dyn Space) -> Result<Self, DenseError> {
        let list = space.decisions().list();
        let wrong =
            |why: &str| DenseError::Space { space: space.name().to_owned(), why: why.to_owned() };
        if list.iter().any(|decision| decision.when.is_some()) {
            return Err(wrong("it has decisions that may be inactive"));
        }
        let sizes: Vec<usize> = list.iter().map(|decision| decision.choices.len()).collect();
        let rows = sizes.iter().try_fold(1_usize, |rows, &size| rows.checked_mul(size));
        if rows.is_none_or(|rows| rows > MOST_ROWS) {
            return Err(wrong("it has more than 8,388,608 rollouts"));
        }
        let about_hardware = |&at: &usize| list[at].path.starts_with(HARDWARE);
        let (hardware, network) = (0..list.len()).partition(about_hardware);
        Ok(Self { sizes, network, hardware })
    }

    fn count(&self, places: &[usize]) -> usize {
        places.iter().map(|&place| self.sizes[place]).product()
    }

    /// Sets the choices at some places to the digits of a number.
    fn spell(&self, places: &[usize], mut number: usize, choices: &mut [Option<u16>]) {
        for &place in places.iter().rev() {
            let size = self.sizes[place].max(1);
            choices[place] = u16::try_from(number % size).ok();
            number /= size;
        }
    }
}

fn place(sizes: impl Iterator<Item = usize>, choices: &[Option<u16>]) -> Option<usize> {
    let mut digits = choices.iter();
    let place = sizes.into_iter().try_fold(0, |place, size| {
        let digit = usize::from((*digits.next()?)?);
        (digit < size).then_some(place * size + digit)
    })?;
    digits.next().is_none().then_some(place)
}

/// Costs of a network on all hardware points; `None` where there are none.
type Costs = Arc<Vec<Option<[f64; FIGURES]>>>;

impl HardwareTable {
    /// Simulates everything, in parallel over networks. A network is decoded once for all its
    /// hardware points, and equal hardware layers are simulated once. `done` is called with the
    /// number of rows of each network.
    ///
    /// # Errors
    /// A space that is too large or has decisions that may be inactive.
    pub fn compute(
        space: &dyn Space,
        (base, options): (RawConfig, Options),
        done: &(dyn Fn(usize) + Sync),
    ) -> Result<Self, DenseError> {
        let stage = HardwareStage::new(space, base, options);
        let parts = Parts::new(space)?;
        let (networks, points) = (parts.count(&parts.network), parts.count(&parts.hardware));
        let known: Mutex<HashMap<u128, Costs>> = Mutex::default();
        let found: Vec<Costs> = (0..networks)
            .into_par_iter()
            .map(|network| {
                let costs = costs(&stage, &parts, (network, points), &known);
                done(points);
                costs
            })
            .collect();
        let mut figures = vec![f64::NAN; networks * points * FIGURES];
        let mut choices = vec![None; parts.sizes.len()];
        for (network, costs) in found.iter().enumerate() {
            parts.spell(&parts.network, network, &mut choices);
            for (point, row) in costs.iter().enumerate() {
                parts.spell(&parts.hardware, point, &mut choices);
                let Some(at) = place(parts.sizes.iter().copied(), &choices) else { continue };
                if let Some(row) = row {
                    figures[at * FIGURES..][..FIGURES].copy_from_slice(row);
                }
            }
        }
        Ok(Self { head: head(space, &stage), figures })
    }

    /// Rows, also those of rollouts that cannot be simulated.
    #[must_use]
    pub fn len(&self) -> usize {
        self.figures.len() / FIGURES
    }

    /// Whether it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty()
    }

    /// Rows with figures.
    #[must_use]
    pub fn possible(&self) -> usize {
        self.figures.chunks(FIGURES).filter(|row| row.iter().all(|v| v.is_finite())).count()
    }

    /// The metrics of a row.
    #[must_use]
    pub fn metrics() -> Vec<Metric> {
        hardware_metrics().into_iter().take(FIGURES).collect()
    }

    /// The figures of a rollout; `None` for one that cannot be simulated.
    #[must_use]
    pub fn row(&self, rollout: &Rollout) -> Option<&[f64]> {
        let sizes = self.head.decisions.iter().map(|(_, choices)| choices.len());
        let at = place(sizes, rollout.choices())?;
        let row = self.figures.get(at * FIGURES..(at + 1) * FIGURES)?;
        row.iter().all(|value| value.is_finite()).then_some(row)
    }

    /// All rollouts, in the order of rows.
    pub fn rollouts(&self) -> impl Iterator<Item = Rollout> {
        let sizes: Vec<usize> = self.head.decisions.iter().map(|(_, c)| c.len()).collect();
        let places: Vec<usize> = (0..sizes.len()).collect();
        let parts = Parts { sizes, network: Vec::new(), hardware: Vec::new() };
        (0..self.len()).map(move |row| {
            let mut choices = vec![None; parts.sizes.len()];
            parts.spell(&places, row, &mut choices);
            Rollout::from_choices(choices)
        })
    }

    /// The table as a file: a line of what it is, a line of JSON, and the figures, row by row, as
    /// little-endian numbers of 64 bits; not a number where there is none.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(serde_json::to_vec(&self.head).unwrap_or_default());
        bytes.push(b'\n');
        self.figures.iter().for_each(|figure| bytes.extend(figure.to_le_bytes()));
        bytes
    }

    /// A table from a file, for a space with these decisions.
    ///
    /// # Errors
    /// Another file, one that is cut off, or one of other decisions.
    pub fn from_bytes(
        bytes: &[u8],
        space: &str,
        decisions: &Decisions,
    ) -> Result<Self, DenseError> {
        let wrong = |why: &str| DenseError::File(why.to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| wrong("its first line is another"))?;
        let end = rest.iter().position(|&byte| byte == b'\n');
        let (line, data) = rest.split_at(end.ok_or_else(|| wrong("it is cut off"))?);
        let head: Head = serde_json::from_slice(line).map_err(|e| wrong(&e.to_string()))?;
        let same = head.decisions.len() == decisions.list().len()
            && head.decisions.iter().zip(decisions.list()).all(|((path, choices), decision)| {
                let words = decision.choices.iter().map(Value::to_string);
                *path == decision.path && choices.iter().cloned().eq(words)
            });
        if !same {
            return Err(DenseError::Other { found: head.space, wanted: space.to_owned() });
        }
        let sizes = head.decisions.iter().map(|(_, choices)| choices.len());
        let rows = sizes.fold(1_usize, usize::saturating_mul);
        let (numbers, left) = data.get(1..).unwrap_or_default().as_chunks::<8>();
        if numbers.len() != rows.saturating_mul(FIGURES) || !left.is_empty() {
            return Err(wrong(&format!("{} figures for {rows} rows", numbers.len())));
        }
        let figures = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        Ok(Self { head, figures })
    }
}

/// Costs and accuracies of all rollouts, both from tables: what controllers are compared on.
#[derive(Clone, Debug)]
pub struct JointTable {
    costs: HardwareTable,
    accuracy: TableAccuracy,
    stages: [Stage; 1],
}

impl JointTable {
    /// Of two tables for the same searches.
    #[must_use]
    pub fn new(costs: HardwareTable, accuracy: TableAccuracy) -> Self {
        let mut metrics = HardwareTable::metrics();
        metrics.extend(accuracy.metrics().iter().cloned());
        Self { costs, accuracy, stages: [Stage::new("tables", metrics)] }
    }

    fn figures(&self, rollout: &Rollout) -> Result<Vec<Option<f64>>, Rejection> {
        let row = self.costs.row(rollout).ok_or_else(|| Reason {
            message: "it cannot be simulated".to_owned(),
            hint: Some("choose another rollout".to_owned()),
        })?;
        let mut figures: Vec<Option<f64>> = row.iter().copied().map(Some).collect();
        figures.extend(self.accuracy.figures(rollout)?);
        Ok(figures)
    }
}

impl Evaluator for JointTable {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn run(&self, _stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        self.figures(request.rollout)
    }
}

impl Known for JointTable {
    fn each(&self, visit: &mut dyn FnMut(&[Option<f64>])) {
        let rollouts = self.costs.rollouts();
        rollouts.filter_map(|rollout| self.figures(&rollout).ok()).for_each(|row| visit(&row));
    }
}

fn costs(
    stage: &HardwareStage<'_>,
    parts: &Parts,
    (network, points): (usize, usize),
    known: &Mutex<HashMap<u128, Costs>>,
) -> Costs {
    let mut choices = vec![None; parts.sizes.len()];
    parts.spell(&parts.network, network, &mut choices);
    parts.spell(&parts.hardware, 0, &mut choices);
    let nothing = || Arc::new(vec![None; points]);
    let Ok(candidate) = stage.space().decode(&Rollout::from_choices(choices.clone())) else {
        return nothing();
    };
    let options = stage.options();
    let graph = ShapedNetwork::new(&candidate.network)
        .ok()
        .and_then(|shaped| HardwareGraph::new(&shaped, options.quirks).ok());
    let Some(graph) = graph else { return nothing() };
    let mut nameless = graph.clone();
    nameless.layers.iter_mut().for_each(|layer| layer.network_layer = 0);
    let key = xxh3_128(format!("{:?}", nameless.layers).as_bytes());
    let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
    let same = known().get(&key).cloned();
    if let Some(same) = same {
        return same;
    }
    let row = |point: usize| {
        let mut choices = choices.clone();
        parts.spell(&parts.hardware, point, &mut choices);
        let choice = stage.space().decode_hardware(&Rollout::from_choices(choices)).ok()?;
        let hardware = stage.realise(&choice).ok()?;
        let report = simulate_graph(&hardware, graph.clone(), options).ok()?;
        let found = report.metrics();
        Some([found.latency_ms, found.energy_mj, found.area_mm2, found.power_w])
    };
    let costs: Costs = Arc::new((0..points).map(row).collect());
    known().insert(key, Arc::clone(&costs));
    costs
}
