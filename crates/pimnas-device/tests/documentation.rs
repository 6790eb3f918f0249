//! The page names every effect and every quirk, and no other.
#![allow(clippy::unwrap_used)]

use pimnas_device::{DeviceQuirk, Effect};

const PAGE: &str = include_str!("../../../docs/NONIDEALITIES.md");

/// Names in code type that begin a row of the tables from that heading on to the next.
fn rows(heading: &str) -> Vec<&'static str> {
    let (_, rest) = PAGE.split_once(heading).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let name = |line: &'static str| line.strip_prefix("| `")?.split('`').next();
    let mut names: Vec<_> = section.lines().filter_map(name).collect();
    names.dedup();
    names
}

#[test]
fn every_effect_has_its_equation() {
    let names: Vec<_> = Effect::ALL.iter().map(|effect| effect.name()).collect();
    assert_eq!(rows("## From a digit to a conductance"), names);
}

#[test]
fn every_quirk_is_explained() {
    let names: Vec<_> = DeviceQuirk::ALL.iter().map(|quirk| quirk.name()).collect();
    assert_eq!(rows("## What the published simulator does instead"), names);
}
