//! `cargo xtask onnx-conformance`: which ONNX models with recorded outputs are read, run and agree.
//!
//! Two layouts are known: a folder with `model.onnx` and `test_data_set_*/{input,output}_*.pb`,
//! and `NAME.onnx` beside `NAME_output_0.pb`, whose inputs count from 0 to 1 in equal steps.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use pimnas_formats::graph::FloatGraph;
use pimnas_formats::{OnnxError, OnnxLimits, OnnxTypes, Tensor, TensorData};

/// Relative and absolute difference up to which values agree: those of ONNX's own test runner.
const RELATIVE: f64 = 1e-3;
const ABSOLUTE: f64 = 1e-7;

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Folders that are searched for models
    #[arg(required = true)]
    dirs: Vec<PathBuf>,
    /// A line for each model, not only for those that are read and do not agree
    #[arg(long)]
    all: bool,
}

/// What became of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Read, run, outputs agree.
    Agrees,
    /// Read and run, outputs differ.
    Differs,
    /// Read; running it fails.
    NotRun,
    /// A known operator in a form that is refused.
    Form,
    /// Numbers of types that are not read, or values that are no tensors.
    Values,
    /// Operators that are not known.
    Operators,
    /// A version of the operators that is not read.
    Opset,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agrees => "agrees",
            Self::Differs => "DIFFERS",
            Self::NotRun => "not run",
            Self::Form => "form refused",
            Self::Values => "types not read",
            Self::Operators => "unsupported operators",
            Self::Opset => "operator set not read",
        })
    }
}

/// A model with its verdict.
struct Verdict {
    outcome: Outcome,
    /// Largest difference relative to the largest magnitude of the output.
    error: f64,
    why: String,
}

impl Verdict {
    fn failed(outcome: Outcome, why: impl ToString) -> Self {
        Self { outcome, error: f64::NAN, why: why.to_string().replace('\n', " ") }
    }
}

/// Runs every model of the folders.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut wrong = false;
    for dir in &args.dirs {
        let mut models = Vec::new();
        collect(dir, &mut models)?;
        models.sort();
        println!("## {}: {} models", dir.display(), models.len());
        let mut totals: BTreeMap<Outcome, usize> = BTreeMap::new();
        let mut worst = 0.0_f64;
        for model in &models {
            let verdict = judge(model)?;
            *totals.entry(verdict.outcome).or_default() += 1;
            let refused = verdict.outcome >= Outcome::Operators;
            if verdict.outcome == Outcome::Agrees {
                worst = worst.max(verdict.error);
            }
            wrong |= verdict.outcome == Outcome::Differs;
            if args.all || !(refused || verdict.outcome == Outcome::Agrees) {
                let name = model.strip_prefix(dir).unwrap_or(model).display();
                let Verdict { outcome, error, why } = verdict;
                println!("| {name} | {outcome} | {error:.1e} | {why} |");
            }
        }
        for (outcome, count) in totals {
            println!("{outcome}: {count}");
        }
        println!("largest relative difference among those that agree: {worst:.1e}");
    }
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The models below a folder.
fn collect(dir: &Path, models: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, models)?;
        } else if path.extension().is_some_and(|extension| extension == "onnx") {
            let recorded = path.file_name().is_some_and(|name| name == "model.onnx");
            if recorded || beside(&path).exists() {
                models.push(path);
            }
        }
    }
    Ok(())
}

/// The recorded output beside a model.
fn beside(model: &Path) -> PathBuf {
    let stem = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    model.with_file_name(format!("{stem}_output_0.pb"))
}

fn judge(model: &Path) -> anyhow::Result<Verdict> {
    let bytes = std::fs::read(model).with_context(|| format!("reading {}", model.display()))?;
    let graph = match FloatGraph::from_onnx(&bytes, OnnxLimits::default()) {
        Ok(graph) => graph,
        Err(error) => {
            let outcome = match &error {
                OnnxError::Operators(_) => Outcome::Operators,
                OnnxError::Opset { .. } => Outcome::Opset,
                OnnxError::Tensor { .. } | OnnxError::Input { .. } => Outcome::Values,
                OnnxError::Form { .. }
                | OnnxError::TooLarge { .. }
                | OnnxError::Format { .. }
                | OnnxError::UnknownValue { .. }
                | OnnxError::GivenTwice { .. } => Outcome::Form,
            };
            return Ok(Verdict::failed(outcome, error));
        }
    };
    let types = OnnxTypes::of_file(&bytes)?;
    let sets = match data_sets(model, &graph, &types) {
        Ok(sets) => sets,
        Err(error) => return Ok(Verdict::failed(Outcome::Values, format!("{error:#}"))),
    };
    let mut largest = 0.0_f64;
    for (inputs, expected) in &sets {
        let outputs = match graph.run(inputs) {
            Ok(outputs) => outputs,
            Err(error) => return Ok(Verdict::failed(Outcome::NotRun, error)),
        };
        match compare(&outputs, expected) {
            Ok(error) => largest = largest.max(error),
            Err(why) => return Ok(Verdict::failed(Outcome::Differs, why)),
        }
    }
    Ok(Verdict { outcome: Outcome::Agrees, error: largest, why: String::new() })
}

type DataSet = (Vec<Tensor>, Vec<Tensor>);

/// Inputs and expected outputs of a model, at least one of each.
fn data_sets(model: &Path, graph: &FloatGraph, types: &OnnxTypes) -> anyhow::Result<Vec<DataSet>> {
    let recorded = beside(model);
    if recorded.exists() {
        let inputs = graph.inputs.iter().map(|input| {
            let dims: Vec<usize> = input.dims.iter().map(|dim| dim.unwrap_or(1)).collect();
            let count: usize = dims.iter().product();
            let value = |i: usize| (i as f64 / count as f64) as f32;
            Tensor::f32(dims, (0..count).map(value).collect())
        });
        return Ok(vec![(inputs.collect::<Result<_, _>>()?, vec![read(&recorded, None)?])]);
    }
    let folder = model.parent().unwrap_or(Path::new("."));
    let mut sets = Vec::new();
    loop {
        let set = folder.join(format!("test_data_set_{}", sets.len()));
        if !set.is_dir() {
            break;
        }
        let outputs = numbered(&set, "output", &types.outputs)?;
        if outputs.len() != graph.outputs.len() {
            return Err(anyhow!(
                "{} outputs are recorded of {}",
                outputs.len(),
                graph.outputs.len()
            ));
        }
        sets.push((numbered(&set, "input", &types.inputs)?, outputs));
    }
    if sets.is_empty() { Err(anyhow!("no outputs are recorded")) } else { Ok(sets) }
}

fn numbered(set: &Path, kind: &str, types: &[Option<&'static str>]) -> anyhow::Result<Vec<Tensor>> {
    let path = |i: usize| (i, set.join(format!("{kind}_{i}.pb")));
    let paths = (0..).map(path).take_while(|(_, path)| path.exists());
    paths.map(|(i, path)| read(&path, types.get(i).copied().flatten())).collect()
}

/// Reads a recorded tensor of the type that the model states.
fn read(path: &Path, stated: Option<&str>) -> anyhow::Result<Tensor> {
    let bytes = std::fs::read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let tensor = Tensor::from_onnx_tensor(&bytes).map_err(|error| anyhow!("{name}: {error}"))?;
    match (stated, tensor.data()) {
        // NumPy has no brain floats: recordings of that time have their bits as unsigned
        // integers of 16 bits, which are the upper half of a float's.
        (Some("bf16"), TensorData::I32(bits)) => {
            let floats = bits.iter().map(|&bits| f32::from_bits((bits as u32) << 16)).collect();
            Ok(Tensor::f32(tensor.dims(), floats)?)
        }
        _ => Ok(tensor),
    }
}

/// The largest difference, relative to the largest magnitude; what differs by more than the
/// tolerance.
fn compare(outputs: &[Tensor], expected: &[Tensor]) -> Result<f64, String> {
    let mut largest = 0.0_f64;
    for (output, expected) in outputs.iter().zip(expected) {
        if output.dims() != expected.dims() {
            return Err(format!("dimensions {:?} instead of {:?}", output.dims(), expected.dims()));
        }
        let (found, wanted) = (output.to_f32(), expected.to_f32());
        let range = wanted.iter().fold(0.0_f64, |range, &value| range.max(f64::from(value).abs()));
        for (&found, &wanted) in found.iter().zip(&wanted) {
            let (found, wanted) = (f64::from(found), f64::from(wanted));
            let difference = (found - wanted).abs();
            let same = found == wanted || (found.is_nan() && wanted.is_nan());
            let close = difference <= ABSOLUTE + RELATIVE * wanted.abs();
            if !same && !close {
                return Err(format!("{found} instead of {wanted}"));
            }
            if !same && range > 0.0 {
                largest = largest.max(difference / range);
            }
        }
    }
    Ok(largest)
}
