//! `pimnas search` and the commands on its runs, end to end.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use pimnas::search::search::{Outcome, StopReason, Trial};
use pimnas::store::{Place, RunSummary, Stored};
use serde_json::Value;
use support::{folder, killed, refused, run, spawn};
use tempfile::TempDir;

fn trials(folder: &Path, run: &str) -> Vec<Trial> {
    let stored = Stored::read(&Place::new(&folder.join(run))).unwrap();
    stored.trials.into_iter().map(|one| one.trial).collect()
}

fn summary(folder: &Path, run: &str) -> RunSummary {
    RunSummary::read(&Place::new(&folder.join(run))).unwrap()
}

/// The arguments; searches that name no objectives search costs alone, which needs no training.
fn of_costs(args: &[&str]) -> Vec<String> {
    let named = ["--objective", "--resume", "own.toml", "--table"];
    let mut all: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
    if args.first() == Some(&"search") && !args.iter().any(|word| named.contains(word)) {
        let costs = ["latency_ms", "energy_mJ", "area_mm2"];
        all.extend(costs.iter().flat_map(|name| ["--objective".to_owned(), (*name).to_owned()]));
    }
    all
}

/// Runs the command, which must be done without an error: its standard output.
fn done(folder: &Path, args: &[&str]) -> String {
    let all = of_costs(args);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (code, stdout, stderr) = run(folder, &all);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}

/// A search that is begun and goes on.
fn begun(folder: &Path, args: &[&str]) -> std::process::Child {
    let all = of_costs(args);
    spawn(folder, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Kills a run again and again, and continues it: the trials are those of one that was let alone.
fn killed_with(controller: &str, budget: &str, batch: &str) {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let common = ["search", "--controller", controller, "--budget", budget, "--batch", batch];
    let start = Instant::now();
    done(folder, &[&common[..], &["--threads", "1", "--out", "whole"]].concat());
    // All of the run is hit, however fast the machine is.
    let most = (start.elapsed() / 8).max(Duration::from_millis(30));
    let begin = of_costs(&[&common[..], &["--threads", "2"]].concat());
    let begin: Vec<&str> = begin.iter().map(String::as_str).collect();
    let hits = killed(folder, &begin, ("part", most));
    assert!(hits >= 5, "only {hits} of 10 kills hit a running search");
    assert_eq!(trials(folder, "part"), trials(folder, "whole"));
    assert_eq!(trials(folder, "part").len().to_string(), budget);
    let (part, whole) = (summary(folder, "part"), summary(folder, "whole"));
    assert_eq!((part.front, part.stopped), (whole.front, whole.stopped));
}

#[test]
fn a_killed_run_continues_with_a_population() {
    killed_with("regularised-evolution", "40000", "32");
}

#[test]
fn a_killed_run_continues_with_a_state() {
    killed_with("simulated-annealing", "6000", "3");
}

#[test]
fn a_killed_run_continues_with_a_generation() {
    killed_with("nsga2", "6000", "20");
}

#[test]
fn a_killed_run_continues_with_a_learnt_policy() {
    killed_with("reinforce", "1500", "10");
}

#[test]
fn threads_do_not_matter_and_seeds_do() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    for (out, threads, seed) in [("one", "1", "3"), ("two", "2", "3"), ("other", "2", "4")] {
        done(folder, &["search", "--threads", threads, "--seed", seed, "--out", out]);
    }
    assert_eq!(trials(folder, "one"), trials(folder, "two"));
    assert_ne!(trials(folder, "one"), trials(folder, "other"));
}

#[test]
fn an_interrupted_run_ends_cleanly_and_continues() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let common = ["search", "--controller", "nsga2", "--budget", "30000", "--batch", "50"];
    let mut child = begun(folder, &[&common[..], &["--out", "part"]].concat());
    while !folder.join("part/run.sqlite").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let part = summary(folder, "part");
    assert_eq!(part.stopped, Some(StopReason::Interrupted));
    assert!(
        !part.trials.is_empty() && part.trials.len().is_multiple_of(50),
        "{}",
        part.trials.len()
    );
    done(folder, &["search", "--resume", "part"]);
    done(folder, &[&common[..], &["--out", "whole"]].concat());
    assert_eq!(trials(folder, "part"), trials(folder, "whole"));
    assert_eq!(summary(folder, "part").sessions.len(), 2);
}

#[test]
fn a_file_that_may_not_grow_is_an_error_and_nothing_is_lost() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let common = "search --objective latency_ms --objective energy_mJ --objective area_mm2 --controller random --budget 30000 --batch 50";
    let limited = |blocks: u32, out: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {common} --out {out}");
        let output = Command::new("bash")
            .arg("-c")
            .arg(script)
            .arg(cargo_bin("pimnas"))
            .current_dir(folder)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, stderr) = limited(1500, "part");
    assert_eq!(code, Some(2), "{stderr}");
    for word in ["may not grow", "trials are stored in part", "--resume"] {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
    let before = trials(folder, "part");
    assert!(!before.is_empty() && before.len() < 30_000, "{}", before.len());
    let words: Vec<&str> = common.split(' ').collect();
    done(folder, &[&words[..], &["--out", "whole"]].concat());
    let whole = trials(folder, "whole");
    assert_eq!(before, whole[..before.len()]);
    done(folder, &["search", "--resume", "part"]);
    assert_eq!(trials(folder, "part"), whole);
    // Too little for an empty store: none is left half made.
    let (code, stderr) = limited(8, "none");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(!folder.join("none/run.sqlite").exists());
    done(folder, &["search", "--budget", "10", "--out", "none"]);
}

#[test]
fn a_changed_configuration_is_refused_with_the_difference() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let file = "objectives = ['latency_ms', 'area_mm2']\ncontroller = 'nsga2'\n[budget]\nevaluations = 60\n";
    fs::write(folder.join("own.toml"), file).unwrap();
    done(folder, &["search", "own.toml", "--out", "a"]);
    done(folder, &["search", "own.toml", "--resume", "a"]);
    let parts =
        ["budget.evaluations was 60 and is 90", "controller was \"nsga2\" and is \"random\""];
    let changed =
        ["search", "own.toml", "--resume", "a", "--budget", "90", "--controller", "random"];
    refused(folder, &changed, &parts);
    let before = trials(folder, "a");
    done(folder, &[&changed[..], &["--force"]].concat());
    let after = trials(folder, "a");
    assert_eq!((after.len(), &after[..60]), (90, &before[..]));
    // From here on it is the front of what is searched now; the sessions keep what was before.
    assert_eq!(
        (summary(folder, "a").objectives.len(), summary(folder, "a").front.len() > 1),
        (2, true)
    );
    done(
        folder,
        &["search", "--resume", "a", "--objective", "area_mm2", "--budget", "95", "--force"],
    );
    let now = summary(folder, "a");
    let least = now.trials.iter().filter_map(|one| one.trial.figures[2]).fold(f64::MAX, f64::min);
    assert_eq!((now.objectives.len(), now.trials.len()), (1, 95));
    assert!(now.members().all(|member| member.values == [Some(least)]));
    let objectives =
        |session: &pimnas::store::Session| session.config["objectives"].as_array().unwrap().len();
    assert_eq!(now.sessions.iter().map(objectives).collect::<Vec<_>>(), [2, 2, 1]);
    // The seed is the key of every trial's random numbers.
    let seed = ["search", "--resume", "a", "--seed", "9", "--force"];
    refused(folder, &seed, &["seed was 0 and is 9"]);
    refused(folder, &["search", "--out", "a"], &["there is a run already"]);
}

#[test]
fn what_is_no_store_of_this_version_is_refused_and_left_alone() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    done(folder, &["search", "--budget", "200", "--out", "good"]);
    let good = fs::read(folder.join("good/run.sqlite")).unwrap();
    let mut other_version = good.clone();
    other_version[63] = 9;
    let mut other_program = good.clone();
    other_program[68] = b'x';
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4096].fill(0xaa);
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("empty", Vec::new(), "it is empty"),
        ("text", b"not a database at all".to_vec(), "no SQLite database"),
        ("header", good[..40].to_vec(), "cut off"),
        ("truncated", good[..good.len() / 2].to_vec(), "truncated or damaged"),
        ("damaged", damaged, "truncated or damaged"),
        ("version", other_version, "version 9"),
        ("program", other_program, "another program"),
    ];
    for (name, bytes, part) in cases {
        let path = folder.join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("run.sqlite"), &bytes).unwrap();
        for command in [&["status", name][..], &["front", name], &["search", "--resume", name]] {
            refused(folder, command, &[part]);
        }
        refused(folder, &["search", "--out", name], &["there is a run already"]);
        assert_eq!(fs::read(path.join("run.sqlite")).unwrap(), bytes, "{name}");
    }
    refused(folder, &["status", "nowhere"], &["there is no run"]);
    refused(folder, &["search", "--resume", "nowhere"], &["there is no run"]);
    refused(folder, &["show", "good", "--trial", "200"], &["there is no trial 200"]);
}

#[test]
fn one_writer_at_a_time_and_readers_meanwhile() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let mut child =
        begun(folder, &["search", "--budget", "100000000", "--time", "60s", "--out", "a"]);
    while !folder.join("a/run.sqlite").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    refused(folder, &["search", "--resume", "a"], &["another search writes to this run"]);
    let text = done(folder, &["status", "a"]);
    assert!(text.contains("running, or killed"), "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn bad_input_is_named_with_what_was_meant() {
    let place = folder(&[
        ("keys.toml", b"[budgte]\nevaluations = 3\n"),
        ("values.toml", b"seed = 'seven'\ncontroler = 'esapp'\n"),
        ("table.csv", b"cell.edge_0_9,max accuracy\nnone,3\n"),
    ]);
    let folder = place.path();
    let cases: [(&[&str], &[&str]); 14] = [
        (&["--space", "gray28"], &["there is no space `gray28`", "did you mean `grey28`?"]),
        (
            &["--objective", "latency_us"],
            &["there is no metric `latency_us`", "did you mean `latency_ms`?"],
        ),
        (&["--objective", "max 2 * latency_ms + energi_mJ"], &["did you mean `energy_mJ`?"]),
        (&["--objective", "latency_ms - energy_mJ"], &["needs `max` or `min`"]),
        (&["--constraint", "area_mm2 < 3"], &["`metric <= number`"]),
        (&["--constraint", "latency_ms <= 3 sec"], &["`sec` is not a unit of latency_ms"]),
        (&["--constraint", "energy_mJ <= 3 ms"], &["`ms` is not a unit of energy_mJ"]),
        (&["--controller", "nsga"], &["there is no controller `nsga`", "did you mean `nsga"]),
        (&["--time", "5 parsecs"], &["`5 parsecs` is not a time"]),
        (&["keys.toml"], &["there is no key `budgte`", "did you mean `budget`?"]),
        (&["values.toml"], &["values.toml: line 1: `seed`", "line 2: there is no key `controler`"]),
        (
            &["--space", "nasbench201", "--table", "table.csv", "--objective", "accuracy"],
            &["cell.edge_0_9 is neither a decision"],
        ),
        (&["--set", "Crossbar level/Xbar_Sise=3"], &["Xbar_Sise"]),
        (&["--batch", "0"], &["0"]),
    ];
    for (args, parts) in cases {
        refused(folder, &[&["search"], args].concat(), parts);
    }
    // Everything at once.
    let several = ["search", "--space", "gray28", "--controller", "nsga", "--time", "x"];
    refused(folder, &several, &["gray28", "`nsga`", "`x` is not a time"]);
    assert!(!folder.join("search-1").exists());
}

#[test]
fn an_impossible_bound_says_how_close_the_best_came() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let bounds = ["--constraint", "area_mm2 <= 1", "--constraint", "latency_ms <= 1000"];
    let args = [&["search"], &bounds[..], &["--budget", "100", "--out", "a"]].concat();
    let args = of_costs(&args);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (code, stdout, stderr) = run(folder, &args);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    let all = summary(folder, "a");
    let least = all.trials.iter().filter_map(|one| one.trial.figures[2]).fold(f64::MAX, f64::min);
    let closest = all.closest.unwrap().0;
    let of_all = [
        "no candidate keeps the constraints".to_owned(),
        format!("the closest is trial {closest}: area_mm2 is {least}, not area_mm2 <= 1"),
        "area_mm2 <= 1: kept by none of the 100 trials that were measured, closest".to_owned(),
        "latency_ms <= 1000: kept by 100 of the 100 trials".to_owned(),
        "hint: ".to_owned(),
    ];
    assert!(of_all.iter().all(|part| stderr.contains(part)), "{stderr}");
    let status: Value =
        serde_json::from_str(&done(folder, &["status", "a", "--format", "json"])).unwrap();
    assert_eq!(status["funnel"][0]["infeasible"], 100);
    assert_eq!(status["feasible_share"], 0.0);
    assert!(status["closest"]["reason"].as_str().unwrap().contains(&least.to_string()));
    let bound = &status["bounds"][0];
    assert_eq!((&bound["kept"], &bound["trial"]), (&0.into(), &closest.into()));
    assert_eq!(bound["best"].as_f64(), Some(least));
    // Every other command says so, too, and works on.
    let text = done(folder, &["status", "a"]);
    assert!(of_all[..4].iter().all(|part| text.contains(part)), "{text}");
    let (code, csv, said) = run(folder, &["front", "a", "--format", "csv"]);
    assert_eq!((code, csv.lines().count()), (0, 1));
    assert!(said.contains(&of_all[1]), "{said}");
    assert_eq!(done(folder, &["front", "a", "--format", "json"]), "[]\n");
    let closest = closest.to_string();
    refused(folder, &["show", "a"], &["the front has no member", &format!("--trial {closest}")]);
    assert!(done(folder, &["show", "a", "--trial", &closest]).contains("infeasible"));
    let page = fs::read_to_string(folder.join("a/report.html")).unwrap();
    assert!(page.contains("area_mm2 &lt;= 1") || page.contains("area_mm2 <= 1"));
    fs::remove_file(folder.join("a/report.html")).unwrap();
    done(folder, &["report", "a"]);
    assert_eq!(fs::read_to_string(folder.join("a/report.html")).unwrap(), page);
    // Continued, it says the same.
    let (code, _, said) = run(folder, &["search", "--resume", "a"]);
    assert!(code == 1 && said.contains(&of_all[1]), "{said}");
}

#[test]
fn the_front_in_every_form_and_a_member_again() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    done(
        folder,
        &[
            "search",
            "--objective",
            "latency_ms",
            "--objective",
            "area_mm2",
            "--budget",
            "120",
            "--out",
            "a",
        ],
    );
    let json: Value =
        serde_json::from_str(&done(folder, &["front", "a", "--format", "json"])).unwrap();
    let csv = done(folder, &["front", "a", "--format", "csv"]);
    let members = json.as_array().unwrap();
    assert_eq!(members.len(), csv.lines().count() - 1);
    assert!(done(folder, &["front", "a"]).contains("min latency_ms"));
    let all = trials(folder, "a");
    let point = |trial: &Trial| (trial.figures[0].unwrap(), trial.figures[2].unwrap());
    for trial in &all {
        let (one, two) = point(trial);
        let dominated =
            all.iter().map(point).any(|(a, b)| a <= one && b <= two && (a < one || b < two));
        let there = members.iter().any(|member| member["trial"] == trial.id.0);
        assert_ne!(dominated, there, "trial {}", trial.id.0);
    }
    for member in members {
        let (id, out) = (member["trial"].to_string(), "files");
        done(folder, &["export", "a", "--trial", &id, "--out", out, "--force"]);
        let again = done(
            folder,
            &[
                "simulate",
                "--network",
                "files/network.json",
                "--config",
                "files/SimConfig.ini",
                "--format",
                "json",
            ],
        );
        let again: Value = serde_json::from_str(&again).unwrap();
        let (found, said) =
            (again["metrics"]["latency_ms"].as_f64(), member["metrics"]["latency_ms"].as_f64());
        assert!(found.is_some() && found == said, "{found:?} {said:?}");
        let genotype = fs::read_to_string(folder.join("files/genotype.json")).unwrap();
        let genotype: pimnas::search::Genotype = genotype.parse().unwrap();
        assert_eq!(genotype.hash().to_string(), member["genotype_hash"]);
    }
}

/// A table over two decisions of a space that decides the hardware, too.
fn tabled() -> TempDir {
    let space = "space = 1\nname = \"tiny\"\nabout = \"Two layers\"\n[input]\nchannels = 1\nheight = 8\nwidth = 8\n\
        [[decision]]\npath = \"width\"\nchoices = [2, 4, 8, 16]\n[[decision]]\npath = \"kernel\"\nchoices = [1, 3]\n\
        [[layer]]\nop = \"conv\"\nout = \"width\"\nkernel = \"kernel\"\n\
        [[layer]]\nop = \"AdaptiveAvgPool2d\"\nheight = 1\nwidth = 1\n[[layer]]\nop = \"flatten\"\n[[layer]]\nop = \"fc\"\nout = 10\n";
    let hardware = "[[decision]]\npath = \"xbar\"\nchoices = [64, 128]\n\
        [hardware]\nxbar_size = \"xbar\"\ndac_choice = 1\nadc_choice = 4\ncell_bit = 1\n";
    let joint = space.replace("\"tiny\"", "\"tiny-pim\"") + hardware;
    let mut table = "width,kernel,max accuracy,min loss\n".to_owned();
    for (index, width) in [2, 4, 8, 16].iter().enumerate() {
        for kernel in [1, 3] {
            let accuracy = 50.0 + 10.0 * index as f64 + kernel as f64;
            table += &format!("{width},{kernel},{accuracy},{}\n", 1.0 / accuracy);
        }
    }
    folder(&[
        ("tiny.toml", space.as_bytes()),
        ("joint.toml", joint.as_bytes()),
        ("table.csv", table.as_bytes()),
    ])
}

#[test]
fn accuracy_from_a_table_joins_costs_until_the_space_is_exhausted() {
    let place = tabled();
    let folder = place.path();
    let common =
        ["search", "--space", "joint.toml", "--table", "table.csv", "--table-space", "tiny.toml"];
    let objectives = ["--objective", "accuracy", "--objective", "energy_mJ"];
    done(folder, &[&common[..], &objectives, &["--out", "a"]].concat());
    let found = summary(folder, "a");
    assert_eq!(found.stopped, Some(StopReason::Exhausted));
    assert_eq!(found.trials.len(), 16);
    assert_eq!(found.funnel.len(), 2);
    assert_eq!(found.funnel[0].entered, 16);
    assert_eq!(found.funnel[1].entered, 16 - found.funnel[0].stopped.total());
    for one in &found.trials {
        let width: usize = found.decided(&one.trial)[0].1.parse().unwrap();
        let kernel: f64 = found.decided(&one.trial)[1].1.parse().unwrap();
        if one.trial.outcome == Outcome::Complete {
            let expected = 50.0 + 10.0 * f64::from(width.ilog2() - 1) + kernel;
            assert_eq!(one.values[0], Some(expected));
        }
    }
    // The file is needed again, and must be the same.
    fs::write(
        folder.join("table.csv"),
        fs::read_to_string(folder.join("table.csv")).unwrap().replace("51", "52"),
    )
    .unwrap();
    refused(folder, &["search", "--resume", "a"], &["contents.table was"]);
    refused(
        folder,
        &[&common[..], &["--out", "b"]].concat(),
        &["there is no metric `crossbar_accuracy`"],
    );
    refused(
        folder,
        &[&common[..4], &["--table", "table.csv", "--objective", "accuracy"]].concat(),
        &["a value"],
    );
}

#[test]
fn a_scalar_is_maximised_and_its_best_is_the_best_of_all() {
    let place = tabled();
    let folder = place.path();
    let reward = "accuracy * (energy_mJ / 0.001)^-0.2";
    done(
        folder,
        &[
            "search",
            "--space",
            "tiny.toml",
            "--table",
            "table.csv",
            "--objective",
            reward,
            "--batch",
            "1",
            "--out",
            "a",
        ],
    );
    let found = summary(folder, "a");
    assert_eq!(found.objectives[0].metric.name, reward);
    assert_eq!(found.front.len(), 1);
    let best = found.members().next().unwrap().values[0].unwrap();
    for one in found.trials.iter().filter(|one| one.trial.outcome == Outcome::Complete) {
        let (energy, accuracy) = (one.trial.figures[1].unwrap(), one.trial.figures[9].unwrap());
        let value = accuracy * (energy / 0.001_f64).powf(-0.2);
        assert!((one.values[0].unwrap() - value).abs() < 1e-9 * value.abs());
        assert!(best >= value);
    }
    let csv = done(folder, &["front", "a", "--format", "csv"]);
    assert!(csv.lines().next().unwrap().contains(reward), "{csv}");
}

#[test]
fn limits_of_time_and_stagnation_end_a_search() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    done(folder, &["search", "--budget", "100000000", "--time", "300ms", "--out", "time"]);
    assert_eq!(summary(folder, "time").stopped, Some(StopReason::WallTime));
    done(
        folder,
        &[
            "search",
            "--controller",
            "random",
            "--budget",
            "100000",
            "--stagnation",
            "200",
            "--out",
            "still",
        ],
    );
    assert_eq!(summary(folder, "still").stopped, Some(StopReason::Stagnation));
    let text = done(folder, &["search", "--dry-run", "--budget", "1000"]);
    for part in ["3359232 distinct rollouts", "stage 1, hardware", "1000 evaluations at"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("training") && !text.contains("test images"), "{text}");
}

#[test]
fn a_table_of_costs_is_made_and_controllers_compared_on_it() {
    let place = tabled();
    let folder = place.path();
    let text = fs::read_to_string(folder.join("joint.toml")).unwrap();
    fs::write(folder.join("joint.toml"), text.replace("\"xbar\"", "\"hardware.xbar\"")).unwrap();
    done(folder, &["bench", "table", "--space", "joint.toml", "--output", "costs.table"]);
    let common = ["bench", "search", "--table", "table.csv", "--space", "tiny.toml"];
    let joint = ["--hardware", "costs.table", "--joint-space", "joint.toml"];
    let asked = [
        "--metric",
        "accuracy",
        "--metric",
        "energy_mJ",
        "--controller",
        "random",
        "--controller",
        "nsga2",
        "--controller",
        "predictor-forest",
        "--seeds",
        "3",
        "--budget",
        "2",
        "--budget",
        "16",
        "--format",
        "json",
        "--svg",
        "curves.svg",
    ];
    let json = done(folder, &[&common[..], &joint, &asked].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    for row in json["results"].as_array().unwrap() {
        let (mean, whole) = (row["mean"].as_f64().unwrap(), row["evaluations"] == 16);
        assert!(if whole { (mean - 1.0).abs() < 1e-12 } else { mean < 1.0 }, "{row}");
    }
    let agreements = json["held_out_agreement"].as_array().unwrap();
    let of: Vec<&str> = agreements.iter().map(|row| row["metric"].as_str().unwrap()).collect();
    assert_eq!(of, ["accuracy", "energy_mJ"]);
    assert!(agreements.iter().all(|row| row["kendall_tau"].as_f64().unwrap().abs() <= 1.0));
    assert!(fs::read_to_string(folder.join("curves.svg")).unwrap().contains("hypervolume"));
    let other = ["--hardware", "costs.table", "--joint-space", "tiny.toml"];
    refused(folder, &[&common[..], &other, &asked].concat(), &["it is of the space tiny-pim"]);
    refused(
        folder,
        &["bench", "table", "--space", "grey28", "--output", "x"],
        &["may be inactive"],
    );
}
