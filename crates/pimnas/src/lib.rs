//! Design a neural network and the processing-in-memory hardware that runs it, together.
//!
//! This crate is the façade: it gathers what the rooms below it offer and has no logic of its
//! own beside that of the command `pimnas`, which is built on it.
//!
//! ```
//! use pimnas::{Options, RawConfig, resolve, simulate, zoo};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = RawConfig::reference_default();
//! config.set("Crossbar level/Xbar_Size", "128,128")?;
//! let hardware = resolve(&config)?;
//! let network = zoo::build("resnet18", zoo::ZooOptions::default())?;
//!
//! let report = simulate(&hardware, &network, &Options::default())?;
//! let metrics = report.metrics();
//! println!("{:.2} ms, {:.2} mJ", metrics.latency_ms, metrics.energy_mj);
//! # assert!(metrics.latency_ms > 0.0);
//! # Ok(())
//! # }
//! ```

pub mod cli;

pub use pimnas_config::{Diagnostics, Format, Hardware, HardwarePoint, RawConfig, resolve};
pub use pimnas_hardware::{Fidelity, Quirk, Quirks};
pub use pimnas_interface::{CandidateNet, HardwareInterface, InterfaceError, InterfaceOptions};
pub use pimnas_network::{Network, NetworkErrors, ShapedNetwork, zoo};
pub use pimnas_simulate::{InnerPipeline, Metrics, Options, SimReport, SimulationError, simulate};

pub use pimnas_config as config;
pub use pimnas_cosearch as cosearch;
pub use pimnas_data as data;
pub use pimnas_device as device;
pub use pimnas_explore as explore;
pub use pimnas_formats as formats;
pub use pimnas_hardware as hardware;
pub use pimnas_infer as infer;
pub use pimnas_interface as interface;
pub use pimnas_network as network;
pub use pimnas_page as page;
pub use pimnas_report as report;
pub use pimnas_search as search;
pub use pimnas_simulate as simulation;
pub use pimnas_store as store;
#[cfg(feature = "train")]
pub use pimnas_supernet as supernet;
#[cfg(feature = "train")]
pub use pimnas_train as train;
pub use pimnas_units as units;
pub use pimnas_verify as verify;

/// The native blocks of the page about the Python package.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/PYTHON.md")]
pub struct PythonPage;

/// The native blocks of the tutorial.
#[cfg(all(doctest, feature = "train"))]
#[doc = include_str!("../../../docs/TUTORIAL.md")]
pub struct TutorialPage;

/// The native blocks of the page about adding parts.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/EXTENDING.md")]
pub struct ExtendingPage;
