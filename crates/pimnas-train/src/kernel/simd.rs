//! Vectors of floats with the instructions that the processor has.
//!
//! A kernel is written once, generic over [`Simd`], and inlined into an entry function for each
//! set of instructions ([`dispatch`]).

/// Instructions that this processor is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// None beyond those of every processor.
    Portable,
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The fastest instructions that this processor has.
pub(crate) fn fastest() -> Isa {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return Isa::Avx512;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Isa::Avx2;
        }
    }
    Isa::Portable
}

/// A vector of floats.
///
/// # Safety
/// Every method needs the processor to have the instructions of the type; `load` and `store` need
/// `LANES` floats at the pointer.
pub(crate) trait Simd: Copy {
    /// The vector.
    type V: Copy;
    /// Floats of a vector.
    const LANES: usize;
    /// Registers that hold vectors: sums that do not fit go over memory.
    const REGISTERS: usize;
    unsafe fn splat(value: f32) -> Self::V;
    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, value: Self::V);
    /// a · b + c
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
}

/// Eight floats, without particular instructions.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

// Safe code alone; `load` and `store` have their callers' promise of eight floats.
impl Simd for Portable {
    type V = [f32; 8];
    const LANES: usize = 8;
    // Of four floats on processors without more: a vector takes two of sixteen.
    const REGISTERS: usize = 8;
    #[inline(always)]
    unsafe fn splat(value: f32) -> [f32; 8] {
        [value; 8]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 8] {
        // SAFETY: eight floats by the caller's promise; no alignment is assumed.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, value: [f32; 8]) {
        // SAFETY: as above.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(value) }
    }
    #[inline(always)]
    unsafe fn fma(a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Simd;
    use std::arch::x86_64::*;

    /// Sixteen floats.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512;

    impl Simd for Avx512 {
        type V = __m512;
        const LANES: usize = 16;
        const REGISTERS: usize = 32;
        #[inline(always)]
        unsafe fn splat(value: f32) -> __m512 {
            // SAFETY: the processor has AVX-512 by the trait's promise.
            unsafe { _mm512_set1_ps(value) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m512 {
            // SAFETY: the trait's promise; no alignment is assumed.
            unsafe { _mm512_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, value: __m512) {
            // SAFETY: the trait's promise; no alignment is assumed.
            unsafe { _mm512_storeu_ps(to, value) }
        }
        #[inline(always)]
        unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512 by the trait's promise.
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }
    }

    /// Eight floats.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2;

    impl Simd for Avx2 {
        type V = __m256;
        const LANES: usize = 8;
        const REGISTERS: usize = 16;
        #[inline(always)]
        unsafe fn splat(value: f32) -> __m256 {
            // SAFETY: the processor has AVX2 by the trait's promise.
            unsafe { _mm256_set1_ps(value) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m256 {
            // SAFETY: the trait's promise; no alignment is assumed.
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, value: __m256) {
            // SAFETY: the trait's promise; no alignment is assumed.
            unsafe { _mm256_storeu_ps(to, value) }
        }
        #[inline(always)]
        unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
            // SAFETY: the processor has FMA by the trait's promise.
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }
    }
}

/// A computation to be compiled for each set of instructions.
pub(crate) trait Kernel {
    /// Runs it.
    ///
    /// # Safety
    /// The processor has the instructions of `S`.
    unsafe fn run<S: Simd>(self);
}

/// Runs a kernel with these instructions.
pub(crate) fn dispatch(isa: Isa, kernel: impl Kernel) {
    match isa {
        // SAFETY: needs no particular instructions.
        Isa::Portable => unsafe { kernel.run::<Portable>() },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => {
            #[target_feature(enable = "avx2,fma")]
            unsafe fn run(kernel: impl Kernel) {
                // SAFETY: the features of this function.
                unsafe { kernel.run::<Avx2>() }
            }
            // SAFETY: the value exists only where `fastest` found the instructions.
            unsafe { run(kernel) }
        }
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => {
            #[target_feature(enable = "avx512f,avx2,fma")]
            unsafe fn run(kernel: impl Kernel) {
                // SAFETY: the features of this function.
                unsafe { kernel.run::<Avx512>() }
            }
            // SAFETY: the value exists only where `fastest` found the instructions.
            unsafe { run(kernel) }
        }
    }
}
