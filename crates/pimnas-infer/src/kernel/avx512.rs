//! AVX-512.

use super::portable::plain;
use super::{Call, Sums};

/// Adds the call's values to the sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq,fma")]
pub(super) fn accumulate(call: &Call<'_>, sums: &mut Sums<'_>) {
    plain(call, sums);
}
