//! A recorded case as a file has it.

use pimnas_config::RawConfig;
use pimnas_network::{Network, NetworkErrors};
use serde_json::Value;
use thiserror::Error;

/// What a case records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Mapping and figures of cost of a network.
    Hardware,
    /// Figures of cost and outputs of a searched candidate.
    Candidate,
    /// Outputs of a network.
    Inference,
}

/// A recorded case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it records.
    pub kind: Kind,
    json: Value,
}

/// Why a file is no recorded case.
#[derive(Debug, Error)]
pub enum CaseError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but not of a recorded case.
    #[error("not a recorded case: it has no `{0}`")]
    Missing(&'static str),
}

impl Case {
    /// Reads a case from the bytes of its file.
    ///
    /// # Errors
    /// [`CaseError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, CaseError> {
        let json: Value = serde_json::from_slice(bytes)?;
        let expected = json.get("expected").ok_or(CaseError::Missing("expected"))?;
        let kind = if json.get("mnsim_cfg").is_some() {
            Kind::Candidate
        } else if json.get("network").is_none() {
            return Err(CaseError::Missing("network"));
        } else if expected.get("outputs").is_some() {
            Kind::Inference
        } else {
            Kind::Hardware
        };
        Ok(Self { kind, json })
    }

    /// What the reference returned.
    #[must_use]
    pub fn expected(&self) -> &Value {
        &self.json["expected"]
    }

    /// Whether the reference raised an error.
    #[must_use]
    pub fn rejected_by_reference(&self) -> bool {
        self.expected().get("error").is_some()
    }

    /// Name of the file of tensors that belongs to the case.
    #[must_use]
    pub fn tensors(&self) -> Option<&str> {
        self.expected().get("tensors")?.as_str()
    }

    /// Names of the outputs that an inference case records.
    #[must_use]
    pub fn outputs(&self) -> Vec<&str> {
        let names = self.expected().get("outputs").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Copies of each hardware layer; empty where the case has none.
    #[must_use]
    pub fn replication(&self) -> Vec<u32> {
        let copies = self.json.get("multiple").and_then(Value::as_array);
        let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
        copies.into_iter().flatten().filter_map(number).collect()
    }

    /// The case's network.
    ///
    /// # Errors
    /// A network that is not sound.
    pub fn network(&self) -> Result<Network, NetworkErrors> {
        match self.kind {
            Kind::Candidate => Network::from_candidate_json(self.json["mnsim_cfg"].to_string()),
            Kind::Hardware | Kind::Inference => {
                Network::from_layer_list_json(self.json["network"].to_string())
            }
        }
    }

    /// The case's settings, written over a configuration.
    ///
    /// # Errors
    /// A key that does not exist.
    pub fn config(&self, base: &RawConfig) -> Result<RawConfig, String> {
        let mut config = base.clone();
        let sections = self.json.get("config_overrides").and_then(Value::as_object);
        for (section, keys) in sections.into_iter().flatten() {
            for (key, value) in keys.as_object().into_iter().flatten() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                config
                    .set(&format!("{section}/{key}"), &value)
                    .map_err(|error| error.to_string())?;
            }
        }
        Ok(config)
    }
}
