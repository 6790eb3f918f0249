//! Cases of outputs: networks in floats and on crossbars.

use pimnas_config::{Hardware, RawConfig};
use pimnas_hardware::Quirks;
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor,
};
use pimnas_network::{Network, Operation, ShapedNetwork};

use crate::case::Case;
use crate::compare::Comparison;
use crate::hardware::read;
use crate::tensors::{Closeness, EXACT, ROUNDED};

/// The name of a recorded output and its arithmetic.
const OUTPUTS: [(&str, Mode); 4] = [
    ("float", Mode::Float),
    ("fixed", Mode::FixedPoint),
    ("crossbar_scale", Mode::Crossbar(AdcRange::Scale)),
    ("crossbar_fix", Mode::Crossbar(AdcRange::Fix)),
];
/// Compares every output that an inference case records.
pub(crate) fn run(case: &Case, base: &RawConfig, file: &[u8]) -> Result<Comparison, String> {
    let (network, hardware) = read(case, base)?;
    let recorded = case.outputs();
    let mut comparison = Comparison::default();
    let runner = Runner::new(&network, &hardware, file)?;
    for name in recorded {
        let Some(&(_, mode)) = OUTPUTS.iter().find(|(known, _)| *known == name) else {
            return Err(format!("the case records the unknown output `{name}`"));
        };
        runner.compare(name, mode, &mut comparison)?;
    }
    Ok(comparison)
}

/// A network with the tensors of its case.
struct Runner<'a> {
    shaped: ShapedNetwork<'a>,
    hardware: CrossbarHardware,
    parameters: Parameters,
    input: Tensor,
    file: &'a [u8],
    /// Whether values can fall on a boundary of a quantiser.
    rounded: bool,
}

impl<'a> Runner<'a> {
    fn new(network: &'a Network, hardware: &Hardware, file: &'a [u8]) -> Result<Self, String> {
        let is_norm = |operation: &Operation| matches!(operation, Operation::BatchNorm { .. });
        let norm = network.layers.iter().any(|layer| is_norm(&layer.operation));
        Ok(Self {
            shaped: ShapedNetwork::new(network).map_err(|error| error.to_string())?,
            hardware: CrossbarHardware::from_hardware(hardware, Quirks::reference())
                .map_err(|error| error.to_string())?,
            parameters: Parameters::from_safetensors(file).map_err(|error| error.to_string())?,
            input: Tensor::from_safetensors(file, "input").map_err(|error| error.to_string())?,
            file,
            rounded: norm,
        })
    }

    fn compare(&self, name: &str, mode: Mode, comparison: &mut Comparison) -> Result<(), String> {
        let expected =
            Tensor::from_safetensors(self.file, name).map_err(|error| error.to_string())?;
        let options = InferenceOptions::new(mode, self.hardware);
        let compiled = CompiledNetwork::new(&self.shaped, &self.parameters, &options)
            .map_err(|error| error.to_string())?;
        let got = compiled.run(&self.input).map_err(|error| error.to_string())?;
        let how = match mode {
            Mode::Float => Closeness::Every(ROUNDED),
            Mode::Crossbar(_) if !self.rounded => Closeness::Every(EXACT),
            // Sums of fixed point are sums of floats.
            Mode::FixedPoint | Mode::Crossbar(_) => {
                Closeness::Nearly { step: compiled.output_step().map_or(0.0, f64::from) }
            }
        };
        comparison.add_tensor(name, (&expected, &got), how);
        Ok(())
    }
}
