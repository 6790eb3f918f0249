//! Matrix products.

use gemm::Parallelism;

use super::elementwise;
use super::op::{Binary, Op};
use super::run::{Inputs, bounded, floats, required};
use super::trouble::{Trouble, shape};
use crate::tensor::Tensor;

/// Multiplications from which a product is worth several threads.
const WORTH_THREADS: usize = 1 << 18;

/// Threads of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// The calling one.
    One,
    /// All of the current pool.
    All,
}

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    /// Distances of neighbouring rows and of neighbouring columns.
    pub steps: (usize, usize),
}

impl Matrix<'_> {
    /// Whether all elements are inside the slice.
    fn fits(&self) -> bool {
        last(self.rows, self.columns, self.steps).is_some_and(|last| last < self.data.len())
    }
}

/// Position of the last element.
fn last(rows: usize, columns: usize, steps: (usize, usize)) -> Option<usize> {
    let down = rows.checked_sub(1)?.checked_mul(steps.0)?;
    let right = columns.checked_sub(1)?.checked_mul(steps.1)?;
    down.checked_add(right)
}

/// Writes the product of two matrices, row by row with that distance of rows. Nothing happens
/// where one of them is empty or does not fit its slice.
#[allow(unsafe_code)]
pub(super) fn multiply(
    (left, right): (Matrix<'_>, Matrix<'_>),
    (result, step): (&mut [f32], usize),
    threads: Threads,
) {
    let inside = last(left.rows, right.columns, (step, 1)).is_some_and(|last| last < result.len());
    if left.columns != right.rows || !left.fits() || !right.fits() || !inside {
        debug_assert!(left.rows == 0 || right.columns == 0 || left.columns == 0);
        return;
    }
    let work = left.rows.saturating_mul(left.columns).saturating_mul(right.columns);
    let parallelism = match threads {
        Threads::All if work >= WORTH_THREADS => Parallelism::Rayon(0),
        Threads::All | Threads::One => Parallelism::None,
    };
    // SAFETY: the checks above keep every element of the three matrices inside its slice (steps
    // of slices fit into isize), and `result` is borrowed for writing, so it overlaps neither.
    unsafe {
        gemm::gemm(
            left.rows,
            right.columns,
            left.columns,
            result.as_mut_ptr(),
            1,
            step as isize,
            false,
            left.data.as_ptr(),
            left.steps.1 as isize,
            left.steps.0 as isize,
            right.data.as_ptr(),
            right.steps.1 as isize,
            right.steps.0 as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// alpha · A · B + beta · C.
pub(super) fn gemm(op: &Op, inputs: &Inputs<'_>, limit: usize) -> Result<Tensor, Trouble> {
    let &Op::Gemm { alpha, beta, transpose_a, transpose_b } = op else {
        return Err(Trouble::Unsupported("another operator".to_owned()));
    };
    let (a, b) = (required(inputs, 0)?, required(inputs, 1)?);
    let (left, right) = (matrix(a, transpose_a)?, matrix(b, transpose_b)?);
    if left.columns != right.rows {
        return shape(format!("matrices of {:?} and {:?} do not multiply", a.dims(), b.dims()));
    }
    let dims = [left.rows, right.columns];
    let mut values = vec![0.0; bounded(&dims, limit)?];
    multiply((left, right), (&mut values, right.columns), Threads::All);
    if alpha != 1.0 {
        values.iter_mut().for_each(|value| *value *= alpha);
    }
    let product = Tensor::f32(dims, values)?;
    let Some(c) = inputs.get(2).copied().flatten() else { return Ok(product) };
    let scaled: Vec<f32> = floats(c)?.iter().map(|value| value * beta).collect();
    let c = Tensor::f32(c.dims(), scaled)?;
    let sum = elementwise::pair(Binary::Add, &product, &c, limit)?;
    if sum.dims() == dims { Ok(sum) } else { shape("its third input is larger than the product") }
}

fn matrix(tensor: &Tensor, transposed: bool) -> Result<Matrix<'_>, Trouble> {
    let &[rows, columns] = tensor.dims() else {
        return shape(format!("{:?} is not a matrix", tensor.dims()));
    };
    let data = floats(tensor)?;
    Ok(if transposed {
        Matrix { data, rows: columns, columns: rows, steps: (1, columns) }
    } else {
        Matrix { data, rows, columns, steps: (columns, 1) }
    })
}

/// Matrix product of the last two dimensions, repeated along the others.
pub(super) fn matmul((a, b): (&Tensor, &Tensor), limit: usize) -> Result<Tensor, Trouble> {
    let misfit = || shape(format!("{:?} and {:?} do not multiply", a.dims(), b.dims()));
    // Vectors are a row on the left and a column on the right, and leave no dimension.
    let (left, right) = (a.dims().to_vec(), b.dims().to_vec());
    let left = if left.len() == 1 { [vec![1], left].concat() } else { left };
    let right = if right.len() == 1 { [right, vec![1]].concat() } else { right };
    let ([outer_a @ .., rows, inner], [outer_b @ .., inner_b, columns]) =
        (left.as_slice(), right.as_slice())
    else {
        return misfit();
    };
    let Some(outer) = elementwise::common(outer_a, outer_b) else { return misfit() };
    if inner != inner_b {
        return misfit();
    }
    let dims = [outer.as_slice(), &[*rows, *columns]].concat();
    let mut values = vec![0.0; bounded(&dims, limit)?];
    let (places_a, places_b) =
        (elementwise::places(outer_a, &outer), elementwise::places(outer_b, &outer));
    let (from_a, from_b) = (floats(a)?, floats(b)?);
    let sizes = (rows * inner, inner * columns);
    let results = values.chunks_mut((rows * columns).max(1));
    for ((result, place_a), place_b) in results.zip(places_a).zip(places_b) {
        let part = |data, place: usize, size| -> Option<_> {
            <[f32]>::get(data, place * size..(place + 1) * size)
        };
        let (Some(a), Some(b)) = (part(from_a, place_a, sizes.0), part(from_b, place_b, sizes.1))
        else {
            return misfit();
        };
        let left = Matrix { data: a, rows: *rows, columns: *inner, steps: (*inner, 1) };
        let right = Matrix { data: b, rows: *inner, columns: *columns, steps: (*columns, 1) };
        multiply((left, right), (result, *columns), Threads::All);
    }
    let mut squeezed = outer;
    if a.dims().len() > 1 {
        squeezed.push(*rows);
    }
    if b.dims().len() > 1 {
        squeezed.push(*columns);
    }
    Ok(Tensor::f32(squeezed, values)?)
}
