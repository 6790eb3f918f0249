//! `pimnas verify`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::verify::{Case, Kind, Verdict, verify};
use crate::{Format, RawConfig};
use clap::Args;
use rayon::prelude::*;

use super::failure::{FOUND_WRONG, Failure};
use super::output::{print, read_file, unreadable};

/// Differences printed for a case.
const SHOWN: usize = 3;

/// Run recorded cases of the reference and compare every number
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// Folder with recorded cases (JSON); sub-folders are searched too
    folder: PathBuf,
    /// Configuration that the cases' settings are written over; without it SimConfig.ini of the
    /// folder, or else the embedded default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only cases whose file name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// Print a line for every case
    #[arg(long, short)]
    verbose: bool,
}

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let mut files = Vec::new();
    find_cases(&args.folder, &mut files)?;
    files.retain(|file| file.to_string_lossy().contains(&args.filter));
    if files.is_empty() {
        let hint = "a case is a JSON file with `network` or `mnsim_cfg` and `expected`";
        return Err(Failure::of_file(&args.folder, "no recorded case found", Some(hint)));
    }
    let base = base_config(args)?;
    let outcomes: Vec<(&PathBuf, Result<Verified, String>)> =
        files.par_iter().map(|file| (file, verify_file(file, &base))).collect();
    let mut count = Count::default();
    let mut text = String::new();
    for (file, outcome) in outcomes {
        let outcome = outcome.map(|Verified { verdict, uncompared }| {
            count.uncompared += uncompared;
            verdict
        });
        count.add(&outcome);
        describe(&mut text, file, &outcome, args.verbose);
    }
    print(&(text + &count.to_string()))?;
    Ok(if count.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(FOUND_WRONG) })
}

fn find_cases(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let mut entries = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(folder, &error))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link to a folder above would never end.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_cases(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
    Ok(())
}

fn base_config(args: &VerifyArgs) -> Result<RawConfig, Failure> {
    let beside = args.folder.join("SimConfig.ini");
    let path = match &args.config {
        Some(path) => path.clone(),
        None if beside.is_file() => beside,
        None => return Ok(RawConfig::reference_default()),
    };
    let bytes = read_file(&path)?;
    let name = path.display().to_string();
    RawConfig::from_bytes(&bytes, Format::of_name(&name)).map_err(|problems| {
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Failure::of_config(&problems.with_source_name(&name), text)
    })
}

/// What came of a case.
struct Verified {
    verdict: Verdict,
    /// 1 for a candidate whose file of tensors is not there.
    uncompared: usize,
}

fn verify_file(file: &Path, base: &RawConfig) -> Result<Verified, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    let case = Case::from_json(&bytes).map_err(|error| error.to_string())?;
    let beside = file.parent().unwrap_or(Path::new("."));
    let tensors = match case.tensors() {
        Some(name) if case.kind != Kind::Hardware => {
            let path = beside.join(name);
            match std::fs::read(&path) {
                Ok(file) => Some(file),
                // A candidate's figures of cost need no tensors.
                Err(_) if case.kind == Kind::Candidate && !path.exists() => None,
                Err(error) => return Err(format!("{}: {error}", path.display())),
            }
        }
        Some(_) | None => None,
    };
    let without_tensors =
        case.kind == Kind::Candidate && case.tensors().is_some() && tensors.is_none();
    let verdict = verify(&case, base, tensors.as_deref());
    Ok(Verified { verdict, uncompared: usize::from(without_tensors) })
}

fn describe(text: &mut String, file: &Path, outcome: &Result<Verdict, String>, verbose: bool) {
    let name = file.display();
    match outcome {
        Ok(Verdict::Disagrees(comparison)) => {
            let differences = comparison.differences.len();
            let _ =
                writeln!(text, "{name}: {differences} of {} numbers differ", comparison.numbers);
            for difference in comparison.differences.iter().take(SHOWN) {
                let _ = writeln!(text, "  {difference}");
            }
        }
        Ok(Verdict::Rejected { reason }) => {
            let _ = writeln!(text, "{name}: rejected, but the reference runs it: {reason}");
        }
        Err(reason) => {
            let _ = writeln!(text, "{name}: not read: {reason}");
        }
        Ok(Verdict::Agrees { numbers }) if verbose => {
            let _ = writeln!(text, "{name}: {numbers} numbers agree");
        }
        Ok(Verdict::BothReject { reason }) if verbose => {
            let _ = writeln!(text, "{name}: rejected, as by the reference: {reason}");
        }
        Ok(Verdict::Accepted) if verbose => {
            let _ = writeln!(text, "{name}: well defined; the reference rejects it");
        }
        Ok(Verdict::Agrees { .. } | Verdict::BothReject { .. } | Verdict::Accepted) => {}
    }
}

/// Verdicts by kind.
#[derive(Default)]
struct Count {
    agree: usize,
    numbers: usize,
    both_reject: usize,
    accepted: usize,
    wrong: usize,
    uncompared: usize,
}

impl Count {
    fn add(&mut self, outcome: &Result<Verdict, String>) {
        match outcome {
            Ok(Verdict::Agrees { numbers }) => {
                self.agree += 1;
                self.numbers += numbers;
            }
            Ok(Verdict::BothReject { .. }) => self.both_reject += 1,
            Ok(Verdict::Accepted) => self.accepted += 1,
            Ok(Verdict::Disagrees(_) | Verdict::Rejected { .. }) | Err(_) => self.wrong += 1,
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { agree, numbers, both_reject, accepted, wrong, uncompared } = self;
        writeln!(f, "{agree} cases agree ({numbers} numbers), {wrong} do not")?;
        if *uncompared > 0 {
            writeln!(f, "of {uncompared} candidates without their tensors, only costs compared")?;
        }
        writeln!(
            f,
            "of cases that the reference rejects, {both_reject} are rejected and {accepted} are run"
        )
    }
}
