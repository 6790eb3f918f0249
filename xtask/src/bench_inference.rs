//! The inference part of `bench-reference`: batches through both programs in turn.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pimnas::{Quirks, RawConfig, ShapedNetwork, resolve};
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor,
};
use serde_json::{Value, json};

use crate::driver::{Driver, Setting};
use crate::median::median;

/// Largest difference of outputs, relative to their range.
const TOLERANCE: f32 = 1e-6;

/// What to time.
pub struct Plan<'a> {
    /// Folder of network cases with weights.
    pub folder: &'a Path,
    /// Images of a batch.
    pub batch: usize,
    /// Rounds.
    pub rounds: usize,
}

/// A way of computing a batch.
struct Way {
    name: &'static str,
    /// What the published simulator is asked for.
    output: &'static str,
    network: CompiledNetwork,
    /// Of each round.
    times: Vec<Spent>,
}

/// Seconds of a batch.
#[derive(Clone, Copy)]
struct Spent {
    clock: f64,
    /// Of all threads, in the process and in the system.
    processor: f64,
}

/// A case, bound to its weights.
struct Subject {
    name: String,
    path: PathBuf,
    input: Tensor,
    ways: Vec<Way>,
    /// By the published simulator: output and times of each round.
    reference: Vec<(&'static str, Vec<Spent>)>,
}

/// Outputs of the published simulator. Cells with variation cost it the same float convolutions.
const OUTPUTS: [(&str, AdcRange); 2] =
    [("crossbar_scale", AdcRange::Scale), ("crossbar_fix", AdcRange::Fix)];

/// Times every case of the folder in each round, by both programs, one after the other.
pub fn run(setting: &Setting<'_>, plan: &Plan<'_>) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(setting.threads).build()?;
    let base = RawConfig::from_ini(&std::fs::read(setting.config)?)?;
    let mut subjects = read(plan, &base)?;
    let ours = peak_bytes();
    let mut driver = Driver::start(setting)?;
    let mut theirs = 0.0;
    for round in 0..plan.rounds {
        for subject in &mut subjects {
            for (place, (output, _)) in OUTPUTS.into_iter().enumerate() {
                let request = json!({"op": "infer", "case": subject.path, "output": output,
                    "batch": plan.batch});
                let answer = driver.ask(&request)?;
                let number = |key: &str| answer[key].as_f64().context("no time in the answer");
                let (clock, processor) = (number("seconds")?, number("processor_seconds")?);
                subject.reference[place].1.push(Spent { clock, processor });
                theirs = number("peak_bytes")?;
                let of_output = subject.ways.iter_mut().filter(|way| way.output == output);
                for way in of_output {
                    let found = pool.install(|| way.time(&subject.input))?;
                    check(&subject.name, &answer["first_output"], &found)?;
                }
            }
        }
        println!("round {} of {} done, {}; of all rounds so far:", round + 1, plan.rounds, load());
        print_result(&subjects, plan.batch);
    }
    let mega = |bytes: f64| bytes / 1e6;
    println!(
        "\npeak memory of all cases, MB: published {:.0}; pimnas {:.0}, of which {:.0} before the \
         first batch",
        mega(theirs),
        mega(peak_bytes()),
        mega(ours)
    );
    Ok(())
}

fn read(plan: &Plan<'_>, base: &RawConfig) -> Result<Vec<Subject>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(plan.folder)
        .with_context(|| format!("cannot read {}", plan.folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|end| end == "json"));
    files.sort();
    ensure!(!files.is_empty(), "no case in {}", plan.folder.display());
    files.iter().map(|path| Subject::read(path, base, plan.batch)).collect()
}

impl Subject {
    fn read(path: &Path, base: &RawConfig, batch: usize) -> Result<Self> {
        let case: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        let overrides = case["config_overrides"].as_object();
        ensure!(overrides.is_none_or(|map| map.is_empty()), "a case with settings of its own");
        let network = pimnas::Network::from_layer_list_json(case["network"].to_string())?;
        let file = std::fs::read(path.with_extension("safetensors"))?;
        let input = Tensor::from_safetensors(&file, "input")?;
        ensure!(input.dims()[0] == batch, "{} has another batch", path.display());
        let hardware = CrossbarHardware::from_hardware(&resolve(base)?, Quirks::reference())?;
        let parameters = Parameters::from_safetensors(&file)?;
        drop(file);
        let shaped = ShapedNetwork::new(&network)?;
        let mut ways = Vec::new();
        for (output, range) in OUTPUTS {
            let options = InferenceOptions::new(Mode::Crossbar(range), hardware);
            let exact = CompiledNetwork::new(&shaped, &parameters, &options)?;
            let real = match range {
                AdcRange::Fix => None,
                AdcRange::Scale => Some(exact.with_conductances(|cells| {
                    Some(cells.digits.iter().map(|&digit| digit as f32).collect())
                })?),
            };
            let name = if range == AdcRange::Scale { "scale" } else { "fix" };
            let way = |name, network| Way { name, output, network, times: Vec::new() };
            ways.push(way(name, exact));
            ways.extend(real.map(|real| way("scale, real cells", real)));
        }
        Ok(Self {
            name: case["zoo"].as_str().map_or_else(|| stem(path), str::to_owned),
            path: path.canonicalize()?,
            input,
            ways,
            reference: OUTPUTS.map(|(output, _)| (output, Vec::new())).into(),
        })
    }
}

impl Way {
    /// Times a batch; gives its outputs.
    fn time(&mut self, input: &Tensor) -> Result<Tensor> {
        let (begin, processor) = (Instant::now(), processor_seconds());
        let output = self.network.run(input)?;
        let clock = begin.elapsed().as_secs_f64();
        self.times.push(Spent { clock, processor: processor_seconds() - processor });
        Ok(output)
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().display().to_string()
}

/// Both must have done the same work.
fn check(name: &str, reference: &Value, output: &Tensor) -> Result<()> {
    let expected: Vec<f32> = serde_json::from_value(reference.clone())?;
    let (mut span, mut worst) = (0_f32, 0_f32);
    for (expected, found) in expected.iter().zip(output.data()) {
        span = span.max(expected.abs());
        worst = worst.max((expected - found).abs());
    }
    ensure!(worst <= TOLERANCE * span, "{name}: outputs differ by {worst} of {span}");
    Ok(())
}

/// Most memory that this process has had, in bytes.
fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes * 1024.0)
}

/// Processor time of all threads of this process, in seconds.
fn processor_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks
        .filter_map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        })
        .sum::<f64>()
        / 1e9
}

/// What else the machine does.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load {}", text.split_whitespace().next().unwrap_or("unknown"))
}

fn print_result(subjects: &[Subject], batch: usize) {
    println!(
        "| network | range, cells | published, ms an image | pimnas | ratio | published, processor ms | pimnas | ratio |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for subject in subjects {
        for way in &subject.ways {
            let reference = subject.reference.iter().find(|(output, _)| *output == way.output);
            let Some((_, reference)) = reference else { continue };
            let columns =
                [|spent: &Spent| spent.clock, |spent: &Spent| spent.processor].map(|of| {
                    let each = |times: &[Spent]| {
                        median(&times.iter().map(of).collect::<Vec<_>>()) * 1e3 / batch as f64
                    };
                    let pairs = reference.iter().zip(&way.times);
                    let ratios: Vec<f64> =
                        pairs.map(|(theirs, ours)| of(theirs) / of(ours)).collect();
                    format!(
                        "{:.1} | {:.2} | {:.1}",
                        each(reference),
                        each(&way.times),
                        median(&ratios)
                    )
                });
            println!("| {} | {} | {} |", subject.name, way.name, columns.join(" | "));
        }
    }
}
