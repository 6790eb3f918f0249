//! `pimnas report`: a run as one page.

use std::path::PathBuf;

use crate::page::{RunPage, render};
use crate::store::{Place, RunSummary, TestAccuracies};
use clap::Args;

use super::failure::Failure;
use super::output::{print, write_file};
use super::runs;

/// Members of the front with a section of their own.
const SECTIONS: usize = RunPage::SECTIONS;

/// A run as one page for a browser: fronts, decisions, stages, and each member's network, floor plan
/// and timeline
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The page; without it report.html in the run's folder
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Members of the front with a section of their own
    #[arg(long, value_name = "N", default_value_t = SECTIONS)]
    members: usize,
}

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let (summary, place) = runs::read(&args.run)?;
    let file = args.output.clone().unwrap_or_else(|| page_of(&place));
    let page = report(&summary, &place, args.members)?;
    write_file(&file, render(&page).as_bytes())?;
    print(&format!("{}\n", file.display()))
}

/// Writes the page into the run's folder.
pub fn write(summary: &RunSummary, place: &Place) -> Result<PathBuf, Failure> {
    let file = page_of(place);
    write_file(&file, render(&report(summary, place, SECTIONS)?).as_bytes())?;
    Ok(file)
}

fn page_of(place: &Place) -> PathBuf {
    place.folder().join("report.html")
}

/// The run as the page takes it.
fn report(
    summary: &RunSummary,
    place: &Place,
    sections: usize,
) -> Result<crate::page::RunReport, Failure> {
    let test = TestAccuracies::read(place);
    let folder = runs::shown_folder(place);
    let page = RunPage { folder: Some(&folder), test: test.as_ref(), sections };
    page.report(summary).map_err(|error| Failure::new(&error, Some(error.hint())))
}
