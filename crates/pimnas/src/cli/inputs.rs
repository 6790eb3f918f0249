//! Options that several commands share: the network, the hardware and how to simulate.

use std::path::{Path, PathBuf};

use crate::network::zoo::{self, ZooOptions};
use crate::{
    Fidelity, Format, Hardware, InnerPipeline, Network, Options, Quirk, Quirks, RawConfig,
    SimulationError,
};
use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::onnx::{converted, is_onnx};
use super::output::{read_file, read_tensor_file};

/// Which network.
#[derive(Args, Clone, Debug)]
pub struct NetworkArgs {
    /// A network of the zoo (lenet, vgg8, vgg16, alexnet, resnet18) a layer-list JSON file or an
    /// ONNX file
    #[arg(long, value_name = "NAME|FILE", default_value = "vgg8")]
    pub network: String,
    #[command(flatten)]
    pub zoo: ZooArgs,
}

/// What a network of the zoo is built for.
#[derive(Args, Clone, Copy, Debug)]
pub struct ZooArgs {
    /// Classes of a network of the zoo
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub classes: usize,
    /// Side of the square three-channel input of a network of the zoo
    #[arg(long, value_name = "PIXELS", default_value_t = 32)]
    pub input_size: usize,
}

impl Default for ZooArgs {
    fn default() -> Self {
        Self { classes: 10, input_size: 32 }
    }
}

impl NetworkArgs {
    /// Reads or builds the network.
    pub fn load(&self) -> Result<Network, Failure> {
        load_network(&self.network, self.zoo)
    }

    /// What to call the network.
    pub fn name(&self) -> String {
        network_name(&self.network)
    }
}

/// What to call a network: its name in the zoo, or its file's.
pub fn network_name(given: &str) -> String {
    let path = Path::new(given);
    path.file_name().map_or_else(|| given.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Reads or builds a network.
pub fn load_network(given: &str, zoo_args: ZooArgs) -> Result<Network, Failure> {
    let path = Path::new(given);
    let looks_like_file =
        path.exists() || path.components().count() > 1 || path.extension().is_some();
    if zoo::NAMES.contains(&given) || !looks_like_file {
        let options = ZooOptions { classes: zoo_args.classes, input: zoo_args.input_size };
        return zoo::build(given, options).map_err(|error| Failure::new(&error, error.hint()));
    }
    if is_onnx(path) {
        return Ok(converted(path, &read_tensor_file(path)?)?.network);
    }
    let bytes = read_file(path)?;
    Network::from_json(&bytes).map_err(|error| Failure::of_file(path, &error, error.hint()))
}

/// Which hardware.
#[derive(Args, Clone, Debug)]
pub struct HardwareArgs {
    /// Hardware description, INI or TOML; without it the embedded default
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Change a key of the hardware description, such as "Crossbar level/Xbar_Size=128,128";
    /// may be repeated
    #[arg(long = "set", value_name = "SECTION/KEY=VALUE")]
    pub set: Vec<String>,
}

/// A hardware description as read, with its text for messages.
pub struct LoadedConfig {
    /// The description with overrides.
    pub raw: RawConfig,
    /// Its text.
    pub text: String,
}

impl HardwareArgs {
    /// Reads the description and applies the overrides.
    pub fn load_raw(&self) -> Result<LoadedConfig, Failure> {
        let (mut raw, text) = match &self.config {
            None => (RawConfig::reference_default(), String::new()),
            Some(path) => {
                let bytes = read_file(path)?;
                let name = path.display().to_string();
                let raw =
                    RawConfig::from_bytes(&bytes, Format::of_name(&name)).map_err(|problems| {
                        let text = std::str::from_utf8(&bytes).unwrap_or_default();
                        Failure::of_config(&problems.with_source_name(&name), text)
                    })?;
                let text = raw.text().to_owned();
                (raw.with_source_name(&name), text)
            }
        };
        let mut problems = String::new();
        for setting in &self.set {
            if let Err(error) = raw.set_override(setting) {
                problems +=
                    &Failure::new(format_args!("--set {setting}: {error}"), error.hint()).text;
            }
        }
        if problems.is_empty() {
            Ok(LoadedConfig { raw, text })
        } else {
            Err(Failure { text: problems })
        }
    }

    /// Reads the description, applies the overrides and resolves it.
    pub fn load(&self) -> Result<(RawConfig, Hardware), Failure> {
        let LoadedConfig { raw, text } = self.load_raw()?;
        let hardware = crate::config::resolve(&raw)
            .map_err(|problems| Failure::of_config(&problems, &text))?;
        Ok((raw, hardware))
    }

    /// What to call the hardware.
    pub fn name(&self) -> String {
        let base = self
            .config
            .as_ref()
            .map_or_else(|| "the default hardware".to_owned(), |path| path.display().to_string());
        match self.set.len() {
            0 => base,
            1 => format!("{base} with 1 change"),
            n => format!("{base} with {n} changes"),
        }
    }
}

/// Which numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FidelityArg {
    /// The reference's numbers, defects included
    Reference,
    /// Every known defect corrected
    Corrected,
}

impl FidelityArg {
    /// Its name as an argument.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Corrected => "corrected",
        }
    }
}

impl From<FidelityArg> for Fidelity {
    fn from(fidelity: FidelityArg) -> Self {
        match fidelity {
            FidelityArg::Reference => Self::Reference,
            FidelityArg::Corrected => Self::Corrected,
        }
    }
}

/// How to simulate.
#[derive(Args, Clone, Debug)]
pub struct ModeArgs {
    /// Let a layer wait until the layers before it are complete
    #[arg(long)]
    pub no_inner_pipeline: bool,
    /// Keep the reference's defects, or correct them (docs/QUIRKS.md)
    #[arg(long, value_enum, default_value_t = FidelityArg::Reference)]
    pub fidelity: FidelityArg,
    /// Keep this defect of the reference; may be repeated
    #[arg(long, value_name = "QUIRK")]
    pub keep: Vec<String>,
    /// Correct this defect of the reference; may be repeated
    #[arg(long, value_name = "QUIRK")]
    pub correct: Vec<String>,
    /// Copies of each hardware layer, such as 2,1,1: each copy works on its own columns
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    pub replication: Vec<u32>,
}

impl ModeArgs {
    /// The options of a simulation.
    pub fn options(&self) -> Result<Options, Failure> {
        let mut quirks = Quirks::from(Fidelity::from(self.fidelity));
        for name in &self.keep {
            quirks = quirks.with(quirk(name)?);
        }
        for name in &self.correct {
            quirks = quirks.without(quirk(name)?);
        }
        let inner_pipeline =
            if self.no_inner_pipeline { InnerPipeline::Disabled } else { InnerPipeline::Enabled };
        let options =
            Options { quirks, replication: self.replication.clone(), ..Options::default() };
        Ok(options.with_inner_pipeline(inner_pipeline))
    }

    /// The options in words.
    pub fn describe(&self) -> String {
        let pipeline = if self.no_inner_pipeline { "without" } else { "with" };
        format!("{pipeline} inner pipeline, {} fidelity", self.fidelity.name())
    }
}

fn quirk(name: &str) -> Result<Quirk, Failure> {
    Quirk::by_name(name).ok_or_else(|| {
        let names = Quirk::ALL.map(Quirk::name);
        let hint = pimnas_suggest::hint(name, names);
        Failure::new(format_args!("there is no quirk `{name}`"), Some(&hint))
    })
}

/// A simulation that is not possible.
pub fn simulation_failure(error: &SimulationError) -> Failure {
    Failure::new(error, error.hint().as_deref())
}
