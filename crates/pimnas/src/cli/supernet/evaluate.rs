//! `pimnas supernet evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pimnas::report::table::table;
use pimnas::search::{Genotype, Rollout};
use pimnas::supernet::{Extent, SupernetTrainer};
use pimnas::train::{Evaluation, Loader};
use serde_json::{Value, json};

use super::folder::FolderArgs;
use super::{calibration, failed, random_rollouts, rollout_of};
use crate::cli::dataset::DatasetArgs;
use crate::cli::failure::Failure;
use crate::cli::output::{OutputArgs, read_file};
use crate::cli::threads::ThreadArgs;

#[derive(Args, Clone, Debug)]
pub struct EvaluateArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Genotypes to evaluate (JSON, as `space sample --format json` has them); without them the
    /// largest net, the smallest one and random ones
    #[arg(long, value_name = "FILE,…", value_delimiter = ',')]
    genotype: Vec<PathBuf>,
    /// Random rollouts
    #[arg(long, short = 'n', value_name = "N", default_value_t = 8)]
    count: usize,
    /// Seed of the random ones
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    dataset: DatasetArgs,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// Form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For reading
    Table,
    /// For programs
    Json,
}

/// A rollout with a name for it.
type Named = (String, Rollout);

impl EvaluateArgs {
    fn rollouts(&self, trainer: &SupernetTrainer) -> Result<Vec<Named>, Failure> {
        let space = trainer.net.space();
        let mut named = Vec::new();
        for path in &self.genotype {
            let text = String::from_utf8_lossy(&read_file(path)?).into_owned();
            let rollout = rollout_of(space, &text).map_err(|error| {
                let hint = error.problems.first().map(|problem| problem.hint.clone());
                Failure::of_file(path, &error, hint.as_deref())
            })?;
            named.push((path.display().to_string(), rollout));
        }
        if named.is_empty() {
            named.push(("largest".to_owned(), trainer.net.edges().largest.clone()));
            named.push(("smallest".to_owned(), trainer.net.edges().smallest.clone()));
            let drawn = random_rollouts(space, (self.count, self.seed))?;
            named.extend((0..).map(|index| format!("random {index}")).zip(drawn));
        }
        Ok(named)
    }
}

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    args.output.check()?;
    let (mut trainer, settings) = args.folder.load()?;
    let rollouts = args.rollouts(&trainer)?;
    let network = trainer.net.grow(&trainer.net.edges().smallest.clone());
    let shape = network.map_err(|error| failed(&error))?.network.input.shape;
    let data = args.dataset.load_split(shape)?;
    let mut rows = Vec::new();
    for (name, rollout) in rollouts {
        let candidate = trainer.net.grow(&rollout).map_err(|error| failed(&error))?;
        let pixels = (&data.training, &data.normalisation);
        let calibration = calibration(&trainer, &settings, pixels);
        let loader = trainer.loader(&data.training, &data.normalisation);
        let test = Loader { dataset: &data.test, ..loader };
        let found = args.threads.run(|| {
            trainer.evaluate(&rollout, (&test, &calibration)).map_err(|error| failed(&error))
        })?;
        rows.push((name, rollout, Extent::of(&candidate.network), found));
    }
    args.output.write(&shown(args.format, (&trainer, &rows[..])))
}

fn shown(
    form: Form,
    (trainer, rows): (&SupernetTrainer, &[(String, Rollout, Extent, Evaluation)]),
) -> String {
    match form {
        Form::Table => {
            let mut all = table(&["rollout", "weights", "products", "loss", "accuracy %"], 1);
            for (name, _, extent, found) in rows {
                all.add_row([
                    name.clone(),
                    extent.weights.to_string(),
                    extent.products.to_string(),
                    format!("{:.4}", found.loss),
                    format!("{:.2}", 100.0 * found.accuracy()),
                ]);
            }
            format!("{all}\n")
        }
        Form::Json => {
            let space = trainer.net.space();
            let row = |(name, rollout, extent, found): &(String, Rollout, Extent, Evaluation)| {
                let genotype = Genotype::new(space.name(), space.decisions(), rollout);
                json!({
                    "rollout": name,
                    "genotype": genotype.to_json_value(),
                    "weights": extent.weights,
                    "products": extent.products,
                    "loss": found.loss,
                    "accuracy": found.accuracy(),
                    "images": found.images,
                })
            };
            format!("{:#}\n", rows.iter().map(row).collect::<Value>())
        }
    }
}
