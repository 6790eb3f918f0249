//! [`HardwareInterface`]: a candidate on a hardware.

use std::sync::OnceLock;

use pimnas_config::Hardware;
use pimnas_hardware::{Fidelity, Quirks};
use pimnas_infer::{AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Tensor};
use pimnas_network::ShapedNetwork;
use pimnas_simulate::InnerPipeline;

use crate::candidate::CandidateNet;
use crate::costs::{Layout, Run};
use crate::error::InterfaceError;
use crate::model::ModelQuirks;

/// Figures that replace those of the hardware description in outputs on crossbars, but not in
/// figures of cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossbarOverride {
    /// Word lines of a crossbar.
    pub rows: Option<usize>,
    /// Bits of a DAC.
    pub dac_bits: Option<u32>,
    /// Bits of an ADC, sign included.
    pub adc_bits: Option<u32>,
}

/// How a candidate is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceOptions {
    /// Which of the reference's defects are kept.
    pub quirks: ModelQuirks,
    /// Figures of crossbars that replace those of the description.
    pub crossbar: CrossbarOverride,
}

impl Default for InterfaceOptions {
    fn default() -> Self {
        Self { quirks: Fidelity::Reference.into(), crossbar: CrossbarOverride::default() }
    }
}

/// A candidate on a hardware. Each figure is computed when it is first asked for, from what has
/// been computed before, and kept: answers do not depend on the order of calls. The interface may
/// be asked from many threads at once.
#[derive(Debug)]
pub struct HardwareInterface {
    candidate: CandidateNet,
    hardware: Hardware,
    options: InterfaceOptions,
    layout: Kept<Layout>,
    pipelined: Kept<Run>,
    sequential: Kept<Run>,
    float: Kept<CompiledNetwork>,
    fixed_point: Kept<CompiledNetwork>,
    scaled: Kept<CompiledNetwork>,
    fixed_range: Kept<CompiledNetwork>,
}

/// What is computed once.
type Kept<T> = OnceLock<Result<T, InterfaceError>>;

impl HardwareInterface {
    /// Puts a candidate on a hardware, in the `reference` fidelity. Nothing is computed yet.
    #[must_use]
    pub fn new(candidate: &CandidateNet, hardware: &Hardware) -> Self {
        Self::with_options(candidate, hardware, InterfaceOptions::default())
    }

    /// As [`HardwareInterface::new`], with options.
    #[must_use]
    pub fn with_options(
        candidate: &CandidateNet,
        hardware: &Hardware,
        options: InterfaceOptions,
    ) -> Self {
        Self {
            candidate: candidate.clone(),
            hardware: hardware.clone(),
            options,
            layout: OnceLock::new(),
            pipelined: OnceLock::new(),
            sequential: OnceLock::new(),
            float: OnceLock::new(),
            fixed_point: OnceLock::new(),
            scaled: OnceLock::new(),
            fixed_range: OnceLock::new(),
        }
    }

    /// The candidate.
    #[must_use]
    pub fn candidate(&self) -> &CandidateNet {
        &self.candidate
    }

    /// The hardware.
    #[must_use]
    pub fn hardware(&self) -> &Hardware {
        &self.hardware
    }

    /// Outputs on crossbars, with the ADC range scaled to each layer, of a batch: items × the shape
    /// of one.
    ///
    /// # Errors
    /// Weights or inputs that do not belong to the network.
    pub fn hardware_evaluate(&self, inputs: &Tensor) -> Result<Tensor, InterfaceError> {
        Ok(self.compiled(Mode::Crossbar(AdcRange::Scale))?.run(inputs)?)
    }

    /// Outputs in fixed point of a batch: items × the shape of one.
    ///
    /// # Errors
    /// Weights or inputs that do not belong to the network.
    pub fn origin_evaluate(&self, inputs: &Tensor) -> Result<Tensor, InterfaceError> {
        Ok(self.compiled(Mode::FixedPoint)?.run(inputs)?)
    }

    /// The candidate in an arithmetic, bound once.
    ///
    /// Binding uses the pool of threads. A thread of that pool that waits for its own work may take
    /// up another request of the same interface, so nothing is locked meanwhile: of two first
    /// requests at the same moment both bind, and one result is kept.
    ///
    /// # Errors
    /// Weights that do not belong to the network.
    pub fn compiled(&self, mode: Mode) -> Result<&CompiledNetwork, InterfaceError> {
        let kept = match mode {
            Mode::Float => &self.float,
            Mode::FixedPoint => &self.fixed_point,
            Mode::Crossbar(AdcRange::Scale) => &self.scaled,
            Mode::Crossbar(AdcRange::Fix) => &self.fixed_range,
        };
        let compiled = match kept.get() {
            Some(compiled) => compiled,
            None => {
                let compiled = self.compile(mode);
                kept.get_or_init(|| compiled)
            }
        };
        compiled.as_ref().map_err(Clone::clone)
    }

    /// What outputs on crossbars are computed with.
    ///
    /// # Errors
    /// Converters without figures.
    pub fn crossbar(&self) -> Result<CrossbarHardware, InterfaceError> {
        let described = CrossbarHardware::from_hardware(&self.hardware, self.quirks())?;
        let CrossbarOverride { rows, dac_bits, adc_bits } = self.options.crossbar;
        Ok(CrossbarHardware {
            rows: rows.unwrap_or(described.rows),
            dac_bits: dac_bits.unwrap_or(described.dac_bits),
            adc_bits: adc_bits.unwrap_or(described.adc_bits),
            ..described
        })
    }

    /// Latency of one inference, ms.
    ///
    /// # Errors
    /// A network that does not fit the hardware.
    pub fn latency_evaluate(&self, inner_pipeline: InnerPipeline) -> Result<f64, InterfaceError> {
        Ok(self.run(inner_pipeline)?.latency_ms)
    }

    /// Energy of one inference, mJ.
    ///
    /// # Errors
    /// A network that does not fit the hardware.
    pub fn energy_evaluate(&self, inner_pipeline: InnerPipeline) -> Result<f64, InterfaceError> {
        Ok(self.run(inner_pipeline)?.energy_mj)
    }

    /// Area, mm².
    ///
    /// # Errors
    /// A network that does not fit the hardware.
    pub fn area_evaluate(&self) -> Result<f64, InterfaceError> {
        Ok(self.layout()?.area_mm2)
    }

    /// Power, W.
    ///
    /// # Errors
    /// A network that does not fit the hardware.
    pub fn power_evaluate(&self) -> Result<f64, InterfaceError> {
        Ok(self.layout()?.power_w)
    }

    /// Name in the reference's interface, unit and value of each figure of cost; those without the
    /// inner pipeline end in `_no_pipeline`.
    ///
    /// # Errors
    /// A network that does not fit the hardware.
    pub fn figures(&self) -> Result<[(&'static str, &'static str, f64); 6], InterfaceError> {
        use InnerPipeline::{Disabled, Enabled};
        Ok([
            ("latency_evaluate", "ms", self.latency_evaluate(Enabled)?),
            ("area_evaluate", "mm²", self.area_evaluate()?),
            ("power_evaluate", "W", self.power_evaluate()?),
            ("energy_evaluate", "mJ", self.energy_evaluate(Enabled)?),
            ("latency_evaluate_no_pipeline", "ms", self.latency_evaluate(Disabled)?),
            ("energy_evaluate_no_pipeline", "mJ", self.energy_evaluate(Disabled)?),
        ])
    }

    fn quirks(&self) -> Quirks {
        self.options.quirks.costs
    }

    fn layout(&self) -> Result<&Layout, InterfaceError> {
        let network = self.candidate.network();
        let layout =
            self.layout.get_or_init(|| Ok(Layout::new(network, &self.hardware, self.quirks())?));
        layout.as_ref().map_err(Clone::clone)
    }

    fn run(&self, inner_pipeline: InnerPipeline) -> Result<Run, InterfaceError> {
        let kept = match inner_pipeline {
            InnerPipeline::Enabled => &self.pipelined,
            InnerPipeline::Disabled => &self.sequential,
        };
        let run = kept.get_or_init(|| {
            Ok(self.layout()?.run(&self.hardware, self.quirks(), inner_pipeline)?)
        });
        run.clone()
    }

    fn compile(&self, mode: Mode) -> Result<CompiledNetwork, InterfaceError> {
        let options = InferenceOptions {
            quirks: self.options.quirks.inference,
            ..InferenceOptions::new(mode, self.crossbar()?)
        };
        let shaped = ShapedNetwork::new(self.candidate.network())
            .map_err(pimnas_simulate::SimulationError::from)?;
        Ok(CompiledNetwork::new(&shaped, self.candidate.parameters(), &options)?)
    }
}
