//! Recorded cases: what the reference accepts is accepted.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use pimnas_config::{RawConfig, check, resolve};
use serde_json::Value;

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden")
}

fn published() -> RawConfig {
    RawConfig::from_ini(&std::fs::read(golden().join("SimConfig.ini")).unwrap()).unwrap()
}

/// Name and overrides of every recorded case.
fn cases() -> Vec<(String, Vec<(String, String)>)> {
    let mut cases = Vec::new();
    for file in std::fs::read_dir(golden()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut overrides = Vec::new();
        for (section, keys) in case["config_overrides"].as_object().unwrap() {
            for (key, value) in keys.as_object().unwrap() {
                overrides.push((format!("{section}/{key}"), value.as_str().unwrap().to_owned()));
            }
        }
        cases.push((path.file_stem().unwrap().to_string_lossy().into_owned(), overrides));
    }
    cases
}

#[test]
fn published_file_means_the_embedded_default() {
    let config = published();
    assert_eq!(resolve(&config), resolve(&RawConfig::reference_default()));
    assert!(check(&config).is_empty(), "{}", check(&config));
}

#[test]
fn overrides_of_every_case_resolve() {
    let cases = cases();
    assert!(cases.len() > 100, "only {} cases", cases.len());
    for (name, overrides) in cases {
        let mut config = published();
        for (path, value) in &overrides {
            config.set(path, value).unwrap();
        }
        let found = check(&config);
        assert!(found.is_empty(), "{name}: {found}");
        assert!(resolve(&config).is_ok(), "{name}");
        let written = RawConfig::from_ini(config.to_ini().as_bytes()).unwrap();
        assert_eq!(resolve(&written), resolve(&config), "{name} written as INI");
        let written = RawConfig::from_toml(config.to_toml().as_bytes()).unwrap();
        assert_eq!(resolve(&written), resolve(&config), "{name} written as TOML");
    }
}
