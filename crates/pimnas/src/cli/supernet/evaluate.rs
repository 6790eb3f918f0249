//! `pimnas supernet evaluate`.

use std::path::PathBuf;

use crate::infer::AdcRange;
use crate::infer::accuracy::Score;
use crate::report::table::table;
use crate::search::{Genotype, Rollout};
use crate::supernet::{EvaluatorImages, Extent, SupernetEvaluator, SupernetTrainer};
use crate::train::Precision;
use crate::{InterfaceOptions, RawConfig};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::folder::FolderArgs;
use super::{failed, random_rollouts, rollout_of};
use crate::cli::dataset::DatasetArgs;
use crate::cli::failure::Failure;
use crate::cli::inputs::HardwareArgs;
use crate::cli::output::{OutputArgs, read_file};
use crate::cli::quirks::{Computes, QuirkArgs};
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
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    quirks: QuirkArgs,
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

/// A rollout with its accuracies.
struct Row {
    name: String,
    rollout: Rollout,
    extent: Extent,
    one_shot: Score,
    /// Fixed point and crossbars; none where the super net was trained in floats.
    quantised: Option<[Score; 2]>,
}

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    args.output.check()?;
    let (trainer, settings) = args.folder.load()?;
    let quirks = args.quirks.resolve(Computes::Outputs)?;
    let base = args.hardware.load()?.0;
    let rollouts = args.rollouts(&trainer)?;
    let smallest = trainer.net.space().decode(&trainer.net.edges().smallest);
    let network = smallest.map_err(|rejection| failed(&rejection.into()))?.network;
    let data = args.folder.images(&args.dataset, (&trainer, network.input.shape))?;
    let images = EvaluatorImages {
        training: &data.training,
        held_out: &data.test,
        normalisation: &data.normalisation,
    };
    let options = InterfaceOptions { quirks: quirks.model(), ..InterfaceOptions::default() };
    let rows = args.threads.run(|| {
        let evaluator = SupernetEvaluator::new(&trainer, images, settings.calibration)
            .map_err(|error| failed(&error))?;
        let row = |named| row(named, (&evaluator, trainer.options.precision), (&base, options));
        rollouts.into_iter().map(row).collect::<Result<Vec<Row>, Failure>>()
    })?;
    args.output.write(&shown(args.format, (&trainer, &rows)))
}

fn row(
    (name, rollout): Named,
    (evaluator, precision): (&SupernetEvaluator, Precision),
    (base, options): (&RawConfig, InterfaceOptions),
) -> Result<Row, Failure> {
    let candidate = evaluator.candidate(&rollout).map_err(|error| failed(&error))?;
    let quantised = match precision {
        Precision::Float => None,
        Precision::Quantised => {
            let realised = candidate.hardware().apply(base);
            let realised = realised.map_err(|rejection| failed(&rejection.into()))?;
            let on = candidate.on(&realised.hardware, options);
            let fixed = on.fixed_point().map_err(|error| failed(&error))?;
            let crossbars = on.on_crossbars(AdcRange::Scale).map_err(|error| failed(&error))?;
            Some([fixed, crossbars])
        }
    };
    let one_shot = candidate.one_shot().map_err(|error| failed(&error))?;
    let extent = Extent::of(candidate.net().network());
    Ok(Row { name, rollout, extent, one_shot, quantised })
}

fn shown(form: Form, (trainer, rows): (&SupernetTrainer, &[Row])) -> String {
    match form {
        Form::Table => {
            let titles =
                ["rollout", "weights", "products", "one-shot %", "fixed point %", "crossbars %"];
            let mut all = table(&titles, 1);
            let percent = |score: &Score| format!("{:.2}", 100.0 * score.accuracy());
            for row in rows {
                let quantised = |stage: usize| {
                    row.quantised.as_ref().map_or_else(String::new, |of| percent(&of[stage]))
                };
                all.add_row([
                    row.name.clone(),
                    row.extent.weights.to_string(),
                    row.extent.products.to_string(),
                    percent(&row.one_shot),
                    quantised(0),
                    quantised(1),
                ]);
            }
            format!("{all}\n")
        }
        Form::Json => {
            let space = trainer.net.space();
            let accuracy = |row: &Row, stage: usize| row.quantised.map(|of| of[stage].accuracy());
            let row = |row: &Row| {
                let genotype = Genotype::new(space.name(), space.decisions(), &row.rollout);
                json!({
                    "rollout": row.name,
                    "genotype": genotype.to_json_value(),
                    "weights": row.extent.weights,
                    "products": row.extent.products,
                    "one_shot": row.one_shot.accuracy(),
                    "fixed_point": accuracy(row, 0),
                    "crossbars": accuracy(row, 1),
                    "images": row.one_shot.images,
                })
            };
            format!("{:#}\n", rows.iter().map(row).collect::<Value>())
        }
    }
}
