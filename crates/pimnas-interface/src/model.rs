//! A network with its weights in any arithmetic, calibrated where it has no scales.

use std::borrow::Cow;
use std::sync::Arc;

use pimnas_config::Hardware;
use pimnas_hardware::{Fidelity, Quirks};
use pimnas_infer::{
    CalibrationRules, CompiledNetwork, CrossbarHardware, InferError, InferenceOptions,
    InferenceQuirks, Mode, Parameters, RangeRule, Tensor, calibrate,
};
use pimnas_network::{Network, Operation, ShapedNetwork};
use pimnas_simulate::SimulationError;

use crate::error::InterfaceError;

/// Sample inputs that run through a network together.
const BATCH: usize = 64;

/// A network with its weights and what it runs on.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub network: Arc<Network>,
    /// Its weights.
    pub parameters: Arc<Parameters>,
    /// What inference needs to know of the hardware.
    pub hardware: CrossbarHardware,
    /// Which of the reference's defects are kept.
    pub quirks: InferenceQuirks,
}

/// Which of the reference's defects are kept where a network runs on a hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelQuirks {
    /// Those of the cost models; of outputs, they decide figures of converters.
    pub costs: Quirks,
    /// Those of inference.
    pub inference: InferenceQuirks,
}

impl From<Fidelity> for ModelQuirks {
    fn from(fidelity: Fidelity) -> Self {
        Self { costs: fidelity.into(), inference: fidelity.into() }
    }
}

/// How a network gets scales from sample inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// How ranges follow from values; `None`: by their largest magnitude, and only where the
    /// network has no scales of its own.
    pub rules: Option<CalibrationRules>,
    /// Sample inputs: the first so many.
    pub inputs: usize,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { rules: None, inputs: 256 }
    }
}

impl Model {
    /// Puts a network, its weights and a hardware together.
    ///
    /// # Errors
    /// A hardware without figures for its converters.
    pub fn new(
        network: impl Into<Arc<Network>>,
        parameters: impl Into<Arc<Parameters>>,
        (hardware, quirks): (&Hardware, ModelQuirks),
    ) -> Result<Self, InterfaceError> {
        let hardware = CrossbarHardware::from_hardware(hardware, quirks.costs)?;
        let (network, parameters) = (network.into(), parameters.into());
        Ok(Self { network, parameters, hardware, quirks: quirks.inference })
    }

    /// Whether the network or its weights state scales for quantised arithmetic; a network
    /// without weights needs none.
    #[must_use]
    pub fn has_scales(&self) -> bool {
        let layers = &self.network.layers;
        let weighted = layers.iter().any(|layer| {
            matches!(layer.operation, Operation::Convolution(_) | Operation::FullyConnected { .. })
        });
        let listed = |name: &str| name.ends_with("bit_scale_list") || name.ends_with("last_value");
        !weighted
            || layers.iter().any(|layer| layer.scales.is_some())
            || self.parameters.names().any(listed)
    }

    /// Whether quantised arithmetic gets its scales from sample inputs: where that is asked for,
    /// or where there are none.
    #[must_use]
    pub fn needs_calibration(&self, calibration: Calibration) -> bool {
        calibration.rules.is_some() || !self.has_scales()
    }

    /// The network's shapes.
    ///
    /// # Errors
    /// A network that is not sound.
    pub fn shaped(&self) -> Result<ShapedNetwork<'_>, InterfaceError> {
        Ok(ShapedNetwork::new(&self.network).map_err(SimulationError::from)?)
    }

    /// The options for an arithmetic.
    #[must_use]
    pub fn options(&self, mode: Mode) -> InferenceOptions {
        InferenceOptions { quirks: self.quirks, ..InferenceOptions::new(mode, self.hardware) }
    }

    /// The network in an arithmetic.
    ///
    /// # Errors
    /// Weights that do not belong to it.
    pub fn compile(&self, mode: Mode) -> Result<CompiledNetwork, InterfaceError> {
        let shaped = self.shaped()?;
        Ok(CompiledNetwork::new(&shaped, &self.parameters, &self.options(mode))?)
    }

    /// The model for an arithmetic. But for floats it is calibrated with the first of the inputs
    /// where that is asked for, or where it has no scales.
    ///
    /// # Errors
    /// [`InferError::NoSamples`] where inputs are needed and there are none; weights and inputs
    /// that do not belong to the network.
    pub fn calibrated(
        &self,
        mode: Mode,
        (inputs, calibration): (&Tensor, Calibration),
    ) -> Result<Cow<'_, Self>, InterfaceError> {
        if mode == Mode::Float || !self.needs_calibration(calibration) {
            return Ok(Cow::Borrowed(self));
        }
        let largest = CalibrationRules { activations: RangeRule::Max, weights: RangeRule::Max };
        let rules = calibration.rules.unwrap_or(largest);
        let samples = batches(inputs, calibration.inputs)?;
        let (shaped, options) = (self.shaped()?, self.options(Mode::Float));
        let calibrated = calibrate(&shaped, &self.parameters, &samples, (rules, &options))?;
        Ok(Cow::Owned(Self {
            network: Arc::new(calibrated.network),
            parameters: Arc::new(calibrated.parameters),
            ..self.clone()
        }))
    }
}

/// The first inputs in batches.
fn batches(inputs: &Tensor, count: usize) -> Result<Vec<Tensor>, InferError> {
    let (all, size) = (inputs.batch(), inputs.data().len() / inputs.batch().max(1));
    let values = inputs.data().get(..count.min(all) * size).unwrap_or_default();
    let batches = values.chunks((BATCH * size).max(1)).map(|values| {
        let mut dims = inputs.dims().to_vec();
        if let Some(items) = dims.first_mut() {
            *items = values.len() / size.max(1);
        }
        Tensor::new(dims, values.to_vec())
    });
    batches.collect()
}
