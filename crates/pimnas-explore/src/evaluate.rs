//! One network on one hardware point.

use pimnas_config::RawConfig;
use pimnas_network::Network;
use pimnas_simulate::{Metrics, Options, simulate};

use crate::points::Setting;

/// The figures of merit of a network on a configuration with some settings changed.
///
/// # Errors
/// In words: a setting that does not exist, a configuration that does not resolve, a network
/// that does not fit.
pub fn evaluate(
    base: &RawConfig,
    settings: &[Setting],
    (network, options): (&Network, &Options),
) -> Result<Metrics, String> {
    let mut config = base.clone();
    for Setting { key, value } in settings {
        config.set(key, value).map_err(|error| error.to_string())?;
    }
    let hardware = pimnas_config::resolve(&config).map_err(|error| error.to_string())?;
    let report = simulate(&hardware, network, options).map_err(|error| error.to_string())?;
    Ok(report.metrics())
}
