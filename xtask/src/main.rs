//! Developer commands: `cargo xtask help`.

// The purpose of this program is to print what it measures.
#![allow(clippy::print_stdout)]

mod bench_inference;
mod bench_reference;
mod bench_training;
mod driver;
mod fuzz_seeds;
mod median;
mod onnx_conformance;
mod quirks;
mod scaling;
mod subjects;

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
    /// Train with PyTorch and pimnas in turn (docs/TRAINING.md)
    BenchTraining(bench_training::Args),
    /// Check gradients of every layer (docs/TRAINING.md)
    Gradients,
    /// Measure what each quirk of the cost models changes (the table of docs/QUIRKS.md)
    Quirks,
    /// Time ResNet-18 over the size of the picture (docs/PERFORMANCE.md)
    Scaling,
    /// Peak memory of simulations, a process each (docs/PERFORMANCE.md)
    Memory(scaling::MemoryArgs),
    /// Write the seeds and dictionaries of the fuzz targets
    FuzzSeeds(fuzz_seeds::Args),
    /// Read and run ONNX models with recorded outputs and compare
    OnnxConformance(onnx_conformance::Args),
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    match Cli::parse().command {
        Command::BenchReference(args) => bench_reference::run(&args)?,
        Command::BenchTraining(args) => bench_training::run(&args)?,
        Command::Gradients => bench_training::gradients(),
        Command::Quirks => quirks::run()?,
        Command::Scaling => scaling::scaling()?,
        Command::Memory(args) => scaling::memory(&args)?,
        Command::FuzzSeeds(args) => fuzz_seeds::run(&args)?,
        Command::OnnxConformance(args) => return onnx_conformance::run(&args),
    }
    Ok(std::process::ExitCode::SUCCESS)
}
