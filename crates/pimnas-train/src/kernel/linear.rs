//! Products of matrices, row by row.

use gemm::Parallelism;

/// A matrix: rows × columns, and the distance of neighbours along each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

impl<'a> Matrix<'a> {
    /// A matrix of values row by row.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert!(values.len() >= rows * columns, "a matrix of all values");
        Self { values, rows, columns, row_stride: columns as isize, column_stride: 1 }
    }

    /// The same with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// The product, row by row. The work is cut by the sizes alone, each sum by one thread.
pub(crate) fn product(left: Matrix<'_>, right: Matrix<'_>) -> Vec<f32> {
    assert!(left.columns == right.rows, "matrices that fit");
    let (m, n, k) = (left.rows, right.columns, left.columns);
    let mut result = vec![0.0; m * n];
    if result.is_empty() || k == 0 {
        return result;
    }
    // SAFETY: `Matrix` keeps strides inside its values, and the result is a row-major m × n
    // matrix. Nothing is read from the result (`read_dst` is false).
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            result.as_mut_ptr(),
            1,
            n as isize,
            false,
            left.values.as_ptr(),
            left.column_stride,
            left.row_stride,
            right.values.as_ptr(),
            right.column_stride,
            right.row_stride,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
    result
}
