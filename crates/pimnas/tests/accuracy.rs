//! `pimnas accuracy`: the same figures for the same seed, and every kind of bad input.
#![allow(clippy::unwrap_used, missing_docs)]

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

const NETWORK: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.json");
const WEIGHTS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.safetensors");

fn pimnas(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("pimnas").unwrap();
    command.args(arguments);
    command
}

fn json(arguments: &[&str]) -> Value {
    let mut all = vec!["accuracy", "--limit", "24", "--draws", "2", "--format", "json"];
    all.extend(arguments);
    let output = pimnas(&all).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Fails with exit code 2, this message and a hint.
fn rejected(arguments: &[&str], message: &str) {
    pimnas(arguments).assert().code(2).stdout("").stderr(contains(message).and(contains("hint:")));
}

#[test]
fn the_same_seed_gives_the_same_figures_on_any_number_of_threads() {
    let effects = ["--read-noise", "3", "--drift", "1e5", "--adc-offset", "0.5", "--adc-gain", "1"];
    let with = |threads: &str, seed: &str| {
        json(&[&effects[..], &["--threads", threads, "--seed", seed]].concat())
    };
    let one = with("1", "7");
    assert_eq!(one, with("2", "7"));
    assert_eq!(one, with("3", "7"));
    assert_ne!(one["stages"], with("1", "8")["stages"]);
}

#[test]
fn the_table_has_every_stage_in_its_order() {
    let report = json(&["--read-noise", "3"]);
    let names: Vec<&str> = report["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    let expected = [
        "float",
        "fixed point",
        "DAC and ADC",
        "on-off-ratio",
        "variation",
        "stuck-at",
        "read-noise",
        "all together",
    ];
    assert_eq!(names, expected);
    let draws = |stage: usize| report["stages"][stage]["draws"].as_u64().unwrap();
    assert_eq!((draws(0), draws(3), draws(4)), (1, 1, 2));
    assert_eq!(report["images"], 24);
}

#[test]
fn effects_of_no_magnitude_leave_the_converters_accuracy() {
    let report = json(&["--variation", "0", "--stuck", "off", "--on-off", "off"]);
    let stages = report["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 4);
    assert_eq!(stages[2]["accuracy_mean"], stages[3]["accuracy_mean"]);
}

#[test]
fn the_shipped_network_is_right_about_nine_times_of_ten() {
    let arguments = ["accuracy", "--limit", "400", "--variation", "off", "--stuck", "off"];
    let output =
        pimnas(&[&arguments[..], &["--on-off", "off", "--format", "csv"]].concat()).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let float = text.lines().nth(1).unwrap().split(',').nth(3).unwrap().parse::<f64>().unwrap();
    assert!(float > 0.87, "{text}");
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn figures_that_are_none_are_named() {
    for (arguments, message) in [
        (["--variation", "much"], "--variation much"),
        (["--variation", "5,cauchy"], "there is no law `cauchy`"),
        (["--variation", "-3"], "deviation"),
        (["--stuck", "9"], "1 numbers instead of 2"),
        (["--stuck", "90,20"], "stuck"),
        (["--read-noise", "nan"], "not finite"),
        (["--drift", "1"], "before the reference time"),
        (["--on-off", "0.5"], "on/off ratio"),
        (["--draws", "0"], "0 draws"),
        (["--threads", "0"], "0 threads"),
        (["--limit", "0"], "no images"),
    ] {
        rejected(&[&["accuracy"][..], &arguments[..]].concat(), message);
    }
}

#[test]
fn data_sets_that_are_none_are_rejected() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().to_str().unwrap();
    rejected(&["accuracy", "--dataset", "mnist"], "where is mnist?");
    rejected(&["accuracy", "--dataset", "imagenet"], "no data set at imagenet");
    rejected(&["accuracy", "--dataset", "mnist", "--data", dir], "t10k-images-idx3-ubyte");
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28][..], &[9; 1568]].concat();
    let labels = |label: u8| vec![0, 0, 8, 1, 0, 0, 0, 2, 1, label];
    let write = |images: &[u8], labels: &[u8]| {
        std::fs::write(folder.path().join("t10k-images-idx3-ubyte"), images).unwrap();
        std::fs::write(folder.path().join("t10k-labels-idx1-ubyte"), labels).unwrap();
    };
    write(&images[..900], &labels(3));
    rejected(&["accuracy", "--dataset", dir], "cut off");
    write(&images, &labels(10));
    rejected(&["accuracy", "--dataset", dir], "image 1 has label 10, but there are 10 classes");
    let small = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 14, 0, 0, 0, 14][..], &[9; 392]].concat();
    write(&small, &labels(3));
    rejected(&["accuracy", "--dataset", dir], "the images of");
    write(&images, &labels(3));
    pimnas(&["accuracy", "--dataset", dir, "--draws", "1"]).assert().success();
}

#[test]
fn a_network_needs_its_weights() {
    pimnas(&["accuracy", "--network", NETWORK]).assert().code(2).stderr(contains("--weights"));
    rejected(
        &["accuracy", "--network", NETWORK, "--weights", "nowhere.safetensors"],
        "nowhere.safetensors",
    );
    let arguments = ["accuracy", "--network", "vgg8", "--weights", WEIGHTS];
    // The data set is looked at first: VGG-8 takes colour images.
    rejected(&arguments, "the network takes");
}
