//! Developer commands: `cargo xtask help`.

// This program's purpose is to print what it measures.
#![allow(clippy::print_stdout)]

mod bench_reference;
mod driver;
mod fuzz_seeds;
mod median;

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
    /// Write the seeds and dictionaries of the fuzz targets
    FuzzSeeds(fuzz_seeds::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::BenchReference(args) => bench_reference::run(&args),
        Command::FuzzSeeds(args) => fuzz_seeds::run(&args),
    }
}
