//! `pimnas export`: the folder holds what it says, and the commands that it prints agree.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use pimnas::formats::graph::FloatGraph;
use pimnas::formats::{NamedTensors, OnnxLimits};
use serde_json::Value;
use support::{File, folder, listing, refused, run};

const CONFIG: &str = "objectives = ['crossbar_accuracy', 'latency_ms']\nbatch = 4\n\
                      [budget]\nevaluations = 8\n\
                      [accuracy]\ntraining = 'training.toml'\nlimit = 300\nvalidation = 100\n";
const TRAINING: &str = "sampler = { kind = 'uniform', rollouts = 1 }\n\
                        calibration = { batches = 1, images = 50 }\n\
                        [training]\nepochs = 1\nbatch = 20\nwarm_up = 0\nrate = 0.05\n";
const FILES: [File<'_>; 2] =
    [("own.toml", CONFIG.as_bytes()), ("training.toml", TRAINING.as_bytes())];

fn done(folder: &Path, args: &[&str]) -> (String, String) {
    let (code, stdout, stderr) = run(folder, args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    (stdout, stderr)
}

/// The command behind a word of what was said, run by a shell with more options.
fn said_command(folder: &Path, said: &str, (word, more): (&str, &str)) -> String {
    let line = said
        .lines()
        .find_map(|line| line.find(&format!("pimnas {word} ")).and_then(|start| line.get(start..)));
    let line = line.unwrap_or_else(|| panic!("no pimnas {word} in\n{said}"));
    let program = cargo_bin("pimnas");
    let path = program.parent().unwrap().display().to_string();
    let output = Command::new("sh")
        .current_dir(folder)
        .args(["-c", &format!("{line}{more}")])
        .env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap()))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {text}");
    String::from_utf8(output.stdout).unwrap()
}

fn tensors(path: &Path) -> NamedTensors {
    NamedTensors::from_safetensors(&fs::read(path).unwrap()).unwrap()
}

/// The ONNX file gives the outputs that are beside the images, all but one in twenty within 1e-4
/// of their range: values between two codes may fall to either side.
fn onnx_agrees(folder: &Path) {
    let validation = tensors(&folder.join("validation.safetensors"));
    let file = fs::read(folder.join("network.onnx")).unwrap();
    let graph = FloatGraph::from_onnx(&file, OnnxLimits::default()).unwrap();
    let input = validation.get("input").unwrap().clone();
    let found = graph.run(&[input]).unwrap().remove(0).to_f32();
    let expected = validation.get("output").unwrap().to_f32();
    assert_eq!(found.len(), expected.len());
    let range = expected.iter().fold(0_f32, |range, value| range.max(value.abs()));
    let far = |(a, b): &(&f32, &f32)| (**a - **b).abs() > 1e-4 * range;
    let far = found.iter().zip(&expected).filter(far).count();
    assert!(range > 0.0 && far * 20 <= found.len(), "{far} of {}", found.len());
}

fn names(folder: &Path) -> BTreeSet<String> {
    listing(folder).into_keys().collect()
}

#[test]
fn a_trial_of_a_search_with_its_super_net() {
    let place = folder(&FILES);
    let path = place.path();
    done(path, &["search", "own.toml", "--out", "a"]);
    let (printed, said) = done(path, &["export", "a", "--out", "my files", "--images", "7"]);
    let out = path.join("my files");
    let all = [
        "SimConfig.ini",
        "genotype.json",
        "metrics.json",
        "network.json",
        "network.onnx",
        "validation.safetensors",
        "weights.safetensors",
    ];
    assert_eq!(names(&out), all.map(str::to_owned).into());
    assert_eq!(printed.lines().count(), all.len());
    // The commands: costs and outputs are those of the search.
    let metrics: Value =
        serde_json::from_slice(&fs::read(out.join("metrics.json")).unwrap()).unwrap();
    said_command(path, &said, ("simulate", ""));
    let simulate = ["simulate", "--network", "my files/network.json", "--format", "json"];
    let costs = [&simulate[..], &["--config", "my files/SimConfig.ini"]].concat();
    let costs: Value = serde_json::from_str(&done(path, &costs).0).unwrap();
    assert_eq!(costs["metrics"]["latency_ms"], metrics["metrics"]["latency_ms"]);
    said_command(path, &said, ("infer", ""));
    let (own, again) = ("validation.safetensors", "outputs.safetensors");
    let output = |name: &str| tensors(&out.join(name)).get("output").unwrap().clone();
    assert_eq!(output(own).dims(), [7, 10]);
    assert!(output(own) == output(again));
    assert!(
        said_command(path, &said, ("accuracy", " --limit 20 --draws 1")).contains("fixed point")
    );
    onnx_agrees(&out);
    // A folder with files is kept, unless it is forced; then nothing old stays behind.
    refused(path, &["export", "a", "--out", "my files"], &["the folder has files", "--force"]);
    done(path, &["export", "a", "--out", "my files", "--no-weights", "--force"]);
    let rest = ["SimConfig.ini", "genotype.json", "metrics.json", "network.json", again];
    assert_eq!(names(&out), rest.map(str::to_owned).into());
    // Its weights are those of `supernet export`, which takes the run's folder, too.
    done(path, &["export", "a", "--out", "b", "--onnx", "floats"]);
    let given = ["--supernet", "a", "--genotype", "b/genotype.json", "--output", "c"];
    done(path, &[&["supernet", "export"], &given[..]].concat());
    let read = |name: &str| fs::read(path.join(name)).unwrap();
    assert!(read("b/weights.safetensors") == read("c/params.safetensors"));
    onnx_agrees(&path.join("b"));
    // Without its super net a run still has networks.
    fs::remove_dir_all(path.join("a/supernet")).unwrap();
    let (_, said) = done(path, &["export", "a", "--out", "d"]);
    assert!(said.contains("no super net"), "{said}");
    assert!(!path.join("d/weights.safetensors").exists());
    let own = ["export", "a", "--out", "e", "--config", "d/SimConfig.ini"];
    refused(path, &own, &["hardware of their own"]);
    refused(path, &["export", "a", "--trial", "99", "--out", "e"], &["no trial 99"]);
    assert!(!path.join("e").exists());
}

#[test]
fn a_training_and_an_onnx_file() {
    let place = folder(&[]);
    let path = place.path();
    done(path, &["train", "--epochs", "1", "--limit", "300", "--output", "t"]);
    let (_, said) = done(path, &["export", "t", "--out", "e"]);
    let all = ["network.json", "network.onnx", "validation.safetensors", "weights.safetensors"];
    assert_eq!(names(&path.join("e")), all.map(str::to_owned).into());
    onnx_agrees(&path.join("e"));
    said_command(path, &said, ("infer", ""));
    let read = |name: &str| tensors(&path.join(name));
    let (own, again) = (read("e/validation.safetensors"), read("e/outputs.safetensors"));
    assert!(own.get("output") == again.get("output"));
    // What was written is read again: as floats, whose outputs are other ones.
    let given = ["export", "--network", "e/network.onnx", "--out", "f"];
    let set = ["--set", "Crossbar level/Xbar_Size=128,128", "--images", "3"];
    let (_, said) = done(path, &[&given[..], &set[..]].concat());
    assert!(said.contains("quantisers"), "{said}");
    assert!(path.join("f/SimConfig.ini").exists());
    onnx_agrees(&path.join("f"));
    let with = ["export", "--network", "e/network.json", "--weights", "e/weights.safetensors"];
    done(path, &[&with[..], &["--out", "g", "--images", "0"]].concat());
    assert!(!path.join("g/validation.safetensors").exists());
    assert!(
        fs::read(path.join("g/network.onnx")).unwrap()
            == fs::read(path.join("e/network.onnx")).unwrap()
    );
    refused(path, &["export", "t", "--trial", "3", "--out", "h"], &["no trials"]);
    fs::remove_file(path.join("t/weights.safetensors")).unwrap();
    refused(path, &["export", "t", "--out", "h"], &["no weights.safetensors", "has not ended"]);
    assert!(!path.join("h").exists());
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let place = folder(&[("file", b"")]);
    let path = place.path();
    refused(path, &["export", "nowhere", "--out", "e"], &["there is no run"]);
    refused(path, &["export", "--out", "e"], &["required"]);
    refused(path, &["export", "a", "--network", "lenet", "--out", "e"], &["cannot be used with"]);
    refused(path, &["export", "--network", "lenet", "--out", "e"], &["no weights"]);
    refused(path, &["export", "--network", "lenet", "--no-weights", "--out", "file"], &["file"]);
    done(path, &["export", "--network", "lenet", "--no-weights", "--out", "e"]);
    assert_eq!(names(&path.join("e")), ["network.json".to_owned()].into());
    let listed = ["--network", "lenet", "--weights", "w.safetensors", "--out", "f"];
    let mut named = NamedTensors::new();
    named.insert("0.weight", pimnas::formats::Tensor::vector(vec![0.0]));
    fs::write(path.join("w.safetensors"), named.to_safetensors().unwrap()).unwrap();
    let parts = ["layers cannot be written as ONNX", "layer 0 (conv", "is missing", "hint"];
    refused(path, &[&["export"], &listed[..]].concat(), &parts);
    let small = r#"{"input_shape": [1, 1], "layers": [
        {"type": "fc", "in_features": 1, "out_features": 1, "input_index": [-1]}]}"#;
    fs::write(path.join("small.json"), small).unwrap();
    let mut named = NamedTensors::new();
    named.insert("0.weight", pimnas::formats::Tensor::f32([1, 1], vec![0.5]).unwrap());
    fs::write(path.join("w.safetensors"), named.to_safetensors().unwrap()).unwrap();
    let small = ["export", "--network", "small.json", "--weights", "w.safetensors", "--out", "f"];
    let quantised = [&small[..], &["--onnx", "quantised"]].concat();
    refused(path, &quantised, &["layer 0 (fc): its weights have no scale"]);
    assert!(!path.join("f").exists());
}
