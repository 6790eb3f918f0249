//! AVX2.

use super::portable::{plain, take};
use super::{Call, Sums};

/// Adds the call's values to the sums.
#[target_feature(enable = "avx2,fma,popcnt")]
pub(super) fn accumulate(call: &Call<'_>, sums: &mut Sums<'_>) {
    let _ = take;
    plain(call, sums);
}
