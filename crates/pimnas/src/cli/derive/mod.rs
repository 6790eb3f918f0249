//! `pimnas derive`: a candidate of a run trained from scratch, and measured again.

mod figures;
mod images;
mod measure;
mod subject;

use std::path::PathBuf;

use crate::store::TestAccuracies;
use crate::supernet::own_model;
use clap::{Args, ValueEnum};

use self::figures::{Context, json, text};
use self::images::Images;
use self::measure::Measured;
use self::subject::Subject;
use super::failure::Failure;
use super::output::{note, print, write_file};
use super::runs;
use super::threads::ThreadArgs;
use super::train;
use super::train::folder::{KeepingArgs, TrainingFolder};
use super::train::options::RecipeArgs;

/// Train a candidate of a run from scratch, with weights of its own, and measure everything again
/// beside what the search knew of it. Its images, the ones kept apart and the seed are the run's
#[derive(Args, Clone, Debug)]
pub struct DeriveArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Number of the trial; without it the front's best by the first objective
    #[arg(long, value_name = "N")]
    trial: Option<u64>,
    /// Images to train on, for a run that has none: fashion-mnist (without files the embedded
    /// sample), or the path of a data set. Of a run that has some: where they are now
    #[arg(long, value_name = "NAME|PATH")]
    data: Option<String>,
    /// Chips that accuracies under noise are measured on; without it as many as in the run, none
    /// where it has no such accuracy
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    draws: Option<u32>,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Folder for network.json, weights.safetensors, SimConfig.ini, genotype.json, derived.json, the
    /// checkpoint and the log for TensorBoard; without it derived-N in the run's folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    keeping: KeepingArgs,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// Form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For reading
    Table,
    /// For programs, as in derived.json
    Json,
}

/// Runs the command.
pub fn run(args: &DeriveArgs) -> Result<(), Failure> {
    let (summary, place) = runs::read(&args.run)?;
    let one = runs::chosen(&summary, args.trial, &args.run)?;
    let subject = Subject::new(&summary, one)?;
    let images = Images::of((&subject, &args.run), args.data.as_deref())?;
    let id = one.trial.id.0;
    let folder = args.out.clone().unwrap_or_else(|| args.run.join(format!("derived-{id}")));
    let folder = TrainingFolder { folder, option: "--out", keeping: args.keeping };
    let options = args.recipe.options(summary.info.seed)?;
    let model = own_model(&subject.candidate, options.seed);
    let model = model.map_err(|error| train::failed(&error))?;
    let mut trainer = train::begin(&folder, (model, options))?;
    trainer.check(&images.test).map_err(|error| train::failed(&error))?;
    note(&format!("trial {id} from scratch, in {}\n", folder.folder.display()));
    train::whole(&folder, (&mut trainer, &images.split), args.threads)?;
    subject.write(&folder)?;
    let measured =
        args.threads.run(|| Measured::new((&subject, &folder), (&trainer, &images), args.draws))?;
    let context = Context {
        subject: &subject,
        images: &images,
        options: &trainer.options,
        measured: &measured,
        searched: TestAccuracies::read(&place).and_then(|test| test.of(one.trial.id)),
    };
    let found = format!("{:#}\n", json(&context));
    write_file(&folder.path("derived.json"), found.as_bytes())?;
    note(&folder.next_command());
    print(&match args.format {
        Form::Table => text(&context),
        Form::Json => found,
    })
}
