//! What layers cannot express.

use std::fmt;

use pimnas_network::NetworkErrors;
use thiserror::Error;

/// Problems that a message names one by one.
const LISTED: usize = 20;

/// A node that layers cannot express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertProblem {
    /// Operator and name of the node.
    pub node: String,
    /// What layers lack.
    pub why: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl fmt::Display for ConvertProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}: {}", self.node, self.why)
    }
}

/// Why a graph cannot become a network of layers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConvertError {
    /// Nodes that layers cannot express, in their order; those that read from them are not looked
    /// at.
    #[error("{}", listed(.0))]
    Nodes(Vec<ConvertProblem>),
    /// Inputs or outputs that a network does not have.
    #[error("{what}")]
    Interface {
        /// What is wrong.
        what: String,
    },
    /// A network that does not fit the limits of layers.
    #[error(transparent)]
    Network(#[from] NetworkErrors),
}

fn listed(problems: &[ConvertProblem]) -> String {
    if let [single] = problems {
        return single.to_string();
    }
    let mut text = format!("{} nodes cannot be expressed by layers:", problems.len());
    for problem in problems.iter().take(LISTED) {
        text += &format!("\n- {problem}\n  hint: {}", problem.hint);
    }
    match problems.len().saturating_sub(LISTED) {
        0 => text,
        more => format!("{text}\n- and {more} more"),
    }
}

impl ConvertError {
    /// What to do about it; of several nodes the displayed text says it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Nodes(problems) => match problems.as_slice() {
                [single] => Some(single.hint),
                _ => None,
            },
            Self::Interface { .. } => Some(
                "export the network with one input (batch × channels × rows × columns, or \
                      batch × features) and one output",
            ),
            Self::Network(errors) => errors.hint(),
        }
    }
}

/// A problem of the node at hand.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub why: String,
    pub hint: &'static str,
}

/// Refuses the node at hand.
pub(super) fn refuse<T>(why: impl Into<String>, hint: &'static str) -> Result<T, Refusal> {
    Err(Refusal { why: why.into(), hint })
}
