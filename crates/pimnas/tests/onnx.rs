//! ONNX files through the commands.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use pimnas::formats::{NamedTensors, Tensor};
use predicates::prelude::*;
use predicates::str::contains;

fn pimnas() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("pimnas"))
}

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/onnx/tiny.onnx")
}

#[test]
fn a_network_with_a_branch_is_simulated() {
    let output =
        pimnas().args(["simulate", "--format", "json", "--network"]).arg(tiny()).assert().success();
    let report: serde_json::Value =
        serde_json::from_slice(&output.get_output().stdout).expect("JSON");
    assert!(report.is_object());
}

#[test]
fn fixed_point_and_crossbars_stay_near_the_floats() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("input.safetensors");
    let values = (0..8 * 64).map(|i| (i * 29 % 64) as f32 / 63.0).collect();
    let mut tensors = NamedTensors::new();
    tensors.insert("input", Tensor::f32([8, 1, 8, 8], values).expect("a batch"));
    std::fs::write(&input, tensors.to_safetensors().expect("a file")).expect("written");
    let run = |mode: &str| -> Vec<f32> {
        let output = folder.path().join(mode);
        pimnas()
            .args(["infer", "--mode", mode, "--calibrate", "max", "--network"])
            .arg(tiny())
            .arg("--input")
            .arg(&input)
            .arg("--output")
            .arg(&output)
            .assert()
            .success();
        let file = std::fs::read(&output).expect("the output");
        let tensors = NamedTensors::from_safetensors(&file).expect("tensors");
        tensors.get("output").expect("output").to_f32()
    };
    let (float, fixed) = (run("float"), run("fixed"));
    let range = float.iter().fold(0.0_f32, |range, value| range.max(value.abs()));
    let furthest = |other: &[f32]| {
        let differences = float.iter().zip(other).map(|(a, b)| (a - b).abs());
        differences.fold(0.0_f32, f32::max) / range
    };
    assert_eq!(float.len(), 24);
    assert!(furthest(&fixed) > 0.0 && furthest(&fixed) < 0.03, "{}", furthest(&fixed));
    assert!(furthest(&run("crossbar")) < 0.5);
}

#[test]
fn a_damaged_file_is_bad_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("half.onnx");
    let whole = std::fs::read(tiny()).expect("the file");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    pimnas()
        .args(["simulate", "--network"])
        .arg(&path)
        .assert()
        .code(2)
        .stderr(contains("half.onnx").and(contains("hint:")));
}
