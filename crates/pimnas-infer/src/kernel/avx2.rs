//! AVX2.

use super::{Call, portable};

/// The plain kernels, compiled for AVX2.
#[target_feature(enable = "avx2,fma,popcnt")]
pub(super) fn plain(call: &Call<'_>, sums: &mut [f32]) {
    portable::plain(call, sums);
}

/// Products of bytes.
#[target_feature(enable = "avx2,fma,popcnt")]
pub(super) fn dot(call: &Call<'_>, sums: &mut [f32]) {
    portable::plain(call, sums);
}
