//! Costs of a candidate on its hardware.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use pimnas_config::{Hardware, RawConfig};
use pimnas_network::Network;
use pimnas_search::search::{CostClass, Direction, Metric};
use pimnas_search::space::{Reason, Rejection};
use pimnas_search::{Candidate, HardwareChoice, Rollout, Space};
use pimnas_simulate::{Options, SimReport, SimulationError, simulate};

/// What the hardware stage gives, in order: name, unit, direction.
const METRICS: [(&str, &str, Direction); 9] = [
    ("latency_ms", "ms", Direction::Minimise),
    ("energy_mJ", "mJ", Direction::Minimise),
    ("area_mm2", "mm²", Direction::Minimise),
    ("power_W", "W", Direction::Minimise),
    ("edp_mJ_ms", "mJ·ms", Direction::Minimise),
    ("tops_per_W", "TOPS/W", Direction::Maximise),
    ("utilisation", "", Direction::Maximise),
    ("macs", "", Direction::Minimise),
    ("parameters", "", Direction::Minimise),
];

/// The metrics of the hardware stage: latency, energy, area and power of one inference, the
/// product of energy and latency, operations by energy, the share of cells in use of the
/// crossbars with weights, multiplications with a weight, and weights.
#[must_use]
pub fn hardware_metrics() -> Vec<Metric> {
    let metric = |(name, unit, direction)| {
        let metric = Metric::new(name, unit, direction, CostClass::Simulation);
        if name == "utilisation" { metric.at_best(1.0) } else { metric }
    };
    METRICS.map(metric).to_vec()
}

/// The figures of a report, in the order of [`hardware_metrics`].
#[must_use]
pub fn hardware_figures(report: &SimReport, network: &Network) -> Vec<Option<f64>> {
    let found = report.metrics();
    [
        found.latency_ms,
        found.energy_mj,
        found.area_mm2,
        found.power_w,
        found.energy_mj * found.latency_ms,
        report.tops_per_watt(),
        report.area.utilisation.crossbar,
        report.macs(),
        weights(network),
    ]
    .map(Some)
    .to_vec()
}

/// Weights of convolutions and fully connected layers.
fn weights(network: &Network) -> f64 {
    network.layers.iter().map(|layer| layer.operation.weights() as f64).sum()
}

/// A candidate with its hardware, kept from stage to stage.
#[derive(Debug)]
pub struct Decoded {
    /// The candidate.
    pub candidate: Candidate,
    /// Its hardware.
    pub hardware: Arc<Hardware>,
    /// What stages of accuracy keep.
    pub kept: Option<Box<dyn Any + Send>>,
}

/// Hardware descriptions by what candidates decide of them.
type Known = HashMap<HardwareChoice, Result<Arc<Hardware>, Rejection>>;

/// Decodes and simulates. Hardware points come again, so each is realised once.
pub struct HardwareStage<'h> {
    space: &'h dyn Space,
    base: RawConfig,
    options: Options,
    known: RwLock<Known>,
}

/// Hardware points that are remembered.
const MOST_KNOWN: usize = 1 << 14;

impl<'h> HardwareStage<'h> {
    /// Of a space, over a base description.
    #[must_use]
    pub fn new(space: &'h dyn Space, base: RawConfig, options: Options) -> Self {
        Self { space, base, options, known: RwLock::default() }
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> &'h dyn Space {
        self.space
    }

    /// The base description.
    #[must_use]
    pub fn base(&self) -> &RawConfig {
        &self.base
    }

    /// How it simulates.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The hardware of what a candidate decides.
    ///
    /// # Errors
    /// Every reason why there is none.
    pub fn realise(&self, choice: &HardwareChoice) -> Result<Arc<Hardware>, Rejection> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(choice).cloned();
        if let Some(known) = known {
            return known;
        }
        let found = choice.apply(&self.base).map(|realised| Arc::new(realised.hardware));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(choice.clone(), found.clone());
        found
    }

    /// The candidate of a rollout, with its hardware.
    ///
    /// # Errors
    /// Every reason why there is none.
    pub fn decode(&self, rollout: &Rollout) -> Result<Decoded, Rejection> {
        let candidate = self.space.decode(rollout)?;
        let hardware = self.realise(&candidate.hardware)?;
        Ok(Decoded { candidate, hardware, kept: None })
    }

    /// The figures of a candidate, in the order of [`hardware_metrics`].
    ///
    /// # Errors
    /// Why it cannot be simulated.
    pub fn figures(&self, decoded: &Decoded) -> Result<Vec<Option<f64>>, Rejection> {
        let network = &decoded.candidate.network;
        let report = simulate(&decoded.hardware, network, &self.options);
        report.map(|report| hardware_figures(&report, network)).map_err(refused)
    }
}

/// A simulation that is not possible.
pub(crate) fn refused(error: SimulationError) -> Rejection {
    Reason { message: error.to_string(), hint: error.hint() }.into()
}
