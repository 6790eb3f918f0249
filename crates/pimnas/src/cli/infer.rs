//! `pimnas infer`.

use std::path::PathBuf;

use crate::infer::{AdcRange, Mode};
use crate::interface::Model;
use clap::{Args, ValueEnum};

use super::calibration::CalibrationArgs;
use super::failure::Failure;
use super::inputs::{HardwareArgs, ZooArgs};
use super::model::{infer_failure, interface_failure, read_tensor, write_tensors};
use super::onnx::load_weighted;
use super::output::check_output;
use super::precision::PrecisionArgs;
use super::quirks::{Computes, QuirkArgs};
use super::threads::ThreadArgs;

/// Outputs of a network with weights: in floats, in fixed point or on crossbars
#[derive(Args, Clone, Debug)]
pub struct InferArgs {
    /// A layer-list or candidate JSON file, a network of the zoo, or an ONNX file with weights
    #[arg(long, value_name = "NAME|FILE")]
    network: String,
    #[command(flatten)]
    zoo: ZooArgs,
    /// The network's weights: safetensors, or a PyTorch state dict (.pth); names may start with
    /// `param.`; not needed for an ONNX file
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    calibration: CalibrationArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// The tensor `input`: a batch, images × the shape of one
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Arithmetic
    #[arg(long, value_enum, default_value_t = ModeArg::Crossbar)]
    mode: ModeArg,
    /// Range of the ADCs, on crossbars
    #[arg(long, value_enum, default_value_t = AdcArg::Scale)]
    adc: AdcArg,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    quirks: QuirkArgs,
    /// Where to write the tensor `output`
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// Arithmetic of an inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    /// 32-bit floats
    Float,
    /// Weights and activations quantised, sums exact
    Fixed,
    /// Weights in cells, inputs through DACs, partial sums through ADCs
    Crossbar,
}

/// Range of the ADCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AdcArg {
    /// Scaled to the layer's outputs, with its point shift
    Scale,
    /// From nothing to the largest sum of a full crossbar
    Fix,
}

impl AdcArg {
    /// Its name as an argument.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scale => "scale",
            Self::Fix => "fix",
        }
    }
}

impl From<AdcArg> for AdcRange {
    fn from(range: AdcArg) -> Self {
        match range {
            AdcArg::Scale => Self::Scale,
            AdcArg::Fix => Self::Fix,
        }
    }
}

impl InferArgs {
    fn mode(&self) -> Mode {
        match self.mode {
            ModeArg::Float => Mode::Float,
            ModeArg::Fixed => Mode::FixedPoint,
            ModeArg::Crossbar => Mode::Crossbar(self.adc.into()),
        }
    }
}

/// Runs the command.
pub fn run(args: &InferArgs) -> Result<(), Failure> {
    check_output(&args.output)?;
    let quirks = args.quirks.resolve(Computes::Outputs)?;
    let (_, hardware) = args.hardware.load()?;
    let (network, parameters) = load_weighted(&args.network, args.zoo, args.weights.as_deref())?;
    let input = read_tensor(&args.input, "input")?;
    let mut model = Model::new(network, parameters, (&hardware, quirks.model()))
        .map_err(|error| interface_failure(&error))?;
    let calibration = args.calibration.read()?;
    args.precision.apply(&mut model, calibration)?;
    let output = args.threads.run(|| {
        let calibrated = model.calibrated(args.mode(), (&input, calibration));
        let compiled = calibrated
            .and_then(|model| model.compile(args.mode()))
            .map_err(|error| interface_failure(&error))?;
        compiled.run(&input).map_err(|error| infer_failure(&error))
    })?;
    write_tensors(&args.output, &[("output", &output)])
}
