//! What the command prints: heads of the reports, and recorded cases through the command line.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use insta::assert_snapshot;
use pimnas::verify::{COST_TOLERANCE, Comparison};
use serde_json::{Value, json};

fn pimnas(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("pimnas").unwrap();
    command.args(arguments);
    command
}

/// Standard output of a run that ends well.
fn printed(arguments: &[&str]) -> String {
    let output = pimnas(arguments).assert().success().get_output().clone();
    String::from_utf8(output.stdout).unwrap()
}

/// The first lines.
fn head(text: &str, lines: usize) -> String {
    text.lines().take(lines).collect::<Vec<_>>().join("\n")
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden")
}

/// Latency in ms, area in mm², power in W and energy in mJ of VGG-8 in the reference.
const VGG8: [f64; 4] =
    [20.313_034_636_875_64, 314.417_944_815_762_04, 24.202_083_546_097_434, 17.948_221_935_788_844];

#[track_caller]
fn close(got: f64, expected: f64) {
    assert!((got / expected - 1.0).abs() < 1e-13, "got {got}, expected {expected}");
}

#[test]
fn simulate_prints_vgg8_on_the_default_hardware() {
    let text = printed(&["simulate"]);
    let rows = [("latency", "ms"), ("area", "mm²"), ("power", "W"), ("energy per inference", "mJ")];
    for ((name, unit), expected) in rows.into_iter().zip(VGG8) {
        let is_row = |line: &&str| line.contains(&format!(" {name} ")) && line.contains(unit);
        let row = text.lines().find(is_row).unwrap();
        let figure = row.split_whitespace().find_map(|word| word.parse::<f64>().ok()).unwrap();
        close(figure, expected);
    }
    // Sums in another order may end in other digits; the comparison above is the exact one.
    insta::with_settings!({filters => [(r"(\d\.\d{8})\d+", "$1…")]}, {
        assert_snapshot!("simulate_table", head(&text, 15));
    });
    // Every module and every layer has its line.
    for word in ["ADC", "crossbar", "buffers", "fc 1024→10", "bottleneck: layer 1"] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
}

#[test]
fn simulate_writes_a_line_a_layer() {
    let text = printed(&["simulate", "--network", "lenet", "--format", "csv"]);
    assert_eq!(text.lines().count(), 1 + 7 + 1, "a head, 7 layers, the total");
    assert_snapshot!("simulate_csv", head(&text, 3));
}

#[test]
fn simulate_writes_json_in_full_precision() {
    let text = printed(&["simulate", "--format", "json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let names = ["latency_ms", "area_mm2", "power_W", "energy_mJ"];
    for (name, expected) in names.into_iter().zip(VGG8) {
        close(report["metrics"][name].as_f64().unwrap(), expected);
    }
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["mapping", "latency", "area_um2", "power_W", "energy_nJ", "metrics"]);
}

#[test]
fn explain_begins_with_the_latency() {
    assert_snapshot!("explain", head(&printed(&["explain", "--network", "lenet"]), 8));
}

#[test]
fn config_show_says_where_values_come_from() {
    let text = printed(&["config", "show", "--set", "Device level/Device_Tech=32"]);
    let keys = ["Device_Tech", "Xbar_Size", "Wire_Resistance", "PE_inBuf_Size"];
    let lines: Vec<String> = text
        .lines()
        .filter(|line| keys.iter().any(|key| line.contains(&format!("/{key} "))))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_snapshot!("config_show", lines.join("\n"));
}

#[test]
fn config_check_prints_all_problems_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let good = printed(&["config", "convert"]);
    let bad = good
        .replace("Xbar_Size = 256,256", "Xbar_Size = 256")
        .replace("ADC_Choice = 3", "ADC_Choice = 9")
        .replace("Group_Num = 8", "Group_Num = many")
        .replace("Cell_Type = 1T1R", "Cell_Type = 1T2R");
    std::fs::write(folder.path().join("bad.ini"), bad).unwrap();
    let output = pimnas(&["config", "check", "bad.ini"])
        .current_dir(folder.path())
        .assert()
        .code(2)
        .get_output()
        .clone();
    let text =
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    assert_snapshot!("config_check", text);
}

#[test]
fn sweep_writes_a_line_a_point() {
    let text = printed(&[
        "sweep",
        "--network",
        "lenet",
        "--axis",
        "Crossbar level/Xbar_Size=128,128;256,256",
        "--axis",
        "Interface level/ADC_Choice=3;7",
    ]);
    assert_snapshot!("sweep_csv", text);
}

#[test]
fn all_recorded_cases_agree() {
    for filter in ["zoo_", "hardware_"] {
        let text = printed(&["verify", golden().to_str().unwrap(), "--filter", filter]);
        assert!(text.contains(" cases agree ("), "{text}");
        assert!(text.contains(", 0 do not"), "{text}");
    }
}

#[test]
fn a_case_that_disagrees_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(golden().join("zoo_1_000.json")).unwrap();
    let mut case: Value = serde_json::from_str(&text).unwrap();
    let latency = case["expected"]["metrics"]["latency_ms"].as_f64().unwrap();
    case["expected"]["metrics"]["latency_ms"] = json!(latency * (1.0 + 1e-8));
    std::fs::write(folder.path().join("changed.json"), case.to_string()).unwrap();
    let output =
        pimnas(&["verify", "."]).current_dir(folder.path()).assert().code(1).get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("changed.json: 1 of "), "{text}");
    assert!(text.contains("metrics.latency_ms: expected "), "{text}");
}

/// The report of a recorded case's network, with the case's settings given by `--set`.
fn simulated(path: &Path, case: &Value, more: &[&str]) -> Value {
    let mut arguments = vec!["simulate".to_owned(), "--format".into(), "json".into()];
    arguments.extend(["--network".into(), path.display().to_string()]);
    arguments.extend(["--config".into(), golden().join("SimConfig.ini").display().to_string()]);
    for (section, keys) in case["config_overrides"].as_object().unwrap() {
        for (key, value) in keys.as_object().unwrap() {
            let value = value.as_str().unwrap();
            arguments.extend(["--set".into(), format!("{section}/{key}={value}")]);
        }
    }
    arguments.extend(more.iter().map(|&word| word.to_owned()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    serde_json::from_str(&printed(&arguments)).unwrap()
}

#[test]
fn a_recorded_case_is_simulated_from_its_file() {
    let numbers = [("hardware", 0..120), ("zoo", 0..25)];
    let mut compared = 0;
    for (kind, number) in
        numbers.into_iter().flat_map(|(kind, all)| all.step_by(9).map(move |n| (kind, n)))
    {
        let path = golden().join(format!("{kind}_1_{number:03}.json"));
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let expected = &case["expected"];
        if expected.get("error").is_some() {
            continue;
        }
        let got = simulated(&path, &case, &[]);
        let without = simulated(&path, &case, &["--no-inner-pipeline"]);
        let mut comparison = Comparison::default();
        for key in ["mapping", "area_um2", "power_W", "energy_nJ", "metrics"] {
            comparison.add(key, &expected[key], got.get(key), COST_TOLERANCE);
        }
        let latencies = [("latency_pipelined", &got), ("latency_no_pipeline", &without)];
        for (key, report) in latencies {
            comparison.add(key, &expected[key], report.get("latency"), COST_TOLERANCE);
        }
        assert_eq!(comparison.differences, [], "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 12, "{compared} cases");
}
