//! What is derived: a trial of a run with its network, its hardware and what the run was told.

use crate::Fidelity;
use crate::cosearch::SearchConfig;
use crate::search::Candidate;
use crate::search::space::RealisedHardware;
use crate::store::{RunSummary, TrialSummary};
use crate::supernet::{AccuracyMetric, StageOptions};

use crate::cli::failure::Failure;
use crate::cli::output::write_file;
use crate::cli::runs;
use crate::cli::search::accuracy::stage_options;
use crate::cli::search::{config_of, fidelity};
use crate::cli::train::folder::TrainingFolder;

/// A trial that is trained.
pub struct Subject<'s> {
    /// The run.
    pub summary: &'s RunSummary,
    /// The trial.
    pub one: &'s TrialSummary,
    /// Its network.
    pub candidate: Candidate,
    /// Its hardware.
    pub realised: RealisedHardware,
    /// The configuration in force; none of a study, whose candidates Python evaluates.
    pub config: Option<SearchConfig>,
    /// Which numbers.
    pub fidelity: Fidelity,
    /// How the search judged candidates.
    pub options: StageOptions,
}

impl<'s> Subject<'s> {
    /// A trial of a run.
    pub fn new(summary: &'s RunSummary, one: &'s TrialSummary) -> Result<Self, Failure> {
        let (candidate, realised) = runs::realised(summary, one)?;
        let in_force = summary.sessions.last().map_or(&summary.info.config, |last| &last.config);
        let config = config_of(in_force);
        let assumed = SearchConfig::default();
        let of = config.as_ref().unwrap_or(&assumed);
        let fidelity = fidelity(of);
        let options = stage_options(&of.accuracy, fidelity);
        Ok(Self { summary, one, candidate, realised, config, fidelity, options })
    }

    /// What the search knew of the trial under that name.
    pub fn searched(&self, name: &str) -> Option<f64> {
        let at = self.summary.metrics.iter().position(|metric| metric.name == name)?;
        self.one.trial.figures.get(at).copied().flatten()
    }

    /// Whether the search measures this.
    pub fn measures(&self, metric: AccuracyMetric) -> bool {
        self.summary.metrics.iter().any(|known| known.name == metric.name())
    }

    /// Writes what is known before the training: the hardware description and the decisions.
    pub fn write(&self, folder: &TrainingFolder) -> Result<(), Failure> {
        let genotype = format!("{}\n", self.summary.genotype(&self.one.trial));
        write_file(&folder.path("SimConfig.ini"), self.realised.config.to_ini().as_bytes())?;
        write_file(&folder.path("genotype.json"), genotype.as_bytes())
    }
}
