//! Products of float matrices.

use gemm::{Parallelism, gemm};

/// Sizes of a product: (outputs × rows) · (rows × lanes).
#[derive(Clone, Copy)]
pub(crate) struct Product {
    pub outputs: usize,
    pub rows: usize,
    pub lanes: usize,
}

/// What a product is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onto {
    Zero,
    /// What is there already.
    Result,
}

/// The product of two matrices, row by row.
pub(crate) fn multiply(shape: Product, matrices: (&[f32], &[f32]), result: &mut [f32]) {
    product(shape, (1, shape.rows), matrices, (result, Onto::Zero));
}

/// The product of two matrices of which the first is turned: rows × outputs.
pub(crate) fn multiply_turned(
    shape: Product,
    matrices: (&[f32], &[f32]),
    result: (&mut [f32], Onto),
) {
    product(shape, (shape.outputs, 1), matrices, result);
}

/// `strides` are the distances of the left matrix's neighbours in a row and in a column.
fn product(
    shape: Product,
    strides: (usize, usize),
    (left, right): (&[f32], &[f32]),
    (result, onto): (&mut [f32], Onto),
) {
    let Product { outputs, rows, lanes } = shape;
    assert!(left.len() >= outputs * rows && right.len() >= rows * lanes);
    assert!(result.len() >= outputs * lanes);
    assert!(strides == (1, rows) || strides == (outputs, 1));
    // SAFETY: the assertions above keep every access of matrices of these sizes and strides inside
    // the slices, and `result` is borrowed for writing, so it overlaps with neither.
    unsafe {
        gemm(
            outputs,
            lanes,
            rows,
            result.as_mut_ptr(),
            1,
            lanes as isize,
            onto == Onto::Result,
            left.as_ptr(),
            strides.0 as isize,
            strides.1 as isize,
            right.as_ptr(),
            1,
            lanes as isize,
            if onto == Onto::Result { 1.0 } else { 0.0 },
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
