//! `pimnas infer` and `pimnas candidate`: recorded outputs, and every kind of bad input.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use pimnas::formats::{NamedTensors, Tensor};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/golden");
const NETWORK: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.json");
const WEIGHTS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.safetensors");

fn pimnas(arguments: &[String]) -> Command {
    let mut command = Command::cargo_bin("pimnas").unwrap();
    command.args(arguments);
    command
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|&word| word.to_owned()).collect()
}

/// The settings of a case as arguments.
fn settings(case: &Value) -> Vec<String> {
    let sections = case["config_overrides"].as_object().unwrap();
    let keys = |(section, keys): (&String, &Value)| {
        let section = section.clone();
        let pairs: Vec<_> = keys.as_object().unwrap().clone().into_iter().collect();
        pairs.into_iter().flat_map(move |(key, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            ["--set".to_owned(), format!("{section}/{key}={value}")]
        })
    };
    sections.iter().flat_map(keys).collect()
}

fn golden(kind: &str) -> Vec<(PathBuf, Value)> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(GOLDEN)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(kind))
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    cases.sort();
    let with = |path: PathBuf| {
        let case = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        (path, case)
    };
    cases.into_iter().map(with).filter(|(path, _)| tensors_of(path).is_file()).collect()
}

fn tensors_of(case: &Path) -> PathBuf {
    case.with_extension("safetensors")
}

fn read(path: &Path) -> NamedTensors {
    NamedTensors::from_safetensors(&std::fs::read(path).unwrap()).unwrap()
}

/// Largest difference as a share of the largest magnitude.
fn difference(expected: &Tensor, got: &Tensor) -> f32 {
    assert_eq!(expected.dims(), got.dims());
    let (expected, got) = (expected.to_f32(), got.to_f32());
    let largest = expected.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
    let pairs = expected.iter().zip(&got);
    pairs.fold(0.0, |most: f32, (a, b)| most.max((a - b).abs())) / largest
}

#[test]
fn candidates_give_the_recorded_outputs_and_figures() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out.safetensors");
    let cases = golden("candidate_");
    assert!(!cases.is_empty());
    for (path, case) in cases.iter().take(2) {
        let (file, tensors) = (path.display().to_string(), tensors_of(path).display().to_string());
        let mut arguments = words(&["candidate", "--graph", &file, "--params", &tensors]);
        arguments.extend(words(&["--input", &tensors, "--format", "json", "--output"]));
        arguments.push(out.display().to_string());
        arguments.extend(settings(case));
        let output = pimnas(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
        for (name, value) in figures.as_object().unwrap() {
            let (got, expected) =
                (value.as_f64().unwrap(), case["expected"][name].as_f64().unwrap());
            assert!((got - expected).abs() <= 1e-9 * expected.abs(), "{file} {name}");
        }
        let (expected, got) = (read(&tensors_of(path)), read(&out));
        for name in ["hardware_evaluate", "origin_evaluate"] {
            let share = difference(expected.get(name).unwrap(), got.get(name).unwrap());
            assert!(share < 1e-5, "{file} {name}: {share}");
        }
    }
}

/// Arguments for the shipped network with this weights file and this input file.
fn infer(weights: &Path, input: &Path, out: &Path) -> Vec<String> {
    let mut arguments = words(&["infer", "--network", NETWORK, "--mode", "fixed", "--weights"]);
    arguments.push(weights.display().to_string());
    arguments.push("--input".to_owned());
    arguments.push(input.display().to_string());
    arguments.push("--output".to_owned());
    arguments.push(out.display().to_string());
    arguments
}

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn tensor(&self, name: &str, dims: &[usize], value: f32) -> PathBuf {
        let mut tensors = NamedTensors::new();
        let data = vec![value; dims.iter().product()];
        tensors.insert(name, Tensor::f32(dims, data).unwrap());
        self.write(&format!("{name}-{value}.safetensors"), &tensors.to_safetensors().unwrap())
    }

    /// Fails with exit code 2, these messages and a hint, and writes nothing.
    fn rejected(&self, weights: &Path, input: &Path, messages: &[&str]) {
        let out = self.path("never.safetensors");
        let mut assert = pimnas(&infer(weights, input, &out)).assert().code(2).stdout("");
        for &message in messages {
            assert = assert.stderr(contains(message).and(contains("hint:")));
        }
        assert!(!out.exists());
    }
}

#[test]
fn a_batch_in_gives_a_batch_out() {
    let files = Files::new();
    let (input, out) = (files.tensor("input", &[3, 1, 28, 28], 0.5), files.path("out.safetensors"));
    pimnas(&infer(Path::new(WEIGHTS), &input, &out)).assert().success();
    assert_eq!(read(&out).get("output").unwrap().dims(), [3, 10]);
}

#[test]
fn prefixed_names_are_the_same_weights() {
    let files = Files::new();
    let mut prefixed = NamedTensors::new();
    for (name, tensor) in read(Path::new(WEIGHTS)).iter() {
        prefixed.insert(format!("param.{name}"), tensor.clone());
    }
    let weights = files.write("prefixed.safetensors", &prefixed.to_safetensors().unwrap());
    let input = files.tensor("input", &[2, 1, 28, 28], 0.25);
    let (a, b) = (files.path("a.safetensors"), files.path("b.safetensors"));
    pimnas(&infer(Path::new(WEIGHTS), &input, &a)).assert().success();
    pimnas(&infer(&weights, &input, &b)).assert().success();
    assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
}

#[test]
fn broken_weights_are_rejected() {
    let files = Files::new();
    let input = files.tensor("input", &[1, 1, 28, 28], 0.5);
    let whole = std::fs::read(WEIGHTS).unwrap();
    let cut = files.write("cut.safetensors", &whole[..whole.len() / 2]);
    files.rejected(&cut, &input, &["not a whole safetensors file"]);
    let huge = files.write("huge.safetensors", &[0xff; 64]);
    files.rejected(&huge, &input, &["not a whole safetensors file"]);
    let empty = files.write("empty.pth", b"");
    files.rejected(&empty, &input, &["empty.pth"]);
    let pickle = files.write("evil.pth", b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.");
    files.rejected(&pickle, &input, &["evil.pth"]);
    let zip = files.write("cut.pth", b"PK\x03\x04 and no more");
    files.rejected(&zip, &input, &["cut.pth"]);
}

#[test]
fn every_missing_weight_is_named() {
    let files = Files::new();
    let input = files.tensor("input", &[1, 1, 28, 28], 0.5);
    let mut some = read(Path::new(WEIGHTS));
    let gone = [
        "layer_list.0.layer_list.0.weight",
        "layer_list.5.bit_scale_list",
        "layer_list.5.last_value",
        "layer_list.9.layer_list.0.weight",
    ];
    for name in gone {
        some.remove(name).unwrap();
    }
    let weights = files.write("some.safetensors", &some.to_safetensors().unwrap());
    files.rejected(&weights, &input, &gone);
}

#[test]
fn weights_of_wrong_shapes_and_values_are_rejected() {
    let files = Files::new();
    let input = files.tensor("input", &[1, 1, 28, 28], 0.5);
    let with = |name: &str, dims: &[usize], value: f32| {
        let mut tensors = read(Path::new(WEIGHTS));
        let data = vec![value; dims.iter().product()];
        tensors.insert(name, Tensor::f32(dims, data).unwrap());
        files.write("changed.safetensors", &tensors.to_safetensors().unwrap())
    };
    let weight = "layer_list.9.layer_list.0.weight";
    files.rejected(&with(weight, &[576, 10], 1.0), &input, &["layer 9", "[576, 10]"]);
    files.rejected(&with(weight, &[10, 576], f32::NAN), &input, &["layer 9", "NaN"]);
    files.rejected(&with("layer_list.2.last_value", &[1], -1.0), &input, &["layer 2", "-1"]);
}

#[test]
fn inputs_that_do_not_fit_are_rejected() {
    let files = Files::new();
    let weights = Path::new(WEIGHTS);
    files.rejected(weights, &files.tensor("images", &[1, 1, 28, 28], 0.5), &["no tensor `input`"]);
    files.rejected(weights, &files.tensor("input", &[1, 3, 28, 28], 0.5), &["[1, 3, 28, 28]"]);
    files.rejected(weights, &files.tensor("input", &[28, 28], 0.25), &["[28, 28]"]);
    files.rejected(weights, &files.tensor("input", &[1, 1, 28, 28], f32::NAN), &["NaN"]);
    files.rejected(weights, &files.path("nowhere.safetensors"), &["nowhere.safetensors"]);
}
