//! `pimnas report`: the page of a run, through the command.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fs;
use std::path::Path;

use pimnas::store::{Place, RunSummary};
use support::{listing, refused, run};
use tempfile::TempDir;

const SEARCH: [&str; 11] = [
    "search",
    "--objective",
    "latency_ms",
    "--objective",
    "energy_mJ",
    "--objective",
    "area_mm2",
    "--budget",
    "60",
    "--out",
    "a",
];

fn done(folder: &Path, args: &[&str]) -> String {
    let (code, stdout, stderr) = run(folder, args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}

/// Ids of the trials with a section, in the order of the page.
fn sections(page: &str) -> Vec<u64> {
    let begin = "<section class=\"member\" id=\"trial-";
    page.split(begin).skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_run_as_a_page() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    done(folder, &SEARCH);
    let file = folder.join("a/report.html");
    fs::remove_file(&file).unwrap();
    assert_eq!(done(folder, &["report", "a"]), "a/report.html\n");
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.contains("Content-Security-Policy"));
    assert!(page.contains("Of <b>60</b> candidates"));
    let summary = RunSummary::read(&Place::new(&folder.join("a"))).unwrap();
    let shown = sections(&page);
    assert_eq!(shown.len(), summary.front.len().min(12));
    for id in shown {
        assert!(summary.front.iter().any(|member| member.0 == id), "trial {id}");
        let lines = [
            format!("pimnas {}\npimnas show a --trial {id}\n", SEARCH.join(" ")),
            format!("\npimnas export a --trial {id} --out trial-{id} &amp;&amp; pimnas simulate "),
        ];
        assert!(lines.iter().all(|line| page.contains(line)), "trial {id}");
    }
    // Fewer members, elsewhere; what was there stays.
    done(folder, &["report", "a", "--output", "own.html", "--members", "1"]);
    assert_eq!(sections(&fs::read_to_string(folder.join("own.html")).unwrap()).len(), 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), page);
}

#[test]
fn what_is_no_run_is_refused_and_nothing_is_written() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    refused(folder, &["report", "nowhere"], &["there is no run"]);
    fs::create_dir(folder.join("foreign")).unwrap();
    fs::write(folder.join("foreign/run.sqlite"), "not a database at all").unwrap();
    refused(folder, &["report", "foreign"], &["no SQLite database"]);
    assert_eq!(listing(&folder.join("foreign")).into_keys().collect::<Vec<_>>(), ["run.sqlite"]);
    refused(folder, &["report", "foreign", "--output", "page.html"], &["no SQLite database"]);
    assert!(!folder.join("page.html").exists());
}
