//! What is shown while a network learns.

use std::time::{Duration, Instant};

use crate::train::{Evaluation, Loader, StepReport, Sums, Trainer};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::note;

/// Share of the old mean that a new step leaves.
const MEMORY: f64 = 0.95;
/// Between two changes of the text.
const REFRESH: Duration = Duration::from_millis(100);

/// A progress bar over all images of all epochs.
pub struct Progress {
    bar: ProgressBar,
    loss: Option<f64>,
    accuracy: Option<f64>,
    shown: Option<Instant>,
    epoch_begun: Instant,
}

impl Progress {
    /// That of a training.
    pub fn new(trainer: &Trainer, loader: &Loader<'_>) -> Self {
        let of_epoch = (loader.batches() * loader.batch.min(loader.dataset.len())) as u64;
        let done = trainer.position.epoch * of_epoch + trainer.sums.images;
        Self::over(of_epoch * u64::from(trainer.options.epochs), done)
    }

    /// Over so many images, of which some are done.
    pub fn over(images: u64, done: u64) -> Self {
        let bar = ProgressBar::new(images);
        let style = "{msg} {bar:24} {pos}/{len} images, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_position(done);
        bar.reset_eta();
        Self { bar, loss: None, accuracy: None, shown: None, epoch_begun: Instant::now() }
    }

    /// After a step, with the epochs done and all of them.
    pub fn step(&mut self, report: &StepReport, (epoch, epochs): (u64, u32)) {
        let mix = |old: Option<f64>, new: f64| {
            Some(old.map_or(new, |old| MEMORY * old + (1.0 - MEMORY) * new))
        };
        self.loss = mix(self.loss, f64::from(report.loss));
        let accuracy = report.correct as f64 / report.images.max(1) as f64;
        self.accuracy = mix(self.accuracy, accuracy);
        self.bar.inc(report.images as u64);
        if self.shown.is_none_or(|shown| shown.elapsed() > REFRESH) {
            self.shown = Some(Instant::now());
            let epoch = (epoch + 1).min(u64::from(epochs));
            let (loss, accuracy) = (self.loss.unwrap_or(0.0), self.accuracy.unwrap_or(0.0));
            let percent = 100.0 * accuracy;
            self.bar.set_message(format!("epoch {epoch}/{epochs} loss {loss:.3} {percent:.1} %"));
        }
    }

    /// A line that stays, at the end of an epoch, and the seconds since the last.
    pub fn line(&mut self, text: impl FnOnce(f64) -> String) {
        let line = text(self.epoch_begun.elapsed().as_secs_f64());
        self.bar.suspend(|| note(&line));
        self.epoch_begun = Instant::now();
    }

    /// After an epoch: a line that stays.
    pub fn epoch(&mut self, trainer: &Trainer, sums: &Sums, found: &Evaluation) {
        let images = sums.images.max(1) as f64;
        let seconds = self.epoch_begun.elapsed().as_secs_f64();
        let line = format!(
            "epoch {}/{}: loss {:.4}, accuracy {:.2} %; test loss {:.4}, accuracy {:.2} %; {:.0} images/s\n",
            trainer.position.epoch,
            trainer.options.epochs,
            sums.loss / images,
            100.0 * sums.correct as f64 / images,
            found.loss,
            100.0 * found.accuracy(),
            images / seconds,
        );
        self.bar.suspend(|| note(&line));
        self.epoch_begun = Instant::now();
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
