//! `pimnas space`, end to end.
#![allow(clippy::unwrap_used, missing_docs)]

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn pimnas(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("pimnas").unwrap().arg("space").args(arguments).assert()
}

fn output(arguments: &[&str]) -> String {
    let done = pimnas(arguments).success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

#[test]
fn list_has_every_space_with_its_size() {
    let text = output(&["list"]);
    let size = |name: &str| {
        let line = text.lines().find(|line| line.contains(&format!(" {name} "))).unwrap();
        line.trim_end_matches([' ', '│']).rsplit_once("  ").unwrap().1.trim().to_owned()
    };
    assert_eq!(size("grey28"), "3 359 232");
    assert_eq!(size("gibbon"), "2.48 × 10^39");
    assert_eq!(size("nas4rram"), "274 625");
    assert_eq!(size("nasbench201"), "15 625");
}

#[test]
fn show_and_size_of_a_space() {
    let text = output(&["show", "nas4rram"]);
    for part in ["group2.depth", "2, 4, 6, 8, 10", "max(group0.width, group1.channels)"] {
        assert!(text.contains(part), "{text}");
    }
    let text = output(&["size", "gibbon"]);
    let exact = "2 481 066 790 041 126 612 762 285 934 564 224 000 000";
    assert!(text.contains(exact), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&output(&["show", "gibbon", "--format", "json"])).unwrap();
    assert_eq!(json["decisions"].as_array().unwrap().len(), 72);
    assert_eq!(json["decisions"][0]["path"], "stem.channels");
    let json: serde_json::Value =
        serde_json::from_str(&output(&["size", "nasbench201", "--format", "json"])).unwrap();
    assert_eq!(json["distinct"], "15625");
}

#[test]
fn a_shipped_description_can_be_saved_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.toml");
    let path = file.to_str().unwrap();
    pimnas(&["show", "gibbon", "--toml", "--output", path]).success();
    assert_eq!(output(&["size", path]), output(&["size", "gibbon"]));
    assert_eq!(
        output(&["sample", path, "--seed", "3"]),
        output(&["sample", "gibbon", "--seed", "3"])
    );
}

#[test]
fn sample_is_the_same_for_a_seed() {
    let text = output(&["sample", "gibbon", "--count", "3", "--seed", "1"]);
    let draw = |seed, extra: &[&str]| {
        let mut arguments = vec!["sample", "gibbon", "-n", "3", "--format", "json", "--seed", seed];
        arguments.extend(extra);
        output(&arguments)
    };
    assert_eq!(draw("1", &[]), draw("1", &[]));
    assert_ne!(draw("1", &[]), draw("2", &[]));
    assert_ne!(draw("1", &["--distinct"]), draw("1", &[]));
    let json: serde_json::Value = serde_json::from_str(&draw("1", &[])).unwrap();
    assert!(json[2]["metrics"]["latency_ms"].as_f64().unwrap() > 0.0);
    for drawn in json.as_array().unwrap() {
        assert!(text.contains(drawn["hash"].as_str().unwrap()), "{text}");
    }
}

/// What `sample` says of a rollout is what `simulate` says of its files.
#[test]
fn decoded_files_simulate_to_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let drawn = output(&["sample", "grey28", "-n", "1", "--seed", "5", "--format", "json"]);
    let drawn: serde_json::Value = serde_json::from_str(&drawn).unwrap();
    std::fs::write(at("g.json"), drawn[0]["genotype"].to_string()).unwrap();
    let (network, ini) = (at("net.json"), at("own.ini"));
    pimnas(&[
        "decode",
        "grey28",
        "--genotype",
        &at("g.json"),
        "--network",
        &network,
        "--ini",
        &ini,
    ])
    .success();
    let simulated = Command::cargo_bin("pimnas")
        .unwrap()
        .args(["simulate", "--network", &network, "--config", &ini, "--format", "json"])
        .assert()
        .success();
    let report: serde_json::Value = serde_json::from_slice(&simulated.get_output().stdout).unwrap();
    for key in ["latency_ms", "energy_mJ", "area_mm2", "power_W"] {
        let (one, other) = (&drawn[0]["metrics"][key], &report["metrics"][key]);
        assert!(one.is_f64() && one == other, "{key}: {one} and {other}");
    }
    let text = std::fs::read_to_string(ini).unwrap();
    assert!(text.contains("[Device level]\n# nm\n"), "{text}");
}

#[test]
fn bad_input_is_exit_code_2_with_a_hint() {
    pimnas(&["size", "gibon"]).code(2).stderr(contains("did you mean `gibbon`?"));
    pimnas(&["size", "no/such.toml"]).code(2).stderr(contains("cannot read"));
    pimnas(&["sample", "--count", "0"]).code(2);
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.toml");
    let text = "space = 1\nname = \"bad\"\n[input]\nchannels = 1\nheight = 8\n\n[[decision]]\n\
                path = \"k\"\nchoices = [1, 3]\n\n[[layer]]\nop = \"conv\"\nout = 4\nkernel = \"q\"\n";
    std::fs::write(&bad, text).unwrap();
    pimnas(&["show", bad.to_str().unwrap()])
        .code(2)
        .stderr(contains("`width` is missing").and(contains("there is no value `q`")))
        .stderr(contains("bad.toml:14"));
    let genotype = folder.path().join("g.json");
    std::fs::write(&genotype, r#"{"genotype":1,"space":"grey28","decisions":{"stem.channel":8}}"#)
        .unwrap();
    pimnas(&["decode", "grey28", "--genotype", genotype.to_str().unwrap()])
        .code(2)
        .stderr(contains("did you mean `stem.channels`?").and(contains("has no value")));
}
