//! `bench-reference`: both simulators in turn, medians, ratios.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pimnas::verify::Case;
use pimnas::{Options, RawConfig, resolve, simulate};
use serde_json::{Value, json};

use crate::driver::{Driver, Setting};
use crate::median::median;

/// Options of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the published simulator (see xtask/reference/README.md)
    #[arg(long)]
    reference: PathBuf,
    /// Python with NumPy and PyTorch
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Folder with recorded cases and SimConfig.ini
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/golden"))]
    cases: PathBuf,
    /// Rounds; in each, every network is timed by both simulators, one after the other
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Simulations by pimnas a round and network; their mean is the round's time
    #[arg(long, default_value_t = 200)]
    repeat: u32,
}

/// A network of the zoo with its recorded case.
struct Subject {
    name: String,
    path: PathBuf,
    case: Case,
    reference: Vec<f64>,
    pimnas: Vec<f64>,
}

/// Times both simulators from a network and a configuration in memory to the four metrics.
pub fn run(args: &Args) -> Result<()> {
    let config_path = args.cases.join("SimConfig.ini");
    let base = RawConfig::from_ini(&std::fs::read(&config_path)?)?;
    let mut subjects = zoo_cases(&args.cases)?;
    let setting = Setting {
        python: &args.python,
        reference: &args.reference,
        config: &config_path,
        threads: 1,
    };
    let mut driver = Driver::start(&setting)?;
    for round in 0..args.rounds {
        for subject in &mut subjects {
            let request = json!({"op": "metrics", "case": subject.path});
            let answer = driver.ask(&request)?;
            let seconds = answer["seconds"].as_f64().context("no time in the answer")?;
            let (mean, metrics) = time_pimnas(subject, &base, args.repeat)?;
            check(&subject.name, &answer["metrics"], &metrics)?;
            subject.reference.push(seconds);
            subject.pimnas.push(mean);
        }
        println!("round {} of {} done", round + 1, args.rounds);
    }
    print_result(&subjects);
    Ok(())
}

/// One case for each network of the zoo: the first with its name and no changed setting.
fn zoo_cases(folder: &std::path::Path) -> Result<Vec<Subject>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut subjects: Vec<Subject> = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let bytes = std::fs::read(path)?;
        let json: Value = serde_json::from_slice(&bytes)?;
        let Some(name) = json.get("zoo").and_then(Value::as_str) else { continue };
        let default = json["config_overrides"].as_object().is_some_and(|map| map.is_empty());
        if default && subjects.iter().all(|subject| subject.name != name) {
            subjects.push(Subject {
                name: name.to_owned(),
                path: path.canonicalize()?,
                case: Case::from_json(&bytes)?,
                reference: Vec::new(),
                pimnas: Vec::new(),
            });
        }
    }
    ensure!(!subjects.is_empty(), "no zoo case in {}", folder.display());
    Ok(subjects)
}

/// Mean time of resolving the configuration and simulating, and the metrics.
fn time_pimnas(subject: &Subject, base: &RawConfig, repeat: u32) -> Result<(f64, Value)> {
    let network = subject.case.network()?;
    let config = subject.case.config(base).map_err(anyhow::Error::msg)?;
    let options = Options::default();
    let mut metrics = None;
    let begin = Instant::now();
    for _ in 0..repeat {
        let hardware = resolve(black_box(&config))?;
        metrics = Some(simulate(&hardware, black_box(&network), &options)?.metrics());
    }
    let mean = begin.elapsed().as_secs_f64() / f64::from(repeat);
    Ok((mean, serde_json::to_value(metrics)?))
}

/// Both must have done the same work.
fn check(name: &str, reference: &Value, pimnas: &Value) -> Result<()> {
    let mut comparison = pimnas::verify::Comparison::default();
    comparison.add(name, reference, Some(pimnas), pimnas::verify::COST_TOLERANCE);
    ensure!(comparison.differences.is_empty(), "{:?}", comparison.differences);
    Ok(())
}

fn print_result(subjects: &[Subject]) {
    println!("| network | published, s | pimnas, µs | ratio |\n|---|---:|---:|---:|");
    let mut ratios = Vec::new();
    for subject in subjects {
        let (theirs, ours) = (median(&subject.reference), median(&subject.pimnas));
        ratios.push(theirs / ours);
        println!("| {} | {theirs:.3} | {:.1} | {:.0} |", subject.name, ours * 1e6, theirs / ours);
    }
    println!("\nmedian ratio over the networks: {:.0}", median(&ratios));
}
