//! What can be wrong with an ONNX file.

use std::fmt;

use thiserror::Error;

use super::operators::OPERATORS;

/// Unsupported operators that a message names one by one.
const LISTED: usize = 20;

/// An operator that is not known here, with the nodes that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedOperator {
    /// The operator, with its domain if that is not ONNX's own.
    pub operator: String,
    /// The first node that has it.
    pub node: String,
    /// Number of nodes that have it.
    pub count: usize,
}

impl fmt::Display for UnsupportedOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operator, node, count } = self;
        write!(f, "node {node}: the operator {operator} is not supported")?;
        match count.saturating_sub(1) {
            0 => Ok(()),
            1 => f.write_str(" (nor in 1 more node)"),
            more => write!(f, " (nor in {more} more nodes)"),
        }
    }
}

/// Why an ONNX file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OnnxError {
    /// Not such a file, or a damaged one.
    #[error("this is not a whole ONNX file: {why}")]
    Format {
        /// What is wrong.
        why: String,
    },
    /// A file that would take much more memory than it has bytes.
    #[error(
        "this is no network: its {bytes} bytes would take more than {} MiB of memory",
        .limit >> 20
    )]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// Bytes of memory that it may take.
        limit: usize,
    },
    /// A version of the operators that is not known.
    #[error("the network uses operator set {version}; {first} to {last} are read")]
    Opset {
        /// Its version.
        version: i64,
        /// First version that is read.
        first: i64,
        /// Last version that is read.
        last: i64,
    },
    /// Operators that are not known here: every one of the network.
    #[error("{}", listed(.0))]
    Operators(Vec<UnsupportedOperator>),
    /// A known operator, used in a way that is not known here.
    #[error("node {node}: {operator} {why}")]
    Form {
        /// The operator.
        operator: String,
        /// The node.
        node: String,
        /// What it has that is not known.
        why: String,
    },
    /// A value that no node or input gives before it is used.
    #[error("{node}: its input {value} is given by no earlier node")]
    UnknownValue {
        /// The node, or the graph's outputs.
        node: String,
        /// The value.
        value: String,
    },
    /// A value that two nodes give.
    #[error("node {node}: the value {value} is already given by another node or input")]
    GivenTwice {
        /// The second node.
        node: String,
        /// The value.
        value: String,
    },
    /// A tensor that is damaged or of a type that is not taken.
    #[error("tensor {name}: {why}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// An input that is not a tensor of known rank.
    #[error("input {name}: {why}")]
    Input {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
}

fn listed(operators: &[UnsupportedOperator]) -> String {
    let [single] = operators else {
        let mut text = format!("{} operators are not supported:", operators.len());
        for operator in operators.iter().take(LISTED) {
            text += &format!("\n- {operator}");
        }
        return match operators.len().saturating_sub(LISTED) {
            0 => text,
            more => format!("{text}\n- and {more} more"),
        };
    };
    single.to_string()
}

impl OnnxError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Format { .. } => {
                "check that the file was copied whole, or export it again".into()
            }
            Self::TooLarge { .. } => {
                "check where the file comes from; weights take the least as raw bytes".into()
            }
            Self::Opset { last, .. } => format!("export the network with opset_version={last}"),
            Self::Operators(_) => format!(
                "replace them before exporting, or cut the network before them; supported are {}",
                OPERATORS.join(", ")
            ),
            Self::Form { .. } => "export the network for inference, with plain settings".into(),
            Self::UnknownValue { .. } => {
                "export the network again: nodes must come after those that they read".into()
            }
            Self::GivenTwice { .. } => "export the network again: names must be unique".into(),
            Self::Tensor { .. } => {
                "store weights inside the file, as floats or integers of at most 64 bits".into()
            }
            Self::Input { .. } => "export the network with tensors of known rank as inputs".into(),
        }
    }
}
