//! Figures of cost, in the order in which they follow from each other.

use pimnas_config::Hardware;
use pimnas_hardware::{Accelerator, Quirks};
use pimnas_network::{Network, ShapedNetwork};
use pimnas_simulate::{
    Area, BufferSizing, Energy, HardwareGraph, InnerPipeline, Mapping, Options, Power,
    SimulationError, Timeline,
};

/// What does not depend on the inner pipeline: as in the reference's interface for searches,
/// buffers are sized for it, whether it is used or not.
#[derive(Debug)]
pub(crate) struct Layout {
    graph: HardwareGraph,
    mapping: Mapping,
    power: Power,
    /// Area, mm².
    pub area_mm2: f64,
    /// Power, W.
    pub power_w: f64,
}

/// What does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Latency of one inference, ms.
    pub latency_ms: f64,
    /// Energy of one inference, mJ.
    pub energy_mj: f64,
}

fn options(quirks: Quirks, inner_pipeline: InnerPipeline) -> Options {
    Options { quirks, inner_pipeline, buffer_sizing: BufferSizing::Lines, ..Options::default() }
}

impl Layout {
    /// Maps the network; area and power follow.
    pub fn new(
        network: &Network,
        hardware: &Hardware,
        quirks: Quirks,
    ) -> Result<Self, SimulationError> {
        let accelerator = Accelerator::new(hardware, quirks)?;
        let shaped = ShapedNetwork::new(network)?;
        let graph = HardwareGraph::new(&shaped, quirks)?;
        let mapping = Mapping::new(&graph, &accelerator, &options(quirks, InnerPipeline::Enabled))?;
        let area = Area::new(&graph, &mapping, &accelerator)?;
        let power = Power::new(&graph, &mapping, &accelerator)?;
        Ok(Self {
            area_mm2: finite("area", area.total.as_square_millimetres())?,
            power_w: finite("power", power.total.value())?,
            graph,
            mapping,
            power,
        })
    }

    /// Latency and energy with or without the inner pipeline.
    pub fn run(
        &self,
        hardware: &Hardware,
        quirks: Quirks,
        inner_pipeline: InnerPipeline,
    ) -> Result<Run, SimulationError> {
        let accelerator = Accelerator::new(hardware, quirks)?;
        let options = options(quirks, inner_pipeline);
        let timeline = Timeline::new(&self.graph, &self.mapping, &accelerator, &options)?;
        let energy = Energy::new(&self.graph, &self.power, &timeline, &accelerator, &options);
        Ok(Run {
            latency_ms: finite("latency", timeline.total.as_milliseconds())?,
            energy_mj: finite("energy", energy.total.as_millijoules())?,
        })
    }
}

/// Inputs are checked to be numbers; products may overflow.
fn finite(what: &str, value: f64) -> Result<f64, SimulationError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(SimulationError::OutOfRange { what: what.to_owned(), value })
    }
}
