//! `pimnas candidate`.

use std::path::PathBuf;

use crate::report::table::table;
use crate::{CandidateNet, HardwareInterface, InterfaceOptions};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use super::failure::Failure;
use super::inputs::{HardwareArgs, ZooArgs, load_network};
use super::model::{interface_failure, read_parameters, read_tensor, write_tensors};
use super::output::{check_output, print};
use super::quirks::{Computes, QuirkArgs};
use super::threads::ThreadArgs;

/// Everything that a search asks of a candidate: outputs on crossbars and in fixed point, latency,
/// energy, area, power
#[derive(Args, Clone, Debug)]
pub struct CandidateArgs {
    /// The candidate's layer list (JSON)
    #[arg(long, value_name = "FILE")]
    graph: PathBuf,
    /// Its weights: safetensors or a PyTorch state dict, `<layer>.<name>`; names may start with
    /// `param.`
    #[arg(long, value_name = "FILE")]
    params: PathBuf,
    /// The tensor `input`: a batch, images × the shape of one
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    quirks: QuirkArgs,
    /// Where to write the tensors `hardware_evaluate` and `origin_evaluate`
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Form of the figures of cost on standard output
    #[arg(long, value_enum, default_value_t = FiguresFormat::Table)]
    format: FiguresFormat,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// Form of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FiguresFormat {
    /// For reading
    Table,
    /// In full precision
    Json,
}

/// Runs the command.
pub fn run(args: &CandidateArgs) -> Result<(), Failure> {
    check_output(&args.output)?;
    let quirks = args.quirks.resolve(Computes::Costs)?;
    let (_, hardware) = args.hardware.load()?;
    // A file, also where its name is that of a network of the zoo.
    let graph = match args.graph.components().count() {
        1 => PathBuf::from(".").join(&args.graph),
        _ => args.graph.clone(),
    };
    let network = load_network(&graph.to_string_lossy(), ZooArgs::default())?;
    let parameters = read_parameters(&args.params)?;
    let input = read_tensor(&args.input, "input")?;
    let options = InterfaceOptions { quirks: quirks.model(), ..Default::default() };
    let candidate = CandidateNet::new(network, parameters);
    let interface = HardwareInterface::with_options(&candidate, &hardware, options);
    let figures = interface.figures().map_err(|error| interface_failure(&error))?;
    let (on_hardware, origin) = args.threads.run(|| {
        let outputs = interface.hardware_evaluate(&input);
        let both = outputs.and_then(|first| Ok((first, interface.origin_evaluate(&input)?)));
        both.map_err(|error| interface_failure(&error))
    })?;
    write_tensors(
        &args.output,
        &[("hardware_evaluate", &on_hardware), ("origin_evaluate", &origin)],
    )?;
    print(&written(&figures, args.format)?)
}

fn written(figures: &[(&str, &str, f64)], format: FiguresFormat) -> Result<String, Failure> {
    match format {
        FiguresFormat::Json => {
            let json: Map<String, Value> =
                figures.iter().map(|&(name, _, value)| (name.to_owned(), value.into())).collect();
            let text = serde_json::to_string_pretty(&json);
            Ok(text.map_err(|error| Failure::new(error, None))? + "\n")
        }
        FiguresFormat::Table => {
            let mut table = table(&["figure", "value", "unit"], 1);
            for (name, unit, value) in figures {
                table.add_row([(*name).to_owned(), format!("{value:.6}"), (*unit).to_owned()]);
            }
            Ok(format!("{table}\n"))
        }
    }
}
