//! A network with its weights.

use std::sync::Arc;

use pimnas_infer::Parameters;
use pimnas_network::Network;

/// A candidate of a search: a network and its weights. A copy shares both.
#[derive(Clone, Debug)]
pub struct CandidateNet {
    network: Arc<Network>,
    parameters: Arc<Parameters>,
}

impl CandidateNet {
    /// Puts a network and its weights together. Whether they fit shows when outputs are asked for.
    #[must_use]
    pub fn new(network: impl Into<Arc<Network>>, parameters: impl Into<Arc<Parameters>>) -> Self {
        Self { network: network.into(), parameters: parameters.into() }
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Its weights by name, `<layer>.<name>`.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
