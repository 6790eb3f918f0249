//! Spaces: decisions, and how a rollout of them is decoded.

mod decode;
mod entries;
mod expand;
mod fields;
mod hardware;
mod template;
mod written;

use std::fmt;

use pimnas_network::Network;
use thiserror::Error;

use crate::decisions::Decisions;
use crate::rollout::Rollout;

pub use hardware::{HardwareChoice, RealisedHardware};
pub use written::WrittenSpace;

/// A search space.
pub trait Space: Send + Sync {
    /// Its name, which its genotypes carry.
    fn name(&self) -> &str;

    /// What it is, in a sentence or two.
    fn about(&self) -> &str;

    /// Its decisions.
    fn decisions(&self) -> &Decisions;

    /// The network and the hardware decisions of a rollout of [`Self::decisions`].
    ///
    /// # Errors
    /// Every reason why there is no such network.
    fn decode(&self, rollout: &Rollout) -> Result<Candidate, Rejection>;

    /// What a rollout decides of the hardware, as [`Self::decode`] gives it; spaces that can tell
    /// without the network do.
    ///
    /// # Errors
    /// Every reason why there is no such candidate, or no such hardware.
    fn decode_hardware(&self, rollout: &Rollout) -> Result<HardwareChoice, Rejection> {
        self.decode(rollout).map(|candidate| candidate.hardware)
    }
}

/// Which row and column a convolution with an even kernel leaves out (see
/// [`pimnas_network::Convolution`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaddingFlag {
    /// The first (0).
    First,
    /// The last (1).
    Last,
}

impl PaddingFlag {
    /// The number that layers' states carry.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::First => 0,
            Self::Last => 1,
        }
    }
}

/// A decoded rollout: a network whose shapes fit, and a hardware.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The network, with the precision of every layer and without scales. Layers that nothing
    /// takes are not in it.
    pub network: Network,
    /// For each layer that drops an edge, which.
    pub padding_flags: Vec<Option<PaddingFlag>>,
    /// What it decides of the hardware.
    pub hardware: HardwareChoice,
}

/// A reason against a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What is impossible, where and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Reason {
    pub(crate) fn new(message: impl Into<String>, hint: &str) -> Self {
        Self { message: message.into(), hint: Some(hint.to_owned()) }
    }
}

/// Why a rollout gives no candidate: every reason found, one or more.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Rejection {
    /// The reasons.
    pub reasons: Vec<Reason>,
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self { reasons: vec![reason] }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.reasons.iter().enumerate() {
            let joint = if index == 0 { "" } else { "; " };
            write!(f, "{joint}{}", reason.message)?;
        }
        Ok(())
    }
}
