//! `pimnas simulate`.

use crate::report::simulation::Subject;
use crate::report::{simulation_csv, simulation_json, simulation_table};
use crate::simulate;
use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::inputs::{HardwareArgs, ModeArgs, NetworkArgs, simulation_failure};
use super::output::OutputArgs;

/// Latency, energy, area and power of a network on a hardware
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    mode: ModeArgs,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
    #[command(flatten)]
    output: OutputArgs,
}

/// Form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For reading
    Table,
    /// Everything, in full precision
    Json,
    /// One line a layer
    Csv,
}

/// Runs the command.
pub fn run(args: &SimulateArgs) -> Result<(), Failure> {
    args.output.check()?;
    let options = args.mode.options()?;
    let (_, hardware) = args.hardware.load()?;
    let network = args.network.load()?;
    let report =
        simulate(&hardware, &network, &options).map_err(|error| simulation_failure(&error))?;
    let text = match args.format {
        ReportFormat::Table => simulation_table(
            &report,
            &Subject {
                network: args.network.name(),
                hardware: args.hardware.name(),
                mode: args.mode.describe(),
            },
        ),
        ReportFormat::Json => {
            let json =
                simulation_json(&report).and_then(|json| serde_json::to_string_pretty(&json));
            json.map_err(|error| Failure::new(error, None))? + "\n"
        }
        ReportFormat::Csv => simulation_csv(&report).map_err(|error| Failure::new(error, None))?,
    };
    args.output.write(&text)
}
