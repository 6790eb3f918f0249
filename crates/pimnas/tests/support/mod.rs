//! A run of the command that must be refused.
// Each test file uses a part of this.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use pimnas::search::{Purpose, Streams};
use tempfile::TempDir;

/// A file of a case: its name and what is in it.
pub type File<'a> = (&'a str, &'a [u8]);

/// What the file named by `--output` has before the command runs.
const BEFORE: &str = "what was there before";

/// The configuration that is published.
pub const DEFAULT: &str = include_str!("../../../pimnas-config/src/default.ini");

/// A folder with these files.
pub fn folder(files: &[File<'_>]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Runs the command in a folder: exit code, standard output, standard error.
pub fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("pimnas").unwrap().current_dir(folder).args(args).output();
    let output = output.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs the command, which must refuse: exit code 2, nothing on standard output, and on standard
/// error a message with each of `parts` and with what to do. Gives the message.
pub fn refused(folder: &Path, args: &[&str], parts: &[&str]) -> String {
    let (code, stdout, stderr) = run(folder, args);
    assert_eq!(code, 2, "{args:?}: {stderr}");
    assert_eq!(stdout, "", "{args:?}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(stderr.starts_with("error"), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in\n{stderr}");
    }
    let helps = ["hint: ", "[possible values: ", "try '--help'"];
    assert!(helps.iter().any(|help| stderr.contains(help)), "no hint in\n{stderr}");
    stderr
}

/// The command, started in a folder and left to itself, with nothing to say.
pub fn spawn(folder: &Path, args: &[&str]) -> std::process::Child {
    let mut command = std::process::Command::new(cargo_bin("pimnas"));
    command.current_dir(folder).args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Kills a search (−9) ten times at random moments, no later than `most` after it was begun or
/// continued, in the folder `run` of `folder`; then lets it end. Gives how many kills hit it running.
/// A failing test prints the seed of the moments, which PIMNAS_MOMENTS takes to repeat them.
pub fn killed(folder: &Path, begin: &[&str], (run_name, most): (&str, Duration)) -> usize {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into();
    let given = std::env::var("PIMNAS_MOMENTS").ok().map(|seed| seed.parse().unwrap());
    let seed: u64 = given.unwrap_or_else(clock);
    #[allow(clippy::print_stderr)]
    {
        eprintln!("moments of the kills: PIMNAS_MOMENTS={seed}, at most {most:?}");
    }
    let mut stream = Streams::new(seed).stream(0, Purpose::Sample);
    let begin = [begin, &["--out", run_name]].concat();
    let resume = ["search", "--resume", run_name];
    let words = || {
        let begun = folder.join(run_name).join("run.sqlite").exists();
        if begun { resume.to_vec() } else { begin.clone() }
    };
    let mut hits = 0;
    for _ in 0..10 {
        let mut child = spawn(folder, &words());
        std::thread::sleep(most.mul_f64(stream.below(1000) as f64 / 1000.0));
        hits += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, _, stderr) = run(folder, &words());
    assert_eq!(code, 0, "{stderr}");
    hits
}

/// As [`refused`], without `--output`, and then with it: the file that is there stays as it is,
/// and none is left beside it.
pub fn refused_without_trace(files: &[File<'_>], args: &[&str], parts: &[&str]) -> String {
    let folder = folder(files);
    let message = refused(folder.path(), args, parts);
    std::fs::write(folder.path().join("kept.txt"), BEFORE).unwrap();
    let before = listing(folder.path());
    let with_output = [args, &["--output", "kept.txt"]].concat();
    assert_eq!(refused(folder.path(), &with_output, parts), message);
    assert_eq!(listing(folder.path()), before);
    message
}

/// The files of a folder, folders by their names only.
pub fn listing(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let read = |entry: std::fs::DirEntry| {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        (entry.file_name().to_string_lossy().into_owned(), bytes)
    };
    entries.map(read).collect()
}

/// The published configuration with a line replaced.
pub fn with_line(before: &str, after: &str) -> String {
    assert_eq!(DEFAULT.matches(before).count(), 1, "{before}");
    DEFAULT.replace(before, after)
}
