//! `pimnas supernet`: trained, killed and resumed with the same bits; its candidates are read by
//! `pimnas candidate`; bad input.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

const SETTINGS: &str = "sampler = { kind = 'uniform', rollouts = 1 }\n\
                        calibration = { batches = 1, images = 50 }\n\
                        [training]\nepochs = 3\nbatch = 10\nwarm_up = 0\nrate = 0.05\n";

fn pimnas(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("pimnas").unwrap();
    command.current_dir(folder).args(arguments);
    command
}

fn train(folder: &Path, more: &[&str]) -> Command {
    let mut command = pimnas(folder, &["supernet", "train", "own.toml", "--limit", "400"]);
    command.args(more);
    command
}

fn setting() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_owned();
    std::fs::write(path.join("own.toml"), SETTINGS).unwrap();
    (folder, path)
}

#[test]
fn killed_and_resumed_it_ends_with_the_same_bits_and_gives_candidates() {
    let (_keep, folder) = setting();
    train(&folder, &["--supernet", "whole"]).assert().success();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("pimnas"))
        .current_dir(&folder)
        .args(["supernet", "train", "own.toml", "--limit", "400"])
        .args(["--checkpoint-every", "0"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = folder.join("supernet/events.out.tfevents.pimnas");
    // After the tenth step at the earliest: the log's first numbers.
    while std::fs::metadata(&log).map_or(0, |file| file.len()) < 100 {
        std::thread::sleep(Duration::from_millis(5));
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    train(&folder, &[]).assert().code(2).stderr(contains("--resume"));
    pimnas(&folder, &["supernet", "train", "--resume", "--limit", "390"])
        .assert()
        .code(2)
        .stderr(contains("was begun on other images"));
    pimnas(&folder, &["supernet", "train", "--resume", "--limit", "400"]).assert().success();
    let file =
        |name: &str| std::fs::read(folder.join(name).join("checkpoint.safetensors")).unwrap();
    assert!(file("whole") == file("supernet"));

    let evaluated = ["supernet", "evaluate", "-n", "2", "--limit", "400", "--format", "json"];
    let output = pimnas(&folder, &evaluated).assert().success();
    let rows: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    for stage in ["one_shot", "fixed_point", "crossbars"] {
        assert!(rows[0][stage].as_f64().unwrap() > 0.1, "{stage}");
    }
    std::fs::write(folder.join("g.json"), rows[2]["genotype"].to_string()).unwrap();
    candidate(&folder);
}

/// Exports a candidate; `pimnas candidate` reads its files.
fn candidate(folder: &Path) {
    let export = ["supernet", "export", "--genotype", "g.json", "--images", "4"];
    pimnas(folder, &export).assert().success();
    let figures = |graph: &str| {
        let files = ["--params", "candidate/params.safetensors", "--output", "out.safetensors"];
        let inputs = ["--input", "candidate/input.safetensors"];
        let hardware = ["--config", "candidate/SimConfig.ini", "--format", "json"];
        let output = pimnas(folder, &["candidate", "--graph", graph])
            .args(files)
            .args(inputs)
            .args(hardware)
            .assert()
            .success();
        let figures: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        (figures, std::fs::read(folder.join("out.safetensors")).unwrap())
    };
    let (costs, outputs) = figures("candidate/network.json");
    let (listed, same) = figures("candidate/mnsim_cfg.json");
    assert_eq!(outputs.len(), same.len());
    assert!(listed["latency_evaluate"].as_f64() > costs["latency_evaluate"].as_f64());
}

#[test]
fn bad_input_is_said() {
    let (_keep, folder) = setting();
    let said = |arguments: &[&str], what: &'static str| {
        pimnas(&folder, arguments).assert().code(2).stderr(contains(what));
    };
    said(&["supernet", "evaluate"], "no super net");
    said(&["supernet", "train", "--resume"], "no super net");
    said(&["supernet", "train", "missing.toml"], "missing.toml");
    for (text, what) in [
        ("space = 'grey29'", "grey29"),
        ("[training]\nepoch = 1", "training.epoch"),
        ("[training]\nbatch = 1", "batch"),
        ("selection = 'luck'", "luck"),
        ("space = 'gibbon'", "28"),
    ] {
        std::fs::write(folder.join("bad.toml"), text).unwrap();
        said(&["supernet", "train", "bad.toml", "--supernet", "bad"], what);
        let _ = std::fs::remove_dir_all(folder.join("bad"));
    }
}
