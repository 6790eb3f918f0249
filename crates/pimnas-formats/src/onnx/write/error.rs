//! Why a network cannot be written as ONNX.

use std::fmt;

use pimnas_network::NetworkErrors;
use thiserror::Error;

/// Problems that a message names one by one.
const LISTED: usize = 20;

/// A layer that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxWriteProblem {
    /// Index of the layer in its network.
    pub layer: usize,
    /// Its operation, and its name where it has one: `conv stage1.conv`.
    pub name: String,
    /// What is wrong.
    pub why: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl fmt::Display for OnnxWriteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} ({}): {}", self.layer, self.name, self.why)
    }
}

/// Why a network cannot be written as ONNX.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OnnxWriteError {
    /// Layers that have no form in ONNX, or whose parameters are missing or of another shape.
    #[error("{}", listed(.0))]
    Layers(Vec<OnnxWriteProblem>),
    /// A network whose layers do not fit together.
    #[error(transparent)]
    Network(#[from] NetworkErrors),
    /// Parts of weights that do not fit together.
    #[error(transparent)]
    Parts(#[from] crate::split::SplitError),
    /// More than a file of this format can hold.
    #[error("the network takes {bytes} bytes; an ONNX file holds {most}")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// Most that it can have.
        most: usize,
    },
}

fn listed(problems: &[OnnxWriteProblem]) -> String {
    if let [single] = problems {
        return single.to_string();
    }
    let mut text = format!("{} layers cannot be written as ONNX:", problems.len());
    for problem in problems.iter().take(LISTED) {
        text += &format!("\n- {problem}\n  hint: {}", problem.hint);
    }
    match problems.len().saturating_sub(LISTED) {
        0 => text,
        more => format!("{text}\n- and {more} more"),
    }
}

impl OnnxWriteError {
    /// What to do about it; of several layers the displayed text says it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Layers(problems) => match problems.as_slice() {
                [single] => Some(single.hint),
                _ => None,
            },
            Self::Network(errors) => errors.hint(),
            Self::Parts(error) => Some(error.hint()),
            Self::TooLarge { .. } => Some("take a smaller network, or keep it as safetensors"),
        }
    }
}

/// A problem of the layer at hand.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub why: String,
    pub hint: &'static str,
}

/// Refuses the layer at hand.
pub(super) fn refuse<T>(why: impl Into<String>, hint: &'static str) -> Result<T, Refusal> {
    Err(Refusal { why: why.into(), hint })
}
