//! Which instructions the kernels use.

use crate::error::InferError;

/// A choice of instructions; all give the same values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kernels {
    /// The fastest that this processor has.
    #[default]
    Fastest,
    /// None beyond those of every processor.
    Portable,
    /// AVX2 with FMA.
    Avx2,
    /// AVX-512 with VNNI, VBMI and VPOPCNTDQ.
    Avx512,
}

/// Instructions that this processor is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernels {
    /// The instructions of this choice.
    ///
    /// # Errors
    /// [`InferError::NoInstructions`] if the processor lacks them.
    pub(crate) fn resolve(self) -> Result<Isa, InferError> {
        let lacks = |kernel| Err(InferError::NoInstructions { kernel });
        match self {
            Self::Fastest => Ok(avx512().or_else(avx2).unwrap_or(Isa::Portable)),
            Self::Portable => Ok(Isa::Portable),
            Self::Avx2 => avx2().map_or_else(|| lacks("AVX2"), Ok),
            Self::Avx512 => avx512().map_or_else(|| lacks("AVX-512"), Ok),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn avx2() -> Option<Isa> {
    let has = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("popcnt");
    has.then_some(Isa::Avx2)
}

#[cfg(target_arch = "x86_64")]
fn avx512() -> Option<Isa> {
    let has = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && avx2().is_some();
    has.then_some(Isa::Avx512)
}

#[cfg(not(target_arch = "x86_64"))]
fn avx2() -> Option<Isa> {
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn avx512() -> Option<Isa> {
    None
}
