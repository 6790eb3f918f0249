//! State dicts of PyTorch (`.pth`, `.pt`), without PyTorch and without running anything in them.

mod archive;
mod error;
mod legacy;
mod machine;
mod rebuild;
mod state;
mod value;
mod view;

pub use error::PthError;

use crate::named::NamedTensors;

impl NamedTensors {
    /// The state dict in a file of `torch.save`: a zip archive, or the older format of pickles
    /// and numbers; tensors of any strides, sharing storages or not. A checkpoint that keeps its
    /// state dict under a usual key (`state_dict`, `model`, …) is taken, too.
    ///
    /// Nothing in the file is executed, and memory stays within a multiple of its size.
    ///
    /// # Errors
    /// A file that is neither or is damaged, and one that needs any function but the few that
    /// rebuild tensors.
    pub fn from_pth(file: &[u8]) -> Result<Self, PthError> {
        if file.starts_with(&archive::MAGIC) {
            archive::read(file)
        } else if legacy::is_legacy(file) {
            legacy::read(file)
        } else {
            Err(PthError::NotPth)
        }
    }
}
