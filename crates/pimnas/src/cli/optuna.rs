//! `pimnas optuna`: a run as a journal of Optuna.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use crate::store::optuna_journal;
use clap::Args;

use super::failure::Failure;
use super::output::{note, print, write_file_by};
use super::runs;

/// A run as a journal file of Optuna, for its plots, its dashboard and its samplers
#[derive(Args, Clone, Debug)]
pub struct OptunaArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The journal; a file that is there is left alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Name of the study; without it that of the run's folder
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Runs the command.
pub fn run(args: &OptunaArgs) -> Result<(), Failure> {
    // Studies of others may be in it, and a journal only grows.
    if args.out.symlink_metadata().is_ok() {
        let hint = "give the name of a new file";
        return Err(Failure::of_file(&args.out, "there is such a file already", Some(hint)));
    }
    let (summary, place) = runs::read(&args.run)?;
    let folder = place.folder();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let of_folder = || folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = args.name.clone().or_else(of_folder).unwrap_or_else(|| "pimnas".to_owned());
    write_file_by(&args.out, |file| {
        let mut file = BufWriter::new(file);
        for line in optuna_journal(&summary, &name) {
            writeln!(file, "{line}")?;
        }
        file.flush()
    })?;
    let out = args.out.display();
    note(&format!("{} trials as the study {name:?}\n", summary.trials.len()));
    print(&format!("{out}\n"))
}
