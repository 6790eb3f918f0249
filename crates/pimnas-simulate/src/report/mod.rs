//! A simulation and its results.

pub mod analysis;
pub mod wire;

use pimnas_config::hardware::Hardware;
use pimnas_hardware::Accelerator;
use pimnas_network::{Network, ShapedNetwork};
use serde::Serialize;

use crate::area::Area;
use crate::energy::Energy;
use crate::error::SimulationError;
use crate::graph::HardwareGraph;
use crate::mapping::Mapping;
use crate::options::Options;
use crate::power::Power;
use crate::timeline::Timeline;

/// Results of a simulation, step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct SimReport {
    /// The layers that have circuits.
    pub graph: HardwareGraph,
    /// Their tiles.
    pub mapping: Mapping,
    /// Their timing.
    pub timeline: Timeline,
    /// Their area.
    pub area: Area,
    /// Their power.
    pub power: Power,
    /// Their energy.
    pub energy: Energy,
}

/// The four figures of merit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Latency of one inference, ms.
    pub latency_ms: f64,
    /// Area, mm².
    pub area_mm2: f64,
    /// Power, W.
    #[serde(rename = "power_W")]
    pub power_w: f64,
    /// Energy of one inference, mJ.
    #[serde(rename = "energy_mJ")]
    pub energy_mj: f64,
}

impl SimReport {
    /// The four figures of merit.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics {
            latency_ms: self.timeline.total.as_milliseconds(),
            area_mm2: self.area.total.as_square_millimetres(),
            power_w: self.power.total.value(),
            energy_mj: self.energy.total.as_millijoules(),
        }
    }
}

/// Simulates a network on a hardware.
///
/// # Errors
/// [`SimulationError`]: a network that is not sound, a layer or a number of tiles that the
/// hardware does not fit, a component without figures, numbers out of range.
///
/// # Examples
/// ```
/// use pimnas_simulate::{Options, simulate};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = pimnas_config::RawConfig::reference_default();
/// let hardware = pimnas_config::resolve(&config)?;
/// let network = pimnas_network::zoo::build("vgg8", Default::default())?;
/// let report = simulate(&hardware, &network, &Options::default())?;
/// assert!((report.metrics().latency_ms - 20.313).abs() < 1e-3);
/// # Ok(())
/// # }
/// ```
pub fn simulate(
    hardware: &Hardware,
    network: &Network,
    options: &Options,
) -> Result<SimReport, SimulationError> {
    let shaped = ShapedNetwork::new(network)?;
    let graph = HardwareGraph::new(&shaped, options.quirks)?;
    simulate_graph(hardware, graph, options)
}

/// Simulates a network whose hardware layers are known, which saves the way there where many
/// hardware points are looked at. The graph must be made with the quirks of the options.
///
/// # Errors
/// As [`simulate`].
pub fn simulate_graph(
    hardware: &Hardware,
    graph: HardwareGraph,
    options: &Options,
) -> Result<SimReport, SimulationError> {
    let accelerator = Accelerator::new(hardware, options.quirks)?;
    let mapping = Mapping::new(&graph, &accelerator, options)?;
    let timeline = Timeline::new(&graph, &mapping, &accelerator, options)?;
    let area = Area::new(&graph, &mapping, &accelerator)?;
    let power = Power::new(&graph, &mapping, &accelerator)?;
    let energy = Energy::new(&graph, &power, &timeline, &accelerator, options);
    let report = SimReport { graph, mapping, timeline, area, power, energy };
    report.check_finite()?;
    Ok(report)
}

impl SimReport {
    /// The figures of merit are numbers. (Inputs are checked to be; products may overflow.)
    fn check_finite(&self) -> Result<(), SimulationError> {
        let metrics = self.metrics();
        let figures = [
            ("latency", metrics.latency_ms),
            ("area", metrics.area_mm2),
            ("power", metrics.power_w),
            ("energy", metrics.energy_mj),
        ];
        match figures.into_iter().find(|(_, figure)| !figure.is_finite()) {
            Some((what, value)) => Err(SimulationError::OutOfRange { what: what.into(), value }),
            None => Ok(()),
        }
    }
}
