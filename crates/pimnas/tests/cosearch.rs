//! `pimnas search` with the accuracies of a super net, end to end on a few images.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use pimnas::search::search::{Lineage, Outcome, Trial};
use pimnas::store::{Place, Stored};
use serde_json::Value;
use support::{File, folder, killed, refused, run, spawn};

const CONFIG: &str = "objectives = ['crossbar_accuracy', 'latency_ms']\n\
                      constraints = ['noisy_accuracy_worst >= 1']\nbatch = 4\n\
                      [budget]\nevaluations = 12\n\
                      [accuracy]\ntraining = 'training.toml'\nlimit = 300\nvalidation = 100\ndraws = 2\n";
const TRAINING: &str = "sampler = { kind = 'uniform', rollouts = 1 }\n\
                        calibration = { batches = 1, images = 50 }\n\
                        [training]\nepochs = 2\nbatch = 10\nwarm_up = 0\nrate = 0.05\n";
const FILES: [File<'_>; 2] =
    [("own.toml", CONFIG.as_bytes()), ("training.toml", TRAINING.as_bytes())];

fn trials(run: &Path) -> Vec<Trial> {
    let stored = Stored::read(&Place::new(run)).unwrap();
    stored.trials.into_iter().map(|one| one.trial).collect()
}

#[test]
fn killed_in_training_and_in_the_search_it_ends_as_if_it_had_not_been() {
    let place = folder(&FILES);
    let path = place.path();
    let begun = Instant::now();
    let (code, front, said) =
        run(path, &["search", "own.toml", "--threads", "1", "--out", "whole"]);
    assert_eq!(code, 0, "{said}");
    // A third, so that training and search are hit whatever the moments are.
    let most = begun.elapsed() / 3;
    let begin = ["search", "own.toml", "--threads", "2"];
    let hits = killed(path, &begin, ("part", most));
    assert!(hits >= 2, "only {hits} kills hit a running search");
    let (code, again, said) = run(path, &["search", "--resume", "part"]);
    assert_eq!(code, 0, "{said}");
    let whole = trials(&path.join("whole"));
    assert_eq!(trials(&path.join("part")), whole);
    // It began with both edges of the space, on both ends of the hardware.
    let given = |trial: &&Trial| trial.lineage == Lineage::Given;
    assert_eq!(whole.iter().take(4).filter(given).count(), 4);
    for file in ["test.json", "supernet/checkpoint.safetensors"] {
        let read = |run: &str| fs::read(path.join(run).join(file)).unwrap();
        assert!(read("part") == read("whole"), "{file}");
    }
    assert_eq!(again.replace(" part", " whole"), front);
}

#[test]
fn stages_halve_and_the_front_is_measured_on_test_images() {
    let counted = CONFIG.replace("draws = 2", "draws = 2\nedges = false");
    let place = folder(&[("own.toml", counted.as_bytes()), FILES[1]]);
    let path = place.path();
    let (code, front, said) = run(path, &["search", "own.toml", "--out", "a"]);
    assert_eq!(code, 0, "{said}");
    assert!(front.contains("test_crossbar_accuracy"), "{front}");
    let all = trials(&path.join("a"));
    let ended = |what: &Outcome| all.iter().filter(|trial| trial.outcome == *what).count();
    // Of four, two go on after one shot, and one after the crossbars.
    assert_eq!((all.len(), ended(&Outcome::Outclassed)), (12, 9));
    assert_eq!(ended(&Outcome::Complete) + ended(&Outcome::Infeasible), 3);
    let test: Value = serde_json::from_slice(&fs::read(path.join("a/test.json")).unwrap()).unwrap();
    assert_eq!(test["images"], 2000);
    let measured = test["test_crossbar_accuracy"].as_object().unwrap();
    assert!(!measured.is_empty());
    // The front has them in its other forms, too.
    let (_, json, _) = run(path, &["front", "a", "--format", "json"]);
    let members: Vec<Value> = serde_json::from_str(&json).unwrap();
    let (_, csv, _) = run(path, &["front", "a", "--format", "csv"]);
    let mut table = csv::Reader::from_reader(csv.as_bytes());
    let head = table.headers().unwrap().clone();
    let at = head.iter().position(|name| name == "test_crossbar_accuracy").unwrap();
    for (member, row) in members.iter().zip(table.records()) {
        let known = &measured[&member["trial"].to_string()];
        assert_eq!(member["metrics"]["test_crossbar_accuracy"], *known);
        assert_eq!(row.unwrap()[at].parse::<f64>().ok(), known.as_f64());
    }
    assert_eq!(members.len(), measured.len());
    let page = fs::read_to_string(path.join("a/report.html")).unwrap();
    assert!(page.contains("Content-Security-Policy") && page.contains("crossbar accuracy"));
    // Another search with the same super net; one of another space is refused.
    let with = ["search", "own.toml", "--supernet", "a/supernet", "--seed", "1", "--out", "b"];
    let (code, _, said) = run(path, &with);
    assert_eq!(code, 0, "{said}");
    assert!(!path.join("b/supernet").exists());
    let other = ["search", "own.toml", "--supernet", "a/supernet", "--space", "gibbon"];
    refused(path, &other, &["its super net is of another space than gibbon"]);
}

#[test]
fn a_half_trained_super_net_is_refused() {
    let place = folder(&FILES);
    let path = place.path();
    let mut child = spawn(path, &["search", "own.toml", "--out", "half"]);
    let log = path.join("half/supernet/events.out.tfevents.pimnas");
    // The log is written at the end of an epoch; its head is there when steps begin.
    while !log.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let checkpoint = || fs::read(path.join("half/supernet/checkpoint.safetensors")).unwrap();
    let before = checkpoint();
    let with = ["search", "own.toml", "--supernet", "half/supernet", "--out", "a"];
    let parts = ["its super net is half trained", "of 2 epochs are done", "search --resume RUN"];
    refused(path, &with, &parts);
    assert!(!path.join("a").exists());
    assert!(checkpoint() == before);
    let (code, _, said) = run(path, &["search", "--resume", "half"]);
    assert_eq!(code, 0, "{said}");
    let (code, _, said) = run(path, &with);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_dry_run_counts_training_and_accuracy_in_and_leaves_nothing() {
    let place = folder(&FILES);
    let path = place.path();
    let expected = |args: &[&str]| {
        let (code, text, said) = run(path, &[&["search", "--dry-run", "own.toml"], args].concat());
        assert_eq!(code, 0, "{said}");
        assert!(text.contains("stage 3, crossbars"), "{text}");
        let line = text.lines().find(|line| line.contains("12 evaluations at")).unwrap();
        assert!(line.contains("front on test images"), "{line}");
        // Networks take milliseconds, costs alone a tenth of one.
        assert!(line.contains("ms each"), "{line}");
        text.contains("training of the super net on this machine: about")
    };
    assert!(expected(&[]));
    assert_eq!(fs::read_dir(path).unwrap().count(), FILES.len());
    let (code, _, said) = run(path, &["search", "own.toml", "--out", "done"]);
    assert_eq!(code, 0, "{said}");
    assert!(!expected(&["--supernet", "done"]));
}

#[test]
fn images_that_are_all_kept_apart_are_refused() {
    let config = CONFIG.replace("validation = 100", "validation = 900");
    let place = folder(&[("own.toml", config.as_bytes()), FILES[1]]);
    let parts = ["`accuracy.validation` is 900, of 300 training images"];
    let (code, _, said) = run(place.path(), &["search", "own.toml", "--out", "a"]);
    assert_eq!(code, 2, "{said}");
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    let unknown = ["search", "--objective", "crosbar_accuracy"];
    refused(place.path(), &unknown, &["crosbar_accuracy", "did you mean `crossbar_accuracy`?"]);
}
