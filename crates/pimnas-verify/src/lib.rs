//! Recorded cases of the reference simulator: read one, run it, compare number by number.
//!
//! A case is a JSON file with a network, settings over the default configuration and what the
//! reference returned. A case that the reference rejected (`expected.error`) tests that pimnas
//! either gives its own clear error or accepts what is well defined.

pub mod candidate;
pub mod case;
pub mod compare;
pub mod hardware;
pub mod inference;
pub mod tensors;

use pimnas_config::RawConfig;

pub use case::{Case, CaseError, Kind};
pub use compare::{Comparison, Difference};

/// Largest relative difference of two equal figures of cost.
pub const COST_TOLERANCE: f64 = 1e-9;

/// What came of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Every recorded number agrees.
    Agrees {
        /// How many.
        numbers: usize,
    },
    /// Some do not.
    Disagrees(Comparison),
    /// pimnas rejects what the reference ran.
    Rejected {
        /// Why.
        reason: String,
    },
    /// The reference rejected the case, and so does pimnas.
    BothReject {
        /// The reason that pimnas gives.
        reason: String,
    },
    /// The reference rejected the case; pimnas runs it.
    Accepted,
}

impl Verdict {
    /// Whether this is as it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::Agrees { .. } | Self::BothReject { .. } | Self::Accepted => true,
            Self::Disagrees(_) | Self::Rejected { .. } => false,
        }
    }

    /// The verdict on what pimnas returned, given what the reference did.
    fn new(case: &Case, result: Result<Comparison, String>) -> Self {
        match (case.rejected_by_reference(), result) {
            (true, Ok(_)) => Self::Accepted,
            (true, Err(reason)) => Self::BothReject { reason },
            (false, Err(reason)) => Self::Rejected { reason },
            (false, Ok(comparison)) if comparison.differences.is_empty() => {
                Self::Agrees { numbers: comparison.numbers }
            }
            (false, Ok(comparison)) => Self::Disagrees(comparison),
        }
    }
}

/// Runs a case in the `reference` fidelity and compares all that is recorded. `base` is the
/// configuration over which the case's settings are written, `tensors` the bytes of the file that
/// [`Case::tensors`] names; without it only a candidate's figures of cost are compared.
#[must_use]
pub fn verify(case: &Case, base: &RawConfig, tensors: Option<&[u8]>) -> Verdict {
    let outputs = |run: fn(&Case, &RawConfig, &[u8]) -> Result<Comparison, String>| match tensors {
        Some(file) => run(case, base, file),
        None => Err("the file of its tensors is missing".to_owned()),
    };
    let result = match case.kind {
        Kind::Hardware => hardware::run(case, base),
        Kind::Inference => outputs(inference::run),
        Kind::Candidate => candidate::run(case, base, tensors),
    };
    Verdict::new(case, result)
}
