//! The hardware description: as written ([`RawConfig`]) and as meant ([`Hardware`]).
//!
//! ```
//! use pimnas_config::{RawConfig, resolve};
//!
//! let mut config = RawConfig::reference_default();
//! config.set("Crossbar level/Xbar_Size", "128,128")?;
//! assert_eq!(resolve(&config)?.crossbar.rows, 128);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod describe;
mod diagnostic;
mod document;
pub mod hardware;
mod ini;
mod point;
mod raw;
pub mod registry;
mod resolve;
mod toml_form;
mod value;
mod write;

pub use describe::{DerivedValue, DescribedKey, Description, Provenance, describe};
pub use diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, Place, Severity};
pub use document::Origin;
pub use hardware::Hardware;
pub use point::HardwarePoint;
pub use raw::{Format, RawConfig};
pub use registry::KEYS;
pub use resolve::{check, resolve};
