//! Words of Python as options.

use pimnas_hardware::{Fidelity, Quirk, Quirks};
use pimnas_infer::{AdcRange, Mode};
use pimnas_simulate::{InnerPipeline, Options};
use pyo3::prelude::*;

use crate::errors::{Fault, Kind};

/// `reference` or `corrected`.
pub fn fidelity(name: &str) -> PyResult<Fidelity> {
    match name {
        "reference" => Ok(Fidelity::Reference),
        "corrected" => Ok(Fidelity::Corrected),
        _ => Err(Fault::new(Kind::Config, "fidelity", format!("there is no fidelity `{name}`"))
            .hint("give `reference` or `corrected`")
            .into()),
    }
}

/// An arithmetic by name.
pub fn mode(name: &str) -> PyResult<Mode> {
    match name {
        "float" => Ok(Mode::Float),
        "fixed" => Ok(Mode::FixedPoint),
        "crossbar" => Ok(Mode::Crossbar(AdcRange::Scale)),
        "crossbar-fix" => Ok(Mode::Crossbar(AdcRange::Fix)),
        _ => Err(Fault::new(
            Kind::Network,
            "arithmetic",
            format!("no arithmetic is called `{name}`"),
        )
        .hint("give `float`, `fixed`, `crossbar` or `crossbar-fix`")
        .into()),
    }
}

/// With the inner pipeline, or without.
pub fn inner_pipeline(disabled: bool) -> InnerPipeline {
    if disabled { InnerPipeline::Disabled } else { InnerPipeline::Enabled }
}

/// How a simulation is done, as Python states it.
#[derive(Clone, Debug, FromPyObject)]
pub struct ModeArguments {
    #[pyo3(item)]
    inner_pipeline: bool,
    #[pyo3(item)]
    fidelity: String,
    #[pyo3(item)]
    keep: Vec<String>,
    #[pyo3(item)]
    correct: Vec<String>,
    #[pyo3(item)]
    replication: Vec<u32>,
}

impl ModeArguments {
    /// As options.
    pub fn options(&self) -> PyResult<Options> {
        let mut quirks = Quirks::from(fidelity(&self.fidelity)?);
        for name in &self.keep {
            quirks = quirks.with(quirk(name)?);
        }
        for name in &self.correct {
            quirks = quirks.without(quirk(name)?);
        }
        let replication = self.replication.clone();
        let options = Options { quirks, replication, ..Options::default() };
        Ok(options.with_inner_pipeline(inner_pipeline(!self.inner_pipeline)))
    }

    /// In words.
    pub fn describe(&self) -> String {
        let pipeline = if self.inner_pipeline { "with" } else { "without" };
        format!("{pipeline} inner pipeline, {} fidelity", self.fidelity)
    }
}

fn quirk(name: &str) -> PyResult<Quirk> {
    Quirk::by_name(name).ok_or_else(|| {
        let names = Quirk::ALL.map(Quirk::name).join(", ");
        Fault::new(Kind::Config, "quirk", format!("there is no quirk `{name}`"))
            .hint(format!("choose one of {names}"))
            .into()
    })
}
