//! Developer commands: `cargo xtask help`.

// This program's purpose is to print what it measures.
#![allow(clippy::print_stdout)]

mod bench_reference;
mod driver;
mod median;
mod onnx_conformance;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Developer commands of pimnas")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Time the published simulator and pimnas in turn on the same work
    BenchReference(bench_reference::Args),
    /// Read and run ONNX models with recorded outputs and compare
    OnnxConformance(onnx_conformance::Args),
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    match Cli::parse().command {
        Command::BenchReference(args) => {
            bench_reference::run(&args).map(|()| std::process::ExitCode::SUCCESS)
        }
        Command::OnnxConformance(args) => onnx_conformance::run(&args),
    }
}
