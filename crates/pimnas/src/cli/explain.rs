//! `pimnas explain`.

use crate::explore::sensitivity::{knobs, sensitivity};
use crate::report::explanation;
use crate::simulate;
use clap::Args;

use super::failure::Failure;
use super::inputs::{HardwareArgs, ModeArgs, NetworkArgs, simulation_failure};
use super::output::OutputArgs;

/// What bounds the latency, what the energy goes to, and which knob would change it most
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    mode: ModeArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    args.output.check()?;
    let options = args.mode.options()?;
    let (raw, hardware) = args.hardware.load()?;
    let network = args.network.load()?;
    let report =
        simulate(&hardware, &network, &options).map_err(|error| simulation_failure(&error))?;
    let effects = sensitivity(&raw, &knobs(), (&network, &options));
    let head = format!(
        "{} on {}, {}\n\n",
        args.network.name(),
        args.hardware.name(),
        args.mode.describe()
    );
    args.output.write(&(head + &explanation(&report, &effects)))
}
