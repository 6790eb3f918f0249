//! The command line: one file a subcommand.

mod accuracy;
mod bench;
mod calibration;
mod candidate;
mod config;
mod dataset;
mod dataset_source;
#[cfg(feature = "train")]
mod derive;
mod explain;
mod export;
mod failure;
mod feasible;
mod infer;
mod inputs;
mod model;
mod nonideal;
mod onnx;
mod optuna;
mod output;
mod precision;
mod quirks;
mod report_page;
mod runs;
mod search;
mod shipped;
mod simulate;
mod space;
#[cfg(feature = "train")]
mod supernet;
mod sweep;
mod threads;
#[cfg(feature = "train")]
mod train;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Design a neural network and the processing-in-memory hardware that runs it, together
#[derive(Parser, Debug)]
#[command(name = "pimnas", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Simulate(simulate::SimulateArgs),
    Explain(explain::ExplainArgs),
    Sweep(sweep::SweepArgs),
    Verify(verify::VerifyArgs),
    Config(config::ConfigArgs),
    Accuracy(Box<accuracy::AccuracyArgs>),
    Infer(Box<infer::InferArgs>),
    Candidate(candidate::CandidateArgs),
    Space(space::SpaceArgs),
    #[cfg(feature = "train")]
    Train(Box<train::TrainArgs>),
    Search(Box<search::SearchArgs>),
    /// The front of a run
    Front(runs::FrontArgs),
    /// How far a run is: trials, front, and what each stage stopped and cost
    Status(runs::StatusArgs),
    /// A trial of a run: decisions, figures, where it comes from
    Show(runs::ShowArgs),
    Export(Box<export::ExportArgs>),
    #[cfg(feature = "train")]
    Derive(Box<derive::DeriveArgs>),
    Report(report_page::ReportArgs),
    Optuna(optuna::OptunaArgs),
    Bench(bench::BenchArgs),
    #[cfg(feature = "train")]
    Supernet(Box<supernet::SupernetArgs>),
}

/// Runs the command of the process's arguments. Exit codes: 0 done, 1 the answer is "no",
/// 2 bad input.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = |()| ExitCode::SUCCESS;
    let result: Result<ExitCode, Failure> = match &cli.command {
        Command::Simulate(args) => simulate::run(args).map(done),
        Command::Explain(args) => explain::run(args).map(done),
        Command::Sweep(args) => sweep::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Config(args) => config::run(args),
        Command::Accuracy(args) => accuracy::run(args).map(done),
        Command::Infer(args) => infer::run(args).map(done),
        Command::Candidate(args) => candidate::run(args).map(done),
        Command::Space(args) => space::run(args).map(done),
        Command::Search(args) => search::run(args),
        Command::Front(args) => runs::front(args).map(done),
        Command::Status(args) => runs::status(args).map(done),
        Command::Show(args) => runs::show(args).map(done),
        Command::Export(args) => export::run(args).map(done),
        #[cfg(feature = "train")]
        Command::Derive(args) => derive::run(args).map(done),
        Command::Report(args) => report_page::run(args).map(done),
        Command::Optuna(args) => optuna::run(args).map(done),
        Command::Bench(args) => bench::run(args).map(done),
        #[cfg(feature = "train")]
        Command::Train(args) => train::run(args).map(done),
        #[cfg(feature = "train")]
        Command::Supernet(args) => supernet::run(args).map(done),
    };
    result.unwrap_or_else(|failure| {
        output::note(&failure.text);
        failure.exit()
    })
}
