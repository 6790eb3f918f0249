//! How far a search is, while it runs: a line that changes on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use crate::search::search::{Direction, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use super::super::output::note;
use super::super::runs::{digits, volume_is_cheap};
use super::setup::Setup;

/// Between two changes on a terminal, and between two lines elsewhere.
const TERMINAL: Duration = Duration::from_millis(200);
const LINES: Duration = Duration::from_secs(5);

/// What is shown.
pub struct Live {
    bar: Option<ProgressBar>,
    objectives: Vec<(String, Direction)>,
    stages: Vec<(String, usize)>,
    budget: u64,
    time: Option<Duration>,
    first: usize,
    before: Duration,
    last: Option<Instant>,
}

impl Live {
    /// For a search that has so many trials after that time.
    pub fn new(setup: &Setup, (first, before): (usize, Duration)) -> Self {
        let budget = setup.meant.budget.evaluations as u64;
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(budget).with_position(first as u64);
            let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        });
        let objectives = setup.goals.objectives();
        let objectives =
            objectives.map(|(metric, direction)| (metric.name.clone(), direction)).collect();
        let mut metrics = 0;
        let cascade = setup.cascade();
        let stages = crate::search::search::Evaluator::stages(&cascade)
            .iter()
            .map(|stage| {
                metrics += stage.metrics.len();
                (stage.name.clone(), metrics)
            })
            .collect();
        let time = setup.meant.budget.time;
        Self { bar, objectives, stages, budget, time, first, before, last: None }
    }

    /// Shows where the search is, if it is time to.
    pub fn update(&mut self, progress: &Progress<'_>) {
        let every = if self.bar.is_some() { TERMINAL } else { LINES };
        if self.last.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        let begins = self.last.is_none();
        self.last = Some(Instant::now());
        match &self.bar {
            Some(bar) => {
                bar.set_position(progress.evaluations() as u64);
                bar.set_message(self.words(progress));
            }
            // The first batch is too early to say how fast it is.
            None if begins => {}
            None => self.line(progress),
        }
    }

    /// Shows how it ended.
    pub fn end(&self, progress: &Progress<'_>) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.line(progress);
    }

    fn line(&self, progress: &Progress<'_>) {
        let (done, budget) = (progress.evaluations(), self.budget);
        note(&format!("{done}/{budget} {}\n", self.words(progress)));
    }

    fn words(&self, progress: &Progress<'_>) -> String {
        let done = progress.evaluations();
        let since = progress.elapsed.saturating_sub(self.before).as_secs_f64();
        let rate = done.saturating_sub(self.first) as f64 / since.max(1e-9);
        let mut parts = vec![self.stage(progress), format!("{} /s", digits(rate))];
        if let Some(best) = progress.history.best() {
            for ((name, direction), value) in self.objectives.iter().zip(best) {
                parts.push(format!("{name} {}", digits(direction.minimised(value))));
            }
        }
        parts.push(format!("front {}", progress.front()));
        if volume_is_cheap(self.objectives.len(), progress.front()) {
            parts.push(format!("hypervolume {}", digits(progress.hypervolume())));
        }
        parts.push(format!("feasible {:.0} %", 100.0 * progress.feasible_share()));
        let left = self.budget.saturating_sub(done as u64) as f64 / rate.max(1e-9);
        let left = self
            .time
            .map_or(left, |time| left.min(time.saturating_sub(progress.elapsed).as_secs_f64()));
        if left >= 1.0 && left.is_finite() {
            parts.push(format!("{} left", clock(left)));
        }
        parts.join("  ")
    }

    /// The last stage that a trial of the last ones came to.
    fn stage(&self, progress: &Progress<'_>) -> String {
        /// Trials that are looked at.
        const LAST: usize = 64;
        let last = progress.history.trials().iter().rev().take(LAST);
        let farthest = last.map(|trial| trial.stages).max().unwrap_or(0);
        let stage = farthest.checked_sub(1).and_then(|at| self.stages.get(at));
        stage.map_or_else(String::new, |(name, _)| name.clone())
    }
}

/// Seconds as a clock shows them.
fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}
