//! The network that is part of the command: see `data/networks/README.md`.

use crate::Network;
use crate::infer::Parameters;

use super::failure::Failure;
use super::model::infer_failure;

/// What it is called.
pub const NAME: &str = "fashion-mnist-small";
const NETWORK: &[u8] = include_bytes!("../../../../data/networks/fashion-mnist-small.json");
const WEIGHTS: &[u8] = include_bytes!("../../../../data/networks/fashion-mnist-small.safetensors");

/// The network and its weights.
pub fn load() -> Result<(Network, Parameters), Failure> {
    let network =
        Network::from_json(NETWORK).map_err(|error| Failure::new(&error, error.hint()))?;
    let weights = Parameters::from_safetensors(WEIGHTS).map_err(|error| infer_failure(&error))?;
    Ok((network, weights))
}
