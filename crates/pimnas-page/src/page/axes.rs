//! Axes of pictures: objectives and decisions.

use crate::figures::importance::Importance;
use crate::figures::scale::Scale;
use crate::model::{Direction, Metric, RunReport, Trial};

/// Most decisions that have an axis.
const MAX_DECISIONS: usize = 6;

/// An axis: how to get a trial's value, and where it lies.
pub(super) enum Axis {
    /// A metric.
    Metric { index: usize, metric: Metric, scale: Scale },
    /// A decision; where trials have it inactive, that is a choice before the others.
    Decision { index: usize, path: String, choices: Vec<String>, inactive: bool },
}

impl Axis {
    /// Its title with the unit.
    pub fn title(&self) -> String {
        match self {
            Self::Metric { metric, .. } => metric.title(),
            Self::Decision { path, .. } => path.clone(),
        }
    }

    /// Its title with an arrow to the better side.
    pub fn arrow_title(&self) -> String {
        match self {
            Self::Metric { metric, .. } => match metric.direction {
                Direction::Maximise => format!("{} · better →", metric.title()),
                Direction::Minimise => format!("← better · {}", metric.title()),
            },
            Self::Decision { path, .. } => path.clone(),
        }
    }

    /// Its scale; of a decision, that of its choices' positions.
    pub fn scale(&self) -> Scale {
        match self {
            Self::Metric { scale, .. } => *scale,
            Self::Decision { choices, .. } => {
                Scale::around([0.0, choices.len().saturating_sub(1) as f64])
            }
        }
    }

    /// A trial's value; of a decision, the position of its choice.
    pub fn value(&self, trial: &Trial) -> Option<f64> {
        match self {
            Self::Metric { index, .. } => trial.metric(*index),
            Self::Decision { index, choices, inactive, .. } => match trial.choice(*index) {
                Some(choice) => {
                    let choice = choice + usize::from(*inactive);
                    (choice < choices.len()).then_some(choice as f64)
                }
                None => inactive.then_some(0.0),
            },
        }
    }

    /// Where a trial lies, 0 to 1.
    pub fn place(&self, trial: &Trial) -> Option<f64> {
        self.scale().place(self.value(trial)?)
    }

    /// Labels and where they are.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let placed = |(value, label): (f64, String)| Some((self.scale().place(value)?, label));
        match self {
            Self::Metric { scale, .. } => scale.ticks(6).into_iter().filter_map(placed).collect(),
            Self::Decision { choices, .. } => {
                let numbered = choices.iter().enumerate();
                numbered.filter_map(|(i, choice)| placed((i as f64, choice.clone()))).collect()
            }
        }
    }
}

/// The axes of the objectives.
pub(super) fn objectives(run: &RunReport) -> Vec<Axis> {
    let axis = |(index, metric): (usize, &Metric)| {
        let scale = Scale::around(run.trials.iter().filter_map(|trial| trial.metric(index)));
        Axis::Metric { index, metric: metric.clone(), scale }
    };
    run.goals().into_iter().map(axis).collect()
}

/// The axes of the decisions that explain most.
pub(super) fn decisions(run: &RunReport, importance: &[Importance]) -> Vec<Axis> {
    let explaining = importance.iter().filter(|one| one.most() > 0.0).take(MAX_DECISIONS);
    explaining
        .filter_map(|one| {
            let decision = run.decisions.get(one.decision)?;
            let inactive = run.trials.iter().any(|trial| trial.choice(one.decision).is_none());
            let first = inactive.then(|| "inactive".to_owned());
            Some(Axis::Decision {
                index: one.decision,
                path: decision.path.clone(),
                choices: first.into_iter().chain(decision.choices.iter().cloned()).collect(),
                inactive,
            })
        })
        .collect()
}
