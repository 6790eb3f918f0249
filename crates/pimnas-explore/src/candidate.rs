//! The figures of cost that a search asks of a candidate.

use pimnas_config::Hardware;
use pimnas_network::Network;
use pimnas_simulate::{BufferSizing, InnerPipeline, Options, SimulationError, simulate};

/// Figures of cost of a candidate on a hardware, by the names of the reference's interface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CandidateCosts {
    /// Latency with the inner pipeline, ms.
    pub latency_ms: f64,
    /// Area, mm².
    pub area_mm2: f64,
    /// Power, W.
    pub power_w: f64,
    /// Energy with the inner pipeline, mJ.
    pub energy_mj: f64,
    /// Latency without the inner pipeline, ms.
    pub latency_no_pipeline_ms: f64,
    /// Energy without the inner pipeline, mJ.
    pub energy_no_pipeline_mj: f64,
}

impl CandidateCosts {
    /// Evaluates the candidate twice. As in the reference's interface for searches, buffers are
    /// sized for the inner pipeline, whether it is used or not.
    ///
    /// # Errors
    /// A network that the hardware cannot hold.
    pub fn evaluate(
        network: &Network,
        hardware: &Hardware,
        options: &Options,
    ) -> Result<Self, SimulationError> {
        let options = Options { buffer_sizing: BufferSizing::Lines, ..options.clone() };
        let options = options.with_inner_pipeline(InnerPipeline::Enabled);
        let pipelined = simulate(hardware, network, &options)?.metrics();
        let options = options.with_inner_pipeline(InnerPipeline::Disabled);
        let sequential = simulate(hardware, network, &options)?.metrics();
        Ok(Self {
            latency_ms: pipelined.latency_ms,
            area_mm2: pipelined.area_mm2,
            power_w: pipelined.power_w,
            energy_mj: pipelined.energy_mj,
            latency_no_pipeline_ms: sequential.latency_ms,
            energy_no_pipeline_mj: sequential.energy_mj,
        })
    }

    /// Name in the reference's interface, unit and value of each figure.
    #[must_use]
    pub fn figures(&self) -> [(&'static str, &'static str, f64); 6] {
        [
            ("latency_evaluate", "ms", self.latency_ms),
            ("area_evaluate", "mm²", self.area_mm2),
            ("power_evaluate", "W", self.power_w),
            ("energy_evaluate", "mJ", self.energy_mj),
            ("latency_evaluate_no_pipeline", "ms", self.latency_no_pipeline_ms),
            ("energy_evaluate_no_pipeline", "mJ", self.energy_no_pipeline_mj),
        ]
    }
}
