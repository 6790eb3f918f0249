//! `scaling`: time of a simulation over the size of the picture, and memory.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pimnas::{Options, RawConfig, resolve, simulate, zoo};

use crate::median::median;

/// Times of one simulation; single runs are short, so many are taken.
const RUNS: usize = 2000;

/// Prints time and work of ResNet-18 at four sizes of the picture.
pub fn scaling() -> Result<()> {
    let hardware = resolve(&RawConfig::reference_default())?;
    let options = Options::default();
    println!("| pixels | positions | tiles | median, µs | ns a position and tile |");
    println!("|---:|---:|---:|---:|---:|");
    for input in [32, 64, 128, 224] {
        let network = zoo::build("resnet18", zoo::ZooOptions { classes: 10, input })?;
        let report = simulate(&hardware, &network, &options)?;
        let positions: usize = report.timeline.layers.iter().map(|layer| layer.outputs).sum();
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let begin = Instant::now();
            black_box(simulate(black_box(&hardware), black_box(&network), &options)?);
            times.push(begin.elapsed().as_secs_f64());
        }
        let (time, tiles) = (median(&times), report.mapping.used_tiles);
        let each = time * 1e9 / (positions as f64 + tiles as f64);
        println!("| {input} | {positions} | {tiles} | {:.1} | {each:.2} |", time * 1e6);
    }
    Ok(())
}

/// Options of `memory`.
#[derive(clap::Args)]
pub struct MemoryArgs {
    /// Simulate this network of the zoo alone and print the peak of this process
    #[arg(long)]
    network: Option<String>,
    /// Side of the picture
    #[arg(long, default_value_t = 32)]
    input_size: usize,
}

/// Prints the largest resident memory of processes that simulate one network each (Linux).
pub fn memory(args: &MemoryArgs) -> Result<()> {
    if let Some(name) = &args.network {
        let options = zoo::ZooOptions { classes: 10, input: args.input_size };
        let hardware = resolve(&RawConfig::reference_default())?;
        black_box(simulate(&hardware, &zoo::build(name, options)?, &Options::default())?);
        println!("{}", peak_kb()?);
        return Ok(());
    }
    println!("| network | pixels | peak, MB |\n|---|---:|---:|");
    let large = ["resnet18", "vgg16"].map(|name| (name, 224));
    for (name, pixels) in zoo::NAMES.map(|name| (name, 32)).into_iter().chain(large) {
        let child = Command::new(std::env::current_exe()?)
            .args(["memory", "--network", name, "--input-size", &pixels.to_string()])
            .output()?;
        let text = String::from_utf8_lossy(&child.stdout);
        ensure!(child.status.success(), "{name}: {}", String::from_utf8_lossy(&child.stderr));
        let peak: f64 = text.trim().parse().with_context(|| format!("{name}: {text}"))?;
        println!("| {name} | {pixels} | {:.1} |", peak / 1024.0);
    }
    Ok(())
}

/// Peak resident memory of this process, KB.
fn peak_kb() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("needs Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let figure = line.and_then(|line| line.split_whitespace().next());
    figure.context("no VmHWM in /proc/self/status")?.parse().context("VmHWM is no number")
}
