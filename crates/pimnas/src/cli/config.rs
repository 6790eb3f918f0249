//! `pimnas config`.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::Format;
use crate::config::registry::Usage;
use crate::config::{KEYS, Provenance, check, describe};
use crate::report::table::table;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::failure::{BAD_INPUT, Failure, render_diagnostics};
use super::inputs::{HardwareArgs, LoadedConfig};
use super::output::{OutputArgs, note, print};

/// Check, show and convert hardware descriptions
#[derive(Args, Clone, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum ConfigCommand {
    /// All problems of a description, with line, allowed range and hint
    Check(FileArgs),
    /// What each key resolves to, with units, and where that comes from
    Show {
        #[command(flatten)]
        file: FileArgs,
        /// Form of the results
        #[arg(long, value_enum, default_value_t = ShowFormat::Table)]
        format: ShowFormat,
    },
    /// Write a description as INI or TOML, with changes, comments kept
    Convert {
        #[command(flatten)]
        file: FileArgs,
        /// Form to write; the form that it has, if not given
        #[arg(long, value_enum)]
        to: Option<FormatArg>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Every key: type, unit, allowed values, default, meaning
    Keys {
        /// Form of the results
        #[arg(long, value_enum, default_value_t = ShowFormat::Table)]
        format: ShowFormat,
    },
}

/// Which description.
#[derive(Args, Clone, Debug)]
struct FileArgs {
    /// Hardware description, INI or TOML; without it the embedded default
    file: Option<PathBuf>,
    /// Change a key, such as "Crossbar level/Xbar_Size=128,128"; may be repeated
    #[arg(long = "set", value_name = "SECTION/KEY=VALUE")]
    set: Vec<String>,
}

impl FileArgs {
    fn load(&self) -> Result<LoadedConfig, Failure> {
        HardwareArgs { config: self.file.clone(), set: self.set.clone() }.load_raw()
    }
}

/// Form of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShowFormat {
    /// For reading
    Table,
    /// For programs
    Json,
}

/// Form of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// The reference's dialect
    Ini,
    /// The same content as TOML
    Toml,
}

/// Runs the command.
pub fn run(args: &ConfigArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        ConfigCommand::Check(file) => check_file(file),
        ConfigCommand::Show { file, format } => show(file, *format).map(|()| ExitCode::SUCCESS),
        ConfigCommand::Convert { file, to, output } => {
            output.check()?;
            let raw = file.load()?.raw;
            let format = match to {
                None => raw.format(),
                Some(FormatArg::Ini) => Format::Ini,
                Some(FormatArg::Toml) => Format::Toml,
            };
            let text = match format {
                Format::Ini => raw.to_ini(),
                Format::Toml => raw.to_toml(),
            };
            output.write(&text).map(|()| ExitCode::SUCCESS)
        }
        ConfigCommand::Keys { format } => keys(*format).map(|()| ExitCode::SUCCESS),
    }
}

fn check_file(file: &FileArgs) -> Result<ExitCode, Failure> {
    let LoadedConfig { raw, text } = file.load()?;
    let problems = check(&raw);
    note(&render_diagnostics(problems.iter(), &text));
    let (errors, warnings) = (problems.errors().count(), problems.warnings().count());
    print(&format!("{errors} errors, {warnings} warnings\n"))?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(BAD_INPUT) })
}

fn show(file: &FileArgs, format: ShowFormat) -> Result<(), Failure> {
    let LoadedConfig { raw, text } = file.load()?;
    let problems = check(&raw);
    if problems.has_errors() {
        return Err(Failure::of_config(&problems, &text));
    }
    let description = describe(&raw);
    match format {
        ShowFormat::Table => {
            let mut keys = table(&["key", "written", "meant", "from"], 4);
            for entry in &description.keys {
                keys.add_row([
                    entry.key.path(),
                    entry.written.clone().unwrap_or_default(),
                    entry.resolved_with_unit().unwrap_or_default(),
                    provenance(&entry.provenance),
                ]);
            }
            let mut derived = table(&["derived", "value", "from"], 3);
            for value in &description.derived {
                let figure = format!("{} {}", value.value, value.unit);
                derived.add_row([value.name, figure.trim_end(), value.from]);
            }
            print(&format!("{keys}\n\n{derived}\n"))
        }
        ShowFormat::Json => {
            let keys: Vec<_> = description
                .keys
                .iter()
                .map(|entry| {
                    json!({
                        "section": entry.key.section,
                        "key": entry.key.name,
                        "written": entry.written,
                        "resolved": entry.resolved,
                        "unit": entry.key.unit,
                        "from": provenance(&entry.provenance),
                    })
                })
                .collect();
            let derived: Vec<_> = description
                .derived
                .iter()
                .map(|value| json!({
                    "name": value.name, "value": value.value, "unit": value.unit, "from": value.from,
                }))
                .collect();
            print(&format!("{:#}\n", json!({"keys": keys, "derived": derived})))
        }
    }
}

fn provenance(provenance: &Provenance) -> String {
    match provenance {
        Provenance::Written(place) => format!("line {}", place.line),
        Provenance::Set => "set by a program".to_owned(),
        Provenance::Override => "--set".to_owned(),
        Provenance::HardwarePoint => "hardware point".to_owned(),
        Provenance::Default => "default".to_owned(),
        Provenance::Derived => "derived".to_owned(),
        Provenance::Missing => "missing".to_owned(),
    }
}

fn keys(format: ShowFormat) -> Result<(), Failure> {
    let usage = |usage: Usage| match usage {
        Usage::Simulated => "used",
        Usage::Unused => "read, not used",
    };
    match format {
        ShowFormat::Table => {
            let head = ["key", "type", "unit", "allowed", "default", "", "about"];
            let mut all = table(&head, head.len());
            for key in KEYS {
                all.add_row([
                    key.path().as_str(),
                    key.kind.as_str(),
                    key.unit,
                    &key.allowed(),
                    key.default,
                    usage(key.usage),
                    key.about,
                ]);
            }
            print(&format!("{all}\n"))
        }
        ShowFormat::Json => {
            let all: Vec<_> = KEYS
                .iter()
                .map(|key| {
                    json!({
                        "section": key.section,
                        "key": key.name,
                        "type": key.kind.as_str(),
                        "unit": key.unit,
                        "allowed": key.allowed(),
                        "default": key.default,
                        "usage": usage(key.usage),
                        "about": key.about,
                    })
                })
                .collect();
            print(&format!("{:#}\n", json!(all)))
        }
    }
}
