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

/// A way of computing a batch, by both programs.
#[derive(Clone, Copy)]
enum Way {
    /// Crossbars of exact cells.
    Exact,
    /// Crossbars of real-valued cells, as with variation: the float path. The published simulator
    /// computes both with the same float convolutions.
    Real,
}

/// A case, bound to its weights.
struct Subject {
    name: String,
    path: PathBuf,
    input: Tensor,
    exact: CompiledNetwork,
    real: CompiledNetwork,
    reference: Vec<f64>,
    exact_times: Vec<f64>,
    real_times: Vec<f64>,
}

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
            let request = json!({"op": "infer", "case": subject.path, "output": "crossbar_scale",
                "batch": plan.batch});
            let answer = driver.ask(&request)?;
            let seconds = answer["seconds"].as_f64().context("no time in the answer")?;
            subject.reference.push(seconds);
            theirs = answer["peak_bytes"].as_f64().unwrap_or(f64::NAN);
            let output = pool.install(|| subject.time(Way::Exact))?;
            check(&subject.name, &answer["first_output"], &output)?;
            pool.install(|| subject.time(Way::Real))?;
        }
        println!("round {} of {} done", round + 1, plan.rounds);
    }
    print_result(&subjects, plan.batch);
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
        let options = InferenceOptions::new(Mode::Crossbar(AdcRange::Scale), hardware);
        let parameters = Parameters::from_safetensors(&file)?;
        let exact = CompiledNetwork::new(&ShapedNetwork::new(&network)?, &parameters, &options)?;
        let real = exact.with_conductances(|cells| {
            Some(cells.digits.iter().map(|&digit| digit as f32).collect())
        })?;
        Ok(Self {
            name: case["zoo"].as_str().map_or_else(|| stem(path), str::to_owned),
            path: path.canonicalize()?,
            input,
            exact,
            real,
            reference: Vec::new(),
            exact_times: Vec::new(),
            real_times: Vec::new(),
        })
    }

    /// Times a batch; gives its outputs.
    fn time(&mut self, way: Way) -> Result<Tensor> {
        let (network, times) = match way {
            Way::Exact => (&self.exact, &mut self.exact_times),
            Way::Real => (&self.real, &mut self.real_times),
        };
        let begin = Instant::now();
        let output = network.run(&self.input)?;
        times.push(begin.elapsed().as_secs_f64());
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

fn print_result(subjects: &[Subject], batch: usize) {
    println!("| network | published, ms an image | exact cells | ratio | real cells | ratio |");
    println!("|---|---:|---:|---:|---:|---:|");
    for subject in subjects {
        let each = |times: &[f64]| median(times) * 1e3 / batch as f64;
        let ratio = |times: &[f64]| {
            let pairs = subject.reference.iter().zip(times);
            median(&pairs.map(|(theirs, ours)| theirs / ours).collect::<Vec<_>>())
        };
        let (exact, real) = (&subject.exact_times, &subject.real_times);
        println!(
            "| {} | {:.1} | {:.2} | {:.1} | {:.2} | {:.1} |",
            subject.name,
            each(&subject.reference),
            each(exact),
            ratio(exact),
            each(real),
            ratio(real)
        );
    }
}
