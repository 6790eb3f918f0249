//! What can be wrong with a state dict's file.

use thiserror::Error;

/// Why a PyTorch state dict cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PthError {
    /// Neither of the two formats.
    #[error(
        "this is not a file of torch.save: it begins with neither a zip archive nor its magic number"
    )]
    NotPth,
    /// A zip archive that is damaged or lacks an entry.
    #[error("the archive of torch.save is damaged: {why}")]
    Archive {
        /// What is wrong.
        why: String,
    },
    /// A pickle that breaks its own rules or does what state dicts never do.
    #[error("byte {position} of the pickle: {why}")]
    Pickle {
        /// Where, from the pickle's start.
        position: usize,
        /// What is wrong.
        why: String,
    },
    /// A function or class that is none of the few that state dicts consist of.
    #[error("byte {position} of the pickle: it calls `{name}`, which state dicts do not need")]
    UnknownGlobal {
        /// Where, from the pickle's start.
        position: usize,
        /// Module and name.
        name: String,
    },
    /// The numbers of a tensor are not there.
    #[error("tensor {name}: its storage {key} {why}")]
    Storage {
        /// The tensor.
        name: String,
        /// Key of the storage.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A tensor that reaches outside its storage.
    #[error(
        "tensor {name}: sizes {sizes:?}, strides {strides:?} and offset {offset} reach outside its storage of {elements} numbers"
    )]
    Range {
        /// The tensor.
        name: String,
        /// Its sizes.
        sizes: Vec<i64>,
        /// Its strides.
        strides: Vec<i64>,
        /// Its offset.
        offset: i64,
        /// Numbers in its storage.
        elements: usize,
    },
    /// More than any such file needs.
    #[error("{what} of more than {limit} bytes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// No tensors under names.
    #[error("the file holds no state dict, but {found}")]
    NoTensors {
        /// What it holds.
        found: String,
    },
}

impl PthError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotPth => "save the weights with torch.save(model.state_dict(), path)",
            Self::Archive { .. } | Self::Storage { .. } => {
                "check that the file was copied whole, or save it again"
            }
            Self::Pickle { .. } => {
                "save the weights again with torch.save(model.state_dict(), path)"
            }
            Self::UnknownGlobal { .. } => {
                "nothing of the file was executed; if you trust it, load it in Python and save only model.state_dict()"
            }
            Self::Range { .. } => "save the tensor again after .contiguous().clone()",
            Self::TooLarge { .. } => "save only the weights, after .contiguous().clone()",
            Self::NoTensors { .. } => "save model.state_dict(), a dict of tensors by name",
        }
    }
}
