//! `pimnas derive`: a candidate of a run from scratch, killed and resumed, and what is refused.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use support::{File, folder, refused, run, spawn};
use tempfile::TempDir;

const SPACE: &str = "space = 1\nname = \"tiny\"\nabout = \"A convolution and a classifier\"\n\
                     [input]\nchannels = 1\nheight = 28\nwidth = 28\n\
                     [[decision]]\npath = \"width\"\nchoices = [4, 6, 8]\n\
                     [[decision]]\npath = \"kernel\"\nchoices = [2, 4]\n\
                     [[decision]]\npath = \"bits\"\nchoices = [5, 7, 9]\n\
                     [[decision]]\npath = \"xbar\"\nchoices = [64, 128]\n\
                     [hardware]\nxbar_size = \"xbar\"\ndac_choice = 1\nadc_choice = 1\ncell_bit = 1\n\
                     [[layer]]\nop = \"conv\"\nout = \"width\"\nkernel = \"kernel\"\nstride = 4\n\
                     weight_bits = \"bits\"\nactivation_bits = \"bits\"\n\
                     [[layer]]\nop = \"bn\"\n[[layer]]\nop = \"relu\"\n\
                     [[layer]]\nop = \"flatten\"\n[[layer]]\nop = \"fc\"\nout = 10\n";
const CONFIG: &str = "space = 'tiny.toml'\nobjectives = ['crossbar_accuracy', 'latency_ms']\n\
                      constraints = ['noisy_accuracy_worst >= 1']\nbatch = 4\nseed = 5\n\
                      [budget]\nevaluations = 8\n\
                      [accuracy]\ntraining = 'training.toml'\nlimit = 300\nvalidation = 100\nedges = false\ndraws = 2\n";
const TRAINING: &str = "sampler = { kind = 'uniform', rollouts = 1 }\n\
                        calibration = { batches = 1, images = 50 }\n\
                        [training]\nepochs = 1\nbatch = 10\nwarm_up = 0\nrate = 0.05\n";
const FILES: [File<'_>; 3] = [
    ("tiny.toml", SPACE.as_bytes()),
    ("own.toml", CONFIG.as_bytes()),
    ("training.toml", TRAINING.as_bytes()),
];
/// A short recipe.
const RECIPE: [&str; 6] = ["--epochs", "2", "--batch", "10", "--rate", "0.05"];

fn searched() -> TempDir {
    let place = folder(&FILES);
    let (code, _, said) = run(place.path(), &["search", "own.toml", "--out", "a"]);
    assert_eq!(code, 0, "{said}");
    place
}

fn done(folder: &Path, args: &[&str]) -> String {
    let (code, stdout, stderr) = run(folder, args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The row of a metric.
fn row<'v>(found: &'v Value, metric: &str) -> &'v Value {
    let rows = found["figures"].as_array().unwrap();
    rows.iter().find(|row| row["metric"] == metric).unwrap()
}

#[test]
fn the_best_of_the_front_is_trained_and_measured_beside_what_the_search_knew() {
    let place = searched();
    let path = place.path();
    let front = json(&done(path, &["front", "a", "--format", "json"]));
    let best = &front[0];
    let text = done(path, &[&["derive", "a"], &RECIPE[..]].concat());
    for part in ["crossbar_accuracy", "noisy_accuracy_worst", "area_mm2", "derived, test"] {
        assert!(text.contains(part), "{text}");
    }
    let out = path.join(format!("a/derived-{}", best["trial"]));
    let found = json(&fs::read_to_string(out.join("derived.json")).unwrap());
    assert_eq!(found["trial"], best["trial"]);
    assert_eq!(found["genotype_hash"], best["genotype_hash"]);
    assert_eq!(found["images"], json(r#"{"training": 200, "validation": 100, "test": 2000}"#));
    assert_eq!((&found["training"]["epochs"], &found["training"]["seed"]), (&2.into(), &5.into()));
    // Costs do not depend on weights: what was simulated again is what the search knew.
    for metric in ["latency_ms", "energy_mJ", "area_mm2", "power_W", "macs", "parameters"] {
        let row = row(&found, metric);
        let (known, again) = (row["search"].as_f64().unwrap(), row["derived"].as_f64().unwrap());
        assert!((known - again).abs() <= 1e-9 * known.abs(), "{row}");
        assert_eq!(row["search"], best["metrics"][metric], "{metric}");
    }
    for metric in ["crossbar_accuracy", "noisy_accuracy_mean", "noisy_accuracy_worst"] {
        let row = row(&found, metric);
        assert_eq!(row["search"], best["metrics"][metric]);
        assert!(row["derived"].as_f64().unwrap() > 5.0, "{row}");
        assert!(row["derived_test"].as_f64().unwrap() > 5.0, "{row}");
    }
    assert!(row(&found, "crossbar_accuracy")["search_test"].is_number());
    let trained = row(&found, "trained_accuracy");
    assert_eq!(trained["search"], best["metrics"]["one_shot_accuracy"]);
    assert_eq!(found["test"]["images"], 2000);
    files_say_the_same(path, &out, &found);
}

/// Other commands give the figures of the folder from its files.
fn files_say_the_same(path: &Path, out: &Path, found: &Value) {
    let file = |name: &str| out.join(name).display().to_string();
    let (network, config) = (file("network.json"), file("SimConfig.ini"));
    let of = ["--network", &network, "--config", &config, "--format", "json"];
    let costs = json(&done(path, &[&["simulate"], &of[..]].concat()));
    assert_eq!(costs["metrics"]["latency_ms"], row(found, "latency_ms")["derived"]);
    let seed = found["test"]["seed"].to_string();
    let weights = file("weights.safetensors");
    let more = ["--weights", &weights, "--draws", "2", "--seed", &seed];
    let accuracy = json(&done(path, &[&["accuracy"], &of[..], &more].concat()));
    let stages = |of: &Value| -> Vec<Value> { of["stages"].as_array().unwrap().clone() };
    let ours = stages(&found["test"]);
    // There each effect has a stage of its own, too.
    assert_eq!((ours.len(), stages(&accuracy).len()), (4, 7));
    assert!(ours.iter().all(|stage| stages(&accuracy).contains(stage)), "{ours:?}");
    let genotype = fs::read_to_string(out.join("genotype.json")).unwrap();
    let genotype: pimnas::search::Genotype = genotype.parse().unwrap();
    assert_eq!(genotype.hash().to_string(), found["genotype_hash"]);
}

#[test]
fn killed_and_resumed_it_gives_the_same_files() {
    let place = searched();
    let path = place.path();
    let common = [&["derive", "a", "--trial", "0"], &RECIPE[..]].concat();
    let whole = done(path, &[&common[..], &["--out", "whole", "--threads", "1"]].concat());
    let part = [&common[..], &["--out", "part", "--checkpoint-every", "0"]].concat();
    let mut child = spawn(path, &part);
    let checkpoint = path.join("part/checkpoint.safetensors");
    let mut seen = Vec::new();
    // The first checkpoint is of the beginning; a few later there were steps.
    for _ in 0..6 {
        while fs::read(&checkpoint).map_or(true, |now| now == seen) {
            std::thread::sleep(Duration::from_millis(2));
        }
        seen = fs::read(&checkpoint).unwrap_or_default();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    refused(path, &part, &["the folder has a training", "--resume", "--out"]);
    let other = ["derive", "a", "--trial", "1", "--out", "part", "--resume"];
    refused(path, &[&other[..], &RECIPE].concat(), &["another network or other options"]);
    let again = done(path, &[&part[..], &["--resume"]].concat());
    assert_eq!(again, whole);
    for name in ["network.json", "weights.safetensors", "derived.json", "SimConfig.ini"] {
        let read = |folder: &str| fs::read(path.join(folder).join(name)).unwrap();
        assert!(read("part") == read("whole"), "{name}");
    }
}

#[test]
fn a_run_without_images_needs_them_by_choice() {
    let place = folder(&FILES);
    let path = place.path();
    let space = ["--space", "tiny.toml", "--objective", "parameters"];
    let costs = [&["search"], &space[..], &["--budget", "30", "--out", "a"]].concat();
    done(path, &costs);
    let parts = ["it searched costs alone", "--data fashion-mnist"];
    refused(path, &["derive", "a"], &parts);
    assert!(!path.join("a/derived-0").exists());
    refused(path, &["derive", "a", "--trial", "30"], &["there is no trial 30"]);
    refused(path, &["derive", "b"], &["there is no run"]);
    refused(path, &["derive", "a", "--data", "nothing"], &["no data set at nothing"]);
    let chosen = ["derive", "a", "--data", "fashion-mnist", "--epochs", "1", "--format", "json"];
    let found = json(&done(path, &chosen));
    assert_eq!(found["images"]["training"], 9000);
    assert!(row(&found, "crossbar_accuracy")["derived_test"].as_f64().unwrap() > 20.0);
    assert_eq!(row(&found, "crossbar_accuracy")["search"], Value::Null);
    // Nothing of cells was searched, so nothing is drawn.
    assert_eq!(found["test"]["stages"].as_array().unwrap().len(), 3);
}
