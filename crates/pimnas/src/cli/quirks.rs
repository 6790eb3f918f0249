//! Which of the reference's defects are kept where outputs are computed.

use crate::device::{DeviceQuirk, DeviceQuirks};
use crate::infer::{InferenceQuirk, InferenceQuirks};
use crate::interface::ModelQuirks;
use crate::{Fidelity, Quirk, Quirks};
use clap::Args;

use super::failure::Failure;
use super::inputs::FidelityArg;

/// Which of the reference's defects are kept.
#[derive(Args, Clone, Debug)]
pub struct QuirkArgs {
    /// Keep the reference's defects, or correct them (docs/QUIRKS.md)
    #[arg(long, value_enum, default_value_t = FidelityArg::Reference)]
    fidelity: FidelityArg,
    /// Keep this defect of the reference; may be repeated
    #[arg(long, value_name = "QUIRK")]
    keep: Vec<String>,
    /// Correct this defect of the reference; may be repeated
    #[arg(long, value_name = "QUIRK")]
    correct: Vec<String>,
}

/// What a command computes, hence which quirks it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computes {
    /// Outputs.
    Outputs,
    /// Outputs on non-ideal devices.
    Devices,
    /// Outputs and costs.
    Costs,
}

/// The defects that are kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptQuirks {
    /// Those of the cost models.
    pub costs: Quirks,
    /// Those of inference.
    pub inference: InferenceQuirks,
    /// Those of non-ideal devices.
    pub devices: DeviceQuirks,
}

/// A quirk of whichever family.
#[derive(Clone, Copy)]
enum Named {
    Cost(Quirk),
    Inference(InferenceQuirk),
    Device(DeviceQuirk),
}

impl Named {
    fn all() -> impl Iterator<Item = Self> {
        let inference = InferenceQuirk::ALL.into_iter().map(Self::Inference);
        let devices = DeviceQuirk::ALL.into_iter().map(Self::Device);
        inference.chain(devices).chain(Quirk::ALL.into_iter().map(Self::Cost))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cost(quirk) => quirk.name(),
            Self::Inference(quirk) => quirk.name(),
            Self::Device(quirk) => quirk.name(),
        }
    }

    fn matters(self, computes: Computes) -> bool {
        match (self, computes) {
            (Self::Inference(_), _)
            | (Self::Cost(_), Computes::Costs)
            | (Self::Device(_), Computes::Devices) => true,
            // Written figures of converters include their bits.
            (Self::Cost(quirk), Computes::Outputs | Computes::Devices) => {
                quirk == Quirk::WrittenFiguresIgnored
            }
            (Self::Device(_), Computes::Outputs | Computes::Costs) => false,
        }
    }
}

impl From<Fidelity> for KeptQuirks {
    fn from(fidelity: Fidelity) -> Self {
        let (inference, devices) = (fidelity.into(), fidelity.into());
        Self { costs: fidelity.into(), inference, devices }
    }
}

impl KeptQuirks {
    /// Those of a network on crossbars.
    pub fn model(self) -> ModelQuirks {
        ModelQuirks { costs: self.costs, inference: self.inference }
    }

    fn with(self, quirk: Named) -> Self {
        match quirk {
            Named::Cost(quirk) => Self { costs: self.costs.with(quirk), ..self },
            Named::Inference(quirk) => Self { inference: self.inference.with(quirk), ..self },
            Named::Device(quirk) => Self { devices: self.devices.with(quirk), ..self },
        }
    }

    fn without(self, quirk: Named) -> Self {
        match quirk {
            Named::Cost(quirk) => Self { costs: self.costs.without(quirk), ..self },
            Named::Inference(quirk) => Self { inference: self.inference.without(quirk), ..self },
            Named::Device(quirk) => Self { devices: self.devices.without(quirk), ..self },
        }
    }
}

impl QuirkArgs {
    /// The defects that are kept.
    pub fn resolve(&self, computes: Computes) -> Result<KeptQuirks, Failure> {
        let mut kept = KeptQuirks::from(Fidelity::from(self.fidelity));
        for name in &self.keep {
            kept = kept.with(named(name, computes)?);
        }
        for name in &self.correct {
            kept = kept.without(named(name, computes)?);
        }
        Ok(kept)
    }

    /// The choice in words: `reference`, or `reference, correcting unquantised-input`.
    pub fn describe(&self) -> String {
        let list = |word: &str, names: &[String]| match names {
            [] => String::new(),
            names => format!(", {word} {}", names.join(" ")),
        };
        let keeping = list("keeping", &self.keep);
        format!("{}{keeping}{}", self.fidelity.name(), list("correcting", &self.correct))
    }
}

fn named(name: &str, computes: Computes) -> Result<Named, Failure> {
    let known = || Named::all().filter(|quirk| quirk.matters(computes));
    if let Some(quirk) = known().find(|quirk| quirk.name() == name) {
        return Ok(quirk);
    }
    let elsewhere = Named::all().any(|quirk| quirk.name() == name);
    let message = if elsewhere {
        format!("the quirk `{name}` changes nothing that is computed here")
    } else {
        format!("there is no quirk `{name}`")
    };
    let names: Vec<&str> = known().map(Named::name).collect();
    let hint = match (elsewhere, pimnas_suggest::closest(name, names.iter().copied())) {
        (false, Some(nearest)) => format!("did you mean `{nearest}`?"),
        (true, _) | (false, None) => format!("choose one of {}", names.join(", ")),
    };
    Err(Failure::new(message, Some(&hint)))
}
