//! Arguments of `pimnas search`.

use std::path::PathBuf;

use crate::cosearch::SearchConfig;
use crate::cosearch::config::{ConfigProblem, FidelityName, PredictorName};
use crate::search::spaces;
use clap::Args;

use super::super::failure::Failure;
use super::super::inputs::FidelityArg;
use super::super::output::read_file;
use super::super::threads::ThreadArgs;

/// Search a space of networks and hardware for the best trade-offs. Without arguments: accuracy on
/// crossbars, latency, energy and area in the default space, with a super net that is trained first
#[derive(Args, Clone, Debug)]
pub struct SearchArgs {
    /// A configuration (TOML, docs/SEARCH.md); arguments count more than it
    #[arg(value_name = "CONFIG.toml")]
    pub file: Option<PathBuf>,
    /// A space that comes with it, or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    pub space: Option<String>,
    /// What is improved: a metric such as latency_ms, `max 1 * accuracy - 0.5 * latency_ms`, or
    /// `accuracy * (latency_ms / 2.5)^-0.07`; may be repeated
    #[arg(long, value_name = "OBJECTIVE")]
    pub objective: Vec<String>,
    /// A bound, such as "area_mm2 <= 50" or "latency_ms <= 500 us"; may be repeated
    #[arg(long, value_name = "BOUND")]
    pub constraint: Vec<String>,
    /// The controller
    #[arg(long, value_name = "NAME")]
    pub controller: Option<String>,
    /// Trials at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 40))]
    pub budget: Option<u64>,
    /// Time at most, such as 90s, 10m or 1h30m
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// End after that many trials without progress of the hypervolume
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 40))]
    pub stagnation: Option<u64>,
    /// Seed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Trials that are proposed at once; results depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub batch: Option<u64>,
    /// A table of accuracies: data.anb of the Python package analog-nasbench, or a CSV file
    #[arg(long, value_name = "FILE")]
    pub table: Option<String>,
    /// The space that the table's rows are rollouts of; without it the searched space
    #[arg(long, value_name = "NAME|FILE")]
    pub table_space: Option<String>,
    /// Folder of a trained super net that accuracies come from; without it, one is trained in the
    /// folder of the run
    #[arg(long, value_name = "DIR")]
    pub supernet: Option<String>,
    /// Folder of the data set to train on; without it the embedded sample of Fashion-MNIST
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
    /// End what a random forest of the trials so far takes for dominated
    #[arg(long)]
    pub predictor: bool,
    /// Hardware description under the candidates' decisions, INI or TOML
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// Change a key of the hardware description; may be repeated
    #[arg(long = "set", value_name = "SECTION/KEY=VALUE")]
    pub set: Vec<String>,
    /// Keep the reference's defects, or correct them
    #[arg(long, value_enum)]
    pub fidelity: Option<FidelityArg>,
    /// Folder of the new run; without it, the first free one of search-1, search-2, …
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Continue this run where it stopped
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// Continue although the configuration has changed
    #[arg(long, requires = "resume")]
    pub force: bool,
    /// Show the space, the stages and the expected time, and end
    #[arg(long, conflicts_with = "resume")]
    pub dry_run: bool,
    #[command(flatten)]
    pub threads: ThreadArgs,
}

/// Problems of a configuration.
pub(super) fn config_failure(problems: &[ConfigProblem]) -> Failure {
    let text = problems.iter().map(|p| Failure::new(&p.message, Some(&p.hint)).text).collect();
    Failure { text }
}

impl SearchArgs {
    /// The configuration: that of the run that is continued, or the defaults, or the file, with
    /// what is given here.
    pub(super) fn config(&self, before: Option<SearchConfig>) -> Result<SearchConfig, Failure> {
        let mut config = match &self.file {
            None => before.unwrap_or_default(),
            Some(path) => {
                let bytes = read_file(path)?;
                let text = String::from_utf8(bytes).map_err(|_| {
                    Failure::of_file(path, "is not UTF-8", Some("save it as UTF-8"))
                })?;
                SearchConfig::from_toml(&text).map_err(|problems| {
                    let of =
                        |p: &ConfigProblem| Failure::of_file(path, &p.message, Some(&p.hint)).text;
                    Failure { text: problems.iter().map(of).collect() }
                })?
            }
        };
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let put = |slot: &mut String, given: &Option<String>| {
            if let Some(given) = given {
                slot.clone_from(given);
            }
        };
        put(&mut config.space, &self.space);
        put(&mut config.controller, &self.controller);
        if !self.objective.is_empty() {
            config.objectives.clone_from(&self.objective);
        }
        if !self.constraint.is_empty() {
            config.constraints.clone_from(&self.constraint);
        }
        config.seed = self.seed.unwrap_or(config.seed);
        config.batch = self.batch.map_or(config.batch, number);
        config.budget.evaluations = self.budget.map_or(config.budget.evaluations, number);
        config.budget.stagnation = self.stagnation.map(number).or(config.budget.stagnation);
        config.budget.time = self.time.clone().or(config.budget.time);
        config.accuracy.table = self.table.clone().or(config.accuracy.table);
        config.accuracy.supernet = self.supernet.clone().or(config.accuracy.supernet);
        config.accuracy.data = self.data.clone().or(config.accuracy.data);
        config.accuracy.table_space = self.table_space.clone().or(config.accuracy.table_space);
        if self.predictor {
            config.accuracy.predictor = PredictorName::Forest;
        }
        config.hardware.config = self.config.clone().or(config.hardware.config);
        if !self.set.is_empty() {
            config.hardware.set.clone_from(&self.set);
        }
        config.hardware.fidelity = match self.fidelity {
            None => config.hardware.fidelity,
            Some(FidelityArg::Reference) => FidelityName::Reference,
            Some(FidelityArg::Corrected) => FidelityName::Corrected,
        };
        if config.space.is_empty() {
            spaces::NAMES[0].clone_into(&mut config.space);
        }
        Ok(config)
    }
}
