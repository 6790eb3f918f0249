//! `bench-reference`: both simulators in turn, medians, ratios.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pimnas::verify::Case;
use pimnas::{Options, RawConfig, resolve, simulate};
use serde_json::{Value, json};

use crate::bench_inference::{self, Plan};
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
    /// Time crossbar inference instead: folder of cases that the driver's command `weights` wrote
    #[arg(long)]
    inference: Option<PathBuf>,
    /// Images of a batch of inference
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Threads of both programs in inference
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Rounds; in each, every subject is timed by both simulators, one after the other
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Candidates of a search to time beside the networks of the zoo; their weights must be
    /// beside them
    #[arg(long, default_value_t = 5)]
    candidates: usize,
}

/// A network or a candidate with its recorded case.
struct Subject {
    name: String,
    operation: &'static str,
    path: PathBuf,
    case: Case,
    reference: Vec<f64>,
    pimnas: Vec<f64>,
}

/// Times both simulators from a network and a configuration in memory to the four metrics.
pub fn run(args: &Args) -> Result<()> {
    let config_path = args.cases.join("SimConfig.ini");
    if let Some(folder) = &args.inference {
        let setting = Setting {
            python: &args.python,
            reference: &args.reference,
            config: &config_path,
            threads: args.threads,
        };
        let plan = Plan { folder, batch: args.batch, rounds: args.rounds };
        return bench_inference::run(&setting, &plan);
    }
    let base = RawConfig::from_ini(&std::fs::read(&config_path)?)?;
    let mut subjects = subjects(&args.cases, args.candidates)?;
    let setting = Setting {
        python: &args.python,
        reference: &args.reference,
        config: &config_path,
        threads: 1,
    };
    let mut driver = Driver::start(&setting)?;
    for round in 0..args.rounds {
        for subject in &mut subjects {
            let request = json!({"op": subject.operation, "case": subject.path});
            let answer = driver.ask(&request)?;
            let seconds = answer["seconds"].as_f64().context("no time in the answer")?;
            let (mean, metrics) = time_pimnas(subject, &base, Duration::from_secs_f64(seconds))?;
            check(&subject.name, &answer["metrics"], &metrics)?;
            subject.reference.push(seconds);
            subject.pimnas.push(mean);
        }
        println!("round {} of {} done", round + 1, args.rounds);
    }
    for (what, operation) in [("network", "metrics"), ("candidate", "candidate")] {
        let of_kind = || subjects.iter().filter(|subject| subject.operation == operation);
        if of_kind().next().is_some() {
            print_result(what, of_kind());
        }
    }
    Ok(())
}

/// One case for each network of the zoo, the first with its name and no changed setting, and
/// the first candidates.
fn subjects(folder: &Path, candidates: usize) -> Result<Vec<Subject>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let (mut zoo, mut searched): (Vec<Subject>, Vec<Subject>) = Default::default();
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let bytes = std::fs::read(path)?;
        let json: Value = serde_json::from_slice(&bytes)?;
        let default = json["config_overrides"].as_object().is_some_and(|map| map.is_empty());
        if let Some(name) = json.get("zoo").and_then(Value::as_str) {
            if default && zoo.iter().all(|subject| subject.name != name) {
                zoo.push(subject(name, "metrics", path, &bytes)?);
            }
        } else if json.get("mnsim_cfg").is_some() && searched.len() < candidates {
            let tensors = json["expected"]["tensors"].as_str().map(|name| folder.join(name));
            if tensors.is_none_or(|path| !path.is_file()) {
                // The published simulator asks for weights, which take no part in the costs.
                continue;
            }
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            searched.push(subject(&name, "candidate", path, &bytes)?);
        }
    }
    ensure!(!zoo.is_empty(), "no zoo case in {}", folder.display());
    zoo.extend(searched);
    Ok(zoo)
}

fn subject(name: &str, operation: &'static str, path: &Path, bytes: &[u8]) -> Result<Subject> {
    Ok(Subject {
        name: name.to_owned(),
        operation,
        path: path.canonicalize()?,
        case: Case::from_json(bytes)?,
        reference: Vec::new(),
        pimnas: Vec::new(),
    })
}

/// Mean time of resolving the configuration and simulating, over about as long as the published
/// simulator took, so that what else runs on the machine weighs on both alike; and the metrics.
fn time_pimnas(subject: &Subject, base: &RawConfig, least: Duration) -> Result<(f64, Value)> {
    let network = subject.case.network()?;
    let config = subject.case.config(base).map_err(anyhow::Error::msg)?;
    let options = Options::default();
    let mut metrics = None;
    let mut repeats = 0_u32;
    let begin = Instant::now();
    while repeats == 0 || begin.elapsed() < least {
        for _ in 0..16 {
            let hardware = resolve(black_box(&config))?;
            metrics = Some(simulate(&hardware, black_box(&network), &options)?.metrics());
        }
        repeats += 16;
    }
    let mean = begin.elapsed().as_secs_f64() / f64::from(repeats);
    Ok((mean, serde_json::to_value(metrics)?))
}

/// Both must have done the same work.
fn check(name: &str, reference: &Value, pimnas: &Value) -> Result<()> {
    let mut comparison = pimnas::verify::Comparison::default();
    comparison.add(name, reference, Some(pimnas), pimnas::verify::COST_TOLERANCE);
    ensure!(comparison.differences.is_empty(), "{:?}", comparison.differences);
    Ok(())
}

fn print_result<'a>(what: &str, subjects: impl Iterator<Item = &'a Subject>) {
    let mut ratios = Vec::new();
    println!("\n| {what} | published, s | pimnas, µs | ratio |\n|---|---:|---:|---:|");
    for subject in subjects {
        let (theirs, ours) = (median(&subject.reference), median(&subject.pimnas));
        let paired = subject.reference.iter().zip(&subject.pimnas);
        let ratio = median(&paired.map(|(theirs, ours)| theirs / ours).collect::<Vec<_>>());
        println!("| {} | {theirs:.3} | {:.1} | {ratio:.0} |", subject.name, ours * 1e6);
        ratios.push(ratio);
    }
    println!("\nmedian ratio: {:.0}", median(&ratios));
}
