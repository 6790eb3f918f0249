//! Accuracies of a super net's candidates as stages of a search.

use std::sync::OnceLock;

use pimnas_cosearch::{AccuracyStages, Subject};
use pimnas_device::{DeviceQuirks, NonIdealities, Seed};
use pimnas_infer::accuracy::Score;
use pimnas_infer::{AdcRange, InferError};
use pimnas_interface::InterfaceOptions;
use pimnas_search::Stream;
use pimnas_search::search::{CostClass, Direction, Metric, Rung, Stage};
use pimnas_search::space::{Reason, Rejection};

use crate::error::SupernetError;
use crate::evaluator::{JudgedCandidate, JudgedOnHardware, SupernetEvaluator};

/// Seeds of draws.
const SEEDS: usize = 1 << 31;

/// An accuracy that a search may name, in percent of the images that candidates are judged on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccuracyMetric {
    /// In training's arithmetic with calibrated batch normalisations.
    OneShot,
    /// In fixed point, as on crossbars with perfect converters.
    FixedPoint,
    /// On crossbars with ideal cells and the hardware's converters.
    Crossbar,
    /// On crossbars whose cells vary and are stuck as the hardware says: mean of the draws.
    NoisyMean,
    /// The worst of these draws.
    NoisyWorst,
}

impl AccuracyMetric {
    /// All of them, cheap ones first.
    pub const ALL: [Self; 5] =
        [Self::OneShot, Self::FixedPoint, Self::Crossbar, Self::NoisyMean, Self::NoisyWorst];

    /// Its name in objectives and constraints.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OneShot => "one_shot_accuracy",
            Self::FixedPoint => "fixed_point_accuracy",
            Self::Crossbar => "crossbar_accuracy",
            Self::NoisyMean => "noisy_accuracy_mean",
            Self::NoisyWorst => "noisy_accuracy_worst",
        }
    }

    /// The metric: percent, more is better, at best 100.
    #[must_use]
    pub fn metric(self) -> Metric {
        let cost = match self {
            Self::OneShot | Self::FixedPoint | Self::Crossbar => CostClass::Inference,
            Self::NoisyMean | Self::NoisyWorst => CostClass::Draws,
        };
        Metric::new(self.name(), "%", Direction::Maximise, cost).at_best(100.0)
    }
}

/// A stage: what it measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    OneShot,
    FixedPoint,
    Crossbar,
    Noise,
}

/// How candidates are judged.
#[derive(Clone, Copy, Debug)]
pub struct StageOptions {
    /// Range of the converters.
    pub range: AdcRange,
    /// Which of the reference's defects are kept, and what replaces figures of the description.
    pub interface: InterfaceOptions,
    /// Which of its defects models of cells keep.
    pub device: DeviceQuirks,
    /// Of the candidates of a batch, one in that many goes on from one-shot accuracy to dearer
    /// ones; 1: all.
    pub one_in: usize,
    /// Draws of non-ideal cells, where an accuracy under noise is asked for.
    pub draws: u32,
}

/// The stages of accuracy of a super net: one shot first, then those that are asked for. The
/// stages are known before there is a super net; [`Self::set`] hands it in.
pub struct SupernetAccuracy {
    steps: Vec<Step>,
    stages: Vec<Stage>,
    options: StageOptions,
    evaluator: OnceLock<SupernetEvaluator>,
}

impl SupernetAccuracy {
    /// The stages that these metrics need.
    #[must_use]
    pub fn new(asked: &[AccuracyMetric], options: StageOptions) -> Self {
        let has = |metric: AccuracyMetric| asked.contains(&metric);
        let noise = has(AccuracyMetric::NoisyMean) || has(AccuracyMetric::NoisyWorst);
        let mut steps = vec![Step::OneShot];
        steps.extend(has(AccuracyMetric::FixedPoint).then_some(Step::FixedPoint));
        steps.extend((has(AccuracyMetric::Crossbar) || noise).then_some(Step::Crossbar));
        steps.extend(noise.then_some(Step::Noise));
        let stages = steps.iter().map(|&step| stage(step, asked, options.one_in)).collect();
        Self { steps, stages, options, evaluator: OnceLock::new() }
    }

    /// The super net; the first one that is handed in counts.
    pub fn set(&self, evaluator: SupernetEvaluator) {
        // A second one would change the figures of a running search.
        let _ = self.evaluator.set(evaluator);
    }

    /// The metrics of all stages.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.stages.iter().flat_map(|stage| &stage.metrics)
    }

    fn figures(&self, step: Step, subject: Subject<'_>) -> Result<Vec<Option<f64>>, SupernetError> {
        let kept = subject.kept.take().and_then(|kept| kept.downcast::<Judged>().ok());
        let mut judged = match (kept, self.evaluator.get()) {
            (Some(judged), _) => judged,
            (None, Some(evaluator)) => {
                Box::new(Judged { candidate: evaluator.candidate(subject.rollout)?, on: None })
            }
            (None, None) => return Err(SupernetError::Untrained),
        };
        let options = self.options.interface;
        let Judged { candidate, on } = &mut *judged;
        let on = &*on.get_or_insert_with(|| candidate.on(subject.hardware, options));
        let figures = match step {
            Step::OneShot => vec![percent(candidate.one_shot()?)],
            Step::FixedPoint => vec![percent(on.fixed_point()?)],
            Step::Crossbar => vec![percent(on.on_crossbars(self.options.range)?)],
            Step::Noise => {
                let effects = NonIdealities::from_hardware(subject.hardware, self.options.device)
                    .map_err(InferError::from)?;
                let seed = noise_seed(subject.stream);
                let draws =
                    on.drawn(self.options.range, (&effects, seed), 0..self.options.draws.max(1))?;
                let shares: Vec<f64> = draws.iter().map(|score| 100.0 * score.accuracy()).collect();
                let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
                vec![Some(mean), shares.iter().copied().reduce(f64::min)]
            }
        };
        *subject.kept = Some(judged);
        Ok(figures)
    }
}

/// The seed of a trial's draws of non-ideal cells, from the trial's stream.
#[must_use]
pub fn noise_seed(mut stream: Stream) -> Seed {
    Seed(stream.below(SEEDS) as u64)
}

/// What a trial keeps between stages.
struct Judged {
    candidate: JudgedCandidate,
    on: Option<JudgedOnHardware>,
}

fn percent(score: Score) -> Option<f64> {
    Some(100.0 * score.accuracy())
}

/// A stage with its rung: before what is dearer, the metric stands for the dearer ones.
fn stage(step: Step, asked: &[AccuracyMetric], one_in: usize) -> Stage {
    let (name, metrics, one_in) = match step {
        Step::OneShot => ("one shot", vec![AccuracyMetric::OneShot], one_in),
        Step::FixedPoint => ("fixed point", vec![AccuracyMetric::FixedPoint], 1),
        Step::Crossbar => ("crossbars", vec![AccuracyMetric::Crossbar], one_in),
        Step::Noise => ("noise", vec![AccuracyMetric::NoisyMean, AccuracyMetric::NoisyWorst], 1),
    };
    let last = metrics.iter().copied().max();
    let stands_for: Vec<(String, String)> = metrics
        .first()
        .into_iter()
        .flat_map(|from| {
            let later = asked.iter().filter(|&&metric| Some(metric) > last);
            later.map(|metric| (from.name().to_owned(), metric.name().to_owned()))
        })
        .collect();
    let stage = Stage::new(name, metrics.into_iter().map(AccuracyMetric::metric).collect());
    if one_in > 1 && !stands_for.is_empty() {
        stage.with_rung(Rung { one_in, stands_for })
    } else {
        stage
    }
}

impl AccuracyStages for SupernetAccuracy {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn is_deterministic(&self, stage: usize) -> bool {
        !matches!(self.steps.get(stage), Some(Step::Noise))
    }

    fn run(&self, stage: usize, subject: Subject<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let Some(&step) = self.steps.get(stage) else { return Ok(Vec::new()) };
        self.figures(step, subject).map_err(|error| {
            Reason { message: error.to_string(), hint: Some(error.hint().to_owned()) }.into()
        })
    }
}
