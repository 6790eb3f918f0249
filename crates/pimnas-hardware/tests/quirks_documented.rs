//! docs/QUIRKS.md has one row for each quirk, and none for anything else.

use std::collections::BTreeSet;

use pimnas_hardware::Quirk;

const DOCUMENT: &str = include_str!("../../../docs/QUIRKS.md");

/// Cells of the rows of the table below that heading; each row begins with a name in backticks.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let section = DOCUMENT.split("\n## ").find(|section| section.starts_with(heading));
    let lines = section.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

#[test]
fn every_quirk_has_its_row() {
    let rows = rows("Cost models");
    let documented: Vec<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    let known = Quirk::ALL.map(Quirk::name);
    assert_eq!(documented, known, "rows of docs/QUIRKS.md in the order of `Quirk::ALL`");
    for row in rows {
        assert_eq!(row.len(), 5, "name, reference, why a defect, corrected, effect: {row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

#[test]
fn every_measured_effect_is_of_a_quirk() {
    let measured: BTreeSet<&str> =
        rows("Measured").iter().map(|row| row[0].trim_matches('`')).collect();
    let known: BTreeSet<&str> = Quirk::ALL.into_iter().map(Quirk::name).collect();
    assert_eq!(measured, known);
}
