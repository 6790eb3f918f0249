//! What the page shows of a run, as one plain value.
//!
//! It is made by whoever has the run (a store, a search in memory, a file in another form), holds
//! no type of the search, and can be written as JSON. Indices point into the lists beside them;
//! what points nowhere is left out of the page, never an error. Figures that are not finite
//! count as not known.

mod head;
mod trial;

use serde::{Deserialize, Serialize};

pub use head::{RunHead, SpaceHead};
pub use trial::{Outcome, Trial};

use crate::member::MemberDetail;

/// A run: what was searched, what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// What was searched, and how.
    pub head: RunHead,
    /// Metrics of trials, in the order of [`Trial::metrics`].
    pub metrics: Vec<Metric>,
    /// Positions in `metrics` of what was improved, in the order of the page.
    pub objectives: Vec<usize>,
    /// Decisions, in the order of [`Trial::choices`].
    pub decisions: Vec<Decision>,
    /// All trials.
    pub trials: Vec<Trial>,
    /// Ids of the trials on the front.
    pub front: Vec<u64>,
    /// The hypervolume of the front while it grew; `None` where it was not recorded.
    #[serde(default)]
    pub hypervolume: Option<Hypervolume>,
    /// The stages of the cascade, in order; empty where there is none. See [`funnel_of`].
    #[serde(default)]
    pub funnel: Vec<FunnelStage>,
    /// Members of the front with all that is known of them, in the order of the page.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger values are better.
    Maximise,
    /// Smaller values are better.
    Minimise,
}

impl Direction {
    /// The value such that less is better.
    #[must_use]
    pub fn minimised(self, value: f64) -> f64 {
        match self {
            Self::Maximise => -value,
            Self::Minimise => value,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Maximise => "more is better",
            Self::Minimise => "less is better",
        }
    }
}

/// A quantity of trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// Key, such as `latency_ms`.
    pub name: String,
    /// Words for figures, such as `latency`.
    pub label: String,
    /// Unit, such as `ms`; empty for none.
    pub unit: String,
    /// Which way it is better.
    pub direction: Direction,
}

impl Metric {
    /// A metric whose label is its key without the unit: `energy_mJ` becomes "energy".
    ///
    /// ```
    /// use pimnas_page::{Direction, Metric};
    /// assert_eq!(Metric::new("energy_mJ", "mJ", Direction::Minimise).label, "energy");
    /// assert_eq!(Metric::new("area_mm2", "mm²", Direction::Minimise).label, "area");
    /// assert_eq!(Metric::new("tops_per_watt", "", Direction::Maximise).label, "tops per watt");
    /// ```
    #[must_use]
    pub fn new(name: &str, unit: &str, direction: Direction) -> Self {
        let plain = unit.replace('²', "2").replace('µ', "u").replace('%', "percent");
        let suffix = format!("_{plain}");
        let short = if unit.is_empty() { name } else { name.strip_suffix(&suffix).unwrap_or(name) };
        Self {
            name: name.to_owned(),
            label: short.replace('_', " "),
            unit: unit.to_owned(),
            direction,
        }
    }

    /// Label with the unit: "latency (ms)".
    #[must_use]
    pub fn title(&self) -> String {
        if self.unit.is_empty() {
            self.label.clone()
        } else {
            format!("{} ({})", self.label, self.unit)
        }
    }
}

/// A decision of the space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Path, such as `stage1.block0.kernel`.
    pub path: String,
    /// Its choices in words, in order.
    pub choices: Vec<String>,
}

/// The hypervolume over a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hypervolume {
    /// The reference point, in the order and in the units of the objectives.
    pub reference: Vec<f64>,
    /// Where it changed, in order; the last point is the end of the run.
    pub curve: Vec<HypervolumePoint>,
}

/// The hypervolume at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HypervolumePoint {
    /// Trials so far.
    pub evaluations: u64,
    /// Time so far, s; `None` where it is not known.
    pub seconds: Option<f64>,
    /// Hypervolume, in the product of the objectives' units.
    pub volume: f64,
}

/// What a stage of the cascade did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunnelStage {
    /// Its name.
    pub name: String,
    /// Candidates that came to it.
    pub entered: u64,
    /// Why candidates ended there, and how many of them.
    pub stopped: Vec<Stopped>,
    /// Time spent in it, summed over threads, s; `None` where it is not known.
    pub seconds: Option<f64>,
}

impl FunnelStage {
    /// Candidates that it let through.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.entered.saturating_sub(self.stopped.iter().map(|stopped| stopped.count).sum())
    }
}

/// Candidates that ended at a stage for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The reason, such as "dominated".
    pub why: String,
    /// How many.
    pub count: u64,
}

/// The funnel of a run whose trials say how many stages ran (see [`Trial::stages`]), with the
/// names of the stages and the time that each took.
#[must_use]
pub fn funnel_of(trials: &[Trial], stages: &[(String, Option<f64>)]) -> Vec<FunnelStage> {
    let at = |index: usize, outcome: Outcome| {
        let ended = trials.iter().filter(|trial| trial.outcome == outcome);
        ended.filter(|trial| trial.ended_at() == Some(index)).count() as u64
    };
    let stage = |(index, (name, seconds)): (usize, &(String, Option<f64>))| {
        let reached = |trial: &&Trial| match trial.outcome {
            Outcome::Rejected => trial.stages >= index,
            Outcome::Complete
            | Outcome::Infeasible
            | Outcome::Dominated
            | Outcome::Predicted
            | Outcome::Outclassed => trial.stages > index,
        };
        let stopped = [
            Outcome::Rejected,
            Outcome::Infeasible,
            Outcome::Dominated,
            Outcome::Predicted,
            Outcome::Outclassed,
        ]
        .map(|outcome| Stopped { why: outcome.words().to_owned(), count: at(index, outcome) });
        FunnelStage {
            name: name.clone(),
            entered: trials.iter().filter(reached).count() as u64,
            stopped: stopped.into_iter().filter(|stopped| stopped.count > 0).collect(),
            seconds: *seconds,
        }
    };
    stages.iter().enumerate().map(stage).collect()
}

/// A member of the front with all that is known of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its trial.
    pub trial: u64,
    /// Its network on its hardware; `None` where it cannot be simulated.
    pub detail: Option<MemberDetail>,
    /// Accuracies, from the first to the last stage; empty where they were not measured.
    #[serde(default)]
    pub accuracy: Vec<AccuracyStage>,
    /// The command that reproduces it; empty for none.
    pub command: String,
}

/// An accuracy with its interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccuracyStage {
    /// What was measured, such as "on crossbars, 8 noise draws".
    pub name: String,
    /// Accuracy, %.
    pub percent: f64,
    /// Ends of the interval, %; `None` where there is none.
    pub interval: Option<(f64, f64)>,
    /// What the interval is, such as "95 %, Wilson, 1,000 images".
    #[serde(default)]
    pub note: String,
}

impl RunReport {
    /// The trial of that id.
    #[must_use]
    pub fn trial(&self, id: u64) -> Option<&Trial> {
        // Runs number their trials from 0 without gaps; others are looked for.
        let there = usize::try_from(id).ok().and_then(|index| self.trials.get(index));
        there
            .filter(|trial| trial.id == id)
            .or_else(|| self.trials.iter().find(|trial| trial.id == id))
    }

    /// The trials on the front that there are.
    pub fn front_trials(&self) -> impl Iterator<Item = &Trial> {
        self.front.iter().filter_map(|&id| self.trial(id))
    }

    /// The objectives, with their positions among the metrics.
    #[must_use]
    pub fn goals(&self) -> Vec<(usize, &Metric)> {
        let known = |&index: &usize| Some((index, self.metrics.get(index)?));
        self.objectives.iter().filter_map(known).collect()
    }

    /// The best value of a metric on the front, with its trial.
    #[must_use]
    pub fn best(&self, metric: usize) -> Option<(f64, u64)> {
        let direction = self.metrics.get(metric)?.direction;
        let values = self.front_trials().filter_map(|t| Some((t.metric(metric)?, t.id)));
        values.min_by(|a, b| direction.minimised(a.0).total_cmp(&direction.minimised(b.0)))
    }
}
