//! Products of float matrices.

use gemm::{Parallelism, gemm};

/// Sizes of a product: (outputs × rows) · (rows × lanes).
#[derive(Clone, Copy)]
pub(crate) struct Product {
    pub outputs: usize,
    pub rows: usize,
    pub lanes: usize,
}

/// The product of two matrices, row by row.
pub(crate) fn multiply(shape: Product, (left, right): (&[f32], &[f32]), result: &mut [f32]) {
    let Product { outputs, rows, lanes } = shape;
    assert!(left.len() >= outputs * rows && right.len() >= rows * lanes);
    assert!(result.len() >= outputs * lanes);
    // SAFETY: the assertions above keep every access of row-major matrices of these sizes inside
    // the slices, and `result` is borrowed for writing, so it overlaps with neither.
    unsafe {
        gemm(
            outputs,
            lanes,
            rows,
            result.as_mut_ptr(),
            1,
            lanes as isize,
            false,
            left.as_ptr(),
            1,
            rows as isize,
            right.as_ptr(),
            1,
            lanes as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
