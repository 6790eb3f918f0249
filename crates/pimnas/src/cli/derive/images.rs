//! The images of a run.

use std::path::Path;

use crate::cosearch::config::AccuracyConfig;
use crate::data::Dataset;
use crate::supernet::AccuracyMetric;

use super::subject::Subject;
use crate::cli::dataset::{DatasetArgs, SplitImages};
use crate::cli::failure::Failure;
use crate::cli::output::note;
use crate::cli::search::accuracy::split;

/// Images to train with and to measure on.
pub struct Images {
    /// To train with and, as its test images, those that the search judged candidates on.
    pub split: SplitImages,
    /// Those that no choice saw.
    pub test: Dataset,
    /// What they are called.
    pub name: String,
}

impl Images {
    /// Those of the run, or the given ones.
    pub fn of((subject, run): (&Subject<'_>, &Path), given: Option<&str>) -> Result<Self, Failure> {
        let own = own(subject);
        let known = match (own, given) {
            (Err(why), None) => {
                let hint = "choose images by --data, such as `--data fashion-mnist` for the \
                            embedded sample";
                return Err(Failure::of_file(run, why, Some(hint)));
            }
            (Ok(accuracy), Some(given)) if accuracy.data.as_deref() != Some(given) => {
                let of_run = accuracy.data.as_deref().unwrap_or("the embedded sample");
                note(&format!(
                    "note: the search judged candidates on images of {of_run}; its figures compare \
                     only if {given} has the same\n"
                ));
                accuracy.clone()
            }
            (Ok(accuracy), _) => accuracy.clone(),
            (Err(_), Some(_)) => AccuracyConfig::default(),
        };
        let data = given.map(str::to_owned).or(known.data);
        let config = AccuracyConfig { data, ..known };
        let name = DatasetArgs::of(config.data.as_deref(), config.limit).called()?;
        let (split, test) = split(&config, subject.candidate.network.input.shape)?;
        Ok(Self { split, test, name })
    }
}

/// The run's images, or why it has none.
fn own<'s>(subject: &'s Subject<'_>) -> Result<&'s AccuracyConfig, &'static str> {
    let Some(config) = &subject.config else {
        return Err("it is a study, whose candidates Python evaluates: it names no images");
    };
    if config.accuracy.table.is_some() {
        return Err("its accuracies are from a table: it names no images");
    }
    if !AccuracyMetric::ALL.into_iter().any(|metric| subject.measures(metric)) {
        return Err("it searched costs alone: it names no images");
    }
    Ok(&config.accuracy)
}
