//! AVX-512.

use super::{Call, portable};

/// The plain kernels, compiled for AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,fma,popcnt")]
pub(super) fn plain(call: &Call<'_>, sums: &mut [f32]) {
    portable::plain(call, sums);
}

/// Products of bytes.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")]
pub(super) fn dot(call: &Call<'_>, sums: &mut [f32]) {
    portable::plain(call, sums);
}
