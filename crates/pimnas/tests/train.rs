//! `pimnas train`: killed and resumed with the same bits, its files, every kind of bad input.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

/// A small network of few images, so that a training takes seconds.
const NETWORK: &str = r#"{"input_shape": [1, 1, 28, 28], "layers": [
    {"type": "conv", "in_channels": 1, "out_channels": 8, "kernel_size": 2, "stride": 2,
     "padding": 0, "input_index": [-1]},
    {"type": "bn", "features": 8, "input_index": [-1]},
    {"type": "relu", "input_index": [-1]},
    {"type": "conv", "in_channels": 8, "out_channels": 8, "kernel_size": 2, "stride": 1,
     "padding": 1, "input_index": [-1]},
    {"type": "bn", "features": 8, "input_index": [-1]},
    {"type": "element_sum", "input_index": [-1, -3]},
    {"type": "relu", "input_index": [-1]},
    {"type": "pooling", "mode": "AVE", "kernel_size": 2, "stride": 2, "input_index": [-1]},
    {"type": "view", "input_index": [-1]},
    {"type": "fc", "in_features": 392, "out_features": 10, "input_index": [-1]}
]}"#;

struct Setting {
    folder: TempDir,
}

impl Setting {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("net.json"), NETWORK).unwrap();
        Self { folder }
    }

    fn arguments(&self, output: &str) -> Vec<String> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        ["train", "--network", &path("net.json"), "--output", &path(output)]
            .into_iter()
            .map(str::to_owned)
            .chain(["--rate", "0.05", "--pad-crop", "2"].map(str::to_owned))
            .collect()
    }

    fn run(&self, output: &str, more: &[&str]) -> Command {
        let mut command = Command::cargo_bin("pimnas").unwrap();
        command.args(self.arguments(output)).args(more);
        for (option, value) in [("--limit", "1200"), ("--batch", "16")] {
            if !more.contains(&option) {
                command.args([option, value]);
            }
        }
        command
    }

    fn spawn(&self, output: &str, more: &[&str]) -> Child {
        std::process::Command::new(assert_cmd::cargo::cargo_bin!("pimnas"))
            .args(self.arguments(output))
            .args(["--limit", "1200", "--batch", "16"])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn read(&self, output: &str, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(output).join(name)).unwrap()
    }
}

/// Waits until a file is another than it was.
fn changes(path: &Path) {
    let begin = Instant::now();
    let content = || std::fs::read(path).unwrap_or_default();
    let first = content();
    while content() == first {
        assert!(begin.elapsed() < Duration::from_secs(120), "{} never changes", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_training_goes_on_to_the_same_bits() {
    let setting = Setting::new();
    // A checkpoint after every step, so that a kill falls into the middle of an epoch.
    let recipe = ["--epochs", "2", "--checkpoint-every", "0", "--threads", "2"];
    setting.run("whole", &recipe).assert().success();
    let path = setting.folder.path().join("killed").join("checkpoint.safetensors");
    let mut resume = recipe.to_vec();
    for attempt in 0..3 {
        let mut child = setting.spawn("killed", &resume);
        for _ in 0..8 {
            changes(&path);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if attempt == 0 {
            resume.push("--resume");
        }
    }
    setting.run("killed", &resume).assert().success();
    for name in ["weights.safetensors", "checkpoint.safetensors", "network.json"] {
        assert!(setting.read("whole", name) == setting.read("killed", name), "{name}");
    }
}

#[test]
fn what_was_trained_runs_in_fixed_point_with_the_accuracy_of_the_training() {
    let setting = Setting::new();
    let trained = setting.run("net", &["--epochs", "3"]).output().unwrap();
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let said = String::from_utf8(trained.stdout).unwrap();
    let percent: f64 = said.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!(percent > 60.0, "{said}");
    let path = |name: &str| setting.folder.path().join("net").join(name).display().to_string();
    let (network, weights) = (path("network.json"), path("weights.safetensors"));
    let output = Command::cargo_bin("pimnas")
        .unwrap()
        .args(["accuracy", "--network", &network, "--weights", &weights, "--draws", "1"])
        .args(["--format", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stages = report["stages"].as_array().unwrap();
    let fixed = stages.iter().find(|stage| stage["stage"] == "fixed point").unwrap();
    let text = fixed.to_string();
    let found = fixed["accuracy_mean"].as_f64();
    let found = found.unwrap_or_else(|| panic!("{text}"));
    let found = if found <= 1.0 { found * 100.0 } else { found };
    assert!((found - percent).abs() < 0.11, "{found} in fixed point, {percent} in training");
}

#[test]
fn the_log_is_one_that_tensorboard_reads() {
    let setting = Setting::new();
    setting.run("net", &["--epochs", "1", "--precision", "float"]).assert().success();
    let log = setting.read("net", "events.out.tfevents.pimnas");
    let mut rest = log.as_slice();
    let mut records = 0;
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        rest = &rest[8 + 4 + length + 4..];
        records += 1;
    }
    // A header, four numbers every ten of 75 steps, four of the epoch.
    assert_eq!(records, 1 + 4 * 7 + 4);
    assert!(log.windows(13).any(|part| part == b"test/accuracy"));
}

#[test]
fn bad_input_is_said_with_a_hint() {
    let setting = Setting::new();
    let rejected = |output: &str, more: &[&str], message: &str| {
        let assert = setting.run(output, more).assert().code(2).stdout("");
        assert.stderr(contains(message).and(contains("hint:")));
    };
    rejected("a", &["--epochs", "0"], "the number of epochs is 0");
    rejected("a", &["--batch", "1"], "the batch is 1");
    rejected("a", &["--decay", "nan"], "the weight decay is NaN");
    rejected("a", &["--smoothing", "1"], "the label smoothing is 1");
    rejected("a", &["--adc-bits", "1"], "the ADC is 1 bits behind 256 rows");
    rejected("a", &["--limit", "0"], "has no images");
    rejected("a", &["--resume"], "the folder has no training");
    rejected("a", &["--dataset", "cifar10"], "where is cifar10?");
    setting.run("b", &["--epochs", "1"]).assert().success();
    rejected("b", &["--epochs", "1"], "the folder has a training");
    rejected("b", &["--epochs", "2", "--resume"], "another network or other options");
    rejected("b", &["--epochs", "1", "--resume", "--limit", "1100"], "was begun on other images");
    std::fs::write(setting.folder.path().join("b").join("checkpoint.safetensors"), "no").unwrap();
    rejected("b", &["--epochs", "1", "--resume"], "is no safetensors file");
}
