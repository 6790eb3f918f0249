//! `pimnas supernet study`.

use crate::report::table::table;
use crate::search::Rollout;
use crate::supernet::{Extent, SupernetTrainer, kendall_tau, own_model};
use crate::train::{Loader, Trainer, TrainingOptions};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::folder::FolderArgs;
use super::{calibration, failed, random_rollouts};
use crate::cli::dataset::{DatasetArgs, SplitImages};
use crate::cli::failure::Failure;
use crate::cli::output::{OutputArgs, note};
use crate::cli::threads::ThreadArgs;
use crate::cli::train;

#[derive(Args, Clone, Debug)]
pub struct StudyArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Random rollouts
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    count: usize,
    /// Seed of the rollouts
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Epochs of each rollout alone; without it those of the super net
    #[arg(long, value_name = "N")]
    epochs: Option<u32>,
    #[command(flatten)]
    dataset: DatasetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// A rollout of the study.
struct Row {
    extent: Extent,
    one_shot: f64,
    alone: f64,
}

/// Runs the command.
pub fn run(args: &StudyArgs) -> Result<(), Failure> {
    args.output.check()?;
    let (mut trainer, settings) = args.folder.load()?;
    let rollouts = random_rollouts(trainer.net.space(), (args.count, args.seed))?;
    let smallest = trainer.net.edges().smallest.clone();
    let candidate = trainer.net.grow(&smallest).map_err(|error| failed(&error))?;
    let shape = candidate.network.input.shape;
    let data = args.folder.images(&args.dataset, (&trainer, shape))?;
    let bar = ProgressBar::new(rollouts.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} rollouts, {eta} left") {
        bar.set_style(style);
    }
    let mut rows = Vec::new();
    for rollout in &rollouts {
        let candidate = trainer.net.grow(rollout).map_err(|error| failed(&error))?;
        let batches = calibration(&trainer, &settings, (&data.training, &data.normalisation));
        let row = args.threads.run(|| {
            let loader = trainer.loader(&data.training, &data.normalisation);
            let test = Loader { dataset: &data.test, ..loader };
            let found = trainer.evaluate(rollout, (&test, &batches));
            let one_shot = found.map_err(|error| failed(&error))?.accuracy();
            let alone = alone((&trainer, rollout), (args, &data))?;
            Ok(Row { extent: Extent::of(&candidate.network), one_shot, alone })
        })?;
        bar.inc(1);
        if bar.is_hidden() {
            let Row { one_shot, alone, .. } = &row;
            let (done, all) = (bar.position(), rollouts.len());
            let (one_shot, alone) = (100.0 * one_shot, 100.0 * alone);
            note(&format!("{done}/{all}: one-shot {one_shot:.2} %, alone {alone:.2} %\n"));
        }
        rows.push(row);
    }
    bar.finish_and_clear();
    args.output.write(&shown(&rows))
}

/// Accuracy of a rollout's network that is trained on its own, with the options of the super net.
fn alone(
    (of, rollout): (&SupernetTrainer, &Rollout),
    (args, data): (&StudyArgs, &SplitImages),
) -> Result<f64, Failure> {
    let candidate = of.net.space().decode(rollout);
    let candidate = candidate.map_err(|rejection| failed(&rejection.into()))?;
    let epochs = args.epochs.unwrap_or(of.options.epochs);
    let options = TrainingOptions { epochs, ..of.options.clone() };
    let failed = |error| train::failed(&error);
    let model = own_model(&candidate, options.seed).map_err(failed)?;
    let mut trainer = Trainer::new(model, options).map_err(failed)?;
    let loader = trainer.loader(&data.training, &data.normalisation);
    while !trainer.is_done() {
        trainer.next(&loader).map_err(failed)?;
    }
    let test = Loader { dataset: &data.test, ..loader };
    Ok(trainer.evaluate(&test).map_err(failed)?.accuracy())
}

fn shown(rows: &[Row]) -> String {
    let mut all = table(&["rollout", "weights", "products", "one-shot %", "alone %"], 0);
    for (index, row) in rows.iter().enumerate() {
        all.add_row([
            index.to_string(),
            row.extent.weights.to_string(),
            row.extent.products.to_string(),
            format!("{:.2}", 100.0 * row.one_shot),
            format!("{:.2}", 100.0 * row.alone),
        ]);
    }
    let pairs: Vec<(f64, f64)> = rows.iter().map(|row| (row.one_shot, row.alone)).collect();
    let sizes: Vec<(f64, f64)> =
        rows.iter().map(|row| (row.extent.products as f64, row.alone)).collect();
    let tau = |pairs: &[(f64, f64)]| {
        kendall_tau(pairs).map_or_else(|| "undefined".to_owned(), |tau| format!("{tau:.3}"))
    };
    format!(
        "{all}\nKendall's τ of one-shot and alone: {} (of products and alone: {})\n",
        tau(&pairs),
        tau(&sizes)
    )
}
